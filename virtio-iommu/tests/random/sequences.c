// SPDX-License-Identifier: BSD-3-Clause
/*
 * Random sequences of requests, resets and accesses, over several domains and endpoints; the model says what
 * is right (5.13.6).
 *
 * The text gives each request one meaning, whatever came before it. The model (standard/model.h) is that
 * meaning, and is changed by what the device answers OK to.
 *
 * Broken is a device that is right for each request alone, and wrong after some sequence of them: mappings
 * that an earlier domain, endpoint or permission has left in a tree, a list or a cache.
 *
 * It is told apart by each status, and by the bytes that each access moves, at once after the step that is
 * wrong. What other tests judge is tolerated (sequences/player.h).
 *
 * seed=N and rounds=N on the command line choose what is drawn: round n is that of seed N + n. Without
 * rounds= it is always the same that is drawn, and as much as there is time for. With illegal=1 some rounds
 * have fields that cannot be, too, which other tests judge one by one. On a failure the shortest sequence
 * that was found to fail stands in the verdict; replay=SEQUENCE plays it again.
 */
#include <stdio.h>

#include "console.h"
#include "judge/options.h"
#include "judge/test.h"
#include "sequences/asked.h"
#include "sequences/draw.h"
#include "sequences/player.h"
#include "sequences/report.h"
#include "sequences/shrink.h"
#include "time.h"

#define DEFAULT_SEED 1

/* One round of so many has fields that cannot be. */
#define ILLEGAL_ROUNDS 4

/* Without rounds=: two rounds, more while this time has not passed, and no step after the other one. */
#define LEAST_ROUNDS 2
#define BUDGET_US 100000
#define LONGEST_US 2000000

/* Draw a step, and requests that go together with it. Return how many. */
static unsigned int draw_group(struct step *steps, unsigned int room)
{
	unsigned int count = 0;

	do {
		steps[count] = draw_step();
		steps[count].together &= count && is_request(&steps[count]);
	} while (count++ < room - 1 && is_request(&steps[count - 1]) && draw_goes_on());
	while (count > 1 && !steps[count - 1].together)
		count--;
	return count;
}

static struct {
	uint64_t rounds;	/* 0: by time */
	struct deadline budget, longest;
} plan;

static bool is_too_late(void)
{
	return iommu.dead || (!plan.rounds && deadline_passed(&plan.longest));
}

static bool is_over(uint64_t round)
{
	if (plan.rounds)
		return round >= plan.rounds;
	return is_too_late() || (round >= LEAST_ROUNDS && deadline_passed(&plan.budget));
}

/* Draws until something fails, or the round is over. */
static bool draw_fails(struct step *steps, unsigned int *count)
{
	enum played played = PLAYED_WELL;

	player_begin();
	for (*count = 0; *count < SEQUENCE_STEPS && played != PLAYED_OUT && played != PLAYED_WRONG;) {
		unsigned int drawn = draw_group(&steps[*count], SEQUENCE_STEPS - *count), one;

		played = player_play(&steps[*count], drawn, &one);
		if (played != PLAYED_NOT)
			*count += one;
		if (is_too_late())
			break;
	}
	return played == PLAYED_WRONG;
}

static bool run_round(struct source_line at, uint64_t seed, bool illegal)
{
	struct step *steps = arena_alloc_uninit(SEQUENCE_STEPS * sizeof(*steps), sizeof(uint64_t));
	char origin[48];
	unsigned int count;
	bool again;

	test_round(seed);
	draw_begin(seed, illegal && !(seed % ILLEGAL_ROUNDS));
	if (!draw_fails(steps, &count))
		return true;
	again = iommu.dead || sequence_shrink(steps, &count);
	snprintf(origin, sizeof(origin), "seed=%lu%s", seed, again ? "" : ", not every time");
	sequence_report(at, origin, steps, count);
	return false;
}

/* The sequence of the command line. Return false if there is none. */
static bool replay(struct source_line at)
{
	struct step *steps = arena_alloc_uninit(SEQUENCE_STEPS * sizeof(*steps), sizeof(uint64_t));
	char text[2000];
	const char *trouble;
	unsigned int count;

	if (!read_option("replay", text, sizeof(text)))
		return false;
	count = parse_steps(text, player_memory(), steps, SEQUENCE_STEPS, &trouble);
	if (!count)
		bail_out("command line: replay= is not understood at \"%.40s\"", trouble);
	if (sequence_fails(steps, &count))
		sequence_report(at, "replay", steps, count);
	return true;
}

static void run_rounds(struct source_line at)
{
	uint64_t seed = test_option("seed", DEFAULT_SEED);
	bool illegal = test_option("illegal", false);

	plan.rounds = test_option("rounds", 0);
	plan.budget = deadline_in(BUDGET_US);
	plan.longest = deadline_in(LONGEST_US);
	player_open();
	if (replay(at))
		return;
	for (uint64_t round = 0, mark = arena_mark(); !is_over(round); round++, arena_release(mark))
		if (!run_round(at, seed + round, illegal))
			break;
	printf("# random sequences: %u of %u rules asked, %u pairs of them\n", asked_rules(), MODEL_RULES - 1,
	       asked_pairs());
}

/* DEV-OPS-1 (SHOULD): Successful requests complete with status 0 (OK) */
TEST(DEV_OPS_1, random_sequences_do_what_the_model_says, NEEDS_DMA | NEEDS_EXACT)
{
	run_rounds(AT);
	player_close();
}
