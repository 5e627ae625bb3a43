// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the driver reads and writes, by whatever transport.
 */
#include "host/machine/fatal.h"
#include "host/machine/personality.h"
#include "host/virtio/parts.h"
#include "host/virtio/vring.h"

uint32_t vdev_feature_word(uint64_t features, uint32_t select)
{
	return select < 2 ? features >> 32 * select : 0;
}

static bool is_later(const struct vdev *dev)
{
	return dev->type == VIRTIO_TYPE_IOMMU && personality->later_standard;
}

uint32_t vdev_later_bytes(const struct vdev *dev)
{
	return is_later(dev) ? 24 : 0;
}

uint32_t vdev_offered_word(const struct vdev *dev)
{
	if (is_later(dev) && dev->device_select == 2)
		return 1 << 3;
	return vdev_feature_word(dev->offered, dev->device_select);
}

/* What was accepted is settled with FEATURES_OK (3.1.1). */
void generic_accept(struct vdev *dev, uint32_t word)
{
	if (dev->driver_select < 2 && !(dev->status & VIRTIO_FEATURES_OK))
		register_set_half(&dev->accepted, 4 * dev->driver_select, word);
}

struct vqueue *vdev_queue(struct vdev *dev)
{
	return dev->queue_select < dev->queue_count ? &dev->queues[dev->queue_select] : NULL;
}

static bool is_power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

void generic_enable_queue(struct vdev *dev, struct vqueue *queue)
{
	bool packed = vdev_has(dev, VIRTIO_F_RING_PACKED);
	bool fits = queue->size && (packed || is_power_of_two(queue->size)) && queue->size <= queue->max;
	bool aligned = !(queue->desc % 16 || queue->driver % (packed ? 4 : 2) || queue->device % 4);

	if (!fits)
		broken_rule("virtio: queue %u enabled with size %u of at most %u (2.7)",
			    dev->queue_select, queue->size, queue->max);
	if (!aligned)
		broken_rule("virtio: queue %u enabled with unaligned addresses (2.7)", dev->queue_select);
	queue->enabled = fits && aligned;
}

void generic_reset_queue(struct vdev *dev, struct vqueue *queue)
{
	(void)dev;
	*queue = (struct vqueue){.max = queue->max, .size = queue->max, .vector = NO_VECTOR,
				 .avail_wrap = true, .used_wrap = true};
}

/* A function that is no bus master sees no ring. */
static bool sees_rings(const struct vdev *dev)
{
	return dev->registers || (function_get(&dev->function, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
}

/* Notifications that nothing is behind are harmless (2.7.10). */
void generic_notification(struct vdev *dev, uint32_t value)
{
	uint16_t index = value, position = value >> 16;

	if (index >= dev->queue_count || !vdev_is_running(dev) || !dev->queues[index].enabled)
		return;
	if (vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA) && sees_rings(dev) &&
	    !vring_ends_at(dev, &dev->queues[index], position))
		fatal("virtio: queue %u: next_off %#x of the notification is not where the next buffer "
		      "will be (2.8.21)", index, position);
	dev->ops->notified(dev, index);
}

uint32_t generic_config_read(const struct vdev *dev, uint64_t offset, unsigned int width)
{
	uint32_t value = 0;

	if (offset + width > dev->config_size)
		return UINT32_MAX >> is_later(dev);
	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)dev->config[offset + i] << 8 * i;
	return value;
}

/* A suspended device ignores it (3.4). */
void generic_config_write(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value)
{
	if (dev->ops->config_write && !vdev_is_suspended(dev))
		dev->ops->config_write(dev, offset, width, value);
}
