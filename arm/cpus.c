// SPDX-License-Identifier: BSD-3-Clause
/*
 * The second CPU, by PSCI (DEN0022). It gets the translation of the first one.
 */
#include <stddef.h>

#include "error.h"
#include "fdt/fdt.h"
#include "machine.h"
#include "smp.h"
#include "time.h"

#include "arch.h"
#include "sysreg.h"

/* MPIDR_EL1: Aff3, and Aff2 to Aff0. */
#define AFFINITY 0xff00ffffffull

enum { PSCI_SUCCESS = 0, PSCI_ALREADY_ON = -4 };

/* For second.S, which reads it past the cache. @go: where it goes on, with the MMU on. */
static struct cpu_context {
	uint64_t mair, tcr, ttbr0;
	void (*go)(void);
} context __attribute__((aligned(64)));

static void run(void)
{
	smp_run();
	psci_cpu_off();
}

static void clean(const void *address)
{
	asm volatile("dc cvac, %0\n\tdsb sy" : : "r"(address) : "memory");
}

static void fill_context(void)
{
	context.mair = read_sysreg(mair_el1);
	context.tcr = read_sysreg(tcr_el1);
	context.ttbr0 = read_sysreg(ttbr0_el1);
	context.go = run;
	clean(&context);
}

/* One that has ended its last function may take a moment to be off. */
static int64_t switch_on(uint64_t cpu)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	int64_t status = PSCI_ALREADY_ON;

	do {
		if (!psci_cpu_on(cpu, (uintptr_t)second_entry, (uintptr_t)&context, &status))
			break;
	} while ((int32_t)status == PSCI_ALREADY_ON && !deadline_over(&deadline));
	return (int32_t)status;
}

bool machine_start_cpu(struct error *error)
{
	const void *tree = power_fdt();
	int64_t status;
	uint64_t cpu;

	if (!tree)
		return error_set(error, "a second CPU is looked for in a device tree alone");
	if (!fdt_other_cpu(tree, read_sysreg(mpidr_el1) & AFFINITY, &cpu))
		return error_set(error, "needs a second CPU");
	fill_context();
	status = switch_on(cpu);
	if (status != PSCI_SUCCESS)
		return error_set(error, "CPU_ON of CPU %#lx gives %ld", cpu, (long)status);
	return true;
}
