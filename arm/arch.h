/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this machine share.
 */
#ifndef ARM_ARCH_H
#define ARM_ARCH_H

/* More than any function has on its stack. */
#define GUARD_SIZE 0x10000

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

/* image.lds: the image lies in [image_start, image_end), read-only below image_writable. */
extern char image_start[], image_writable[], image_end[];

/* entry.S: what lies below the stack is never mapped. */
extern char stack_guard[];

/* Bytes of the tree at @fdt; 0 if there is none, or it is larger than the boot protocol allows. */
uint32_t tree_size(const void *fdt);

/*
 * Build tables for the image and the tree, and set all translation registers but SCTLR_EL1.
 * Called with the MMU off. @fdt may be NULL. Does not return if it is anything else but a tree.
 */
void mmu_prepare(const void *fdt);

/* Map all of RAM, cached. False if there are more ranges than page tables for them. */
bool mmu_map_ram(const struct boot_info *boot);

/* First address that cannot be mapped. */
uint64_t mmu_limit(void);

/* The program's part of the start: MMU on, on the final stack. The second is for those from UEFI. */
void arm_start(const void *fdt) __attribute__((noreturn));
void arm_start_uefi(const void *fdt) __attribute__((noreturn));

/* Stop with a message if the firmware left CNTFRQ_EL0 unset. */
void clock_check(void);

/* The steps that both have in common: keep what is in use, find the console that is described, begin. */
void arm_reserve(struct boot_info *boot);
void arm_console(const struct boot_info *boot);
void arm_go(struct boot_info *boot, bool has_tables) __attribute__((noreturn));

/* Take the PSCI method from a valid tree. */
void power_use_fdt(const void *fdt);

/* Wait for nothing, for ever. */
void halt(void) __attribute__((noreturn));

#endif

#endif
