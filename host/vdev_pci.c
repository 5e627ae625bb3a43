// SPDX-License-Identifier: BSD-3-Clause
/*
 * The registers of a virtio device on PCI (virtio 1.4, 4.1.4). All structures lie in one BAR.
 */
#include "fatal.h"
#include "mutant.h"
#include "vdev.h"

enum {
	BAR = 4,
	BAR_SIZE = 0x4000,
	AREA_SIZE = 0x1000,
	AREA_COMMON = 0x0000,
	AREA_ISR = 0x1000,
	AREA_CONFIG = 0x2000,
	AREA_NOTIFY = 0x3000,
	NOTIFY_MULTIPLIER = 4,
};

/* struct virtio_pci_cap (4.1.4) and what two of its kinds add. */
enum {
	CAP_LENGTH = 2,
	CAP_TYPE = 3,
	CAP_BAR = 4,
	CAP_OFFSET = 8,
	CAP_AREA_LENGTH = 12,
	CAP_SIZE = 16,
	CAP_EXTRA = 16,		/* notify_off_multiplier, or pci_cfg_data */
};

enum { TYPE_COMMON = 1, TYPE_NOTIFY = 2, TYPE_ISR = 3, TYPE_DEVICE = 4, TYPE_ACCESS = 5,
       TYPE_VENDOR = 9 };

static unsigned int add_area(struct vdev *dev, uint8_t type, uint32_t offset, uint32_t length,
			     unsigned int extra)
{
	struct function *f = &dev->function;
	unsigned int cap = function_add_capability(f, PCI_CAP_VENDOR, CAP_SIZE + extra);

	function_set(f, cap + CAP_LENGTH, 1, CAP_SIZE + extra);
	function_set(f, cap + CAP_TYPE, 1, type);
	function_set(f, cap + CAP_BAR, 1, type == TYPE_ACCESS ? 0 : BAR);
	function_set(f, cap + CAP_OFFSET, 4, offset);
	function_set(f, cap + CAP_AREA_LENGTH, 4, length);
	return cap;
}

static void add_access_window(struct vdev *dev)
{
	unsigned int cap = add_area(dev, TYPE_ACCESS, 0, 0, 4);

	function_allow(&dev->function, cap + CAP_BAR, 1, 0xff);
	function_allow(&dev->function, cap + CAP_OFFSET, 4, UINT32_MAX);
	function_allow(&dev->function, cap + CAP_AREA_LENGTH, 4, UINT32_MAX);
	function_allow(&dev->function, cap + CAP_EXTRA, 4, UINT32_MAX);
	dev->access_window = cap;
}

enum {
	DEVICE_SELECT = 0,
	DEVICE_FEATURE = 4,
	DRIVER_SELECT = 8,
	DRIVER_FEATURE = 12,
	CONFIG_VECTOR = 16,
	NUM_QUEUES = 18,
	DEVICE_STATUS = 20,
	CONFIG_GENERATION = 21,
	QUEUE_SELECT = 22,
	QUEUE_SIZE = 24,
	QUEUE_VECTOR = 26,
	QUEUE_ENABLE = 28,
	QUEUE_NOTIFY_OFF = 30,
	QUEUE_DESC = 32,
	QUEUE_DRIVER = 40,
	QUEUE_DEVICE = 48,
	QUEUE_NOTIFY_DATA = 56,
	QUEUE_RESET = 58,
	ADMIN_INDEX = 60,
	ADMIN_COUNT = 62,
	COMMON_SIZE = 64,
};

static void bug_init(struct vdev *dev, unsigned int notify, unsigned int isr)
{
	struct function *f = &dev->function;

	if (vdev_bug(dev, MUTANT_REVISION_0))
		function_set(f, PCI_CLASS_REVISION, 1, 0);
	if (vdev_bug(dev, MUTANT_SUBSYSTEM_IS_TYPE))
		function_set(f, PCI_SUBSYSTEM_ID, 2, dev->type);
	if (vdev_bug(dev, MUTANT_MULTIPLIER_6))
		function_set(f, notify + CAP_EXTRA, 4, 6);
	if (vdev_bug(dev, MUTANT_NOTIFY_AREA_TOO_SHORT))
		function_set(f, notify + CAP_AREA_LENGTH, 4, NOTIFY_MULTIPLIER);
	if (vdev_bug(dev, MUTANT_CAPABILITY_TOO_SHORT))
		function_set(f, isr + CAP_LENGTH, 1, 12);
	if (vdev_bug(dev, MUTANT_NO_ISR))
		function_set(f, isr + CAP_TYPE, 1, TYPE_VENDOR);
	if (vdev_bug(dev, MUTANT_NO_ACCESS_WINDOW))
		function_set(f, dev->access_window + CAP_TYPE, 1, TYPE_VENDOR);
}

void vdev_pci_init(struct vdev *dev)
{
	unsigned int cap, isr;

	function_add_bar(&dev->function, BAR, BAR_SIZE);
	add_area(dev, TYPE_COMMON, AREA_COMMON, COMMON_SIZE, 0);
	isr = add_area(dev, TYPE_ISR, AREA_ISR, 1, 0);
	if (dev->config_size)
		add_area(dev, TYPE_DEVICE, AREA_CONFIG, dev->config_size, 0);
	cap = add_area(dev, TYPE_NOTIFY, AREA_NOTIFY, dev->queue_count * NOTIFY_MULTIPLIER, 4);
	function_set(&dev->function, cap + CAP_EXTRA, 4, NOTIFY_MULTIPLIER);
	add_access_window(dev);
	vmsix_init(dev);
	bug_init(dev, cap, isr);
}

/* Each field is accessed in its own width, 64-bit ones in halves (4.1.3.1). */
static void check_common(unsigned int offset, unsigned int width)
{
	unsigned int expected = 2;

	if (offset < CONFIG_VECTOR || (offset >= QUEUE_DESC && offset < QUEUE_NOTIFY_DATA))
		expected = 4;
	else if (offset == DEVICE_STATUS || offset == CONFIG_GENERATION)
		expected = 1;
	if (offset >= COMMON_SIZE || width != expected)
		fatal("virtio-pci: common configuration: offset %u, %u bytes wide: not a field (4.1.3.1)",
		      offset, width);
}

static uint32_t queue_read(struct vdev *dev, unsigned int offset)
{
	struct vqueue *queue = vdev_queue(dev);

	if (offset == QUEUE_VECTOR)
		return !queue || vdev_bug(dev, MUTANT_MSIX_VECTOR_HIDDEN) ? NO_VECTOR : queue->vector;
	if (offset == QUEUE_SIZE)
		return vdev_queue_size(dev);
	if (!queue)
		return 0;
	switch (offset) {
	case QUEUE_ENABLE:
		return queue->enabled;
	case QUEUE_NOTIFY_OFF:
		return dev->queue_select;
	case QUEUE_DESC:
	case QUEUE_DESC + 4:
		return vdev_half(queue->desc, offset);
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
		return vdev_half(queue->driver, offset);
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		return vdev_half(queue->device, offset);
	default:	/* queue_reset: a reset is over at once; the rest is of features not offered */
		return 0;
	}
}

static uint32_t common_read(struct vdev *dev, unsigned int offset)
{
	switch (offset) {
	case DEVICE_SELECT:
		return dev->device_select;
	case DEVICE_FEATURE:
		return vdev_offered_word(dev);
	case DRIVER_SELECT:
		return dev->driver_select;
	case DRIVER_FEATURE:
		if (vdev_bug(dev, MUTANT_DRIVER_FEATURE_READS_0))
			return 0;
		if (vdev_bug(dev, MUTANT_DRIVER_FEATURE_READS_OFFERED))
			return vdev_feature_word(dev->offered, dev->driver_select);
		return vdev_feature_word(dev->accepted, dev->driver_select);
	case CONFIG_VECTOR:
		return dev->msix_config;
	case NUM_QUEUES:
		return dev->queue_count;
	case DEVICE_STATUS:
		return dev->status;
	case CONFIG_GENERATION:
		return vdev_generation(dev);
	case QUEUE_SELECT:
		return dev->queue_select;
	default:
		return queue_read(dev, offset);
	}
}

static void queue_write(struct vdev *dev, struct vqueue *queue, unsigned int offset,
			uint32_t value)
{
	switch (offset) {
	case QUEUE_SIZE:
		queue->size = value;
		break;
	case QUEUE_VECTOR:
		queue->vector = vmsix_assign(dev, queue->vector, value);
		if (vdev_bug(dev, MUTANT_MSIX_VECTORS_NOT_SHARED) && value == dev->msix_config)
			queue->vector = NO_VECTOR;
		break;
	case QUEUE_ENABLE:
		if (value == 1)
			vdev_enable_queue(dev, queue);
		break;
	case QUEUE_DESC:
	case QUEUE_DESC + 4:
		vdev_set_half(&queue->desc, offset, value);
		break;
	case QUEUE_DRIVER:
	case QUEUE_DRIVER + 4:
		vdev_set_half(&queue->driver, offset, value);
		break;
	case QUEUE_DEVICE:
	case QUEUE_DEVICE + 4:
		vdev_set_half(&queue->device, offset, value);
		break;
	case QUEUE_RESET:
		if (value == 1 && vdev_has(dev, VIRTIO_F_RING_RESET))
			vdev_reset_queue(queue);
		break;
	}
}

static void common_write(struct vdev *dev, unsigned int offset, uint32_t value)
{
	switch (offset) {
	case DEVICE_SELECT:
		dev->device_select = value;
		break;
	case DRIVER_SELECT:
		dev->driver_select = value;
		break;
	case DRIVER_FEATURE:
		vdev_accept(dev, value);
		break;
	case CONFIG_VECTOR:
		dev->msix_config = vmsix_assign(dev, dev->msix_config, value);
		break;
	case DEVICE_STATUS:
		vdev_write_status(dev, value);
		break;
	case QUEUE_SELECT:
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

	if (!vdev_bug(dev, MUTANT_ISR_NOT_CLEARED))
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
		check_common(at, width);
		return common_read(dev, at);
	case AREA_ISR:
		return isr_read(dev);
	case AREA_CONFIG:
		return vdev_config_read(dev, at, width);
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
		check_common(at, width);
		common_write(dev, at, value);
		break;
	case AREA_CONFIG:
		vdev_config_write(dev, at, width, value);
		break;
	case AREA_NOTIFY:
		if (width != (vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA) ? 4 : 2))
			fatal("virtio-pci: a notification is %u bytes wide (4.1.5.2)", width);
		if (at / NOTIFY_MULTIPLIER == (value & 0xffff))
			vdev_notification(dev, value);
		break;
	}
}

/* The driver can reach the BAR through a window in configuration space (4.1.4.9). */
static void access_window(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;
	uint32_t at = function_get(f, cap + CAP_OFFSET, 4);
	uint32_t length = function_get(f, cap + CAP_AREA_LENGTH, 4);

	(void)width;
	if (offset != cap + CAP_EXTRA || function_get(f, cap + CAP_BAR, 1) != BAR)
		return;
	if ((length != 1 && length != 2 && length != 4) || at % length || at >= BAR_SIZE)
		return;
	if (vdev_bug(vdev_of(f), MUTANT_WINDOW_READS_4_BYTES) && !write)
		return function_set(f, offset, 4, area_read(f, BAR, AREA_CONFIG, 4));
	if (write && !vdev_bug(vdev_of(f), MUTANT_WINDOW_WRITES_LOST))
		area_write(f, BAR, at, length, function_get(f, offset, length));
	else if (!write)
		function_set(f, offset, length, area_read(f, BAR, at, length));
}

static bool interrupts(struct function *f)
{
	return vdev_of(f)->isr && !vdev_bug(vdev_of(f), MUTANT_INTERRUPT_STATUS_0);
}

static void config_access(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	uint8_t *status = &f->config[PCI_STATUS];

	*status = (*status & ~(1 << 3)) | (interrupts(f) ? 1 << 3 : 0);	/* Interrupt Status */
	access_window(f, offset, width, write);
	if (write)
		vmsix_catch_up(vdev_of(f));
}

const struct function_ops vdev_pci_ops = {
	.read = area_read,
	.write = area_write,
	.config_access = config_access,
};
