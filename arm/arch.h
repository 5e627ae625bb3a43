/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this machine share.
 */
#ifndef ARM_ARCH_H
#define ARM_ARCH_H

/* Bytes below the stack that are never mapped: more than any function has on its stack. */
#define GUARD_SIZE 0x10000

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

/* image.lds: the image lies in [image_start, image_end), read-only below image_writable. */
extern char image_start[], image_writable[], image_end[];

/* stacks.S: what lies below the stack is never mapped. */
extern char stack_guard[];

/*
 * Return the totalsize of the tree at @fdt in bytes; 0 if @fdt is no tree, or one larger than the boot
 * protocol allows. Safe with the MMU off.
 */
uint32_t tree_size(const void *fdt);

/*
 * Build tables for the image and the tree, and set all translation registers but SCTLR_EL1. For use with
 * the MMU off. @fdt may be NULL; if it is anything else than a tree, the machine is switched off.
 */
void mmu_prepare(const void *fdt);

/* Map all of RAM, cached. Return false if there are more ranges than page tables for them. */
bool mmu_map_ram(const struct boot_info *boot);

/* Return the first address that cannot be mapped. */
uint64_t mmu_limit(void);

/* Start the program: for entry.S, with the MMU on, on the final stack. */
void arm_start(const void *fdt) __attribute__((noreturn));

/* Like arm_start(), after UEFI firmware. @fdt may be NULL. */
void arm_start_uefi(const void *fdt) __attribute__((noreturn));

/* Bail out if the firmware left CNTFRQ_EL0 unset. */
void clock_check(void);

/* Reserve the memory of the image and the tree. */
void arm_reserve(struct boot_info *boot);

/* Print to the UART that the tree or, without one, the SPCR describes, if any. */
void arm_console(const struct boot_info *boot);

/* Run the program, with RAM mapped. Bail out if !@has_tables: mmu_map_ram() has failed. */
void arm_go(struct boot_info *boot, bool has_tables) __attribute__((noreturn));

/* Call PSCI as a valid tree says. */
void power_use_fdt(const void *fdt);

/*
 * Call CPU_ON of PSCI, as a tree has named it: the CPU with this MPIDR begins at @entry, with X0 = @context.
 * Return false if no tree has.
 */
bool psci_cpu_on(uint64_t cpu, uint64_t entry, uint64_t context, int64_t *status);

/* Switch this CPU off, until the next CPU_ON. */
void psci_cpu_off(void) __attribute__((noreturn));

/* Return the tree that has named PSCI, NULL if none has. */
const void *power_fdt(void);

/* second.S: where the second CPU begins. */
extern char second_entry[];

/* Stop the CPU for good. */
void halt(void) __attribute__((noreturn));

#endif

#endif
