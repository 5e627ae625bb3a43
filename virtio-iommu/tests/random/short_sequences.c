// SPDX-License-Identifier: BSD-3-Clause
/*
 * All short sequences of requests, resets and writes of config.bypass, over two endpoints and domains and
 * three pages (sequences/alphabet.h); the model says what is right, as in sequences.c.
 *
 * Sequences of one step come first, then all of two, and so on, as long as there is time: the one that is
 * found to fail is one of the shortest. Each begins with no endpoint attached. It is played twice: endpoints
 * try all pages at the end alone, and after each step, as a device that keeps what was reached is wrong in
 * other ways than one that does not.
 *
 * length=N on the command line plays all of up to N steps, however long that takes; budget=SECONDS gives
 * more time.
 */
#include <stdio.h>

#include "judge/options.h"
#include "judge/test.h"
#include "memory.h"
#include "sequences/alphabet.h"
#include "sequences/player.h"
#include "sequences/report.h"
#include "sequences/shrink.h"
#include "time.h"

#define BUDGET_US 100000

static struct {
	unsigned int length;	/* 0: by time */
	struct deadline deadline;
} plan;

static bool is_over(unsigned int length)
{
	return iommu.dead || (plan.length ? length > plan.length : deadline_passed(&plan.deadline));
}

static bool word_fails(struct source_line at, const struct word *word, bool always)
{
	static struct step steps[WORD_STEPS];
	unsigned int count = word_steps(word, always, steps);
	const char *origin = "all short sequences";

	if (!sequence_fails(steps, &count))
		return false;
	if (!iommu.dead && !sequence_shrink(steps, &count))
		origin = "all short sequences, not every time";
	sequence_report(at, origin, steps, count);
	return true;
}

/* Play all of one length. Return false if one fails, or there is no time left. */
static bool play_length(struct source_line at, unsigned int length)
{
	uint64_t start = time_us();
	unsigned int count = 0;
	struct word word;

	word_begin(&word, length);
	do {
		if (is_over(length))
			break;
		if (word_fails(at, &word, false) || word_fails(at, &word, true))
			return false;
		count++;
	} while (word_next(&word));
	printf("# short sequences: %s%u of length %u, in %lu ms\n", is_over(length) ? "the first " : "all ",
	       count, length, (time_us() - start) / 1000);
	return !is_over(length);
}

/* DEV-OPS-1 (SHOULD): Successful requests complete with status 0 (OK) */
TEST(DEV_OPS_1, all_short_sequences_do_what_the_model_says, NEEDS_DMA | NEEDS_EXACT | NEEDS_TWO_ENDPOINTS)
{
	uint64_t budget = test_option("budget", 0);

	plan.length = test_option("length", 0);
	plan.deadline = deadline_in(budget ? budget * 1000000 : BUDGET_US);
	player_open();
	alphabet_open();
	for (unsigned int length = 1; length <= WORD_LETTERS && !is_over(length); length++)
		if (!play_length(AT, length))
			break;
	player_close();
}
