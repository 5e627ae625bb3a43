// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "acpi/acpi.h"
#include "boot.h"
#include "console.h"
#include "error.h"
#include "fdt/fdt.h"
#include "machine.h"
#include "memory.h"

#include "arch.h"

const char machine_name[] = "aarch64";

/* Magic and totalsize of the header are big-endian. */
uint32_t tree_size(const void *fdt)
{
	const uint32_t *header = fdt;
	uint32_t size;

	if (!fdt || (uintptr_t)fdt % 8 || __builtin_bswap32(header[0]) != 0xd00dfeed)
		return 0;
	size = __builtin_bswap32(header[1]);
	return size <= FDT_MAX_SIZE ? size : 0;
}

/* Describe the UART of the SPCR as a tree would. */
static bool spcr_console(const struct boot_info *boot, struct fdt_console *console)
{
	struct error ignored;
	struct acpi_spcr spcr;
	struct acpi acpi;

	if (!acpi_init(&acpi, boot, &ignored) || !acpi_spcr(&acpi, &spcr, &ignored) ||
	    spcr.base.space != ACPI_SPACE_MEMORY || spcr.kind == ACPI_UART_NONE)
		return false;
	*console = (struct fdt_console){
		.kind = spcr.kind == ACPI_UART_PL011 ? FDT_UART_PL011 : FDT_UART_16550,
		.base = spcr.base.address,
		.reg_shift = spcr.stride == 4 ? 2 : spcr.stride == 2,
		.reg_io_width = spcr.stride,
	};
	return true;
}

void arm_console(const struct boot_info *boot)
{
	struct fdt_console console;
	struct error ignored;

	if (boot->fdt ? fdt_console(boot->fdt, &console, &ignored) : spcr_console(boot, &console))
		fdt_console_use(&console);
}

/* These come first: the arena must not cover them if the tree names too many ranges. */
void arm_reserve(struct boot_info *boot)
{
	boot_add_reserved(boot, (uintptr_t)image_start, image_end - image_start);
	boot_add_reserved(boot, (uintptr_t)boot->fdt, tree_size(boot->fdt));
}

/* Unmask asynchronous external aborts: they are reported, not kept pending. */
static void unmask_serror(void)
{
	asm volatile("msr daifclr, #4" : : : "memory");
}

void arm_go(struct boot_info *boot, bool has_tables)
{
	if (!has_tables)
		bail_out("there are more memory ranges than page tables for them");
	clock_check();
	unmask_serror();
	memory_init(boot, mmu_limit(), mmu_limit());
	boot_start(boot);
}

void arm_start(const void *fdt)
{
	static struct boot_info boot = {.protocol = "arm-image", .cmdline = ""};
	struct error error;
	bool has_ram, has_tables;

	if (!fdt_validate(fdt, &error))
		machine_power_off(&boot);	/* there is no console yet */
	power_use_fdt(fdt);
	boot.fdt = fdt;
	boot.cmdline = fdt_bootargs(fdt);
	arm_reserve(&boot);
	has_ram = fdt_memory(fdt, &boot, &error);
	has_tables = mmu_map_ram(&boot);	/* before the first device */
	arm_console(&boot);
	if (!has_ram)
		bail_out("%s", error.text);
	arm_go(&boot, has_tables);
}
