// SPDX-License-Identifier: BSD-3-Clause
/*
 * Identity map in pages of 2 MiB, or of 1 GiB for RAM above 4 GiB where the CPU has them, over the tables of
 * entry.S if we came through that (Intel SDM 3A, 4.5).
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "machine.h"
#include "util.h"

#include "arch.h"

#define PAGE_SIZE 4096
#define LARGE_PAGE (2ull << 20)
#define HUGE_PAGE (1ull << 30)
#define TABLE_ENTRIES 512
#define MAPPED_BY_ENTRY (4ull << 30)

/* A table holds 1 GiB of 2 MiB pages, or 512 such tables. RAM gets none of the last FOR_DEVICES. */
#define SPARE_TABLES 32
#define FOR_DEVICES 16

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
static uint64_t limit = UINT64_MAX;

static uint64_t *table_below(uint64_t *entry)
{
	if (!(*entry & PTE_PRESENT)) {
		if (spare_tables_used == SPARE_TABLES)
			bail_out("page tables: all %u spare tables are used up", SPARE_TABLES);
		*entry = (uintptr_t)spare_tables[spare_tables_used++] | PTE_PRESENT | PTE_WRITE;
	}
	return (uint64_t *)align_down(*entry, PAGE_SIZE);
}

static uint64_t *huge_entry(uint64_t phys)
{
	uint64_t *pdpt = table_below(&boot_pml4[phys >> 39 & 511]);

	return &pdpt[phys >> 30 & 511];
}

/* A huge page is RAM and stays as it is. */
static void map_large_page(uint64_t phys, uint64_t flags)
{
	uint64_t *entry = huge_entry(phys);

	if (*entry & PTE_LARGE)
		return;
	table_below(entry)[phys >> 21 & 511] = phys | flags;
	asm volatile("invlpg (%0)" : : "r"(phys) : "memory");
}

static bool has_huge_pages(void)
{
	return cpuid(0x80000000).eax >= 0x80000001 && cpuid(0x80000001).edx >> 26 & 1;
}

/* Return true if there is RAM anywhere in the large page: all of that stays cached. */
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

	return 1ull << min(bits, 47u);	/* the lower half of the canonical addresses */
}

/* Map RAM. Return the address at which there were no more tables, else one from @end on. */
static uint64_t map_ram(uint64_t from, uint64_t end)
{
	bool huge = has_huge_pages();
	uint64_t page = align_down(from, LARGE_PAGE);

	while (page < end && spare_tables_used < SPARE_TABLES - FOR_DEVICES) {
		bool whole = huge && page % HUGE_PAGE == 0 && end - page >= HUGE_PAGE;

		if (whole)
			*huge_entry(page) = page | PTE_CACHED;
		else
			map_large_page(page, PTE_CACHED);
		page += whole ? HUGE_PAGE : LARGE_PAGE;
	}
	return page;
}

void mmu_map_ram(const struct boot_info *boot)
{
	memory_map = boot;
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		uint64_t base = boot->ram[i].base, end = base + boot->ram[i].size, mapped;

		mapped = base < MAPPED_BY_ENTRY ? end : map_ram(base, end);
		if (mapped < end && mapped < limit)
			limit = mapped;
	}
}

uint64_t mmu_limit(void)
{
	return limit;
}

const void *mmu_prepare(bool five_levels)
{
	uint64_t *root;

	memset(boot_pml4, 0, PAGE_SIZE);
	for (uint64_t page = 0; page < MAPPED_BY_ENTRY; page += LARGE_PAGE)
		map_large_page(page, PTE_CACHED);
	if (!five_levels)
		return boot_pml4;
	root = spare_tables[spare_tables_used++];
	root[0] = (uintptr_t)boot_pml4 | PTE_PRESENT | PTE_WRITE;
	return root;
}

/* Tables and the image may lie in RAM for which there were no page tables. */
void *io_map(uint64_t phys, uint64_t size)
{
	if (phys + size < phys || phys + size > physical_limit())
		return NULL;
	for (uint64_t page = align_down(phys, LARGE_PAGE); page < phys + size; page += LARGE_PAGE)
		if (!holds_ram(page))
			map_large_page(page, PTE_DEVICE);
		else if (page >= limit)
			map_large_page(page, PTE_CACHED);
	return (void *)phys;
}
