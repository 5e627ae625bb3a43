// SPDX-License-Identifier: BSD-3-Clause
/*
 * Indirect tables (virtio 1.4, 2.7.5.3 and 2.8.7), written by hand.
 */
#include <string.h>

#include "judge/steps/noop_request.h"
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

/* The no-op request in three entries. */
#define ENTRIES 3

static void three_pieces(const struct noop_request *h, struct ring_piece pieces[ENTRIES])
{
	pieces[0] = (struct ring_piece){phys(h->request), 4, .writable = false};
	pieces[1] = (struct ring_piece){phys(h->request) + 4, sizeof(*h->request) - 4, .writable = false};
	pieces[2] = (struct ring_piece){phys(h->tail), TAIL_SIZE, .writable = true};
}

static void fill(uint8_t *table, const struct noop_request *h)
{
	struct ring_piece pieces[ENTRIES];

	three_pieces(h, pieces);
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

static void expect_table_works(struct source_line at, const uint8_t *table, const struct noop_request *h,
			       uint16_t flags)
{
	expect_noop_answered(at, add_table(table, ENTRIES, flags), h,
			     "in a table, %#x more in the flags of its descriptor", flags);
}

/* GEN-IND-1 (MUST): WRITE flag on the descriptor that points to an indirect table is ignored */
TEST(GEN_IND_1, write_flag_of_the_table_is_ignored, NEEDS_INDIRECT)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct noop_request h = noop_request();

	fill(table, &h);
	expect_table_works(AT, table, &h, 0);
	h.tail->status = UINT8_MAX;
	expect_table_works(AT, table, &h, DESC_WRITE);
}

/* Some of the request in the ring, and the rest of it in a table that comes last. */
static void split_behind(struct source_line at, unsigned int direct)
{
	struct ring *ring = &iommu.requests;
	struct noop_request h = noop_request();
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16), *tables = ring->tables;
	struct ring_piece pieces[ENTRIES + 1];
	uint16_t last;
	int id;

	three_pieces(&h, pieces);
	for (unsigned int i = direct; i < ENTRIES; i++)
		entry(table, i - direct, &pieces[i], i + 1 < ENTRIES ? DESC_NEXT : 0, i + 1 - direct);
	pieces[direct] = (struct ring_piece){
		phys(table), (ENTRIES - direct) * sizeof(struct ring_desc), .writable = false};
	ring->tables = NULL;
	id = ring_add(ring, pieces, direct + 1);
	ring->tables = tables;
	if (id < 0)
		return skip("needs a queue of %u descriptors", direct + 1);
	last = id;
	for (unsigned int i = 0; i < direct; i++)
		last = ring->desc[last].next;
	ring->desc[last].flags = DESC_INDIRECT;
	expect_noop_answered(at, id, &h, "of %u descriptors and a table", direct);
}

/* GEN-IND-2 (MUST): Zero or more normal descriptors followed by one INDIRECT descriptor are handled */
TEST(GEN_IND_2, table_comes_behind_other_descriptors, NEEDS_INDIRECT | NEEDS_SPLIT)
{
	split_behind(AT, 1);
	split_behind(AT, 2);
}

TEST(GEN_IND_2, table_lies_at_any_address, NEEDS_INDIRECT)
{
	uint8_t *memory = arena_alloc(ENTRIES * sizeof(struct ring_desc) + 16, 16);

	for (unsigned int offset = 1; offset < 16 && no_defect_so_far(); offset += 2) {
		struct noop_request h = noop_request();

		fill(memory + offset, &h);
		expect_table_works(AT, memory + offset, &h, 0);
	}
}

TEST(GEN_IND_2, next_leads_through_the_table, NEEDS_INDIRECT | NEEDS_SPLIT)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct noop_request h = noop_request();
	struct ring_piece pieces[ENTRIES];

	if (iommu_wants(VIRTIO_F_IN_ORDER))
		SKIP("with IN_ORDER next is always the next one");
	three_pieces(&h, pieces);
	entry(table, 0, &pieces[0], DESC_NEXT, 2);
	entry(table, 2, &pieces[1], DESC_NEXT, 1);
	entry(table, 1, &pieces[2], 0, 0);
	expect_table_works(AT, table, &h, 0);
}

/* Of a packed ring's table nothing but address, length and WRITE is looked at. */
TEST(GEN_IND_2, ids_in_the_table_are_ignored, NEEDS_INDIRECT | NEEDS_PACKED)
{
	uint8_t *table = arena_alloc(ENTRIES * sizeof(struct ring_desc), 16);
	struct noop_request h = noop_request();

	fill(table, &h);
	for (unsigned int i = 0; i < ENTRIES; i++)
		((struct packed_desc *)table)[i].id = 0xffff - i;
	expect_table_works(AT, table, &h, 0);
}

/* GEN-DESC-1 (MUST NOT): Device-readable buffers are never written */
TEST(GEN_DESC_1, indirect_table_is_left_alone, NEEDS_INDIRECT)
{
	enum { SIZE = ENTRIES * sizeof(struct ring_desc) };
	uint8_t *table = arena_alloc(SIZE, 16), *before = arena_alloc(SIZE, 1);
	struct noop_request h = noop_request();

	fill(table, &h);
	memcpy(before, table, SIZE);
	expect_table_works(AT, table, &h, 0);
	expect_bytes(AT, table, before, SIZE, "the table");
}
