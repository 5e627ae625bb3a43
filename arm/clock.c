// SPDX-License-Identifier: BSD-3-Clause
#include "console.h"
#include "machine.h"

#include "arch.h"
#include "sysreg.h"

uint64_t machine_ticks(void)
{
	asm volatile("isb" : : : "memory");	/* or the counter may be read early */
	return read_sysreg(cntvct_el0);
}

uint64_t machine_tick_rate(void)
{
	return read_sysreg(cntfrq_el0);
}

void clock_check(void)
{
	if (!machine_tick_rate())
		bail_out("CNTFRQ_EL0 is 0: the firmware must set the rate of the counter");
}

void machine_relax(uint64_t until)
{
	(void)until;
	asm volatile("" : : : "memory");	/* no YIELD: an emulator leaves its fast path for each, in vain */
}
