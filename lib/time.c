// SPDX-License-Identifier: BSD-3-Clause
#include "machine.h"
#include "time.h"

/* Split so that ticks * 10^6 does not overflow. */
uint64_t time_us(void)
{
	uint64_t ticks = machine_ticks(), rate = machine_tick_rate();

	return ticks / rate * 1000000 + ticks % rate * 1000000 / rate;
}

struct deadline deadline_in(uint64_t microseconds)
{
	return (struct deadline){machine_ticks() + microseconds * machine_tick_rate() / 1000000};
}

bool deadline_over(const struct deadline *deadline)
{
	machine_relax();
	return machine_ticks() >= deadline->end;
}
