// SPDX-License-Identifier: BSD-3-Clause
#include "fdt/node.h"
#include "machine.h"

#include "arch.h"
#include "csr.h"

#define LIKELY_RATE 10000000

static uint32_t rate;

uint64_t machine_ticks(void)
{
	return read_csr(time);
}

uint64_t machine_cycles(void)
{
	return read_csr(cycle);
}

uint64_t machine_tick_rate(void)
{
	return rate ? rate : LIKELY_RATE;
}

void clock_use_fdt(const void *fdt)
{
	rate = fdt_cell(fdt, fdt_path_offset(fdt, "/cpus"), "timebase-frequency", 0);
}

bool clock_is_known(void)
{
	return rate;
}

void machine_relax(uint64_t until)
{
	(void)until;
	machine_yield();
}

/* PAUSE of Zihintpause; a hart without it sees a fence of nothing. */
void machine_yield(void)
{
	asm volatile(".4byte 0x0100000f" : : : "memory");
}
