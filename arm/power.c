// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "error.h"
#include "fdt/fdt.h"
#include "machine.h"

#include "arch.h"

#define PSCI_CPU_OFF 0x84000002u
#define PSCI_CPU_ON 0xc4000003u
#define PSCI_SYSTEM_OFF 0x84000008u
#define PSCI_SYSTEM_RESET 0x84000009u

static enum { METHOD_UNKNOWN, METHOD_HVC, METHOD_SMC } method;

static const void *tree;

void power_use_fdt(const void *fdt)
{
	bool hvc;

	if (!fdt_psci(fdt, &hvc))
		return;
	method = hvc ? METHOD_HVC : METHOD_SMC;
	tree = fdt;
}

const void *power_fdt(void)
{
	return tree;
}

/* Take the method from the FADT, ARM_BOOT_ARCH. */
static void use_acpi(const struct boot_info *boot)
{
	struct acpi acpi;
	struct acpi_power power;
	struct error error;

	if (acpi_init(&acpi, boot, &error) && acpi.count && acpi_power(&acpi, &power, &error) &&
	    power.psci)
		method = power.psci_hvc ? METHOD_HVC : METHOD_SMC;
}

/* SMCCC: the callee may change X0 to X17. */
#define CALL(instruction, function, a, b, c)                                                    \
	({                                                                                      \
		register uint64_t x0 asm("x0") = (function);                                    \
		register uint64_t x1 asm("x1") = (a);                                           \
		register uint64_t x2 asm("x2") = (b);                                           \
		register uint64_t x3 asm("x3") = (c);                                           \
		asm volatile(instruction " #0"                                                  \
			     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                           \
			     :                                                                  \
			     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",  \
			       "x14", "x15", "x16", "x17", "memory");                           \
		(int64_t)x0;                                                                    \
	})

/* Try both if neither tree nor tables name the method: a call that is not served does no harm here. */
static void psci(const struct boot_info *boot, uint32_t function)
{
	if (method == METHOD_UNKNOWN && boot && boot->rsdp)
		use_acpi(boot);
	if (method != METHOD_SMC)
		CALL("hvc", function, 0, 0, 0);
	if (method != METHOD_HVC)
		CALL("smc", function, 0, 0, 0);
}

bool psci_cpu_on(uint64_t cpu, uint64_t entry, uint64_t context, int64_t *status)
{
	if (method == METHOD_UNKNOWN)
		return false;
	*status = method == METHOD_HVC ? CALL("hvc", PSCI_CPU_ON, cpu, entry, context) :
					 CALL("smc", PSCI_CPU_ON, cpu, entry, context);
	return true;
}

void psci_cpu_off(void)
{
	psci(NULL, PSCI_CPU_OFF);
	halt();
}

void machine_power_off(const struct boot_info *boot)
{
	psci(boot, PSCI_SYSTEM_OFF);
	halt();
}

void machine_reset(const struct boot_info *boot)
{
	psci(boot, PSCI_SYSTEM_RESET);
}

void halt(void)
{
	for (;;)
		asm volatile("wfi" : : : "memory");
}
