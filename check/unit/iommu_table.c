// SPDX-License-Identifier: BSD-3-Clause
/*
 * Translation tables: the entries of each format, walked here as the specifications say, and what may not
 * change when a call is refused.
 */
#include <stdlib.h>
#include <string.h>

#include "iommu/table.h"
#include "memory.h"
#include "unit.h"
#include "util.h"

enum { MOST_PAGES = 64 };

#define KB4 0x1000ull
#define MB2 0x200000ull
#define GB1 0x40000000ull

static void *pages[MOST_PAGES];
static unsigned int page_count;

void *arena_alloc(size_t size, size_t align)
{
	void *page = aligned_alloc(align, size);

	CHECK(page_count < MOST_PAGES);
	memset(page, 0, size);
	pages[page_count++] = page;
	return page;
}

static void free_pages(void)
{
	while (page_count)
		free(pages[--page_count]);
}

/* What the entries of a format look like: written by hand from the specifications. */
struct look {
	const char *name;
	const struct table_format *format;
	unsigned int levels;
	unsigned int shift;		/* of the address in an entry, to the right */
	uint64_t branch;		/* of an entry without address */
	uint64_t page[4], large[4];	/* by rights; 0: not possible */
};

static const struct look looks[] = {
	{"VT-d", &table_vtd, 3, 0, 0x3, {0, 0x1, 0x2, 0x3}, {0, 0x81, 0x82, 0x83}},
	{"VMSAv8-64", &table_arm, 4, 0, 0x3, {0, 0x7c3, 0, 0x743}, {0, 0x7c1, 0, 0x741}},
	{"RISC-V", &table_riscv, 4, 2, 0x1, {0, 0xd3, 0, 0xd7}, {0, 0xd3, 0, 0xd7}},
};

static uint64_t *page_at(const struct look *look, uint64_t entry)
{
	return (uint64_t *)(uintptr_t)((entry & ~0x3ffull) << look->shift & ~0xfffull);
}

/* Return the entry for @iova @down levels below the root; what is passed must lead to tables. */
static uint64_t entry_at(const struct look *look, const struct table *table, uint64_t iova, unsigned int down)
{
	const uint64_t *page = table->root;
	unsigned int shift = 12 + 9 * (look->levels - 1);

	for (; down; down--, shift -= 9) {
		uint64_t entry = page[iova >> shift & 511];

		CHECK_EQ(entry, (uintptr_t)page_at(look, entry) >> look->shift | look->branch);
		page = page_at(look, entry);
	}
	return page[iova >> shift & 511];
}

static struct table start(const struct look *look)
{
	struct table table;

	free_pages();
	table_init(&table, look->format, look->levels, KB4 | MB2 | GB1);
	CHECK_EQ(table.pages, 1);
	CHECK_EQ(table_bits(&table), 12 + 9 * look->levels);
	return table;
}

static void check_leads_to(const struct table *table, uint64_t iova, uint64_t pa, unsigned int rights)
{
	uint64_t found;
	unsigned int granted;

	if (!CHECK(table_look_up(table, iova, &found, &granted)))
		return;
	CHECK_EQ(found, pa);
	CHECK_EQ(granted, rights);
}

static void check_empty(const struct table *table, uint64_t iova)
{
	uint64_t pa;
	unsigned int rights;

	CHECK(!table_look_up(table, iova, &pa, &rights));
}

static void test_rights(const struct look *look, unsigned int rights)
{
	struct table table = start(look);
	uint64_t iova = 3 * GB1 + 5 * MB2 + 7 * KB4, pa = 0x12345678000;

	CHECK_EQ(table_can_grant(&table, rights), !!look->page[rights]);
	CHECK_EQ(table_map(&table, iova, pa, KB4, rights), !!look->page[rights]);
	if (!look->page[rights]) {
		check_empty(&table, iova);
		return;
	}
	CHECK_EQ(entry_at(look, &table, iova, look->levels - 1), pa >> look->shift | look->page[rights]);
	CHECK_EQ(table.pages, look->levels);
	check_leads_to(&table, iova, pa, rights);
	check_leads_to(&table, iova + 0xfff, pa + 0xfff, rights);
	check_empty(&table, iova - 1);
	check_empty(&table, iova + KB4);
	CHECK(table_map(&table, 9 * GB1 + MB2, 5 * MB2, MB2, rights));
	CHECK_EQ(entry_at(look, &table, 9 * GB1 + MB2, look->levels - 2),
		 5 * MB2 >> look->shift | look->large[rights]);
	CHECK(table_map(&table, 10 * GB1, 4 * GB1, GB1, rights));
	CHECK_EQ(entry_at(look, &table, 10 * GB1, look->levels - 3),
		 4 * GB1 >> look->shift | look->large[rights]);
	check_leads_to(&table, 10 * GB1 + 0x2fffffff, 4 * GB1 + 0x2fffffff, rights);
}

/* Leaves are as large as addresses, size and the unit allow. */
static void test_sizes(const struct look *look)
{
	struct table table = start(look);
	const unsigned int last = look->levels - 1;

	CHECK(table_map(&table, MB2 - KB4, 3 * MB2 - KB4, MB2 + 2 * KB4, RIGHT_READ));
	CHECK_EQ(entry_at(look, &table, MB2 - KB4, last), (3 * MB2 - KB4) >> look->shift | look->page[1]);
	CHECK_EQ(entry_at(look, &table, MB2, last - 1), 3 * MB2 >> look->shift | look->large[1]);
	CHECK_EQ(entry_at(look, &table, 2 * MB2, last), 4 * MB2 >> look->shift | look->page[1]);
	CHECK(table_map(&table, 8 * MB2, 8 * MB2 + KB4, MB2, RIGHT_READ));
	CHECK_EQ(entry_at(look, &table, 8 * MB2, last), (8 * MB2 + KB4) >> look->shift | look->page[1]);
	table.page_sizes = KB4;
	CHECK(table_map(&table, 16 * MB2, 16 * MB2, MB2, RIGHT_READ));
	CHECK_EQ(entry_at(look, &table, 17 * MB2 - KB4, last),
		 (17 * MB2 - KB4) >> look->shift | look->page[1]);
}

static void test_unmap(const struct look *look)
{
	struct table table = start(look);
	unsigned int count;

	CHECK(table_map(&table, 0, GB1, 2 * MB2, RIGHT_READ));
	CHECK(table_map(&table, 2 * MB2, 5 * KB4, KB4, RIGHT_READ));
	count = table.pages;
	CHECK(!table_unmap(&table, KB4, MB2));		/* cuts the first leaf */
	CHECK(!table_unmap(&table, 0, MB2 + KB4));	/* and the second one */
	CHECK(!table_unmap(&table, KB4, KB4));
	check_leads_to(&table, 0, GB1, RIGHT_READ);
	check_leads_to(&table, MB2, GB1 + MB2, RIGHT_READ);
	CHECK(table_unmap(&table, MB2, 3 * MB2));	/* with holes */
	check_leads_to(&table, MB2 - 1, GB1 + MB2 - 1, RIGHT_READ);
	check_empty(&table, MB2);
	check_empty(&table, 2 * MB2);
	CHECK(table_unmap(&table, 0, MB2));
	check_empty(&table, 0);
	CHECK(table_map(&table, 0, MB2, MB2, RIGHT_READ));
	CHECK(table_map(&table, 2 * MB2, 3 * KB4, KB4, RIGHT_READ));
	CHECK_EQ(table.pages, count);			/* they stay part of the table */
	CHECK(table_unmap(&table, 0, 4 * MB2));
	CHECK(table_map(&table, 2 * MB2, 2 * MB2, MB2, RIGHT_READ));
	check_leads_to(&table, 2 * MB2 + KB4, 2 * MB2 + KB4, RIGHT_READ);
}

/* A call that is refused changes nothing. */
static void test_refusals(const struct look *look)
{
	struct table table = start(look);
	uint64_t end = 1ull << table_bits(&table);

	CHECK(table_map(&table, 4 * KB4, KB4, KB4, RIGHT_READ));
	CHECK(!table_map(&table, 3 * KB4, KB4, 2 * KB4, RIGHT_READ));
	check_empty(&table, 3 * KB4);
	CHECK(!table_map(&table, 0, 0, MB2, RIGHT_READ));
	check_leads_to(&table, 4 * KB4, KB4, RIGHT_READ);
	CHECK(!table_map(&table, 8 * KB4, KB4, 0, RIGHT_READ));
	CHECK(!table_map(&table, 8 * KB4, KB4, KB4, 0));
	CHECK(!table_map(&table, 8 * KB4 + 1, KB4, KB4, RIGHT_READ));
	CHECK(!table_map(&table, 8 * KB4, KB4 + 512, KB4, RIGHT_READ));
	CHECK(!table_map(&table, 8 * KB4, KB4, KB4 / 2, RIGHT_READ));
	CHECK(!table_map(&table, end, KB4, KB4, RIGHT_READ));
	CHECK(!table_map(&table, end - KB4, KB4, 2 * KB4, RIGHT_READ));
	CHECK(!table_map(&table, UINT64_MAX - KB4 + 1, KB4, 2 * KB4, RIGHT_READ));
	CHECK(!table_unmap(&table, 0, 0));
	CHECK(!table_unmap(&table, end, KB4));
	CHECK(table_map(&table, end - KB4, KB4, KB4, RIGHT_READ));
	check_leads_to(&table, end - 1, 2 * KB4 - 1, RIGHT_READ);
	check_empty(&table, end);
	CHECK(table_map(&table, 8 * MB2, 0, MB2, RIGHT_READ));
	CHECK(!table_map(&table, 8 * MB2 + KB4, KB4, KB4, RIGHT_READ));	/* in a large leaf */
}

int main(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(looks); i++) {
		for (unsigned int rights = 0; rights < 4; rights++)
			test_rights(&looks[i], rights);
		test_sizes(&looks[i]);
		test_unmap(&looks[i]);
		test_refusals(&looks[i]);
	}
	free_pages();
	return unit_end("iommu_table");
}
