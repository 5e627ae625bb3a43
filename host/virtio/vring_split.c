// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device side of split virtqueues (virtio 1.4, 2.7).
 */
#include "host/machine/personality.h"
#include "host/virtio/vring_format.h"

static bool split_read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
			    struct ring_desc *desc)
{
	return index < table->size &&
	       access_memory(dev, table->address + index * sizeof(*desc), desc, sizeof(*desc), false);
}

/* From descriptor @index on. A list that is longer than its table has a loop. */
static bool walk_list(struct vdev *dev, struct chain *chain, struct desc_table table, uint32_t index)
{
	struct ring_desc desc;

	for (uint32_t step = 0; step < table.size; step++, index = desc.next) {
		if (!vring_read_desc(dev, &table, index, &desc))
			return false;
		if (desc.flags & DESC_INDIRECT)
			return dev->steps->enter_table(dev, &table, &desc) && walk_list(dev, chain, table, 0);
		if (!chain_add(chain, &desc))
			return false;
		if (!(desc.flags & DESC_NEXT))
			return true;
	}
	return false;
}

static bool split_walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	return walk_list(dev, chain, (struct desc_table){queue->desc, queue->size, false}, chain->head);
}

/* The driver is told that it need not notify. */
static bool polls(const struct vdev *dev, const struct vqueue *queue)
{
	return personality->polls && dev->type == VIRTIO_TYPE_IOMMU && queue == &dev->queues[0] &&
	       !vdev_has(dev, VIRTIO_F_EVENT_IDX);
}

static bool split_available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t index, slot = queue->next_avail % queue->size;

	chain->slots = 1;
	if (polls(dev, queue) && !vring_store16(dev, queue->device + USED_FLAGS, USED_NO_NOTIFY))
		return false;
	if (!vring_load16(dev, queue->driver + AVAIL_INDEX, &index) || index == queue->next_avail)
		return false;
	if ((uint16_t)(index - queue->next_avail) > queue->size) {
		vdev_break(dev);
		return false;
	}
	return vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), &chain->head);
}

static bool split_taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	(void)chain;
	queue->next_avail++;
	return !vdev_has(dev, VIRTIO_F_EVENT_IDX) ||
	       vring_store16(dev, vring_avail_event(queue), queue->next_avail);
}

/* 2.7.7.2 */
static bool split_wants_interrupt(struct vdev *dev, const struct vqueue *queue,
				  const struct used *used)
{
	uint16_t value;

	if (vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_load16(dev, vring_used_event(queue), &value) &&
		       vring_passed(value, queue->next_used, used->count);
	return vring_load16(dev, queue->driver + AVAIL_FLAGS, &value) &&
	       !(value & AVAIL_NO_INTERRUPT);
}

static bool split_put(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct ring_used_element element = {used->id, used->length};
	uint16_t slot = queue->next_used % queue->size, next = queue->next_used + used->count;

	if (!access_memory(dev, queue->device + USED_ELEMENTS + slot * sizeof(element), &element,
			   sizeof(element), true) ||
	    !vring_store16(dev, queue->device + USED_INDEX, next))
		return false;
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
	.read_desc = split_read_desc,
	.taken = split_taken,
	.put = split_put,
	.wants_interrupt = split_wants_interrupt,
	.ends_at = split_ends_at,
};
