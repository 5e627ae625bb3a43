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

/* The performance monitor counts cycles; not each CPU has one (ID_AA64DFR0_EL1.PMUVer). */
uint64_t machine_cycles(void)
{
	uint64_t version = read_sysreg(id_aa64dfr0_el1) >> 8 & 0xf;

	if (!version || version == 0xf)
		return machine_ticks();
	write_sysreg(pmcntenset_el0, PMCNTEN_CYCLES);
	write_sysreg(pmcr_el0, PMCR_E | PMCR_LC);
	asm volatile("isb" : : : "memory");
	return read_sysreg(pmccntr_el0);
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

/* No YIELD: an emulator leaves its fast path for each, in vain. */
void machine_relax(uint64_t until)
{
	(void)until;
	asm volatile("" : : : "memory");
}

void machine_yield(void)
{
	asm volatile("yield" : : : "memory");
}
