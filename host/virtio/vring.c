// SPDX-License-Identifier: BSD-3-Clause
/*
 * What both ring formats share: buffers, batches, interrupts.
 */
#include "host/machine/personality.h"
#include "host/virtio/vring_format.h"

const struct vring_format *generic_format(const struct vdev *dev)
{
	return vdev_has(dev, VIRTIO_F_RING_PACKED) ? &vring_packed : &vring_split;
}

/* Not inside of another one, not together with NEXT; WRITE does not count (2.7.5.3, 2.8.7). */
bool generic_enter_table(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc)
{
	if (table->indirect || (desc->flags & DESC_NEXT) || !vdev_has(dev, VIRTIO_F_INDIRECT_DESC) ||
	    !desc->length || desc->length % sizeof(*desc))
		return false;
	*table = (struct desc_table){desc->address, desc->length / sizeof(*desc), true};
	return true;
}

static bool is_too_long(const struct vdev *dev, const struct chain *chain)
{
	return dev->type == VIRTIO_TYPE_IOMMU && personality->longest_chain &&
	       chain->readable.count + chain->writable.count > personality->longest_chain;
}

bool vring_pop(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	const struct vring_format *format = dev->steps->format(dev);

	chain->readable.count = chain->writable.count = 0;
	chain->readable.size = chain->writable.size = 0;
	if (!format->available(dev, queue, chain))
		return false;
	if (!format->walk(dev, queue, chain) || is_too_long(dev, chain)) {
		vdev_break(dev);
		return false;
	}
	return format->taken(dev, queue, chain);
}

void vring_notify_late(void *owner)
{
	struct vdev *dev = owner;

	for (unsigned int i = 0; i < dev->queue_count; i++)
		if (dev->queues[i].notifies_late) {
			dev->queues[i].notifies_late = false;
			vdev_interrupt(dev, ISR_QUEUE, dev->queues[i].vector);
		}
}

static void notify(struct vdev *dev, struct vqueue *queue)
{
	if (!personality->notification_us || dev->type != VIRTIO_TYPE_IOMMU)
		return vdev_interrupt(dev, ISR_QUEUE, queue->vector);
	queue->notifies_late = true;
	timer_start(&dev->notification, personality->notification_us);
}

/* Without EVENT_IDX what the driver asks for is a hint (2.7.7.1). */
static bool always_notifies(const struct vdev *dev)
{
	return personality->always_notifies && !vdev_has(dev, VIRTIO_F_EVENT_IDX);
}

static void use(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	const struct vring_format *format = dev->steps->format(dev);

	if (format->put(dev, queue, used) &&
	    (format->wants_interrupt(dev, queue, used) || always_notifies(dev)))
		notify(dev, queue);
}

/* Those in front of the last one of a batch count as used completely (2.7.9, 2.8.8). */
static void join_batch(struct vdev *dev, struct vqueue *queue, const struct used *used, bool full)
{
	struct used *batch = &queue->batch;

	if (batch->count && !queue->batch_full)
		vring_flush(dev, queue);
	batch->id = used->id;
	batch->length = used->length;
	batch->count++;
	batch->slots += used->slots;
	queue->batch_full = full;
}

/* Buffers may come back in any order, also in packed rings: here the last one first. */
static void hold(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	if (queue->held_count == VQUEUE_HELD)
		vring_flush(dev, queue);
	queue->held[queue->held_count++] = *used;
}

static bool reverses(const struct vdev *dev)
{
	return dev->type == VIRTIO_TYPE_IOMMU && personality->reversed && vdev_has(dev, VIRTIO_F_RING_PACKED);
}

void generic_push(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	struct used used = {chain->head, 1, chain->slots, length};

	if (vdev_has(dev, VIRTIO_F_IN_ORDER))
		join_batch(dev, queue, &used, length == chain->writable.size);
	else if (reverses(dev))
		hold(dev, queue, &used);
	else
		use(dev, queue, &used);
}

void generic_flush(struct vdev *dev, struct vqueue *queue)
{
	struct used batch = queue->batch;

	queue->batch = (struct used){0};
	if (batch.count)
		use(dev, queue, &batch);
	while (queue->held_count)
		use(dev, queue, &queue->held[--queue->held_count]);
}

bool vring_ends_at(struct vdev *dev, struct vqueue *queue, uint16_t position)
{
	return dev->steps->format(dev)->ends_at(dev, queue, position);
}
