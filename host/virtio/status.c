// SPDX-License-Identifier: BSD-3-Clause
/*
 * The life of a device, from reset to reset: features, status, suspending, and what it tells the driver
 * (virtio 1.4, 2.1 to 2.3 and 3.4).
 */
#include "host/machine/personality.h"
#include "host/virtio/parts.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vring.h"

void vdev_clear(struct vdev *dev)
{
	dev->accepted = 0;
	dev->device_select = dev->driver_select = 0;
	dev->queue_select = 0;
	dev->msix_config = NO_VECTOR;
	dev->status = 0;
	dev->silent = false;
	dev->isr = 0;
	timer_stop(&dev->reset);
	timer_stop(&dev->suspension);
	timer_stop(&dev->notification);
	for (unsigned int i = 0; i < dev->queue_count; i++)
		generic_reset_queue(dev, &dev->queues[i]);
}

void generic_idle(struct vdev *dev)
{
	(void)dev;
}

bool generic_is_running(const struct vdev *dev)
{
	return (dev->status & VIRTIO_DRIVER_OK) && !(dev->status & VIRTIO_NEEDS_RESET) &&
	       !dev->silent;
}

void generic_interrupt(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (vmsix_is_enabled(dev))
		vmsix_send(dev, vector);
	else
		dev->isr |= cause;
}

void generic_break_down(struct vdev *dev)
{
	dev->status |= VIRTIO_NEEDS_RESET;
	if (dev->status & VIRTIO_DRIVER_OK)
		vdev_interrupt(dev, ISR_CONFIG, dev->msix_config);
}

#define OWN_FEATURES 0xffffffull	/* bits 0 to 23 are those of the kind of device (2.2) */

static uint64_t needed(const struct vdev *dev)
{
	uint64_t platform = VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
			    VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM);

	if (dev->type != VIRTIO_TYPE_IOMMU || !personality->insists)
		platform = 0;
	if (dev->type == VIRTIO_TYPE_IOMMU && personality->all_features)
		platform |= OWN_FEATURES;
	return VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | (dev->offered & platform);
}

/* Any subset of what is offered will do, but this device has no legacy interface (6.2). */
bool generic_features_fit(const struct vdev *dev)
{
	return !(dev->accepted & ~dev->offered) && !(needed(dev) & ~dev->accepted);
}

/* Requests are done as they are taken, so that none is in work; all are notified first (3.4). */
void vdev_suspend(void *owner)
{
	struct vdev *dev = owner;

	vring_notify_late(dev);
	dev->status |= VIRTIO_SUSPEND;
	dev->status &= ~VIRTIO_DRIVER_OK;
}

static void suspend(struct vdev *dev)
{
	if (personality->suspend_us)
		timer_start(&dev->suspension, personality->suspend_us);
	else
		vdev_suspend(dev);
}

static void resume(struct vdev *dev)
{
	dev->status |= VIRTIO_DRIVER_OK;
	dev->status &= ~VIRTIO_SUSPEND;
}

/* The bits SUSPEND and DRIVER_OK of a device that has both sides of 3.4. Returns what is left. */
static uint8_t suspend_or_resume(struct vdev *dev, uint8_t added)
{
	bool running = (dev->status & VIRTIO_DRIVER_OK) && !(dev->status & VIRTIO_NEEDS_RESET);

	if (vdev_is_suspended(dev) && (added & VIRTIO_DRIVER_OK)) {
		resume(dev);
		return added & ~VIRTIO_DRIVER_OK;
	}
	if ((added & VIRTIO_SUSPEND) && vdev_has(dev, VIRTIO_F_SUSPEND) && running)
		suspend(dev);
	return added & ~VIRTIO_SUSPEND;
}

void vdev_reset(void *owner)
{
	struct vdev *dev = owner;

	vdev_clear(dev);
	if (dev->ops->reset)
		dev->ops->reset(dev);
}

/* The driver reads device_status until it is 0 (2.4.2). */
static void reset(struct vdev *dev)
{
	if (personality->reset_us && dev->status)
		timer_start(&dev->reset, personality->reset_us);
	else
		vdev_reset(dev);
}

void generic_write_status(struct vdev *dev, uint8_t value)
{
	uint8_t added = value & ~dev->status & ~VIRTIO_NEEDS_RESET;

	if (!value)
		return reset(dev);
	if (dev->reset.running)
		return;
	if ((added & VIRTIO_FEATURES_OK) && !dev->steps->features_fit(dev))
		added &= ~VIRTIO_FEATURES_OK;
	dev->status |= suspend_or_resume(dev, added);
	if ((added & VIRTIO_FEATURES_OK) && dev->ops->features_ok)
		dev->ops->features_ok(dev);
}
