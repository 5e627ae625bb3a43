// SPDX-License-Identifier: BSD-3-Clause
/*
 * Identity map: 4 KiB granule, 48 bits, four levels. Nothing that was mapped is ever changed, so
 * that no entry has to be broken before it is made, and RAM is never mapped as a device too.
 */
#include <stddef.h>
#include <string.h>

#include "boot.h"
#include "machine.h"
#include "util.h"

#include "arch.h"
#include "sysreg.h"

#define PAGE_SIZE   4096
#define BLOCK_SIZE  0x200000ull
#define LAST_LEVEL  3
#define TABLE_COUNT 64
#define FOR_DEVICES 16	/* kept for devices; also more than one range of RAM can take */

#define MAIR_DEVICE_NGNRE 0x04ull
#define MAIR_WRITE_BACK	  0xffull

#define TCR_T0SZ_48	    (64 - 48ull)
#define TCR_WALK_WRITE_BACK (1ull << 8 | 1ull << 10)	/* IRGN0, ORGN0 */
#define TCR_WALK_SHARED	    (3ull << 12)		/* SH0 */
#define TCR_EPD1	    (1ull << 23)		/* nothing in the upper half */
#define TCR_IPS_SHIFT	    32

#define ENTRY_VALID	 (1ull << 0)
#define ENTRY_TABLE	 (3ull << 0)
#define ENTRY_PAGE	 (1ull << 1)	/* set in a leaf of the last level only */
#define ENTRY_GUARD	 (1ull << 63)	/* not valid, and taken: ignored by hardware */
#define ENTRY_WRITE_BACK (1ull << 2 | 3ull << 8)	/* AttrIndx 1, inner shareable */
#define ENTRY_READ_ONLY	 (1ull << 7)
#define ENTRY_ACCESSED	 (1ull << 10)
#define ENTRY_PXN	 (1ull << 53)
#define ENTRY_UXN	 (1ull << 54)
#define ENTRY_ADDRESS	 0xfffffffff000ull

#define DEVICE (ENTRY_VALID | ENTRY_ACCESSED | ENTRY_PXN | ENTRY_UXN)
#define RAM    (DEVICE | ENTRY_WRITE_BACK)
#define CODE   ((RAM & ~ENTRY_PXN) | ENTRY_READ_ONLY)

struct table {
	uint64_t entries[512];
};

static struct table tables[TABLE_COUNT]
	__attribute__((section(".bss.not_zeroed.tables"), aligned(PAGE_SIZE)));
static unsigned int tables_used;

static struct table *new_table(void)
{
	if (tables_used == TABLE_COUNT)
		return NULL;
	return memset(&tables[tables_used++], 0, sizeof(struct table));
}

static bool is_table(uint64_t entry, int level)
{
	return level < LAST_LEVEL && (entry & ENTRY_TABLE) == ENTRY_TABLE;
}

/* Return the table that @entry leads to, a new one if it was empty. NULL if none is left. */
static struct table *descend(uint64_t *entry)
{
	struct table *table;

	if (*entry)
		return (struct table *)(*entry & ENTRY_ADDRESS);
	table = new_table();
	if (table)
		*entry = (uintptr_t)table | ENTRY_TABLE;
	return table;
}

/* A leaf of level 1 covers 1 GiB, of level 2 2 MiB, of level 3 a page. There is none in level 0. */
static bool is_leaf(int level, uint64_t size, uint64_t from, uint64_t end)
{
	return level > 0 && from % size == 0 && end - from == size;
}

/* Fill what is empty in [from, end), a whole number of pages, with leaves of these @bits. */
static bool map_level(struct table *table, int level, uint64_t from, uint64_t end, uint64_t bits)
{
	unsigned int shift = 12 + 9 * (LAST_LEVEL - level);
	uint64_t size = 1ull << shift, next;

	for (; from < end; from = next) {
		uint64_t *entry = &table->entries[from >> shift & 511];

		next = min(align_down(from, size) + size, end);
		if (is_table(*entry, level) || (!*entry && !is_leaf(level, size, from, next))) {
			struct table *lower = descend(entry);

			if (!lower || !map_level(lower, level + 1, from, next, bits))
				return false;
		} else if (!*entry) {
			*entry = from | bits | (level == LAST_LEVEL ? ENTRY_PAGE : 0);
		}
	}
	return true;
}

/* The first table is the root. An entry that becomes valid needs no TLB maintenance. */
static bool map(uint64_t from, uint64_t end, uint64_t bits)
{
	bool done = map_level(&tables[0], 0, from, end, bits);

	asm volatile("dsb ishst\n\tisb" : : : "memory");
	return done;
}

/* ID_AA64MMFR0_EL1.PARange, as far as 48 bits: more needs other tables. */
static unsigned int physical_range(void)
{
	unsigned int range = read_sysreg(id_aa64mmfr0_el1) & 15;

	return min(range, 5u);
}

uint64_t mmu_limit(void)
{
	static const uint8_t widths[] = {32, 36, 40, 42, 44, 48};

	return 1ull << widths[physical_range()];
}

void mmu_prepare(const void *fdt)
{
	uint64_t tree = (uintptr_t)fdt, size = tree_size(fdt), guard = (uintptr_t)stack_guard;

	if (fdt && !size)
		machine_power_off(NULL);
	new_table();
	map((uintptr_t)image_start, (uintptr_t)image_writable, CODE);
	map(guard, guard + GUARD_SIZE, ENTRY_GUARD);
	map((uintptr_t)image_writable, (uintptr_t)image_end, RAM);
	map(align_down(tree, PAGE_SIZE), align_up(tree + size, PAGE_SIZE), RAM);

	write_sysreg(mair_el1, MAIR_DEVICE_NGNRE | MAIR_WRITE_BACK << 8);
	write_sysreg(tcr_el1, TCR_T0SZ_48 | TCR_WALK_WRITE_BACK | TCR_WALK_SHARED | TCR_EPD1 |
				      (uint64_t)physical_range() << TCR_IPS_SHIFT);
	write_sysreg(ttbr0_el1, (uintptr_t)&tables[0]);
}

bool mmu_map_ram(const struct boot_info *boot)
{
	for (unsigned int i = 0; i < boot->ram_count; i++) {
		uint64_t base = boot->ram[i].base, end = base + boot->ram[i].size;

		if (end > mmu_limit() || end < base)
			end = mmu_limit();
		if (tables_used > TABLE_COUNT - FOR_DEVICES ||
		    !map(align_up(base, PAGE_SIZE), align_down(end, PAGE_SIZE), RAM))
			return false;
	}
	return true;
}

/* Map whole blocks, which saves tables. The rest of a block is no RAM: that is mapped already. */
void *io_map(uint64_t phys, uint64_t size)
{
	uint64_t limit = mmu_limit();

	if (size > limit || phys > limit - size)
		return NULL;
	if (!map(align_down(phys, BLOCK_SIZE), align_up(phys + size, BLOCK_SIZE), DEVICE))
		return NULL;
	return (void *)phys;
}
