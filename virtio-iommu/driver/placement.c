// SPDX-License-Identifier: BSD-3-Clause
#include "driver/placement.h"

static struct {
	void *at_start, *now;
	size_t size;
} placements[PLACED_COUNT];

void placement_init(enum placed what, void *memory, size_t size)
{
	placements[what].at_start = placements[what].now = memory;
	placements[what].size = size;
}

size_t placed_size(enum placed what)
{
	return placements[what].size;
}

void *placed_at(enum placed what)
{
	return placements[what].now;
}

void placement_move(enum placed what, void *memory)
{
	placements[what].now = memory;
}

void placement_restore(void)
{
	for (unsigned int i = 0; i < PLACED_COUNT; i++)
		placements[i].now = placements[i].at_start;
}

bool placement_is_changed(void)
{
	for (unsigned int i = 0; i < PLACED_COUNT; i++)
		if (placements[i].now != placements[i].at_start)
			return true;
	return false;
}
