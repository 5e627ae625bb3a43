// SPDX-License-Identifier: BSD-3-Clause
#include "iommu/table.h"
#include "memory.h"
#include "util.h"

#define LEVEL_BITS 9
#define PAGE_BITS 12
#define ENTRIES (1u << LEVEL_BITS)

/* Read and write are bits 0 and 1. */
const struct table_format table_vtd = {
	.present = 3, .kind_mask = 1 << 7, .branch_kind = 0, .branch = 3,
	.page = 0, .large = 1 << 7,
	.rights = {0, 1, 2, 3},
	.address = 0x000ffffffffff000,
};

/*
 * AP[2:1], bits 7:6: read-only is 0b11, read and write 0b01, both for unprivileged accesses. Bit 10 is the
 * access flag, bits 9:8 inner shareable, bits 4:2 the first attribute of MAIR.
 */
#define ARM_LEAF (1 << 10 | 3 << 8)

const struct table_format table_arm = {
	.present = 1, .kind_mask = 2, .branch_kind = 2, .branch = 3,
	.page = 3 | ARM_LEAF, .large = 1 | ARM_LEAF,
	.rights = {0, 3 << 6, 0, 1 << 6},
	.address = 0x0000fffffffff000,
};

/* V is bit 0, R, W and X follow; U, A and D are bits 4, 6 and 7. Nothing may be written but not read. */
#define RISCV_LEAF (1 | 1 << 4 | 1 << 6 | 1 << 7)

const struct table_format table_riscv = {
	.present = 1, .kind_mask = 0xe, .branch_kind = 0, .branch = 1,
	.page = RISCV_LEAF, .large = RISCV_LEAF,
	.rights = {0, 1 << 1, 0, 3 << 1},
	.address = 0x003ffffffffffc00, .address_shift = 2,
};

static uint64_t *new_page(struct table *table)
{
	table->pages++;
	return arena_alloc(TABLE_PAGE, TABLE_PAGE);
}

void table_init(struct table *table, const struct table_format *format, unsigned int levels,
		uint64_t page_sizes)
{
	*table = (struct table){.format = format, .levels = levels, .page_sizes = page_sizes};
	table->root = new_page(table);
}

unsigned int table_bits(const struct table *table)
{
	return PAGE_BITS + LEVEL_BITS * table->levels;
}

bool table_can_grant(const struct table *table, unsigned int rights)
{
	return rights && table->format->rights[rights];
}

/* Return the bytes that an entry of a level translates; level 0 is the last one. */
static uint64_t level_size(unsigned int level)
{
	return 1ull << (PAGE_BITS + LEVEL_BITS * level);
}

static uint64_t *entry_of(uint64_t *page, uint64_t iova, unsigned int level)
{
	return &page[iova / level_size(level) % ENTRIES];
}

/* The IOMMU may read an entry at any time: it is read and written as a whole. */
static uint64_t load(const uint64_t *entry)
{
	return *(const volatile uint64_t *)entry;
}

static void store(uint64_t *entry, uint64_t value)
{
	*(volatile uint64_t *)entry = value;
}

static bool is_empty(const struct table *table, uint64_t entry)
{
	return !(entry & table->format->present);
}

static bool is_branch(const struct table *table, uint64_t entry, unsigned int level)
{
	return level && !is_empty(table, entry) &&
	       (entry & table->format->kind_mask) == table->format->branch_kind;
}

static uint64_t encode(const struct table *table, uint64_t address)
{
	return address >> table->format->address_shift & table->format->address;
}

static uint64_t address_in(const struct table *table, uint64_t entry)
{
	return (entry & table->format->address) << table->format->address_shift;
}

/* Return the entry for @iova at the highest level that has none below it, and that level. */
static uint64_t *deepest(const struct table *table, uint64_t iova, unsigned int *level)
{
	uint64_t *page = table->root, *entry;

	for (*level = table->levels - 1;; --*level) {
		entry = entry_of(page, iova, *level);
		if (!is_branch(table, load(entry), *level))
			return entry;
		page = (void *)(uintptr_t)address_in(table, load(entry));
	}
}

static bool is_in_table(const struct table *table, uint64_t iova, uint64_t size)
{
	uint64_t last = iova + size - 1;

	return size && !((iova | size) % TABLE_PAGE) && last >= iova && !(last >> table_bits(table));
}

static bool range_is_empty(const struct table *table, uint64_t iova, uint64_t size)
{
	unsigned int level;

	for (uint64_t at = iova; at - iova < size; at = align_down(at, level_size(level)) + level_size(level))
		if (!is_empty(table, load(deepest(table, at, &level))))
			return false;
	return true;
}

/* Return true if a leaf of this level may begin here. */
static bool fits(const struct table *table, uint64_t iova, uint64_t pa, uint64_t size, unsigned int level)
{
	uint64_t bytes = level_size(level);

	return table->page_sizes & bytes && !((iova | pa) % bytes) && size >= bytes;
}

/* Write the largest leaf that fits, and the tables above it that are missing. Return its size. */
static uint64_t map_leaf(struct table *table, uint64_t iova, uint64_t pa, uint64_t size, unsigned int rights)
{
	const struct table_format *format = table->format;
	unsigned int level;
	uint64_t *entry = deepest(table, iova, &level);

	for (; level && !fits(table, iova, pa, size, level); level--) {
		uint64_t *page = new_page(table);

		store(entry, encode(table, phys(page)) | format->branch);
		entry = entry_of(page, iova, level - 1);
	}
	store(entry, encode(table, pa) | (level ? format->large : format->page) | format->rights[rights]);
	return level_size(level);
}

bool table_map(struct table *table, uint64_t iova, uint64_t pa, uint64_t size, unsigned int rights)
{
	if (!is_in_table(table, iova, size) || pa % TABLE_PAGE || !table_can_grant(table, rights) ||
	    !range_is_empty(table, iova, size))
		return false;
	for (uint64_t done; size; iova += done, pa += done, size -= done)
		done = map_leaf(table, iova, pa, size, rights);
	return true;
}

/* Return true if a leaf reaches past one end of the range. */
static bool is_cut(const struct table *table, uint64_t iova, uint64_t size)
{
	const uint64_t ends[] = {iova, iova + size - 1};

	for (unsigned int i = 0; i < ARRAY_SIZE(ends); i++) {
		unsigned int level;
		const uint64_t *entry = deepest(table, ends[i], &level);
		uint64_t start = align_down(ends[i], level_size(level));

		if (!is_empty(table, load(entry)) &&
		    (start < iova || start + level_size(level) - 1 > iova + size - 1))
			return true;
	}
	return false;
}

bool table_unmap(struct table *table, uint64_t iova, uint64_t size)
{
	unsigned int level;

	if (!is_in_table(table, iova, size) || is_cut(table, iova, size))
		return false;
	for (uint64_t at = iova; at - iova < size; at = align_down(at, level_size(level)) + level_size(level))
		store(deepest(table, at, &level), 0);
	return true;
}

static unsigned int rights_in(const struct table *table, uint64_t entry)
{
	const uint64_t *rights = table->format->rights;
	uint64_t mask = rights[1] | rights[2] | rights[3];
	unsigned int found = 1;

	while (found < 3 && (!rights[found] || (entry & mask) != rights[found]))
		found++;
	return found;
}

bool table_look_up(const struct table *table, uint64_t iova, uint64_t *pa, unsigned int *rights)
{
	unsigned int level;
	uint64_t entry;

	if (iova >> table_bits(table))
		return false;
	entry = load(deepest(table, iova, &level));
	if (is_empty(table, entry))
		return false;
	*pa = address_in(table, entry) + iova % level_size(level);
	*rights = rights_in(table, entry);
	return true;
}
