// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of setting up and selecting queues, and of notifications; what bugs remember of a queue.
 */
#include "host/bugs/virtio/virtio.h"
#include "host/virtio/parts.h"

static struct queue_memory memory[VDEV_QUEUES];

struct queue_memory *bug_memory_of(const struct vdev *dev, const struct vqueue *queue)
{
	return &memory[queue - dev->queues];
}

void bug_forget_queue(const struct vdev *dev, const struct vqueue *queue)
{
	*bug_memory_of(dev, queue) = (struct queue_memory){0};
}

static void enable_queue(struct vdev *dev, struct vqueue *queue)
{
	struct queue_memory *m = bug_memory_of(dev, queue);

	generic_enable_queue(dev, queue);
	queue->enabled |= mutant(MUTANT_QUEUE_SIZE_NOT_CHECKED);
	m->hidden = false;
	if (m->was_reset && mutant(MUTANT_REENABLED_WITH_OLD_SIZE))
		queue->size = m->size;
	if (!m->was_reset || !mutant(MUTANT_REENABLED_WITH_OLD_ADDRESSES))
		return;
	queue->desc = m->desc;
	queue->driver = m->driver;
	queue->device = m->device;
}

static void notification(struct vdev *dev, uint32_t value)
{
	uint16_t index = value;

	if (mutant(MUTANT_NOTIFICATION_DATA_AS_QUEUE) && value > UINT16_MAX)
		return;
	if (mutant(MUTANT_ABSENT_QUEUE_BREAKS) && index >= dev->queue_count)
		vdev_break(dev);
	if (mutant(MUTANT_MMIO_NOT_READY_SERVED) && index < dev->queue_count && vdev_is_running(dev) &&
	    !dev->queues[index].enabled && dev->queues[index].desc)
		dev->ops->notified(dev, index);
	generic_notification(dev, value);
}

uint32_t bug_shown_features(const struct vdev *dev, uint32_t value)
{
	if (mutant(MUTANT_FEATURE_WORDS_REPEAT))
		return vdev_feature_word(dev->offered, dev->device_select & 1);
	return value;
}

uint32_t bug_shown_size(struct vdev *dev, uint32_t value)
{
	if (!vdev_queue(dev))
		return mutant(MUTANT_ABSENT_QUEUE_HAS_SIZE) ? dev->queues[0].size : value;
	return mutant(MUTANT_QUEUE_SIZE_255) ? value - 1 : value;
}

uint32_t bug_shown_generation(struct vdev *dev)
{
	dev->generation += mutant(MUTANT_GENERATION_NEVER_RESTS);
	return dev->generation;
}

void bug_select_queue(struct vdev *dev)
{
	if (mutant(MUTANT_QUEUE_SEL_MASK))
		dev->queue_select &= (1u << mutant_number()) - 1;
}

void bugs_in_queues(struct vdev_steps *steps)
{
	steps->enable_queue = enable_queue;
	steps->notification = notification;
}
