// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "figures.h"
#include "measure.h"
#include "memory.h"
#include "time.h"
#include "util.h"

#define ROUNDS_IF_SLOW 3
#define ROUNDS_OF_INSTRUCTIONS 2

/* The time between two marks, and of which of the usual workloads. */
#define STRETCH_US 60000
#define STRETCHED "write-4k,receive-64"

/* What is done with all strategies in turn. */
struct turns {
	struct run run;
	enum measure measure;
	bool stretched;			/* the workload runs long enough to see what the host spends */
	struct figures figures[STRATEGIES];
};

/*
 * Let each strategy that fits do something, between its beginning and its end. The memory of a domain is free
 * when nobody is attached to it.
 */
static bool take_turns(struct turns *t, unsigned int round,
		       bool (*act)(struct turns *t, unsigned int strategy, unsigned int round))
{
	for (unsigned int i = 0; i < STRATEGIES; i++) {
		size_t mark = arena_mark();

		if (!strategy_fits(&strategies[i], run_unit(&t->run)))
			continue;
		if (!run_begin(&t->run, &strategies[i]) || !act(t, i, round) || !run_end(&t->run))
			return false;
		arena_release(mark);
	}
	return true;
}

static bool do_round(struct turns *t, unsigned int strategy, unsigned int round)
{
	struct figures *f = &t->figures[strategy];
	struct run *run = &t->run;
	struct iommu_counters before = run_unit(run)->counters;
	uint64_t start;

	run_stamp(run);
	memset(run->cycles, 0, sizeof(run->cycles));
	for (unsigned int i = 0; i < run->count; i++)
		mapper_restart_counts(&run->parties[i].mapper);
	start = time_us();
	if (!run_groups(run, run->workload->groups))
		return false;
	f->us[round] = time_us() - start;
	figures_note(f, run, &before, !round, t->measure == MEASURE_INSTRUCTIONS);
	return round || run_was_read(run);
}

/* At both marks the host looks how much CPU time the VMM has had; by the time it knows if it was late. */
static bool do_stretch(struct turns *t, unsigned int strategy, unsigned int round)
{
	unsigned int groups = 0;
	uint64_t start, us = 0;
	bool ok = true;

	(void)round;
	printf("# stretch workload=%s strategy=%s\n", t->run.workload->name, strategies[strategy].name);
	for (start = time_us(); ok && us < STRETCH_US; us = time_us() - start, groups++)
		ok = run_groups(&t->run, 1);
	printf("# stretch end ios=%u us=%lu\n", run_ios(&t->run, groups), us);
	return ok;
}

/* By its effect: does the device reach a buffer that is unmapped, as the last of a group that is not done? */
static bool check_exposure(struct turns *t, unsigned int strategy, unsigned int round)
{
	struct mapper *m = &t->run.parties[0].mapper;
	bool reached;

	(void)round;
	if (!run_reaches_unmapped(&t->run, &reached))
		return false;
	printf("# exposure workload=%s strategy=%s reached_after_unmap=%s\n", t->run.workload->name,
	       strategies[strategy].name, reached ? "yes" : "no");
	if (reached && !strategies[strategy].exposes)
		return mapper_fail(m, "keep the device from an unmapped buffer");
	return mapper_done(m) || mapper_fail(m, "make unmappings final");
}

static unsigned int rounds_of(const struct turns *t)
{
	if (t->measure == MEASURE_INSTRUCTIONS)
		return ROUNDS_OF_INSTRUCTIONS;
	return t->run.workload->slow ? ROUNDS_IF_SLOW : ROUNDS_MOST;
}

static void print_figures(const struct turns *t, unsigned int strategy)
{
	const struct figures *f = &t->figures[strategy];

	if (t->measure == MEASURE_INSTRUCTIONS) {
		figures_print_instructions(f, &t->run, &strategies[strategy]);
		return;
	}
	figures_print_counts(f, &t->run, &strategies[strategy]);
	if (run_unit(&t->run)->can.bypass)
		figures_print_times(f, rounds_of(t), &t->run, &strategies[strategy]);
}

static bool print_failure(const struct run *run)
{
	printf("# %s, %s: cannot %s: %s\n", run->workload->name, run->failed->strategy->name,
	       run->failed->error, run_unit(run)->error.text);
	return false;
}

static bool measure_more(struct turns *t)
{
	if (t->stretched && !take_turns(t, 0, do_stretch))
		return false;
	return t->run.workload->rights != RIGHT_WRITE || take_turns(t, 0, check_exposure);
}

static bool do_turns(struct turns *t)
{
	bool ok = true;

	memset(t->figures, 0, sizeof(t->figures));
	for (unsigned int round = 0; round < rounds_of(t) && ok; round++)
		ok = take_turns(t, round, do_round);
	if (!ok || (t->measure == MEASURE_TIMES && !measure_more(t)))
		return print_failure(&t->run);
	for (unsigned int i = 0; i < STRATEGIES; i++)
		if (strategy_fits(&strategies[i], run_unit(&t->run)))
			print_figures(t, i);
	return true;
}

static bool do_workload(struct turns *t, struct master *masters, unsigned int count)
{
	size_t mark = arena_mark();
	bool ok = true;

	if (run_prepare(&t->run, masters, count))
		ok = do_turns(t);
	else
		printf("# left out: %s: there is no %s that can do it\n", t->run.workload->name,
		       t->run.workload->kind);
	arena_release(mark);
	return ok;
}

bool measure_run(struct master *masters, unsigned int count, const char *names, enum measure measure)
{
	static struct turns turns;
	const struct workload *w;
	bool ok = workloads_know(names), usual = !strcmp(names, "usual");

	turns.measure = measure;
	for (unsigned int i = 0; (w = workload_at(i)) && ok; i++) {
		turns.run.workload = w;
		turns.stretched = !w->slow && (!usual || workload_is_asked(w, STRETCHED));
		/* Of a slow one the device's time would be made of instructions. */
		if (workload_is_asked(w, names) && !(w->slow && measure == MEASURE_INSTRUCTIONS))
			ok = do_workload(&turns, masters, count);
	}
	return ok;
}
