// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the registers on MMIO.
 */
#include "host/bugs/virtio/virtio.h"
#include "host/virtio/parts.h"
#include "virtio/mmio_layout.h"

/* Since the last reset of the device: a queue was reset, or is to be as soon as it is made ready. */
static bool was_reset, to_be_reset;

void bug_mmio_forget(void)
{
	was_reset = to_be_reset = false;
}

/* A reset that keeps something of the queue, or does not come at once. */
static void reset_queue(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue old = *queue;

	was_reset = true;
	to_be_reset = mutant(MUTANT_MMIO_QUEUE_RESET_LATE);
	if (to_be_reset || mutant(MUTANT_MMIO_QUEUE_RESET_LOST))
		return;
	generic_reset_queue(dev, queue);
	bug_forget_queue(dev, queue);
	queue->enabled = mutant(MUTANT_MMIO_QUEUE_RESET_KEEPS_READY) && old.enabled;
	if (mutant(MUTANT_MMIO_QUEUE_RESET_KEEPS_INDEX))
		queue->next_avail = old.next_avail;
}

static void catch_up(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue old = *queue;

	if (!to_be_reset)
		return;
	to_be_reset = false;
	generic_reset_queue(dev, queue);
	queue->size = old.size;
	queue->desc = old.desc;
	queue->driver = old.driver;
	queue->device = old.device;
}

static uint32_t shown_reset(const struct vqueue *queue, uint32_t value)
{
	return value || mutant(queue->enabled ? MUTANT_MMIO_QUEUE_RESET_WHEN_READY :
						MUTANT_MMIO_QUEUE_RESET_AT_FIRST) ||
	       (mutant(MUTANT_MMIO_QUEUE_RESET_STAYS) && was_reset);
}

/* Reading clears nothing, acknowledging does (4.2.2). */
static uint32_t shown_interrupts(struct vdev *dev, uint32_t value)
{
	if (mutant(MUTANT_MMIO_INTERRUPT_READ_CLEARS))
		dev->isr = 0;
	if (mutant(MUTANT_MMIO_INTERRUPT_BOTH_BITS) && value)
		value |= ISR_CONFIG;
	return mutant(MUTANT_MMIO_INTERRUPT_BIT_31) ? value | 1u << 31 : value;
}

static uint32_t shown_of_queue(struct vdev *dev, const struct vqueue *queue, unsigned int offset,
			       uint32_t value)
{
	switch (offset) {
	case MMIO_QUEUE_READY:
		return value && !to_be_reset;
	case MMIO_QUEUE_RESET:
		return shown_reset(queue, value);
	case MMIO_QUEUE_SIZE_MAX:
		return queue->size == queue->max ? bug_shown_size(dev, value) : value;
	default:
		return value;
	}
}

static uint32_t mmio_read(struct vdev *dev, unsigned int offset, unsigned int width)
{
	uint32_t value = generic_mmio_read(dev, offset, width);
	const struct vqueue *queue = vdev_queue(dev);

	switch (offset) {
	case MMIO_MAGIC_VALUE:
		return mutant(MUTANT_MMIO_MAGIC_LOST) && (dev->status & VIRTIO_DRIVER_OK) ? 0 : value;
	case MMIO_VERSION:
		return mutant(MUTANT_MMIO_VERSION_1) && (dev->status & VIRTIO_FEATURES_OK) ? 1 : value;
	case MMIO_DEVICE_FEATURES:
		return bug_shown_features(dev, value);
	case MMIO_INTERRUPT_STATUS:
		return shown_interrupts(dev, value);
	case MMIO_CONFIG_GENERATION:
		return bug_shown_generation(dev);
	case MMIO_QUEUE_SIZE_MAX:
		return queue ? shown_of_queue(dev, queue, offset, value) : bug_shown_size(dev, value);
	default:
		return queue ? shown_of_queue(dev, queue, offset, value) : value;
	}
}

/* Returns true if that is all. */
static bool write_ready(struct vdev *dev, struct vqueue *queue, uint32_t value)
{
	catch_up(dev, queue);
	if (value || !mutant(MUTANT_MMIO_STOP_LOST))
		return false;
	queue->enabled = true;
	return true;
}

static void mmio_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	struct vqueue *queue = vdev_queue(dev);

	if (offset == MMIO_QUEUE_READY && queue && write_ready(dev, queue, value))
		return;
	if (offset == MMIO_INTERRUPT_ACK && mutant(MUTANT_MMIO_ACKNOWLEDGE_LOST))
		return;
	if (offset == MMIO_INTERRUPT_ACK && mutant(MUTANT_MMIO_ACKNOWLEDGES_ALL))
		value = UINT32_MAX;
	generic_mmio_write(dev, offset, width, value);
	bug_select_queue(dev);
}

void bugs_in_mmio(struct vdev_steps *steps)
{
	steps->mmio_read = mmio_read;
	steps->mmio_write = mmio_write;
	steps->reset_queue = reset_queue;
}
