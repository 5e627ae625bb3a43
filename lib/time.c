// SPDX-License-Identifier: BSD-3-Clause
#include "machine.h"
#include "time.h"

/* Split so that value * to does not overflow. */
static uint64_t scale(uint64_t value, uint64_t from, uint64_t to)
{
	return value / from * to + value % from * to / from;
}

uint64_t time_us(void)
{
	return scale(machine_ticks(), machine_tick_rate(), 1000000);
}

struct deadline deadline_in(uint64_t microseconds)
{
	return (struct deadline){machine_ticks() + scale(microseconds, 1000000, machine_tick_rate())};
}

bool deadline_over(const struct deadline *deadline)
{
	machine_relax(deadline->end);
	return deadline_passed(deadline);
}

bool deadline_passed(const struct deadline *deadline)
{
	return machine_ticks() >= deadline->end;
}
