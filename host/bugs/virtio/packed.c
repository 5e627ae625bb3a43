// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of packed rings.
 */
#include "host/bugs/virtio/rings.h"

static uint64_t address_of(const struct vqueue *queue, uint16_t slot)
{
	return queue->desc + slot * sizeof(struct packed_desc);
}

static uint64_t flags_at(const struct vqueue *queue, uint16_t slot)
{
	return address_of(queue, slot) + offsetof(struct packed_desc, flags);
}

static void reverse(struct chain_part *part)
{
	for (unsigned int i = 0, j = part->count; i + 1 < j; i++) {
		uint64_t address = part->pieces[i].address;
		uint32_t length = part->pieces[i].length;

		part->pieces[i] = part->pieces[--j];
		part->pieces[j].address = address;
		part->pieces[j].length = length;
	}
}

static bool walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bug_begin_walk(chain, queue->size);
	if (!vring_packed.walk(dev, queue, chain))
		return false;
	if (mutant(MUTANT_PACKED_ID_OF_FIRST))
		chain->head = bug_walk.first_id;
	if (mutant(MUTANT_INDIRECT_ID_AS_NEXT) && bug_walk.with_id)
		bug_shorten(chain, bug_walk.with_id);
	if (mutant(MUTANT_PACKED_CHAIN_REVERSED)) {
		reverse(&chain->readable);
		reverse(&chain->writable);
	}
	bug_end_walk(chain);
	return true;
}

static bool read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
		      struct ring_desc *desc)
{
	if (!vring_packed.read_desc(dev, table, index, desc))
		return false;
	bug_read_desc(dev, table, index, desc);
	return true;
}

/* A used descriptor is written to again with the next one that is taken. */
static void touch(struct vdev *dev, const struct vqueue *queue)
{
	const struct queue_memory *m = bug_memory_of(dev, queue);
	uint32_t nothing = 0;

	if (mutant(MUTANT_PACKED_USED_TOUCHED) && m->was_put)
		access_memory(dev, m->last_put, &nothing, sizeof(nothing), true);
}

static bool available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t flags;

	touch(dev, queue);
	if (!mutant(MUTANT_PACKED_WRAP_NOT_LOOKED_AT))
		return vring_packed.available(dev, queue, chain);
	return vring_load16(dev, flags_at(queue, queue->next_avail), &flags) &&
	       !(flags & DESC_AVAIL) != !(flags & DESC_USED);
}

static bool taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	struct packed_events stale = {WRAP_BIT, EVENTS_DESC};
	bool wrap = queue->avail_wrap;
	uint8_t scribble = 0xff;

	if (mutant(MUTANT_PACKED_READABLE_PART_WRITTEN) && chain->readable.size)
		access_memory(dev, chain->readable.pieces[0].address, &scribble, 1, true);
	if (!vring_packed.taken(dev, queue, chain))
		return false;
	if (mutant(MUTANT_PACKED_WRAP_STAYS))
		queue->avail_wrap = wrap;
	if (mutant(MUTANT_PACKED_EVENTS_BY_INDEX))
		return access_memory(dev, queue->device, &stale, sizeof(stale), true);
	return !mutant(MUTANT_AVAIL_EVENT_STALE) || !vdev_has(dev, VIRTIO_F_EVENT_IDX) ||
	       access_memory(dev, queue->device, &stale, sizeof(stale), true);
}

static uint16_t wrong_flags(bool wrap, const struct used *used)
{
	uint16_t flags = wrap ? DESC_AVAIL | DESC_USED : 0;

	if (mutant(MUTANT_PACKED_AVAIL_FLAG_STAYS))
		flags = wrap ? DESC_USED : DESC_AVAIL;
	return used->length && !mutant(MUTANT_PACKED_WRITE_FLAG_MISSING) ? flags | DESC_WRITE : flags;
}

static bool put_desc(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct queue_memory *m = bug_memory_of(dev, queue);
	uint16_t slot = queue->next_used;
	bool wrap = queue->used_wrap;

	if (!vring_packed.put(dev, queue, used))
		return false;
	if (mutant(MUTANT_PACKED_WRAP_STAYS))
		queue->used_wrap = wrap;
	m->was_put = true;
	m->last_put = address_of(queue, slot);
	return vring_store16(dev, flags_at(queue, slot), wrong_flags(wrap, used));
}

/* In the last slot of its buffer, not the first. */
static bool put_last(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct used single = *used;
	bool passed = queue->next_used + used->slots > queue->size;

	single.slots = 1;
	queue->next_used = (queue->next_used + used->slots - 1) % queue->size;
	if (!put_desc(dev, queue, &single))
		return false;
	queue->used_wrap ^= passed;
	return true;
}

static bool put(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct used changed = bug_used(dev, queue, used);

	if (mutant(MUTANT_PACKED_USED_IN_LAST_SLOT))
		return put_last(dev, queue, used);
	if (mutant(MUTANT_PACKED_USED_SKIPS_ONE))
		changed.slots = 1;
	return put_desc(dev, queue, &changed) &&
	       (!mutant(MUTANT_USED_TWICE) || put_desc(dev, queue, &changed));
}

static bool wants_interrupt(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct vqueue late = *queue;
	struct packed_events events;
	bool disabled;

	if (mutant(MUTANT_NO_INTERRUPT_IGNORED) ||
	    !access_memory(dev, queue->driver, &events, sizeof(events), false))
		return mutant(MUTANT_NO_INTERRUPT_IGNORED);
	disabled = (events.flags & 3) == EVENTS_DISABLE;
	if ((mutant(MUTANT_PACKED_DISABLE_IGNORED) && disabled) ||
	    (mutant(MUTANT_USED_EVENT_IGNORED) && !disabled))
		return true;
	late.next_used += mutant(MUTANT_USED_EVENT_ONE_LATE);
	return vring_packed.wants_interrupt(dev, &late, used);
}

const struct vring_format *bug_packed(void)
{
	static struct vring_format format;

	format = vring_packed;
	format.available = available;
	format.walk = walk;
	format.read_desc = read_desc;
	format.taken = taken;
	format.put = put;
	format.wants_interrupt = wants_interrupt;
	return &format;
}
