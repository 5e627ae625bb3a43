// SPDX-License-Identifier: BSD-3-Clause
/*
 * The registers of a virtio device on MMIO (virtio 1.4, 4.2.2).
 */
#include "host/machine/fatal.h"
#include "host/bugs/mutant.h"
#include "host/virtio/vdev.h"
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

/* Since the last reset of the device: a queue was reset, or is to be as soon as it is made ready. */
static bool was_reset, to_be_reset;

/* A reset of a queue is over at once. */
static uint32_t queue_reset(const struct vdev *dev, const struct vqueue *queue)
{
	return (vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_AT_FIRST) && !queue->enabled) ||
	       (vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_WHEN_READY) && queue->enabled) ||
	       (vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_STAYS) && was_reset);
}

static uint32_t queue_read(struct vdev *dev, unsigned int offset)
{
	const struct vqueue *queue = vdev_queue(dev);

	if (offset == MMIO_QUEUE_SIZE_MAX)
		return queue && queue->size != queue->max ? queue->max : vdev_queue_size(dev);
	if (offset == MMIO_QUEUE_RESET && queue)
		return queue_reset(dev, queue);
	return offset == MMIO_QUEUE_READY && queue && queue->enabled && !to_be_reset;
}

/* Reading clears nothing, acknowledging does (4.2.2). */
static uint32_t interrupt_status(struct vdev *dev)
{
	uint32_t isr = dev->isr;

	if (vdev_bug(dev, MUTANT_MMIO_INTERRUPT_READ_CLEARS))
		dev->isr = 0;
	if (vdev_bug(dev, MUTANT_MMIO_INTERRUPT_BOTH_BITS) && isr)
		isr |= ISR_CONFIG;
	return vdev_bug(dev, MUTANT_MMIO_INTERRUPT_BIT_31) ? isr | 1u << 31 : isr;
}

static void acknowledge(struct vdev *dev, uint32_t value)
{
	if (vdev_bug(dev, MUTANT_MMIO_ACKNOWLEDGE_LOST))
		return;
	dev->isr &= vdev_bug(dev, MUTANT_MMIO_ACKNOWLEDGES_ALL) ? 0 : ~value;
}

uint32_t vdev_mmio_read(struct vdev *dev, unsigned int offset, unsigned int width)
{
	if (offset >= MMIO_CONFIG)
		return vdev_config_read(dev, offset - MMIO_CONFIG, width);
	check(offset, width);
	switch (offset) {
	case MMIO_MAGIC_VALUE:
		return vdev_bug(dev, MUTANT_MMIO_MAGIC_LOST) && (dev->status & VIRTIO_DRIVER_OK) ?
			       0 : MMIO_MAGIC;
	case MMIO_VERSION:
		return vdev_bug(dev, MUTANT_MMIO_VERSION_1) && (dev->status & VIRTIO_FEATURES_OK) ?
			       1 : MMIO_MODERN;
	case MMIO_DEVICE_ID:
		return dev->type;
	case MMIO_DEVICE_FEATURES:
		return vdev_offered_word(dev);
	case MMIO_INTERRUPT_STATUS:
		return interrupt_status(dev);
	case MMIO_STATUS:
		return dev->status;
	case MMIO_CONFIG_GENERATION:
		return vdev_generation(dev);
	case MMIO_SHM_LEN:
	case MMIO_SHM_LEN + 4:
	case MMIO_SHM_BASE:
	case MMIO_SHM_BASE + 4:
		return UINT32_MAX;	/* no such region */
	default:
		return queue_read(dev, offset);
	}
}

/* A reset that keeps something of the queue, or does not come at once. */
static void reset_queue(const struct vdev *dev, struct vqueue *queue)
{
	struct vqueue old = *queue;

	was_reset = true;
	to_be_reset = vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_LATE);
	if (to_be_reset || vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_LOST))
		return;
	vdev_reset_queue(queue);
	queue->enabled = vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_KEEPS_READY) && old.enabled;
	if (vdev_bug(dev, MUTANT_MMIO_QUEUE_RESET_KEEPS_INDEX))
		queue->next_avail = old.next_avail;
}

static void catch_up(struct vqueue *queue)
{
	struct vqueue old = *queue;

	if (!to_be_reset)
		return;
	to_be_reset = false;
	vdev_reset_queue(queue);
	queue->size = old.size;
	queue->desc = old.desc;
	queue->driver = old.driver;
	queue->device = old.device;
}

static void set_ready(struct vdev *dev, struct vqueue *queue, uint32_t value)
{
	catch_up(queue);
	if (!value)
		queue->enabled = vdev_bug(dev, MUTANT_MMIO_STOP_LOST);
	else if (value == 1 && !queue->enabled)
		vdev_enable_queue(dev, queue);
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
			reset_queue(dev, queue);
		break;
	}
}

static void write_status(struct vdev *dev, uint32_t value)
{
	uint8_t isr = dev->isr;

	if (!value)
		was_reset = to_be_reset = false;
	vdev_write_status(dev, value);
	if (vdev_bug(dev, MUTANT_MMIO_RESET_KEEPS_INTERRUPT) && !value)
		dev->isr = isr;
}

void vdev_mmio_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	if (offset >= MMIO_CONFIG)
		return vdev_config_write(dev, offset - MMIO_CONFIG, width, value);
	check(offset, width);
	switch (offset) {
	case MMIO_DEVICE_FEATURES_SEL:
		dev->device_select = value;
		break;
	case MMIO_DRIVER_FEATURES_SEL:
		dev->driver_select = value;
		break;
	case MMIO_DRIVER_FEATURES:
		vdev_accept(dev, value);
		break;
	case MMIO_QUEUE_SEL:
		dev->queue_select = value;
		break;
	case MMIO_QUEUE_NOTIFY:
		vdev_notification(dev, value);
		break;
	case MMIO_INTERRUPT_ACK:
		acknowledge(dev, value);
		break;
	case MMIO_STATUS:
		write_status(dev, value);
		break;
	default:
		if (vdev_queue(dev))
			queue_write(dev, vdev_queue(dev), offset, value);
	}
}
