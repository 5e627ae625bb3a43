// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "driver/iommu.h"
#include "driver/trace.h"
#include "memory.h"
#include "sequences/player.h"
#include "sequences/shrink.h"
#include "time.h"
#include "util.h"

#define SHRINK_US 300000

bool sequence_fails(const struct step *steps, unsigned int *count)
{
	enum played played = PLAYED_WELL;
	unsigned int one;

	player_begin();
	for (unsigned int i = 0; i < *count && played != PLAYED_OUT && !iommu.dead; i += one) {
		played = player_play(&steps[i], *count - i, &one);
		if (played == PLAYED_WRONG) {
			*count = i + one;
			return true;
		}
	}
	return false;
}

/* Without @size steps from @from on. */
static bool leave_out(struct step *steps, unsigned int *count, unsigned int from, unsigned int size)
{
	size_t mark = arena_mark();
	struct step *fewer = arena_alloc_uninit(SEQUENCE_STEPS * sizeof(*fewer), sizeof(uint64_t));
	unsigned int rest = *count - from > size ? *count - from - size : 0, left = from + rest;
	bool fails;

	memcpy(fewer, steps, from * sizeof(*steps));
	memcpy(fewer + from, steps + from + size, rest * sizeof(*steps));
	if (rest && !(from && is_request(&fewer[from - 1])))
		fewer[from].together = false;
	fails = sequence_fails(fewer, &left);
	if (fails) {
		memcpy(steps, fewer, left * sizeof(*steps));
		*count = left;
	}
	arena_release(mark);
	return fails;
}

bool sequence_shrink(struct step *steps, unsigned int *count)
{
	struct deadline deadline = deadline_in(SHRINK_US);
	bool fails;

	player_hurry(true);
	trace_mute(true);
	fails = sequence_fails(steps, count);
	for (unsigned int size = *count / 2; size && fails; size /= 2)
		for (unsigned int from = 0; from < *count && !iommu.dead && !deadline_passed(&deadline);)
			if (!leave_out(steps, count, from, size))
				from += size;
	trace_mute(false);
	if (fails && !iommu.dead)
		fails = sequence_fails(steps, count);
	player_hurry(false);
	return fails;
}
