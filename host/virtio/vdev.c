// SPDX-License-Identifier: BSD-3-Clause
#include "host/virtio/parts.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vring.h"

#define FEATURES                                                                                  \
	(VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) |            \
	 VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

static const struct vdev_steps generic_steps = {
	.write_status = generic_write_status,
	.accept = generic_accept,
	.features_fit = generic_features_fit,
	.reset_function = generic_reset_function,
	.idle = generic_idle,
	.is_running = generic_is_running,
	.break_down = generic_break_down,
	.interrupt = generic_interrupt,
	.enable_queue = generic_enable_queue,
	.reset_queue = generic_reset_queue,
	.notification = generic_notification,
	.config_read = generic_config_read,
	.config_write = generic_config_write,
	.mmio_read = generic_mmio_read,
	.mmio_write = generic_mmio_write,
	.format = generic_format,
	.enter_table = generic_enter_table,
	.push = generic_push,
	.flush = generic_flush,
};

void vdev_init(struct vdev *dev, const struct vdev_ops *ops, uint32_t type, uint16_t class_code,
	       uint64_t offered, const void *config, uint32_t config_size)
{
	dev->steps = &generic_steps;
	dev->ops = ops;
	dev->type = type;
	dev->class_code = class_code;
	dev->offered = offered | FEATURES;
	dev->config = config;
	dev->config_size = config_size;
	dev->queue_count = ops->queues;
	for (unsigned int i = 0; i < dev->queue_count; i++)
		dev->queues[i].max = VDEV_QUEUE_SIZE;
	dev->reset = (struct timer){.expire = vdev_reset, .owner = dev};
	dev->suspension = (struct timer){.expire = vdev_suspend, .owner = dev};
	dev->notification = (struct timer){.expire = vring_notify_late, .owner = dev};
	vdev_clear(dev);
}

void vdev_unplug(struct vdev *dev)
{
	timer_stop(&dev->reset);
	timer_stop(&dev->suspension);
	timer_stop(&dev->notification);
	vdev_clear(dev);
	if (dev->ops->reset)
		dev->ops->reset(dev);
}
