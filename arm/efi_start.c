// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fill struct boot_info from UEFI firmware. After that entry.S switches the MMU off, and on with our own
 * tables.
 */
#include "console.h"
#include "efi/efi.h"
#include "fdt/fdt.h"
#include "util.h"

#include "arch.h"
#include "sysreg.h"

static struct boot_info boot;

uint64_t arm_leave_firmware(efi_handle image, const struct efi_system *system);

/* Clean the data cache to the point of coherency. CTR_EL0.DminLine is the log2 of words in a line. */
static void write_back(const void *start, uint64_t size)
{
	uint64_t line = 4ull << (read_sysreg(ctr_el0) >> 16 & 15);
	uint64_t at = align_down((uintptr_t)start, line), end = (uintptr_t)start + size;

	for (; at < end; at += line)
		asm volatile("dc cvac, %0" : : "r"(at) : "memory");
	asm volatile("dsb sy" : : : "memory");
}

/*
 * Leave the firmware. Return the tree, 0 if there is none of use; EFI_LOAD_ERROR if the firmware goes on. The
 * tree is written back, as its header is read with the MMU off.
 */
uint64_t arm_leave_firmware(efi_handle image, const struct efi_system *system)
{
	if (!efi_start(&boot, image, system))
		return EFI_LOAD_ERROR;
	if (!tree_size(boot.fdt))
		boot.fdt = NULL;
	write_back(boot.fdt, tree_size(boot.fdt));
	return (uintptr_t)boot.fdt;
}

/* Ignore a tree that is broken: the tables may be good. */
void arm_start_uefi(const void *fdt)
{
	struct error error = {""};
	bool has_tables;

	if (fdt && !fdt_validate(fdt, &error))
		boot.fdt = NULL;
	if (boot.fdt)
		power_use_fdt(boot.fdt);
	if (boot.fdt && !*boot.cmdline)
		boot.cmdline = fdt_bootargs(boot.fdt);
	arm_reserve(&boot);
	has_tables = mmu_map_ram(&boot);	/* before the first device */
	arm_console(&boot);
	if (error.text[0])
		printf("# %s\n", error.text);
	arm_go(&boot, has_tables);
}
