/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of this directory share. */
#ifndef X86_ARCH_H
#define X86_ARCH_H

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

/* image.lds: the image lies in [image_start, image_end). */
extern char image_start[], image_end[];

/* The part of the start that all ways in have in common, with console, exceptions and paging ready. */
void x86_start(struct boot_info *boot) __attribute__((noreturn));

/* Load the exception table. */
void exceptions_init(void);

/* Map RAM above 4 GiB, cached, as far as the page tables last. What lies below is mapped by entry.S. */
void mmu_map_ram(const struct boot_info *boot);

/* Of RAM from this address on only what io_map() was asked for can be accessed. */
uint64_t mmu_limit(void);

/*
 * Map the first 4 GiB, which entry.S does for those who come through it, while other tables are in use.
 * Returns the root for CR3; for five levels if @five_levels.
 */
const void *mmu_prepare(bool five_levels);

/* Find out how fast the TSC runs. Takes some milliseconds at most. */
void clock_init(const struct boot_info *boot);

/* COM1 becomes the console. */
void serial_init(void);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid c;

	asm volatile("cpuid" : "=a"(c.eax), "=b"(c.ebx), "=c"(c.ecx), "=d"(c.edx)
		     : "a"(leaf), "c"(0));
	return c;
}

#endif
