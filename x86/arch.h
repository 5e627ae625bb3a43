/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the files of this machine share.
 */
#ifndef X86_ARCH_H
#define X86_ARCH_H

#include <stdbool.h>
#include <stdint.h>

struct boot_info;

/* image.lds: the image lies in [image_start, image_end). */
extern char image_start[], image_end[];

/* Start the program, with console, exceptions and page tables ready. All ways in end here. */
void x86_start(struct boot_info *boot) __attribute__((noreturn));

/* Load the exception table. */
void exceptions_init(void);

/* Return true with the number of this CPU, if it has a local APIC that is enabled. */
bool apic_id(uint32_t *id);

/*
 * Let the CPU with this number begin at page number @page, below 1 MiB, in real mode, whatever it does now
 * (Intel SDM 3A, 9.4). Return false if that cannot be sent.
 */
bool apic_start_cpu(uint32_t id, uint8_t page);

/* Find a page in which a second CPU can begin: before the memory below 1 MiB is reserved as a whole. */
void cpus_init(const struct boot_info *boot);

/* Map RAM above 4 GiB, cached, as far as there are page tables. What lies below is mapped already. */
void mmu_map_ram(const struct boot_info *boot);

/* Return the address from which on RAM can be accessed only after io_map(). */
uint64_t mmu_limit(void);

/*
 * Map the first 4 GiB, which entry.S does on the other ways in, while the firmware's tables are in use.
 * Return the root for CR3, of five levels if @five_levels.
 */
const void *mmu_prepare(bool five_levels);

/* Find the rate of the TSC, or assume 2 GHz. Takes some milliseconds at most. */
void clock_init(const struct boot_info *boot);

/* Print to COM1 from now on. */
void serial_init(void);

struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/* Return the registers of CPUID leaf @leaf, subleaf 0. */
static inline struct cpuid cpuid(uint32_t leaf)
{
	struct cpuid c;

	asm volatile("cpuid" : "=a"(c.eax), "=b"(c.ebx), "=c"(c.ecx), "=d"(c.edx)
		     : "a"(leaf), "c"(0));
	return c;
}

#endif
