// SPDX-License-Identifier: BSD-3-Clause
/*
 * Identity map in 2 MiB pages, over the tables of entry.S if we came through that (Intel SDM 3A, 4.5).
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "x86.h"

#define PAGE_SIZE 4096
#define LARGE_PAGE (2ull << 20)
#define TABLE_ENTRIES 512
#define MAPPED_BY_ENTRY (4ull << 30)

/* Each holds 1 GiB of 2 MiB pages, or 512 such tables. */
#define SPARE_TABLES 32

enum {
	PTE_PRESENT = 1 << 0,
	PTE_WRITE = 1 << 1,
	PTE_WRITE_THROUGH = 1 << 3,
	PTE_CACHE_DISABLE = 1 << 4,
	PTE_LARGE = 1 << 7,
	PTE_CACHED = PTE_PRESENT | PTE_WRITE | PTE_LARGE,
	PTE_DEVICE = PTE_CACHED | PTE_WRITE_THROUGH | PTE_CACHE_DISABLE,
};

extern uint64_t boot_pml4[];

static uint64_t spare_tables[SPARE_TABLES][TABLE_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static unsigned int spare_tables_used;

static const struct boot_info *memory_map;

static uint64_t *table_below(uint64_t *entry)
{
	if (!(*entry & PTE_PRESENT)) {
		if (spare_tables_used == SPARE_TABLES)
			bail_out("page tables: all %u spare tables are used up", SPARE_TABLES);
		*entry = (uintptr_t)spare_tables[spare_tables_used++] | PTE_PRESENT | PTE_WRITE;
	}
	return (uint64_t *)(*entry & ~(uint64_t)(PAGE_SIZE - 1));
}

static void map_large_page(uint64_t phys, uint64_t flags)
{
	uint64_t *pdpt = table_below(&boot_pml4[phys >> 39 & 511]);
	uint64_t *pd = table_below(&pdpt[phys >> 30 & 511]);

	pd[phys >> 21 & 511] = phys | flags;
	asm volatile("invlpg (%0)" : : "r"(phys) : "memory");
}

/* RAM anywhere in the large page keeps the whole of it cached. */
static bool holds_ram(uint64_t page)
{
	for (unsigned int i = 0; i < memory_map->ram_count; i++) {
		const struct memory_range *ram = &memory_map->ram[i];

		if (ram->base < page + LARGE_PAGE && ram->base + ram->size > page)
			return true;
	}
	return false;
}

static uint64_t physical_limit(void)
{
	uint32_t bits = cpuid(0x80000000).eax >= 0x80000008 ? cpuid(0x80000008).eax & 0xff : 36;

	return 1ull << (bits < 47 ? bits : 47);	/* the lower half of the canonical addresses */
}

static void map(uint64_t phys, uint64_t size, uint64_t flags)
{
	for (uint64_t page = phys & ~(LARGE_PAGE - 1); page < phys + size; page += LARGE_PAGE)
		map_large_page(page, flags);
}

void paging_init(const struct boot_info *boot)
{
	memory_map = boot;
	for (unsigned int i = 0; i < boot->ram_count; i++)
		if (boot->ram[i].base >= MAPPED_BY_ENTRY)
			map(boot->ram[i].base, boot->ram[i].size, PTE_CACHED);
}

const void *paging_prepare(bool five_levels)
{
	uint64_t *root;

	memset(boot_pml4, 0, PAGE_SIZE);
	map(0, MAPPED_BY_ENTRY, PTE_CACHED);
	if (!five_levels)
		return boot_pml4;
	root = spare_tables[spare_tables_used++];
	root[0] = (uintptr_t)boot_pml4 | PTE_PRESENT | PTE_WRITE;
	return root;
}

void *io_map(uint64_t phys, uint64_t size)
{
	if (phys + size < phys || phys + size > physical_limit())
		return NULL;
	for (uint64_t page = phys & ~(LARGE_PAGE - 1); page < phys + size; page += LARGE_PAGE)
		if (!holds_ram(page))
			map_large_page(page, PTE_DEVICE);
	return (void *)phys;
}
