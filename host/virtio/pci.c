// SPDX-License-Identifier: BSD-3-Clause
/*
 * The registers of a virtio device on PCI (virtio 1.4, 4.1.4). All structures lie in one BAR.
 */
#include "boot.h"
#include "host/machine/fatal.h"
#include "host/machine/clock.h"
#include "host/machine/personality.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"

enum { VENDOR = 0x1af4, DEVICE_BASE = 0x1040 };	/* 4.1.2 */
enum { INTERRUPT_STATUS = 1 << 3 };		/* in the register Status */

bool vdev_pci_is_field(unsigned int offset, unsigned int width)
{
	unsigned int expected = 2;

	if (offset < COMMON_CONFIG_VECTOR || (offset >= COMMON_QUEUE_DESC && offset < COMMON_SIZE))
		expected = 4;	/* those of 64 bits are accessed in halves */
	else if (offset == COMMON_DEVICE_STATUS || offset == COMMON_CONFIG_GENERATION)
		expected = 1;
	return offset < COMMON_LONGEST && width == expected;
}

static bool check_field(unsigned int offset, unsigned int width)
{
	if (vdev_pci_is_field(offset, width))
		return true;
	broken_rule("virtio-pci: common configuration: offset %u, %u bytes wide: not a field (4.1.3.1)",
		    offset, width);
	return false;
}

/* The end of a slow reset is due: it shows when queue_reset is read. */
static void time_is_up(void *unused)
{
	(void)unused;
}

static struct timer slow_reset = {.expire = time_is_up};

static void write_queue_reset(struct vdev *dev, struct vqueue *queue, uint32_t value)
{
	if (value != 1 || !vdev_has(dev, VIRTIO_F_RING_RESET))
		return;
	if (!personality->queue_reset_us)
		return dev->steps->reset_queue(dev, queue);
	queue->resetting = true;
	timer_start(&slow_reset, personality->queue_reset_us);
}

/* What queue_reset shows. */
static bool goes_on(struct vdev *dev, struct vqueue *queue)
{
	if (queue->resetting && !slow_reset.running)
		dev->steps->reset_queue(dev, queue);
	return queue->resetting;
}

static uint32_t queue_read(struct vdev *dev, unsigned int offset)
{
	struct vqueue *queue = vdev_queue(dev);

	if (offset == COMMON_QUEUE_VECTOR)
		return queue ? queue->vector : NO_VECTOR;
	if (!queue)
		return 0;
	switch (offset) {
	case COMMON_QUEUE_SIZE:
		return queue->size;
	case COMMON_QUEUE_ENABLE:
		return queue->enabled;
	case COMMON_QUEUE_NOTIFY_OFF:
		return dev->queue_select;
	case COMMON_QUEUE_DESC:
	case COMMON_QUEUE_DESC + 4:
		return register_half(queue->desc, offset);
	case COMMON_QUEUE_DRIVER:
	case COMMON_QUEUE_DRIVER + 4:
		return register_half(queue->driver, offset);
	case COMMON_QUEUE_DEVICE:
	case COMMON_QUEUE_DEVICE + 4:
		return register_half(queue->device, offset);
	case COMMON_QUEUE_RESET:
		return goes_on(dev, queue);
	default:	/* the rest is of features not offered */
		return 0;
	}
}

static uint32_t common_read(struct vdev *dev, unsigned int offset)
{
	switch (offset) {
	case COMMON_DEVICE_FEATURE_SELECT:
		return dev->device_select;
	case COMMON_DEVICE_FEATURE:
		return vdev_offered_word(dev);
	case COMMON_DRIVER_FEATURE_SELECT:
		return dev->driver_select;
	case COMMON_DRIVER_FEATURE:
		return vdev_feature_word(dev->accepted, dev->driver_select);
	case COMMON_CONFIG_VECTOR:
		return dev->msix_config;
	case COMMON_NUM_QUEUES:
		return dev->queue_count;
	case COMMON_DEVICE_STATUS:
		return dev->status;
	case COMMON_CONFIG_GENERATION:
		return dev->generation;
	case COMMON_QUEUE_SELECT:
		return dev->queue_select;
	case COMMON_ADMIN_INDEX:
		return vdev_has(dev, VIRTIO_F_ADMIN_VQ) ? dev->queue_count : 0;
	default:
		return queue_read(dev, offset);
	}
}

static void queue_write(struct vdev *dev, struct vqueue *queue, unsigned int offset,
			uint32_t value)
{
	bool fixed = queue->enabled && offset != COMMON_QUEUE_VECTOR && offset != COMMON_QUEUE_RESET;

	if (fixed && boot_is_hostile())
		return;
	switch (offset) {
	case COMMON_QUEUE_SIZE:
		queue->size = value;
		break;
	case COMMON_QUEUE_VECTOR:
		queue->vector = vmsix_assign(value);
		break;
	case COMMON_QUEUE_ENABLE:
		if (value == 1)
			dev->steps->enable_queue(dev, queue);
		break;
	case COMMON_QUEUE_DESC:
	case COMMON_QUEUE_DESC + 4:
		register_set_half(&queue->desc, offset, value);
		break;
	case COMMON_QUEUE_DRIVER:
	case COMMON_QUEUE_DRIVER + 4:
		register_set_half(&queue->driver, offset, value);
		break;
	case COMMON_QUEUE_DEVICE:
	case COMMON_QUEUE_DEVICE + 4:
		register_set_half(&queue->device, offset, value);
		break;
	case COMMON_QUEUE_RESET:
		write_queue_reset(dev, queue, value);
		break;
	}
}

static void common_write(struct vdev *dev, unsigned int offset, uint32_t value)
{
	switch (offset) {
	case COMMON_DEVICE_FEATURE_SELECT:
		dev->device_select = value;
		break;
	case COMMON_DRIVER_FEATURE_SELECT:
		dev->driver_select = value;
		break;
	case COMMON_DRIVER_FEATURE:
		dev->steps->accept(dev, value);
		break;
	case COMMON_CONFIG_VECTOR:
		dev->msix_config = vmsix_assign(value);
		break;
	case COMMON_DEVICE_STATUS:
		dev->steps->write_status(dev, value);
		break;
	case COMMON_QUEUE_SELECT:
		dev->queue_select = value;
		break;
	default:
		if (vdev_queue(dev))
			queue_write(dev, vdev_queue(dev), offset, value);
	}
}

/* Reading clears it (4.1.4.5). */
static uint32_t isr_read(struct vdev *dev)
{
	uint8_t isr = dev->isr;

	dev->isr = 0;
	return isr;
}

static uint32_t area_read(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	struct vdev *dev = vdev_of(f);
	unsigned int at = offset % AREA_SIZE;

	if (bar == VMSIX_BAR)
		return vmsix_read(dev, offset);
	switch (offset - at) {
	case AREA_COMMON:
		return check_field(at, width) ? common_read(dev, at) : UINT32_MAX;
	case AREA_ISR:
		return isr_read(dev);
	case AREA_CONFIG:
		return dev->steps->config_read(dev, at, width);
	default:
		return 0;
	}
}

static void area_write(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
		       uint32_t value)
{
	struct vdev *dev = vdev_of(f);
	unsigned int at = offset % AREA_SIZE;

	if (bar == VMSIX_BAR)
		return vmsix_write(dev, offset, value);
	switch (offset - at) {
	case AREA_COMMON:
		if (check_field(at, width))
			common_write(dev, at, value);
		break;
	case AREA_CONFIG:
		dev->steps->config_write(dev, at, width, value);
		break;
	case AREA_NOTIFY:
		if (width != (vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA) ? 4 : 2))
			return broken_rule("virtio-pci: a notification is %u bytes wide (4.1.5.2)", width);
		if (at / NOTIFY_MULTIPLIER == (personality->one_doorbell ? 0 : value & 0xffff))
			dev->steps->notification(dev, value);
		break;
	}
}

/* The driver can reach the BAR through a window in configuration space (4.1.4.9). */
static void access_window(struct function *f, unsigned int offset, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;
	uint32_t at = function_get(f, cap + CAP_OFFSET, 4);
	uint32_t length = function_get(f, cap + CAP_STRUCTURE_LENGTH, 4);

	if (offset != cap + CAP_ACCESS_DATA || function_get(f, cap + CAP_BAR, 1) != VDEV_BAR)
		return;
	if ((length != 1 && length != 2 && length != 4) || at % length || at >= VDEV_BAR_SIZE)
		return;
	if (write)
		f->ops->write(f, VDEV_BAR, at, length, function_get(f, offset, length));
	else
		function_set(f, offset, length, f->ops->read(f, VDEV_BAR, at, length));
}

void generic_reset_function(struct vdev *dev)
{
	function_clear(&dev->function);
	vmsix_clear(dev);
	dev->steps->write_status(dev, 0);
}

static bool resets_function(const struct vdev *dev)
{
	return dev->express &&
	       function_get(&dev->function, dev->express + EXPRESS_DEVICE_CONTROL, 2) & INITIATE_RESET;
}

static void config_access(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	uint8_t *status = &f->config[PCI_STATUS];

	(void)width;
	if (resets_function(vdev_of(f)))
		return vdev_of(f)->steps->reset_function(vdev_of(f));
	*status = (*status & ~INTERRUPT_STATUS) |
		  (vdev_of(f)->isr && !personality->no_intx ? INTERRUPT_STATUS : 0);
	access_window(f, offset, write);
	if (write)
		vmsix_catch_up(vdev_of(f));
}

static const struct function_ops ops = {
	.read = area_read,
	.write = area_write,
	.config_access = config_access,
};

void vdev_pci_init(struct vdev *dev)
{
	function_init(&dev->function, &ops, VENDOR, DEVICE_BASE + dev->type, dev->class_code);
	vdev_add_capabilities(dev);
}
