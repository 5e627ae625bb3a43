// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "mapper.h"
#include "memory.h"
#include "time.h"
#include "util.h"
#include "workload.h"

#define PAGE 4096
#define BUFFERS 32		/* that the I/Os of a workload choose from */
#define ROUNDS 7
#define LOOKED_AT 64		/* bytes of each buffer */
#define SPREAD_MOST 30		/* percent */

/* What a device does with buffers: @rights are those that it needs. */
struct workload {
	const char *name;
	uint64_t size;
	unsigned int rights, groups;
};

static const struct workload workloads[] = {
	{"write-512", 512, RIGHT_WRITE, 32},
	{"write-4k", 4096, RIGHT_WRITE, 32},
	{"write-64k", 65536, RIGHT_WRITE, 8},
	{"write-1m", 1 << 20, RIGHT_WRITE, 2},
	{"read-4k", 4096, RIGHT_READ, 16},
};

/* What one strategy took for one workload. */
struct figures {
	struct iommu_counters counters;	/* of the last round */
	uint64_t copied;
	unsigned int table_pages, exposed_most;
	uint64_t exposed_us;
	uint64_t us[ROUNDS];
	bool varies;			/* the counts were others in another round */
};

struct run {
	struct master *master;
	const struct workload *workload;
	struct buffer buffers[BUFFERS];
	uint8_t seen[PAGE];
	uint32_t random;
};

/* The same buffers for each strategy and each round; no two of a group are the same. */
static struct buffer *choose(struct run *run, unsigned int index)
{
	run->random = run->random * 1103515245 + 12345;
	return &run->buffers[(run->random >> 16) % (BUFFERS / GROUP) * GROUP + index];
}

static bool device_uses(struct run *run, const struct buffer *b)
{
	struct dma_master *dma = &run->master->dma;

	if (run->workload->rights == RIGHT_WRITE)
		return dma_write(dma, b->iova, b->size) == DMA_DONE;
	return dma_read(dma, b->iova, run->seen, b->size) == DMA_DONE &&
	       !memcmp(run->seen, b->memory, b->size);
}

static bool arrived(const struct run *run, const struct buffer *b)
{
	return run->workload->rights != RIGHT_WRITE ||
	       dma_is_pattern(&run->master->dma, b->memory, 0, LOOKED_AT);
}

static bool map_group(struct run *run, struct mapper *m, struct buffer **group)
{
	for (unsigned int i = 0; i < GROUP; i++) {
		group[i] = choose(run, i);
		memset(group[i]->memory, 0, LOOKED_AT);
		if (!m->strategy->map(m, group[i]))
			return mapper_fail(m, "map");
	}
	return mapper_ready(m) || mapper_fail(m, "make mappings work");
}

static bool unmap_group(struct run *run, struct mapper *m, struct buffer **group)
{
	for (unsigned int i = 0; i < GROUP; i++) {
		if (!m->strategy->unmap(m, group[i]))
			return mapper_fail(m, "unmap");
		if (!arrived(run, group[i]))
			return mapper_fail(m, "find what the device wrote");
	}
	return mapper_done(m) || mapper_fail(m, "make unmappings final");
}

static bool do_group(struct run *run, struct mapper *m)
{
	struct buffer *group[GROUP];

	if (!map_group(run, m, group))
		return false;
	for (unsigned int i = 0; i < GROUP; i++)
		if (!device_uses(run, group[i]))
			return mapper_fail(m, "let the device use a buffer");
	return unmap_group(run, m, group);
}

/* By its effect: does the device reach a buffer that is unmapped, as the last of a group that is not done? */
static bool check_exposure(struct run *run, struct mapper *m)
{
	struct buffer *b = choose(run, 0);
	bool reached;

	if (!m->strategy->map(m, b) || !mapper_ready(m) || !device_uses(run, b) || !m->strategy->unmap(m, b))
		return mapper_fail(m, "use one buffer more");
	memset(b->memory, 0, LOOKED_AT);
	(void)dma_write(&run->master->dma, b->iova, b->size);
	reached = dma_is_pattern(&run->master->dma, b->memory, 0, LOOKED_AT);
	printf("# exposure workload=%s strategy=%s reached_after_unmap=%s\n", run->workload->name,
	       m->strategy->name, reached ? "yes" : "no");
	if (reached && !m->strategy->exposes)
		return mapper_fail(m, "keep the device from an unmapped buffer");
	return mapper_done(m) || mapper_fail(m, "make unmappings final");
}

static struct iommu_counters difference(const struct iommu_counters *a, const struct iommu_counters *b)
{
	return (struct iommu_counters){
		.register_reads = a->register_reads - b->register_reads,
		.register_writes = a->register_writes - b->register_writes,
		.notifications = a->notifications - b->notifications,
		.commands = a->commands - b->commands,
		.invalidations = a->invalidations - b->invalidations,
	};
}

static void note(struct figures *f, const struct mapper *m, const struct iommu_counters *before, bool first)
{
	struct iommu_counters now = difference(&m->master->unit->counters, before);

	f->varies |= !first && (memcmp(&now, &f->counters, sizeof(now)) || f->copied != m->copied);
	f->counters = now;
	f->copied = m->copied;
	f->table_pages = m->domain ? m->domain->table.pages : 0;
	f->exposed_most = max(f->exposed_most, m->exposed_most);
	f->exposed_us = max(f->exposed_us, mapper_exposed_us(m));
}

static bool do_round(struct run *run, const struct strategy *strategy, struct figures *f, unsigned int round,
		     struct mapper *m)
{
	struct iommu_counters before;
	bool ok = true;
	uint64_t start;

	run->random = 1;
	if (!mapper_begin(m, strategy, run->master, run->workload->size))
		return false;
	before = run->master->unit->counters;
	start = time_us();
	for (unsigned int i = 0; i < run->workload->groups && ok; i++)
		ok = do_group(run, m);
	f->us[round] = time_us() - start;
	if (!ok)
		return false;
	note(f, m, &before, !round);
	if (round == ROUNDS - 1 && run->workload->rights == RIGHT_WRITE && !check_exposure(run, m))
		return false;
	return mapper_end(m);
}

static void print_counts(const struct workload *w, const struct strategy *strategy, const struct figures *f)
{
	printf("# cost workload=%s strategy=%s ios=%u register_reads=%lu register_writes=%lu "
	       "notifications=%lu commands=%lu invalidations=%lu copied=%lu table_pages=%u "
	       "exposed=%u exposed_us=%lu%s\n",
	       w->name, strategy->name, w->groups * GROUP, f->counters.register_reads,
	       f->counters.register_writes, f->counters.notifications, f->counters.commands,
	       f->counters.invalidations, f->copied, f->table_pages, f->exposed_most, f->exposed_us,
	       f->varies ? " varies" : "");
}

static void sort(uint64_t *values, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++)
		for (unsigned int j = i; j && values[j - 1] > values[j]; j--) {
			uint64_t value = values[j];

			values[j] = values[j - 1];
			values[j - 1] = value;
		}
}

/* Ratios to the round of "none" next to it, in percent: the median, and where the middle half lies. */
static void print_times(const struct workload *w, const struct strategy *strategy, const struct figures *f,
			const struct figures *none)
{
	uint64_t percent[ROUNDS], low, middle, high;

	for (unsigned int i = 0; i < ROUNDS; i++)
		percent[i] = f->us[i] * 100 / max(none->us[i], 1);
	sort(percent, ROUNDS);
	low = percent[ROUNDS / 4];
	middle = percent[ROUNDS / 2];
	high = percent[ROUNDS - 1 - ROUNDS / 4];
	printf("# time workload=%s strategy=%s percent=%lu low=%lu high=%lu%s\n", w->name, strategy->name,
	       middle, low, high, (high - low) * 100 > middle * SPREAD_MOST ? " spread" : "");
}

static void print_figures(const struct run *run, const struct figures *figures)
{
	const struct iommu_unit *unit = run->master->unit;

	for (unsigned int i = 0; i < STRATEGIES; i++) {
		if (!strategy_fits(&strategies[i], unit))
			continue;
		print_counts(run->workload, &strategies[i], &figures[i]);
		if (unit->can.bypass)
			print_times(run->workload, &strategies[i], &figures[i], &figures[0]);
	}
}

static void print_failure(const struct run *run, const struct mapper *m)
{
	printf("# %s, %s: cannot %s: %s\n", run->workload->name, m->strategy->name, m->error,
	       run->master->unit->error.text);
}

/* Each strategy once. The memory of a domain is free when nobody is attached to it. */
static bool do_turn(struct run *run, struct figures *figures, unsigned int round)
{
	struct mapper m;

	for (unsigned int i = 0; i < STRATEGIES; i++) {
		size_t mark = arena_mark();

		if (!strategy_fits(&strategies[i], run->master->unit))
			continue;
		if (!do_round(run, &strategies[i], &figures[i], round, &m)) {
			print_failure(run, &m);
			return false;
		}
		arena_release(mark);
	}
	return true;
}

static bool do_rounds(struct run *run, struct figures *figures)
{
	bool ok = true;

	for (unsigned int round = 0; round < ROUNDS && ok; round++)
		ok = do_turn(run, figures, round);
	return ok;
}

static bool do_workload(struct run *run, const struct workload *workload)
{
	struct figures figures[STRATEGIES] = {0};
	size_t mark = arena_mark();
	bool ok;

	run->workload = workload;
	for (unsigned int i = 0; i < BUFFERS; i++)
		run->buffers[i] = (struct buffer){
			.memory = arena_alloc(align_up(workload->size, PAGE), PAGE),
			.size = workload->size, .rights = workload->rights,
		};
	ok = do_rounds(run, figures);
	if (ok)
		print_figures(run, figures);
	arena_release(mark);
	return ok;
}

/* The disk holds the pattern before anything is measured. */
static bool prepare(struct run *run)
{
	struct mapper m;

	return mapper_begin(&m, &strategies[!run->master->unit->can.bypass], run->master, PAGE) &&
	       dma_prepare_write(&run->master->dma, run->master->dma.max_bytes) && mapper_end(&m);
}

bool workloads_run(struct master *master)
{
	static struct run run;

	run.master = master;
	if (!prepare(&run)) {
		printf("# the disk cannot be written\n");
		return false;
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(workloads); i++)
		if (workloads[i].size <= master->dma.max_bytes && !do_workload(&run, &workloads[i]))
			return false;
	return true;
}
