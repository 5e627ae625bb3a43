// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "boot.h"
#include "console.h"
#include "error.h"
#include "machine.h"

#include "arch.h"
#include "sbi.h"

struct sbi_result sbi_call(unsigned long extension, unsigned long function, unsigned long argument0,
			   unsigned long argument1)
{
	register unsigned long a0 asm("a0") = argument0;
	register unsigned long a1 asm("a1") = argument1;
	register unsigned long a2 asm("a2") = 0;
	register unsigned long a6 asm("a6") = function;
	register unsigned long a7 asm("a7") = extension;

	asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a6), "r"(a7) : "memory");
	return (struct sbi_result){a0, a1};
}

void machine_power_off(const struct boot_info *boot)
{
	(void)boot;
	sbi_call(SBI_SYSTEM_RESET, 0, RESET_SHUTDOWN, 0);
	sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0);
	halt();
}

void machine_reset(const struct boot_info *boot)
{
	(void)boot;
	sbi_call(SBI_SYSTEM_RESET, 0, RESET_COLD_REBOOT, 0);
}

void halt(void)
{
	for (;;)
		asm volatile("wfi" : : : "memory");
}

static void put(const struct uart *uart, char c)
{
	(void)uart;
	sbi_call(SBI_DEBUG_CONSOLE, CONSOLE_WRITE_BYTE, (uint8_t)c, 0);
}

/* Memory is identity mapped: a pointer is what the call wants, the low half of a physical address. */
static int get(const struct uart *uart)
{
	uint8_t c;
	struct sbi_result read = sbi_call(SBI_DEBUG_CONSOLE, CONSOLE_READ, 1, (uintptr_t)&c);

	(void)uart;
	return !read.error && read.value == 1 ? c : -1;
}

void sbi_console(void)
{
	static const struct uart uart = {.put = put, .get = get};
	struct sbi_result found = sbi_call(SBI_BASE, BASE_PROBE_EXTENSION, SBI_DEBUG_CONSOLE, 0);

	if (!found.error && found.value)
		console_use(&uart);
}

bool machine_start_cpu(struct error *error)
{
	return error_set(error, "no second CPU is started on this architecture yet");
}
