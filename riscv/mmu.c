// SPDX-License-Identifier: BSD-3-Clause
/*
 * Sv39 (RISC-V Privileged Architecture, 4.4), identity: leaves of 1 GiB, but for the pages of the image,
 * which are writable or executable. What can be cached is in the hands of the platform (PMA).
 */
#include <stddef.h>

#include "fdt/fdt.h"
#include "machine.h"
#include "util.h"

#include "arch.h"
#include "csr.h"

#define PAGE_SIZE 4096
#define LAST_LEVEL 2

/* Addresses are signed: this is where the lower half ends. Bare addresses have 56 bits. */
#define SV39_END (1ull << 38)
#define BARE_END (1ull << 56)
#define SATP_SV39 (8ull << 60)

#define ENTRY_VALID    (1 << 0)
#define ENTRY_READ     (1 << 1)
#define ENTRY_WRITE    (1 << 2)
#define ENTRY_EXECUTE  (1 << 3)
#define ENTRY_ACCESSED (1 << 6)
#define ENTRY_DIRTY    (1 << 7)

#define DATA (ENTRY_VALID | ENTRY_READ | ENTRY_WRITE | ENTRY_ACCESSED | ENTRY_DIRTY)
#define CODE (ENTRY_VALID | ENTRY_READ | ENTRY_EXECUTE | ENTRY_ACCESSED)

struct table {
	uint64_t entries[512];
};

/* The image may lie across a boundary of each size. */
static struct table tables[5]
	__attribute__((section(".bss.not_zeroed.tables"), aligned(PAGE_SIZE)));
static unsigned int tables_used;
static uint64_t limit = BARE_END;

static unsigned int level_shift(int level)
{
	return 12 + 9 * (LAST_LEVEL - level);
}

/* Return a new table that maps all it covers, from @from on, as data. */
static struct table *new_table(uint64_t from, int level)
{
	struct table *table = &tables[tables_used++];

	for (uint64_t i = 0; i < 512; i++)
		table->entries[i] = (from + (i << level_shift(level))) >> 2 | DATA;
	return table;
}

/* Return the entry of the page at @address. A leaf on the way there becomes a table. */
static uint64_t *page_entry(uint64_t address)
{
	struct table *table = &tables[0];

	for (int level = 0; level < LAST_LEVEL; level++) {
		uint64_t *entry = &table->entries[address >> level_shift(level) & 511];
		uint64_t size = 1ull << level_shift(level);

		if (*entry & ENTRY_READ) {
			table = new_table(align_down(address, size), level + 1);
			*entry = (uintptr_t)table >> 2 | ENTRY_VALID;
		}
		table = (struct table *)((*entry & ~1023ull) << 2);
	}
	return &table->entries[address >> 12 & 511];
}

static void map(const char *from, const char *end, uint64_t bits)
{
	for (; from < end; from += PAGE_SIZE)
		*page_entry((uintptr_t)from) = (uintptr_t)from >> 2 | bits;
}

/* A mode that the hart does not have leaves SATP as it was. */
void mmu_init(const void *fdt)
{
	if ((uintptr_t)image_end > SV39_END || (uintptr_t)fdt > SV39_END - FDT_MAX_SIZE)
		return;
	new_table(0, 0);
	for (unsigned int i = SV39_END >> 30; i < 512; i++)
		tables[0].entries[i] = 0;
	map(image_start, image_writable, CODE);
	map(stack_guard, stack_guard + GUARD_SIZE, 0);
	asm volatile("sfence.vma" : : : "memory");
	write_csr(satp, SATP_SV39 | (uintptr_t)tables >> 12);
	asm volatile("sfence.vma" : : : "memory");
	if (read_csr(satp))
		limit = SV39_END;
}

uint64_t mmu_limit(void)
{
	return limit;
}

void *io_map(uint64_t phys, uint64_t size)
{
	if (size > limit || phys > limit - size)
		return NULL;
	return (void *)phys;
}
