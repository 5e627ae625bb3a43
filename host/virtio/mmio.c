// SPDX-License-Identifier: BSD-3-Clause
/*
 * The registers of a virtio device on MMIO (virtio 1.4, 4.2.2).
 */
#include "host/machine/fatal.h"
#include "host/virtio/parts.h"
#include "virtio/mmio_layout.h"

/* Below memory. */
#define FIRST 0x0a000000ull
#define MAX_DEVICES 16

static struct vdev *devices[MAX_DEVICES];
static unsigned int device_count;

void vdev_mmio_plug(struct vdev *dev)
{
	if (device_count == MAX_DEVICES)
		fatal("virtio-mmio: more than %u devices", MAX_DEVICES);
	dev->registers = FIRST + device_count * MMIO_SIZE;
	devices[device_count++] = dev;
}

struct vdev *vdev_mmio_find(uint64_t address)
{
	uint64_t index = (address - FIRST) / MMIO_SIZE;

	return address >= FIRST && index < device_count ? devices[index] : NULL;
}

static void check(unsigned int offset, unsigned int width)
{
	if (width != 4)
		fatal("virtio-mmio: register %#x: %u bytes wide, not 4 (4.2.2.2)", offset, width);
}

static uint32_t queue_read(struct vdev *dev, unsigned int offset)
{
	const struct vqueue *queue = vdev_queue(dev);

	if (offset == MMIO_QUEUE_SIZE_MAX)
		return queue ? queue->max : 0;
	if (offset == MMIO_QUEUE_READY)
		return queue && queue->enabled;
	return 0;	/* a reset of a queue is over at once */
}

uint32_t generic_mmio_read(struct vdev *dev, unsigned int offset, unsigned int width)
{
	if (offset >= MMIO_CONFIG)
		return dev->steps->config_read(dev, offset - MMIO_CONFIG, width);
	check(offset, width);
	switch (offset) {
	case MMIO_MAGIC_VALUE:
		return MMIO_MAGIC;
	case MMIO_VERSION:
		return MMIO_MODERN;
	case MMIO_DEVICE_ID:
		return dev->type;
	case MMIO_DEVICE_FEATURES:
		return vdev_offered_word(dev);
	case MMIO_INTERRUPT_STATUS:
		return dev->isr;	/* reading clears nothing, acknowledging does */
	case MMIO_STATUS:
		return dev->status;
	case MMIO_CONFIG_GENERATION:
		return dev->generation;
	case MMIO_SHM_LEN:
	case MMIO_SHM_LEN + 4:
	case MMIO_SHM_BASE:
	case MMIO_SHM_BASE + 4:
		return UINT32_MAX;	/* no such region */
	default:
		return queue_read(dev, offset);
	}
}

static void set_ready(struct vdev *dev, struct vqueue *queue, uint32_t value)
{
	if (!value)
		queue->enabled = false;
	else if (value == 1 && !queue->enabled)
		dev->steps->enable_queue(dev, queue);
}

static void queue_write(struct vdev *dev, struct vqueue *queue, unsigned int offset, uint32_t value)
{
	switch (offset) {
	case MMIO_QUEUE_SIZE:
		queue->size = value;
		break;
	case MMIO_QUEUE_READY:
		set_ready(dev, queue, value);
		break;
	case MMIO_QUEUE_DESC:
	case MMIO_QUEUE_DESC + 4:
		register_set_half(&queue->desc, offset, value);
		break;
	case MMIO_QUEUE_DRIVER:
	case MMIO_QUEUE_DRIVER + 4:
		register_set_half(&queue->driver, offset, value);
		break;
	case MMIO_QUEUE_DEVICE:
	case MMIO_QUEUE_DEVICE + 4:
		register_set_half(&queue->device, offset, value);
		break;
	case MMIO_QUEUE_RESET:
		if (value == 1 && vdev_has(dev, VIRTIO_F_RING_RESET))
			dev->steps->reset_queue(dev, queue);
		break;
	}
}

void generic_mmio_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	if (offset >= MMIO_CONFIG)
		return dev->steps->config_write(dev, offset - MMIO_CONFIG, width, value);
	check(offset, width);
	switch (offset) {
	case MMIO_DEVICE_FEATURES_SEL:
		dev->device_select = value;
		break;
	case MMIO_DRIVER_FEATURES_SEL:
		dev->driver_select = value;
		break;
	case MMIO_DRIVER_FEATURES:
		dev->steps->accept(dev, value);
		break;
	case MMIO_QUEUE_SEL:
		dev->queue_select = value;
		break;
	case MMIO_QUEUE_NOTIFY:
		dev->steps->notification(dev, value);
		break;
	case MMIO_INTERRUPT_ACK:
		dev->isr &= ~value;
		break;
	case MMIO_STATUS:
		dev->steps->write_status(dev, value);
		break;
	default:
		if (vdev_queue(dev))
			queue_write(dev, vdev_queue(dev), offset, value);
	}
}
