// SPDX-License-Identifier: BSD-3-Clause
/*
 * The registers of a virtio device on PCI (virtio 1.4, 4.1.4). All structures lie in one BAR.
 */
#include "boot.h"
#include "host/bugs/bugs.h"
#include "host/bugs/vdev.h"
#include "host/machine/fatal.h"
#include "host/bugs/mutant.h"
#include "host/machine/clock.h"
#include "host/machine/personality.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vdev_capabilities.h"

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
};

/* Each field is accessed in its own width, 64-bit ones in halves (4.1.3.1); else there is no access. */
static bool is_field(unsigned int offset, unsigned int width)
{
	unsigned int expected = 2;

	if (offset < CONFIG_VECTOR || (offset >= QUEUE_DESC && offset < QUEUE_NOTIFY_DATA))
		expected = 4;
	else if (offset == DEVICE_STATUS || offset == CONFIG_GENERATION)
		expected = 1;
	if (offset < COMMON_LONGEST && width == expected)
		return true;
	if (mutant(MUTANT_ODD_ACCESS_ENDS))
		bug_end("an access that is no field");
	broken_rule("virtio-pci: common configuration: offset %u, %u bytes wide: not a field (4.1.3.1)",
		    offset, width);
	return false;
}

static void reset_queue(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue old = *queue;

	vdev_reset_queue(queue);
	bug_queue_was_reset(dev, queue, &old);
}

/* The end of a slow reset is due: it shows when queue_reset is read. */
static void time_is_up(void *unused)
{
	(void)unused;
}

static struct timer slow_reset = {.expire = time_is_up};

static void write_queue_reset(struct vdev *dev, struct vqueue *queue, uint32_t value)
{
	if (value != 1 || !vdev_has(dev, VIRTIO_F_RING_RESET) || bug_queue_reset(dev, queue))
		return;
	if (!personality->queue_reset_us)
		return reset_queue(dev, queue);
	queue->resetting = true;
	timer_start(&slow_reset, personality->queue_reset_us);
}

/* What queue_reset shows. */
static bool goes_on(struct vdev *dev, struct vqueue *queue)
{
	bool resetting = queue->resetting;

	if (resetting && !slow_reset.running)
		reset_queue(dev, queue);
	return bug_shows_resetting(dev, queue, resetting && queue->enabled);
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
		return bug_shows_enabled(dev, queue);
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
	case QUEUE_RESET:
		return goes_on(dev, queue);
	default:	/* the rest is of features not offered */
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
	case ADMIN_INDEX:
		if (!vdev_has(dev, VIRTIO_F_ADMIN_VQ))
			return 0;
		return MUTATE(ADMIN_INDEX_1, 1, MUTATE(ADMIN_INDEX_HIGH, 0xffff, dev->queue_count));
	case ADMIN_COUNT:
		return MUTATE(ADMIN_INDEX_HIGH, 2, 0);
	default:
		return queue_read(dev, offset);
	}
}

static void queue_write(struct vdev *dev, struct vqueue *queue, unsigned int offset,
			uint32_t value)
{
	bool fixed = queue->enabled && offset != QUEUE_VECTOR && offset != QUEUE_RESET;

	if (fixed && boot_is_hostile())
		return;
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
		write_queue_reset(dev, queue, value);
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
		return is_field(at, width) ? common_read(dev, at) : UINT32_MAX;
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
		if (is_field(at, width))
			common_write(dev, at, value);
		break;
	case AREA_CONFIG:
		vdev_config_write(dev, at, width, value);
		break;
	case AREA_NOTIFY:
		if (width != (vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA) ? 4 : 2))
			return broken_rule("virtio-pci: a notification is %u bytes wide (4.1.5.2)", width);
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
	uint32_t length = function_get(f, cap + CAP_STRUCTURE_LENGTH, 4);

	(void)width;
	if (offset != cap + CAP_ACCESS_DATA || function_get(f, cap + CAP_BAR, 1) != VDEV_BAR)
		return;
	if ((length != 1 && length != 2 && length != 4) || at % length || at >= VDEV_BAR_SIZE)
		return;
	if (vdev_bug(vdev_of(f), MUTANT_WINDOW_READS_4_BYTES) && !write)
		return function_set(f, offset, 4, area_read(f, VDEV_BAR, AREA_CONFIG, 4));
	if (write && !vdev_bug(vdev_of(f), MUTANT_WINDOW_WRITES_LOST))
		area_write(f, VDEV_BAR, at, length, function_get(f, offset, length));
	else if (!write)
		function_set(f, offset, length, area_read(f, VDEV_BAR, at, length));
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
	if (!write)
		bug_config_read(vdev_of(f), offset);
	if (write)
		vmsix_catch_up(vdev_of(f));
}

const struct function_ops vdev_pci_ops = {
	.read = area_read,
	.write = area_write,
	.config_access = config_access,
};
