// SPDX-License-Identifier: BSD-3-Clause
#include <asm/io.h>

#include "acpi.h"
#include "boot.h"
#include "machine.h"

#define SLEEP_ENABLE (1 << 13)		/* PM1 control (ACPI 6.5, 4.8.3.2.1) */
#define QEMU_DEBUG_EXIT 0xf4		/* isa-debug-exit as run_tests.sh sets it */

static void halt(void) __attribute__((noreturn));

static void halt(void)
{
	for (;;)
		asm volatile("cli; hlt");
}

void machine_power_off(const struct boot_info *boot)
{
	struct error ignored;
	struct acpi acpi;

	if (boot && acpi_init(&acpi, boot, &ignored))
		acpi_power_off(&acpi);
	port_write32(QEMU_DEBUG_EXIT, 0);
	halt();
}
