// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device side of split virtqueues (virtio 1.4, 2.7).
 */
#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"
#include "host/virtio/vring_format.h"

enum { AVAIL_FLAGS = 0, AVAIL_INDEX = 2, AVAIL_HEADS = 4 };
enum { USED_FLAGS = 0, USED_INDEX = 2, USED_ELEMENTS = 4 };

/* used_event and avail_event lie behind the last element of the other ring (2.7.6, 2.7.8). */
static uint64_t used_event(const struct vqueue *queue)
{
	return queue->driver + AVAIL_HEADS + queue->size * sizeof(uint16_t);
}

static uint64_t avail_event(const struct vqueue *queue)
{
	return queue->device + USED_ELEMENTS + queue->size * sizeof(struct ring_used_element);
}

/* A table of descriptors: that of the ring, or an indirect one. */
struct table {
	uint64_t address;
	uint32_t size;		/* descriptors */
	bool indirect;
	bool all_writable;	/* a bug */
};

static bool read_desc(struct vdev *dev, const struct table *table, uint16_t index,
		      struct ring_desc *desc)
{
	bool checked = !vdev_bug(dev, table->indirect ? MUTANT_INDIRECT_NEXT_NOT_CHECKED :
							MUTANT_NEXT_NOT_CHECKED);

	if ((index >= table->size && checked) ||
	    !access_memory(dev, table->address + index * sizeof(*desc), desc, sizeof(*desc), false))
		return false;
	desc->flags |= table->all_writable ? DESC_WRITE : 0;
	return true;
}

/* 2.7.5.3.1: not in an indirect table, not together with NEXT. WRITE does not count (2.7.5.3.2). */
static bool enter_indirect(struct vdev *dev, struct chain *chain, struct table *table,
			   const struct ring_desc *desc)
{
	uint32_t length = bug_table_length(dev, desc->length);

	if (bug_nests(dev, table->indirect)) {
		table->address = desc->address;
		return true;
	}
	if (table->indirect || (desc->flags & DESC_NEXT) || !vdev_has(dev, VIRTIO_F_INDIRECT_DESC) ||
	    !length || length % sizeof(*desc))
		return false;
	if (vdev_bug(dev, MUTANT_INDIRECT_DROPS_WHAT_IS_IN_FRONT))
		chain->readable.count = chain->readable.size = 0;
	*table = (struct table){
		vdev_bug(dev, MUTANT_INDIRECT_TABLE_ALIGNED) ? desc->address & ~15ull : desc->address,
		length / sizeof(*desc), true,
		vdev_bug(dev, MUTANT_INDIRECT_WRITE_COUNTS) && (desc->flags & DESC_WRITE)};
	return true;
}

/* Tables that are read as if next were always the one behind. */
static uint16_t next_index(struct vdev *dev, const struct table *table, uint16_t index,
			   const struct ring_desc *desc)
{
	if (table->indirect && vdev_bug(dev, MUTANT_INDIRECT_NEXT_IGNORED))
		return index + 1;
	return desc->next;
}

static bool split_walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct table table = {queue->desc, queue->size, false, false};
	struct ring_desc desc;
	uint16_t index = chain->head;

	if (index >= table.size && vdev_bug(dev, MUTANT_HEAD_NOT_CHECKED))
		table.size = UINT16_MAX;
	for (uint32_t step = 0; step < table.size; step++) {
		if (!read_desc(dev, &table, index, &desc))
			return false;
		if (desc.flags & DESC_INDIRECT) {
			if (!enter_indirect(dev, chain, &table, &desc))
				return false;
			index = 0;
			step = -1;	/* an own count for the table */
			continue;
		}
		if (!chain_add(dev, chain, &desc))
			return false;
		if (vdev_bug(dev, MUTANT_USED_ID_OF_LAST_DESCRIPTOR))
			chain->head = index;
		if (vdev_bug(dev, MUTANT_INDIRECT_TABLE_WRITTEN) && table.indirect)
			vring_store16(dev, table.address + index * sizeof(desc) + 14, 0xffff);
		if (!(desc.flags & DESC_NEXT))
			return true;
		index = next_index(dev, &table, index, &desc);
	}
	bug_loop(dev);
	return false;
}

static uint16_t ring_size(struct vdev *dev, const struct vqueue *queue, enum mutant_id max)
{
	return vdev_bug(dev, max) ? queue->max : queue->size;
}

/* Nothing is available. True: it is taken for something, once. */
static bool bug_empty(struct vdev *dev, struct vqueue *queue, uint16_t *head)
{
	uint16_t slot = (uint16_t)(queue->next_avail - 1) % queue->size;

	if (queue != &dev->queues[0] || queue->served)
		return queue->served = false;
	if (vdev_bug(dev, MUTANT_EMPTY_NOTIFICATION_BREAKS))
		vdev_break(dev);
	if (!vdev_bug(dev, MUTANT_EMPTY_NOTIFICATION_SERVED) || !queue->next_avail)
		return false;
	queue->next_avail--;
	return vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), head);
}

/* The driver is told that it need not notify. */
static bool polls(const struct vdev *dev, const struct vqueue *queue)
{
	return (personality->polls || vdev_bug(dev, MUTANT_NO_NOTIFY_SHOWN)) &&
	       dev->type == VIRTIO_TYPE_IOMMU && queue == &dev->queues[0] &&
	       !vdev_has(dev, VIRTIO_F_EVENT_IDX);
}

static bool split_available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t index, slot = queue->next_avail % ring_size(dev, queue, MUTANT_AVAILABLE_SLOT_OF_MAX);

	chain->slots = 1;
	if (polls(dev, queue) && !vring_store16(dev, queue->device + USED_FLAGS, USED_NO_NOTIFY))
		return false;
	if (!vring_load16(dev, queue->driver + AVAIL_INDEX, &index)) {
		bug_ends(dev, MUTANT_RING_OUT_OF_REACH_ENDS);
		return false;
	}
	if (index == queue->next_avail)
		return bug_empty(dev, queue, &chain->head);
	if ((uint16_t)(index - queue->next_avail) > queue->size) {
		bug_jump(dev);
		vdev_break(dev);
		return false;
	}
	return vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), &chain->head);
}

static bool split_taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	uint16_t slot = queue->next_avail++ % queue->size;

	(void)chain;
	if (vdev_bug(dev, MUTANT_AVAILABLE_RING_WRITTEN))
		vring_store16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), 0xffff);
	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX) || vdev_bug(dev, MUTANT_AVAIL_EVENT_STALE))
		return true;
	return vring_store16(dev, avail_event(queue), queue->next_avail);
}

/* 2.7.7.2 */
static bool split_wants_interrupt(struct vdev *dev, const struct vqueue *queue,
				  const struct used *used)
{
	uint16_t value;

	if (vdev_has(dev, VIRTIO_F_EVENT_IDX) && vdev_bug(dev, MUTANT_FLAG_COUNTS_WITH_EVENT_IDX) &&
	    vring_load16(dev, queue->driver + AVAIL_FLAGS, &value) && value)
		return false;
	if (vdev_has(dev, VIRTIO_F_EVENT_IDX) && vdev_bug(dev, MUTANT_USED_EVENT_IGNORED))
		return true;
	if (vdev_has(dev, VIRTIO_F_EVENT_IDX) || vdev_bug(dev, MUTANT_USED_EVENT_WITHOUT_FEATURE))
		return vring_load16(dev, used_event(queue), &value) &&
		       vring_passed(value, queue->next_used +
					   vdev_bug(dev, MUTANT_USED_EVENT_ONE_LATE), used->count);
	return vring_load16(dev, queue->driver + AVAIL_FLAGS, &value) &&
	       !(value & AVAIL_NO_INTERRUPT);
}

/* What else is written when a buffer is used. */
static void bug_put(struct vdev *dev, struct vqueue *queue, uint16_t head)
{
	struct ring_desc cleared = {0};

	if (vdev_bug(dev, MUTANT_DESCRIPTOR_WRITTEN))
		access_memory(dev, queue->desc + head * sizeof(cleared), &cleared,
			      sizeof(cleared), true);
	if (vdev_bug(dev, MUTANT_USED_FLAGS_RESERVED))
		vring_store16(dev, queue->device + USED_FLAGS, 2);
	if (vdev_bug(dev, MUTANT_USED_FLAGS_WITH_EVENT_IDX) && vdev_has(dev, VIRTIO_F_EVENT_IDX))
		vring_store16(dev, queue->device + USED_FLAGS, 1);
}

static uint16_t next_used(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	if (vdev_bug(dev, MUTANT_USED_INDEX_15_BITS))
		return (queue->next_used + used->count) & 0x7fff;
	if (vdev_bug(dev, MUTANT_USED_INDEX_SATURATES) && queue->next_used == UINT16_MAX)
		return UINT16_MAX;
	if (vdev_bug(dev, MUTANT_BATCH_COUNTS_ONCE))
		return queue->next_used + 1;
	return queue->next_used + used->count;
}

/* A used element that is written when the CPU waits, behind the index. */
static struct {
	bool waits;
	uint64_t address;
	struct ring_used_element element;
} late;

static bool write_element(struct vdev *dev, uint64_t address, struct ring_used_element *element)
{
	vring_catch_up(dev);
	if (!vdev_bug(dev, MUTANT_USED_INDEX_FIRST))
		return access_memory(dev, address, element, sizeof(*element), true);
	late.waits = true;
	late.address = address;
	late.element = *element;
	return true;
}

void vring_catch_up(struct vdev *dev)
{
	if (late.waits && dev->type == VIRTIO_TYPE_IOMMU)
		access_memory(dev, late.address, &late.element, sizeof(late.element), true);
	late.waits &= dev->type != VIRTIO_TYPE_IOMMU;
}

static bool split_put(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct ring_used_element element = {used->id, used->length};
	uint16_t slot = queue->next_used % ring_size(dev, queue, MUTANT_USED_SLOT_OF_MAX);
	uint16_t next = next_used(dev, queue, used);

	bug_put(dev, queue, used->id);
	if (!write_element(dev, queue->device + USED_ELEMENTS + slot * sizeof(element), &element) ||
	    !vring_store16(dev, queue->device + USED_INDEX, next))
		return false;
	bug_stale_ring(dev, queue, next);
	queue->next_used = next;
	return true;
}

static bool split_ends_at(struct vdev *dev, struct vqueue *queue, uint16_t position)
{
	uint16_t index;

	return vring_load16(dev, queue->driver + AVAIL_INDEX, &index) && index == position;
}

const struct vring_format vring_split = {
	.available = split_available,
	.walk = split_walk,
	.taken = split_taken,
	.put = split_put,
	.wants_interrupt = split_wants_interrupt,
	.ends_at = split_ends_at,
};
