// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the buffers in rings of either format: descriptors, indirect tables, used elements.
 */
#include "host/bugs/virtio/rings.h"
#include "util.h"

struct bug_walk bug_walk;

void bug_begin_walk(struct chain *chain, uint16_t size)
{
	bug_walk = (struct bug_walk){.chain = chain, .table_size = size};
}

static bool is_packed(const struct vdev *dev)
{
	return vdev_has(dev, VIRTIO_F_RING_PACKED);
}

/* An entry of an indirect table. */
static void read_entry(struct vdev *dev, const struct desc_table *table, uint32_t index,
		       struct ring_desc *desc)
{
	unsigned int pieces = bug_walk.chain->readable.count + bug_walk.chain->writable.count;

	if (mutant(MUTANT_INDIRECT_WRITE_COUNTS) && bug_walk.all_writable)
		desc->flags |= DESC_WRITE;
	if (mutant(MUTANT_INDIRECT_TABLE_WRITTEN))
		vring_store16(dev, table->address + index * sizeof(*desc) + 14, 0xffff);
	if (is_packed(dev) && desc->next && !bug_walk.with_id)
		bug_walk.with_id = pieces + 1;
}

void bug_read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
		   struct ring_desc *desc)
{
	if (mutant(MUTANT_EMPTY_DESCRIPTOR_ENDS) && !desc->length && !(desc->flags & DESC_INDIRECT))
		bug_end("an assertion failed");
	if (!bug_walk.begun)
		bug_walk.first_id = desc->next;
	bug_walk.begun = true;
	bug_walk.in_table++;
	bug_walk.last_index = index;
	if (table->indirect)
		read_entry(dev, table, index, desc);
}

/* Pieces past the first @count are left out. */
static void shorten(struct chain_part *part, unsigned int count)
{
	while (part->count > count)
		part->size -= part->pieces[--part->count].length;
}

void bug_shorten(struct chain *chain, unsigned int count)
{
	shorten(&chain->readable, count);
	shorten(&chain->writable, count - chain->readable.count);
}

static void keep_last(struct chain_part *part)
{
	if (!part->count)
		return;
	part->pieces[0] = part->pieces[part->count - 1];
	part->size = part->pieces[0].length;
	part->count = 1;
}

void bug_end_walk(struct chain *chain)
{
	if (mutant(MUTANT_TAIL_IN_LAST_PIECE))
		keep_last(&chain->writable);
	if (mutant(MUTANT_FIRST_READABLE_PIECE_ONLY))
		shorten(&chain->readable, 1);
	if (mutant(MUTANT_TWO_READABLE_PIECES_ONLY))
		shorten(&chain->readable, 2);
	if (mutant(MUTANT_FIRST_WRITABLE_PIECE_ONLY))
		chain->writable.count = min(chain->writable.count, 1u);	/* its size counts as it was */
}

/* A length that is no multiple of a descriptor's, or none. */
static uint32_t table_length(uint32_t length)
{
	if (mutant(MUTANT_INDIRECT_LENGTH_ROUNDED_UP))
		return align_up(length, 16);
	return mutant(MUTANT_EMPTY_TABLE_READ) && !length ? 32 : length;
}

/* A table in a table: each is entered by a call. */
static void nest(void)
{
	static unsigned int depth;

	if (++depth > 1000)
		bug_end("the stack overflows");
}

static void change_desc(struct ring_desc *desc)
{
	desc->length = table_length(desc->length);
	if (mutant(MUTANT_INDIRECT_TABLE_ALIGNED))
		desc->address = align_down(desc->address, 16);
}

static void change_table(bool packed, struct desc_table *table)
{
	struct chain_part *readable = &bug_walk.chain->readable;

	if (packed && mutant(MUTANT_INDIRECT_TABLE_ONE_MORE))
		table->size++;
	if (!packed && mutant(MUTANT_INDIRECT_DROPS_WHAT_IS_IN_FRONT))
		readable->count = readable->size = 0;
}

bool bug_enter_table(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc)
{
	struct ring_desc changed = *desc;
	bool packed = is_packed(dev);

	if (!packed && table->indirect && mutant(MUTANT_NESTED_TABLE_FOLLOWED)) {
		table->address = desc->address;
		nest();
		return true;
	}
	if (!packed)
		change_desc(&changed);
	if (!generic_enter_table(dev, table, &changed))
		return false;
	change_table(packed, table);
	bug_walk.table_size = table->size;
	bug_walk.in_table = 0;
	bug_walk.all_writable = desc->flags & DESC_WRITE;
	return true;
}

struct used bug_used(const struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct used changed = *used;

	if (mutant(MUTANT_USED_ID_WRONG) && queue == &dev->queues[0])
		changed.id++;
	if (mutant(MUTANT_BATCH_COUNTS_ONCE))
		changed.count = 1;
	return changed;
}
