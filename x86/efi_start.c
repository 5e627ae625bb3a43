// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fill struct boot_info from UEFI firmware, and go from its page tables to ours.
 */
#include "efi/efi.h"
#include "machine.h"

#include "arch.h"

#define CR4_LA57 (1ull << 12)

static struct boot_info boot;

/* efi_entry.S: onto our own tables, descriptors and stack, and to x86_start_uefi(). */
void x86_take_over(const void *root) __attribute__((noreturn));

efi_status x86_leave_firmware(efi_handle image, const struct efi_system *system);
void x86_start_uefi(void) __attribute__((noreturn));

static bool has_five_levels(void)
{
	uint64_t cr4;

	asm volatile("mov %%cr4, %0" : "=r"(cr4));
	return cr4 & CR4_LA57;
}

/* The image may lie anywhere in RAM: it is mapped before the tables are used. */
efi_status x86_leave_firmware(efi_handle image, const struct efi_system *system)
{
	const void *root;

	if (!efi_start(&boot, image, system))
		return EFI_LOAD_ERROR;
	asm volatile("cli" : : : "memory");
	root = mmu_prepare(has_five_levels());
	mmu_map_ram(&boot);
	io_map((uintptr_t)image_start, image_end - image_start);
	x86_take_over(root);
}

void x86_start_uefi(void)
{
	serial_init();
	exceptions_init();
	x86_start(&boot);
}
