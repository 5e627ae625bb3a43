// SPDX-License-Identifier: BSD-3-Clause
/*
 * Indirect tables (virtio 1.4, 2.7.5.3 and 2.8.7), written by hand.
 */
#include <string.h>

#include "judge/steps/page_fixture.h"
#include "judge/steps/shown_map.h"
#include "judge/test.h"
#include "memory.h"

static bool packed(void)
{
	return ring_has(&iommu.requests, VIRTIO_F_RING_PACKED);
}

/* An entry of either format. In a packed ring's table @next stands where the id is. */
static void entry(uint8_t *table, unsigned int index, const struct ring_piece *piece, uint16_t flags,
		  uint16_t next)
{
	struct ring_desc desc = {piece->address, piece->length, flags, next};

	if (piece->writable)
		desc.flags |= DESC_WRITE;
	if (packed()) {
		desc.next = desc.flags & DESC_WRITE;
		desc.flags = next;
	}
	memcpy(table + index * sizeof(desc), &desc, sizeof(desc));
}

/* The request in three entries. */
#define ENTRIES 3

static void three_pieces(const struct shown_map *m, struct ring_piece pieces[ENTRIES])
{
	pieces[0] = shown_map_readable(m, 0, 4);
	pieces[1] = shown_map_readable(m, 4, sizeof(struct map_request));
	pieces[2] = shown_map_writable(m, 0, TAIL_SIZE);
}

static void fill(uint8_t *table, const struct shown_map *m)
{
	struct ring_piece pieces[ENTRIES];

	three_pieces(m, pieces);
	entry(table, 0, &pieces[0], DESC_NEXT, 1);
	entry(table, 1, &pieces[1], DESC_NEXT, 2);
	entry(table, 2, &pieces[2], 0, 0);
}

/* A descriptor of the ring that leads to the table; not available yet. Returns its id. */
static int add_table(const uint8_t *table, unsigned int entries, uint16_t flags)
{
	struct ring_piece piece = {phys(table), entries * sizeof(struct ring_desc), .writable = false};
	int id = ring_add(&iommu.requests, &piece, 1);

	if (id < 0)
		return id;
	iommu.requests.writable[id] = TAIL_SIZE;
	if (packed())
		iommu.requests.head_flags[id] |= DESC_INDIRECT | flags;
	else
		iommu.requests.desc[id].flags |= DESC_INDIRECT | flags;
	return id;
}

static void expect_table_works(struct source_line at, const uint8_t *table, const struct shown_map *m,
			       uint16_t flags)
{
	expect_shown_map(at, add_table(table, ENTRIES, flags), m,
			 "in a table, %#x more in the flags of its descriptor", flags);
}

/* GEN-IND-1 (MUST): WRITE flag on the descriptor that points to an indirect table is ignored */
TEST(GEN_IND_1, write_flag_of_the_table_is_ignored, NEEDS_DOMAIN | NEEDS_INDIRECT)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct page_fixture s;
	struct shown_map m;

	REQUIRE(map_one_page(AT, &s));
	m = shown_map(&s);
	fill(table, &m);
	expect_table_works(AT, table, &m, 0);
	shown_map_fill(&m);
	expect_table_works(AT, table, &m, DESC_WRITE);
}

/* Some of the request in the ring, and the rest of it in a table that comes last. */
static void split_behind(struct source_line at, const struct page_fixture *s, unsigned int direct)
{
	struct ring *ring = &iommu.requests;
	struct shown_map m = shown_map(s);
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16), *tables = ring->tables;
	struct ring_piece pieces[ENTRIES + 1];
	uint16_t last;
	int id;

	three_pieces(&m, pieces);
	for (unsigned int i = direct; i < ENTRIES; i++)
		entry(table, i - direct, &pieces[i], i + 1 < ENTRIES ? DESC_NEXT : 0, i + 1 - direct);
	pieces[direct] = (struct ring_piece){
		phys(table), (ENTRIES - direct) * sizeof(struct ring_desc), .writable = false};
	ring->tables = NULL;
	id = ring_add(ring, pieces, direct + 1);
	ring->tables = tables;
	if (id < 0)
		return not_applicable("needs a queue of %u descriptors", direct + 1);
	last = id;
	for (unsigned int i = 0; i < direct; i++)
		last = ring->desc[last].next;
	ring->desc[last].flags = DESC_INDIRECT;
	expect_shown_map(at, id, &m, "of %u descriptors and a table", direct);
}

/* GEN-IND-2 (MUST): Zero or more normal descriptors followed by one INDIRECT descriptor are handled */
TEST(GEN_IND_2, table_comes_behind_other_descriptors, NEEDS_DOMAIN | NEEDS_INDIRECT | NEEDS_SPLIT)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	split_behind(AT, &s, 1);
	split_behind(AT, &s, 2);
}

/* At odd addresses, and with the end of a page in front of each entry and within each. */
TEST(GEN_IND_2, table_lies_at_any_address, NEEDS_DOMAIN | NEEDS_INDIRECT)
{
	enum { PAGE = 4096, SIZE = ENTRIES * sizeof(struct ring_desc) };
	uint8_t *end = (uint8_t *)arena_alloc(2 * PAGE, PAGE) + PAGE;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int before = 1; before < SIZE && no_defect_so_far();
	     before += before % 16 > 1 ? 7 : 1) {
		struct shown_map m = shown_map(&s);

		fill(end - before, &m);
		expect_table_works(AT, end - before, &m, 0);
	}
}

TEST(GEN_IND_2, next_leads_through_the_table, NEEDS_DOMAIN | NEEDS_INDIRECT | NEEDS_SPLIT)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct page_fixture s;
	struct shown_map m;
	struct ring_piece pieces[ENTRIES];

	REQUIRE(map_one_page(AT, &s));
	m = shown_map(&s);
	if (iommu_wants(VIRTIO_F_IN_ORDER))
		NOT_APPLICABLE("with IN_ORDER next is always the next one");
	three_pieces(&m, pieces);
	entry(table, 0, &pieces[0], DESC_NEXT, 2);
	entry(table, 2, &pieces[1], DESC_NEXT, 1);
	entry(table, 1, &pieces[2], 0, 0);
	expect_table_works(AT, table, &m, 0);
}

/* Of a packed ring's table nothing but address, length and WRITE is looked at. */
TEST(GEN_IND_2, ids_in_the_table_are_ignored, NEEDS_DOMAIN | NEEDS_INDIRECT | NEEDS_PACKED)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct page_fixture s;
	struct shown_map m;

	REQUIRE(map_one_page(AT, &s));
	m = shown_map(&s);
	fill(table, &m);
	for (unsigned int i = 0; i < ENTRIES; i++)
		((struct packed_desc *)table)[i].id = 0xffff - i;
	expect_table_works(AT, table, &m, 0);
}

/* Other flags than WRITE are reserved there (2.8.7). */
TEST(GEN_IND_2, other_flags_in_the_table_are_ignored, NEEDS_DOMAIN | NEEDS_INDIRECT | NEEDS_PACKED)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct page_fixture s;
	struct shown_map m;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int bit = 0; bit < 16 && no_defect_so_far(); bit++) {
		if (1u << bit == DESC_WRITE)
			continue;
		m = shown_map(&s);
		fill(table, &m);
		for (unsigned int i = 0; i < ENTRIES; i++)
			((struct packed_desc *)table)[i].flags |= 1u << bit;
		expect_table_works(AT, table, &m, 0);
	}
}

/* GEN-DESC-1 (MUST NOT): Device-readable buffers are never written */
TEST(GEN_DESC_1, indirect_table_is_left_alone, NEEDS_DOMAIN | NEEDS_INDIRECT)
{
	enum { SIZE = ENTRIES * sizeof(struct ring_desc) };
	uint8_t *table = arena_alloc(SIZE, 16), *before = arena_alloc(SIZE, 1);
	struct page_fixture s;
	struct shown_map m;

	REQUIRE(map_one_page(AT, &s));
	m = shown_map(&s);
	fill(table, &m);
	memcpy(before, table, SIZE);
	expect_table_works(AT, table, &m, 0);
	expect_bytes(AT, table, before, SIZE, "the table");
}
