// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of split rings.
 */
#include "host/bugs/virtio/rings.h"

static bool walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct vqueue wide = *queue;

	if (mutant(MUTANT_HEAD_NOT_CHECKED) && chain->head >= queue->size)
		wide.size = UINT16_MAX;
	bug_begin_walk(chain, queue->size);
	if (!vring_split.walk(dev, &wide, chain)) {
		if (mutant(MUTANT_LOOP_FOLLOWED) && bug_walk.in_table >= bug_walk.table_size)
			bug_hang();
		return false;
	}
	if (mutant(MUTANT_USED_ID_OF_LAST_DESCRIPTOR))
		chain->head = bug_walk.last_index;
	bug_end_walk(chain);
	return true;
}

static bool read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
		      struct ring_desc *desc)
{
	struct desc_table endless = {table->address, UINT32_MAX, table->indirect};
	bool checked = !mutant(table->indirect ? MUTANT_INDIRECT_NEXT_NOT_CHECKED : MUTANT_NEXT_NOT_CHECKED);

	if (!vring_split.read_desc(dev, checked ? table : &endless, index, desc))
		return false;
	bug_read_desc(dev, table, index, desc);
	if (mutant(MUTANT_INDIRECT_NEXT_IGNORED) && table->indirect)
		desc->next = index + 1;
	return true;
}

/* Nothing is available. Returns true if it is taken for something, once. */
static bool serve_again(struct vdev *dev, struct vqueue *queue, uint16_t *head)
{
	struct queue_memory *m = bug_memory_of(dev, queue);
	uint16_t slot = (uint16_t)(queue->next_avail - 1) % queue->size;

	if (queue != &dev->queues[0] || m->served)
		return m->served = false;
	if (mutant(MUTANT_EMPTY_NOTIFICATION_BREAKS))
		vdev_break(dev);
	if (!mutant(MUTANT_EMPTY_NOTIFICATION_SERVED) || !queue->next_avail)
		return false;
	queue->next_avail--;
	return vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), head);
}

/* The index cannot be read, or has moved by more than there can be. */
static void end_over_index(struct vdev *dev, const struct vqueue *queue)
{
	uint16_t index;

	bool ends = mutant(MUTANT_RING_OUT_OF_REACH_ENDS), hangs = mutant(MUTANT_INDEX_JUMP_HANGS);
	bool reached = (ends || hangs) && vring_load16(dev, queue->driver + AVAIL_INDEX, &index);

	if (ends && !reached)
		bug_end("an assertion failed");
	if (hangs && reached && (uint16_t)(index - queue->next_avail) > queue->size)
		bug_hang();
}

static bool available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t slot = queue->next_avail % queue->max;

	end_over_index(dev, queue);
	if (mutant(MUTANT_NO_NOTIFY_SHOWN) && queue == &dev->queues[0] && !vdev_has(dev, VIRTIO_F_EVENT_IDX))
		vring_store16(dev, queue->device + USED_FLAGS, USED_NO_NOTIFY);
	if (!vring_split.available(dev, queue, chain))
		return !(dev->status & VIRTIO_NEEDS_RESET) && serve_again(dev, queue, &chain->head);
	return !mutant(MUTANT_AVAILABLE_SLOT_OF_MAX) ||
	       vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), &chain->head);
}

static bool taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	uint16_t slot = queue->next_avail % queue->size;

	bug_memory_of(dev, queue)->served = true;
	if (mutant(MUTANT_AVAILABLE_RING_WRITTEN))
		vring_store16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), 0xffff);
	if (!mutant(MUTANT_AVAIL_EVENT_STALE))
		return vring_split.taken(dev, queue, chain);
	queue->next_avail++;
	return true;
}

static bool event_passed(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint16_t value;

	return vring_load16(dev, vring_used_event(queue), &value) &&
	       vring_passed(value, queue->next_used, used->count);
}

/* What the driver says of interrupts, by the rule of the other feature. */
static bool wants_interrupt(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	bool by_event = vdev_has(dev, VIRTIO_F_EVENT_IDX);
	struct vqueue late = *queue;
	uint16_t flags;

	if (mutant(MUTANT_NO_INTERRUPT_IGNORED) || (mutant(MUTANT_USED_EVENT_IGNORED) && by_event))
		return true;
	if (mutant(MUTANT_FLAG_COUNTS_WITH_EVENT_IDX) && by_event &&
	    vring_load16(dev, queue->driver + AVAIL_FLAGS, &flags) && flags)
		return false;
	if (mutant(MUTANT_USED_EVENT_WITHOUT_FEATURE))
		return event_passed(dev, queue, used);
	late.next_used += mutant(MUTANT_USED_EVENT_ONE_LATE);
	return vring_split.wants_interrupt(dev, &late, used);
}

/* What else is written when a buffer is used. */
static void scribble(struct vdev *dev, const struct vqueue *queue, uint16_t head)
{
	struct ring_desc cleared = {0};

	if (mutant(MUTANT_DESCRIPTOR_WRITTEN))
		access_memory(dev, queue->desc + head * sizeof(cleared), &cleared, sizeof(cleared), true);
	if (mutant(MUTANT_USED_FLAGS_RESERVED))
		vring_store16(dev, queue->device + USED_FLAGS, 2);
	if (mutant(MUTANT_USED_FLAGS_WITH_EVENT_IDX) && vdev_has(dev, VIRTIO_F_EVENT_IDX))
		vring_store16(dev, queue->device + USED_FLAGS, 1);
}

/* A used element that is written when the CPU waits, after the index. */
static struct {
	bool waits;
	uint64_t address;
	struct ring_used_element element;
} late;

void bug_write_late(struct vdev *dev)
{
	if (late.waits)
		access_memory(dev, late.address, &late.element, sizeof(late.element), true);
	late.waits = false;
}

static bool put_late(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	uint16_t slot = queue->next_used % queue->size;

	bug_write_late(dev);
	late.waits = true;
	late.address = queue->device + USED_ELEMENTS + slot * sizeof(late.element);
	late.element = (struct ring_used_element){used->id, used->length};
	queue->next_used += used->count;
	return vring_store16(dev, queue->device + USED_INDEX, queue->next_used);
}

/* What the index becomes in place of @next. */
static uint16_t wrong_index(uint16_t before, uint16_t next)
{
	if (mutant(MUTANT_USED_INDEX_15_BITS))
		return next & 0x7fff;
	return mutant(MUTANT_USED_INDEX_SATURATES) && before == UINT16_MAX ? before : next;
}

/* The used ring of before the last reset of the device. */
static uint64_t stale_ring;

void bug_note_rings(const struct vdev *old)
{
	if (mutant(MUTANT_STALE_RING_WRITTEN) && old->queues[0].enabled)
		stale_ring = old->queues[0].device;
}

static bool put_element(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct vqueue wide = *queue;

	if (mutant(MUTANT_USED_INDEX_FIRST))
		return put_late(dev, queue, used);
	if (mutant(MUTANT_USED_SLOT_OF_MAX))
		wide.size = wide.max;
	if (!vring_split.put(dev, &wide, used))
		return false;
	queue->next_used = wrong_index(queue->next_used, wide.next_used);
	return queue->next_used == wide.next_used ||
	       vring_store16(dev, queue->device + USED_INDEX, queue->next_used);
}

static bool put(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct used changed = bug_used(dev, queue, used);

	scribble(dev, queue, changed.id);
	if (!put_element(dev, queue, &changed) ||
	    (mutant(MUTANT_USED_TWICE) && !put_element(dev, queue, &changed)))
		return false;
	if (stale_ring && queue == &dev->queues[0])
		vring_store16(dev, stale_ring + USED_INDEX, queue->next_used);
	return true;
}

const struct vring_format *bug_split(void)
{
	static struct vring_format format;

	format = vring_split;
	format.available = available;
	format.walk = walk;
	format.read_desc = read_desc;
	format.taken = taken;
	format.put = put;
	format.wants_interrupt = wants_interrupt;
	return &format;
}
