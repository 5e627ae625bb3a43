// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device side of packed virtqueues (virtio 1.4, 2.8).
 */
#include "host/bugs/mutant.h"
#include "host/virtio/vring_format.h"

#define WRAP_BIT (1 << 15)

static void advance(struct vdev *dev, const struct vqueue *queue, uint16_t *slot, bool *wrap,
		    uint16_t count)
{
	uint32_t next = *slot + count;

	if (next >= queue->size) {
		next -= queue->size;
		*wrap = vdev_bug(dev, MUTANT_PACKED_WRAP_STAYS) ? *wrap : !*wrap;
	}
	*slot = next;
}

static uint64_t address_of(const struct vqueue *queue, uint16_t slot)
{
	return queue->desc + slot * sizeof(struct packed_desc);
}

static bool read_desc(struct vdev *dev, uint64_t address, struct packed_desc *desc)
{
	return access_memory(dev, address, desc, sizeof(*desc), false);
}

/* AVAIL is the wrap counter, USED is not (2.8.1). */
static bool is_available(struct vdev *dev, const struct packed_desc *desc, bool wrap)
{
	bool avail = desc->flags & DESC_AVAIL, used = desc->flags & DESC_USED;

	if (vdev_bug(dev, MUTANT_PACKED_WRAP_NOT_LOOKED_AT))
		return avail != used;
	return avail == wrap && used != wrap;
}

/* A used descriptor is written to again with the next one that is taken. */
static void bug_touch(struct vdev *dev, struct vqueue *queue)
{
	uint32_t nothing = 0;

	if (vdev_bug(dev, MUTANT_PACKED_USED_TOUCHED) && queue->last_put)
		access_memory(dev, queue->last_put - 1, &nothing, sizeof(nothing), true);
}

static bool packed_available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	struct packed_desc desc;

	(void)chain;
	bug_touch(dev, queue);
	return read_desc(dev, address_of(queue, queue->next_avail), &desc) &&
	       is_available(dev, &desc, queue->avail_wrap);
}

static bool add(struct vdev *dev, struct chain *chain, const struct packed_desc *desc)
{
	return chain_add(dev, chain, &(struct ring_desc){desc->address, desc->length, desc->flags, 0});
}

/* Of an entry's flags only WRITE counts, of the table's own none (2.8.7). */
static bool walk_table(struct vdev *dev, struct chain *chain, const struct packed_desc *table)
{
	uint32_t count = table->length / sizeof(*table) + vdev_bug(dev, MUTANT_INDIRECT_TABLE_ONE_MORE);
	bool all_writable = vdev_bug(dev, MUTANT_INDIRECT_WRITE_COUNTS) && (table->flags & DESC_WRITE);
	struct packed_desc desc;

	if (!vdev_has(dev, VIRTIO_F_INDIRECT_DESC) || (table->flags & DESC_NEXT) || !table->length ||
	    table->length % sizeof(desc))
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint64_t at = table->address + i * sizeof(desc);

		if (!read_desc(dev, at, &desc))
			return false;
		desc.flags |= all_writable ? DESC_WRITE : 0;
		if (!add(dev, chain, &desc))
			return false;
		if (vdev_bug(dev, MUTANT_INDIRECT_TABLE_WRITTEN))
			vring_store16(dev, at + 14, 0xffff);
		if (vdev_bug(dev, MUTANT_INDIRECT_ID_AS_NEXT) && desc.id)
			return true;
	}
	return true;
}

/* A list is all direct, or one table; the last descriptor has the id (2.8.6). */
static bool packed_walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	uint16_t slot = queue->next_avail;
	bool wrap = queue->avail_wrap;
	struct packed_desc desc;

	for (chain->slots = 1; chain->slots <= queue->size; chain->slots++) {
		if (!read_desc(dev, address_of(queue, slot), &desc))
			return false;
		if (chain->slots == 1 || !vdev_bug(dev, MUTANT_PACKED_ID_OF_FIRST))
			chain->head = desc.id;
		if (desc.flags & DESC_INDIRECT)
			return chain->slots == 1 && walk_table(dev, chain, &desc);
		if (!add(dev, chain, &desc))
			return false;
		if (!(desc.flags & DESC_NEXT))
			return true;
		advance(dev, queue, &slot, &wrap, 1);
	}
	return false;	/* longer than the queue */
}

static uint16_t position(uint16_t slot, bool wrap)
{
	return slot | (wrap ? WRAP_BIT : 0);
}

/* The readable part is the driver's alone. */
static void bug_taken(struct vdev *dev, const struct chain *chain)
{
	uint8_t scribble = 0xff;

	if (vdev_bug(dev, MUTANT_PACKED_READABLE_PART_WRITTEN) && chain->readable.size)
		access_memory(dev, chain->readable.pieces[0].address, &scribble, 1, true);
}

static bool packed_taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	struct packed_events events = {0, EVENTS_DESC};

	bug_taken(dev, chain);
	advance(dev, queue, &queue->next_avail, &queue->avail_wrap, chain->slots);
	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return true;
	events.position = vdev_bug(dev, MUTANT_AVAIL_EVENT_STALE) ?
			  position(0, true) : position(queue->next_avail, queue->avail_wrap);
	return access_memory(dev, queue->device, &events, sizeof(events), true);
}

static uint16_t used_flags(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint16_t flags = queue->used_wrap ? DESC_AVAIL | DESC_USED : 0;

	if (vdev_bug(dev, MUTANT_PACKED_AVAIL_FLAG_STAYS))
		flags = queue->used_wrap ? DESC_USED : DESC_AVAIL;
	if (used->length && !vdev_bug(dev, MUTANT_PACKED_WRITE_FLAG_MISSING))
		flags |= DESC_WRITE;
	return flags;
}

/* In place of the first descriptor that it stands for; the flags come last. */
static bool packed_put(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	uint16_t skip = vdev_bug(dev, MUTANT_PACKED_USED_SKIPS_ONE) ? 1 : used->slots;
	uint16_t slot = queue->next_used;
	struct packed_desc desc = {0, used->length, used->id, used_flags(dev, queue, used)};
	uint64_t at;

	if (vdev_bug(dev, MUTANT_PACKED_USED_IN_LAST_SLOT))
		slot = (slot + used->slots - 1) % queue->size;
	at = address_of(queue, slot);
	if (!access_memory(dev, at + 8, &desc.length, 6, true) ||
	    !vring_store16(dev, at + 14, desc.flags))
		return false;
	queue->last_put = at + 1;
	advance(dev, queue, &queue->next_used, &queue->used_wrap, skip);
	return true;
}

/* 2.8.10 */
static bool packed_wants_interrupt(struct vdev *dev, const struct vqueue *queue,
				   const struct used *used)
{
	struct packed_events events;
	uint16_t event;

	if (!access_memory(dev, queue->driver, &events, sizeof(events), false))
		return false;
	if ((events.flags & 3) == EVENTS_DISABLE && !vdev_bug(dev, MUTANT_PACKED_DISABLE_IGNORED))
		return false;
	if ((events.flags & 3) != EVENTS_DESC || !vdev_has(dev, VIRTIO_F_EVENT_IDX) ||
	    vdev_bug(dev, MUTANT_USED_EVENT_IGNORED))
		return true;
	event = events.position & ~WRAP_BIT;
	if (!(events.position & WRAP_BIT) != !queue->used_wrap)
		event -= queue->size;
	return vring_passed(event, queue->next_used + vdev_bug(dev, MUTANT_USED_EVENT_ONE_LATE),
			    used->slots);
}

static bool packed_ends_at(struct vdev *dev, struct vqueue *queue, uint16_t at)
{
	uint16_t slot = at & ~WRAP_BIT;
	struct packed_desc desc;

	return slot < queue->size && read_desc(dev, address_of(queue, slot), &desc) &&
	       !is_available(dev, &desc, at & WRAP_BIT);
}

const struct vring_format vring_packed = {
	.available = packed_available,
	.walk = packed_walk,
	.taken = packed_taken,
	.put = packed_put,
	.wants_interrupt = packed_wants_interrupt,
	.ends_at = packed_ends_at,
};
