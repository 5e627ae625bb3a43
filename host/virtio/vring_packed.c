// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device side of packed virtqueues (virtio 1.4, 2.8).
 */
#include "host/virtio/vring_format.h"

static void advance(const struct vqueue *queue, uint16_t *slot, bool *wrap, uint16_t count)
{
	uint32_t next = *slot + count;

	if (next >= queue->size) {
		next -= queue->size;
		*wrap = !*wrap;
	}
	*slot = next;
}

static uint64_t address_of(const struct vqueue *queue, uint16_t slot)
{
	return queue->desc + slot * sizeof(struct packed_desc);
}

static bool packed_read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
			     struct ring_desc *desc)
{
	struct packed_desc packed;

	if (!access_memory(dev, table->address + index * sizeof(packed), &packed, sizeof(packed), false))
		return false;
	*desc = (struct ring_desc){packed.address, packed.length, packed.flags, .next = packed.id};
	return true;
}

/* AVAIL is the wrap counter, USED is not (2.8.1). */
static bool is_available(struct vdev *dev, const struct vqueue *queue, uint16_t slot, bool wrap)
{
	struct packed_desc desc;
	bool avail, used;

	if (!access_memory(dev, address_of(queue, slot), &desc, sizeof(desc), false))
		return false;
	avail = desc.flags & DESC_AVAIL;
	used = desc.flags & DESC_USED;
	return avail == wrap && used != wrap;
}

static bool packed_available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	(void)chain;
	return is_available(dev, queue, queue->next_avail, queue->avail_wrap);
}

/* Of an entry's flags only WRITE counts (2.8.7). */
static bool walk_table(struct vdev *dev, struct chain *chain, const struct desc_table *table)
{
	struct ring_desc desc;

	for (uint32_t i = 0; i < table->size; i++)
		if (!vring_read_desc(dev, table, i, &desc) || !chain_add(chain, &desc))
			return false;
	return true;
}

/* A list is all direct, or one table; the last descriptor has the id (2.8.6). */
static bool packed_walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct desc_table table = {queue->desc, queue->size, false};
	uint16_t slot = queue->next_avail;
	struct ring_desc desc;

	for (chain->slots = 1; chain->slots <= queue->size; chain->slots++) {
		if (!vring_read_desc(dev, &table, slot, &desc))
			return false;
		chain->head = desc.next;
		if (desc.flags & DESC_INDIRECT)
			return chain->slots == 1 && dev->steps->enter_table(dev, &table, &desc) &&
			       walk_table(dev, chain, &table);
		if (!chain_add(chain, &desc))
			return false;
		if (!(desc.flags & DESC_NEXT))
			return true;
		slot = (slot + 1) % queue->size;
	}
	return false;	/* longer than the queue */
}

static bool packed_taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	struct packed_events events = {0, EVENTS_DESC};

	advance(queue, &queue->next_avail, &queue->avail_wrap, chain->slots);
	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return true;
	events.position = queue->next_avail | (queue->avail_wrap ? WRAP_BIT : 0);
	return access_memory(dev, queue->device, &events, sizeof(events), true);
}

/* In place of the first descriptor that it stands for; the flags come last. */
static bool packed_put(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct packed_desc desc = {0, used->length, used->id, queue->used_wrap ? DESC_AVAIL | DESC_USED : 0};
	uint64_t at = address_of(queue, queue->next_used);

	if (used->length)
		desc.flags |= DESC_WRITE;
	if (!access_memory(dev, at + offsetof(struct packed_desc, length), &desc.length, 6, true) ||
	    !vring_store16(dev, at + offsetof(struct packed_desc, flags), desc.flags))
		return false;
	advance(queue, &queue->next_used, &queue->used_wrap, used->slots);
	return true;
}

/* 2.8.10 */
static bool packed_wants_interrupt(struct vdev *dev, const struct vqueue *queue,
				   const struct used *used)
{
	struct packed_events events;
	uint16_t event;

	if (!access_memory(dev, queue->driver, &events, sizeof(events), false) ||
	    (events.flags & 3) == EVENTS_DISABLE)
		return false;
	if ((events.flags & 3) != EVENTS_DESC || !vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return true;
	event = events.position & ~WRAP_BIT;
	if (!(events.position & WRAP_BIT) != !queue->used_wrap)
		event -= queue->size;
	return vring_passed(event, queue->next_used, used->slots);
}

static bool packed_ends_at(struct vdev *dev, struct vqueue *queue, uint16_t at)
{
	uint16_t slot = at & ~WRAP_BIT;
	struct packed_desc desc;

	return slot < queue->size &&
	       access_memory(dev, address_of(queue, slot), &desc, sizeof(desc), false) &&
	       !is_available(dev, queue, slot, at & WRAP_BIT);
}

const struct vring_format vring_packed = {
	.available = packed_available,
	.walk = packed_walk,
	.read_desc = packed_read_desc,
	.taken = packed_taken,
	.put = packed_put,
	.wants_interrupt = packed_wants_interrupt,
	.ends_at = packed_ends_at,
};
