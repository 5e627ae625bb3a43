// SPDX-License-Identifier: BSD-3-Clause
#include "personality.h"
#include "vdev.h"

#define VENDOR 0x1af4
#define DEVICE_BASE 0x1040	/* 4.1.2 */
#define NO_VECTOR 0xffff

#define FEATURES                                                                                  \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) |            \
	 VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

struct vdev *vdev_of(struct function *f)
{
	return (struct vdev *)f;
}

void vdev_reset_queue(struct vqueue *queue)
{
	*queue = (struct vqueue){.max = queue->max, .size = queue->max};
}

static void clear(struct vdev *dev)
{
	dev->accepted = 0;
	dev->device_select = dev->driver_select = 0;
	dev->queue_select = 0;
	dev->msix_config = NO_VECTOR;
	dev->status = 0;
	dev->silent = false;
	dev->isr = 0;
	for (unsigned int i = 0; i < dev->queue_count; i++)
		vdev_reset_queue(&dev->queues[i]);
}

void vdev_init(struct vdev *dev, const struct vdev_ops *ops, uint32_t type, uint16_t class_code,
	       uint64_t offered, const void *config, uint32_t config_size)
{
	function_init(&dev->function, &vdev_pci_ops, VENDOR, DEVICE_BASE + type, class_code);
	dev->ops = ops;
	dev->type = type;
	dev->offered = offered | FEATURES;
	dev->config = config;
	dev->config_size = config_size;
	dev->queue_count = type == VIRTIO_TYPE_IOMMU ? 2 : 1;
	for (unsigned int i = 0; i < dev->queue_count; i++)
		dev->queues[i].max = VDEV_QUEUE_SIZE;
	clear(dev);
	vdev_pci_init(dev);
}

bool vdev_has(const struct vdev *dev, unsigned int feature)
{
	return (dev->status & VIRTIO_FEATURES_OK) && (dev->accepted >> feature & 1);
}

bool vdev_is_running(const struct vdev *dev)
{
	return (dev->status & VIRTIO_DRIVER_OK) && !(dev->status & VIRTIO_NEEDS_RESET) &&
	       !dev->silent;
}

void vdev_interrupt(struct vdev *dev, uint8_t cause)
{
	dev->isr |= cause;
}

void vdev_break(struct vdev *dev)
{
	bool running = dev->status & VIRTIO_DRIVER_OK;

	dev->status |= VIRTIO_NEEDS_RESET;
	if (running)
		vdev_interrupt(dev, ISR_CONFIG);
}

/* Any subset of what is offered will do, but this device has no legacy interface (6.2). */
static bool features_fit(const struct vdev *dev)
{
	return !(dev->accepted & ~dev->offered) && (dev->accepted >> VIRTIO_F_VERSION_1 & 1);
}

/* The driver sets bits; only a reset clears them (2.1.1). */
void vdev_write_status(struct vdev *dev, uint8_t value)
{
	uint8_t added = value & ~dev->status & ~VIRTIO_NEEDS_RESET;

	if (!value) {
		clear(dev);
		dev->ops->reset(dev);
		return;
	}
	if ((added & VIRTIO_FEATURES_OK) && !features_fit(dev))
		added &= ~VIRTIO_FEATURES_OK;
	dev->status |= added;
	if ((added & VIRTIO_FEATURES_OK) && dev->ops->features_ok)
		dev->ops->features_ok(dev);
}

/* Notifications that nothing is behind are harmless (2.7.10). */
void vdev_notify(struct vdev *dev, unsigned int queue)
{
	if (queue < dev->queue_count && dev->queues[queue].enabled && vdev_is_running(dev))
		dev->ops->notified(dev, queue);
}
