/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this machine share.
 */
#ifndef RISCV_ARCH_H
#define RISCV_ARCH_H

/* More than any function has on its stack. */
#define GUARD_SIZE 0x10000

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* image.lds: the image lies in [image_start, image_end), read-only below image_writable. */
extern char image_start[], image_writable[], image_end[];

/* entry.S: what lies below the stack is never mapped. */
extern char stack_guard[];

/* The hart that runs, by its hart id. */
extern uint64_t boot_hart;

/*
 * Identity map of what mmu_limit() leaves. Without Sv39, or with the image or the tree above what that can
 * map, there is no map, and all can be reached.
 */
void mmu_init(const void *fdt);

/* First address that cannot be reached, of RAM or of a device. */
uint64_t mmu_limit(void);

/* The program's part of the start: relocated, on the final stack. */
void riscv_start(uint64_t hart, const void *fdt) __attribute__((noreturn));

/* Take timebase-frequency from a valid tree. Until then the clock counts as if it were 10 MHz. */
void clock_use_fdt(const void *fdt);

/* False if the tree did not say what a second is. */
bool clock_is_known(void);

/* Print by the firmware's debug console, if it has one: for machines without a UART that we know. */
void sbi_console(void);

/* Wait for nothing, for ever. */
void halt(void) __attribute__((noreturn));

#endif

#endif
