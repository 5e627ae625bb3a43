/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this machine share.
 */
#ifndef RISCV_ARCH_H
#define RISCV_ARCH_H

/* Bytes below the stack that are never mapped: more than any function has on its stack. */
#define GUARD_SIZE 0x10000

#ifndef __ASSEMBLER__

#include <stdbool.h>
#include <stdint.h>

/* image.lds: the image lies in [image_start, image_end), read-only below image_writable. */
extern char image_start[], image_writable[], image_end[];

/* stacks.S: what lies below the stack is never mapped. */
extern char stack_guard[];

/* Id of the hart that runs. */
extern uint64_t boot_hart;

/*
 * Map all below mmu_limit() at its own address. Without Sv39, or if the image or the tree lies above what
 * that can map, the MMU stays off and all can be reached.
 */
void mmu_init(const void *fdt);

/* Return the first address that cannot be reached, of RAM or of a device. */
uint64_t mmu_limit(void);

/* Start the program: for entry.S, relocated and on the final stack. */
void riscv_start(uint64_t hart, const void *fdt) __attribute__((noreturn));

/* Take timebase-frequency from a valid tree. Until then the clock is taken for one of 10 MHz. */
void clock_use_fdt(const void *fdt);

/* Return true if the tree has said how fast the clock runs. */
bool clock_is_known(void);

/* Print by the firmware's debug console, if it has one: for machines without a UART that we drive. */
void sbi_console(void);

/* Stop the CPU for good. */
void halt(void) __attribute__((noreturn));

#endif

#endif
