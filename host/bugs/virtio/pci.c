// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the registers on PCI, of the window to them, and of MSI-X.
 */
#include "host/bugs/virtio/virtio.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"

enum { INTERRUPT_STATUS = 1 << 3 };	/* in the register Status */

/* The operations of a function that is right. */
static const struct function_ops *right;

/* A reset with RING_RESET that is not complete. */
static void reset_queue(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue old = *queue;

	generic_reset_queue(dev, queue);
	*bug_memory_of(dev, queue) = (struct queue_memory){.was_reset = true, .size = old.size,
		.desc = old.desc, .driver = old.driver, .device = old.device};
	if (mutant(MUTANT_QUEUE_RESET_KEEPS_AVAILABLE_INDEX))
		queue->next_avail = old.next_avail;
}

static bool shows_enabled(const struct vdev *dev, const struct vqueue *queue)
{
	const struct queue_memory *m = bug_memory_of(dev, queue);

	return !m->hidden && (queue->enabled || (m->was_reset && mutant(MUTANT_QUEUE_RESET_KEEPS_ENABLE)));
}

static bool shows_resetting(const struct vdev *dev, const struct vqueue *queue, bool resetting)
{
	if (mutant(MUTANT_QUEUE_RESET_HIDDEN))
		return false;
	if (queue->enabled)
		return resetting || mutant(MUTANT_QUEUE_RESET_SHOWN_ENABLED);
	return mutant(bug_memory_of(dev, queue)->was_reset ? MUTANT_QUEUE_RESET_SHOWN_FOR_GOOD :
							      MUTANT_QUEUE_RESET_SHOWN_AT_START);
}

static uint32_t shown_accepted(const struct vdev *dev, uint32_t value)
{
	if (mutant(MUTANT_DRIVER_FEATURE_READS_OFFERED))
		return vdev_feature_word(dev->offered, dev->driver_select);
	return MUTATE(DRIVER_FEATURE_READS_0, 0, value);
}

static uint32_t shown_admin_index(const struct vdev *dev, uint32_t value)
{
	if (!vdev_has(dev, VIRTIO_F_ADMIN_VQ))
		return value;
	return MUTATE(ADMIN_INDEX_1, 1, MUTATE(ADMIN_INDEX_HIGH, 0xffff, value));
}

static uint32_t shown_of_queue(struct vdev *dev, const struct vqueue *queue, unsigned int offset,
			       uint32_t value)
{
	switch (offset) {
	case COMMON_QUEUE_VECTOR:
		return MUTATE(MSIX_VECTOR_HIDDEN, NO_VECTOR, value);
	case COMMON_QUEUE_ENABLE:
		return shows_enabled(dev, queue);
	case COMMON_QUEUE_RESET:
		return shows_resetting(dev, queue, value);
	default:
		return value;
	}
}

/* What a field of common configuration shows in place of @value. */
static uint32_t shown(struct vdev *dev, unsigned int offset, uint32_t value)
{
	const struct vqueue *queue = vdev_queue(dev);

	switch (offset) {
	case COMMON_DEVICE_FEATURE:
		return bug_shown_features(dev, value);
	case COMMON_DRIVER_FEATURE:
		return shown_accepted(dev, value);
	case COMMON_CONFIG_GENERATION:
		return bug_shown_generation(dev);
	case COMMON_QUEUE_SIZE:
		return bug_shown_size(dev, value);
	case COMMON_ADMIN_INDEX:
		return shown_admin_index(dev, value);
	case COMMON_ADMIN_COUNT:
		return MUTATE(ADMIN_INDEX_HIGH, 2, value);
	default:
		return queue ? shown_of_queue(dev, queue, offset, value) : value;
	}
}

/* Returns true if the access is to a field of common configuration. */
static bool is_common(unsigned int bar, uint64_t offset, unsigned int width)
{
	if (bar != VDEV_BAR || offset - AREA_COMMON >= AREA_SIZE)
		return false;
	if (vdev_pci_is_field(offset, width))
		return true;
	if (mutant(MUTANT_ODD_ACCESS_ENDS))
		bug_end("an access that is no field");
	return false;
}

static uint32_t read(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	bool common = is_common(bar, offset, width);
	uint32_t value = right->read(f, bar, offset, width);

	if (mutant(MUTANT_ISR_NOT_CLEARED) && bar == VDEV_BAR && offset == AREA_ISR)
		vdev_of(f)->isr = value;
	return common ? shown(vdev_of(f), offset, value) : value;
}

/* Returns true if the driver's reset of the queue does nothing. */
static bool ignores_reset(const struct vdev *dev, const struct vqueue *queue, uint32_t value)
{
	struct queue_memory *m = bug_memory_of(dev, queue);

	if (value != 1 || !vdev_has(dev, VIRTIO_F_RING_RESET))
		return false;
	m->hidden |= mutant(MUTANT_QUEUE_RESET_LEAVES_RUNNING);
	return m->hidden || mutant(MUTANT_QUEUE_RESET_IGNORED);
}

/* What an event gets that asks for vector @wanted, and has @given by right. */
static uint16_t vector_given(uint16_t old, uint16_t wanted, uint16_t given)
{
	if (wanted == NO_VECTOR && mutant(MUTANT_MSIX_VECTOR_STAYS))
		return old;
	if (wanted && mutant(MUTANT_MSIX_ONE_VECTOR))
		return NO_VECTOR;
	return mutant(MUTANT_MSIX_ANY_VECTOR_TAKEN) ? wanted : given;
}

static void write_vector(struct function *f, uint64_t offset, uint16_t wanted, uint16_t *vector)
{
	uint16_t old = *vector, *config = &vdev_of(f)->msix_config;

	right->write(f, VDEV_BAR, offset, 2, wanted);
	*vector = vector_given(old, wanted, *vector);
	if (mutant(MUTANT_MSIX_VECTORS_NOT_SHARED) && vector != config && *vector == *config)
		*vector = NO_VECTOR;
}

/* Returns true if that is all. */
static bool write_common(struct function *f, unsigned int offset, uint32_t value)
{
	struct vdev *dev = vdev_of(f);
	struct vqueue *queue = vdev_queue(dev);

	if (offset == COMMON_CONFIG_VECTOR)
		return write_vector(f, offset, value, &dev->msix_config), true;
	if (offset == COMMON_QUEUE_VECTOR && queue)
		return write_vector(f, offset, value, &queue->vector), true;
	return offset == COMMON_QUEUE_RESET && queue && ignores_reset(dev, queue, value);
}

static void write(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
		  uint32_t value)
{
	if (mutant(MUTANT_MSIX_MASKED_LOST) && bar == VMSIX_BAR)
		vdev_of(f)->msix.pending = 0;
	if (is_common(bar, offset, width) && write_common(f, offset, value))
		return;
	right->write(f, bar, offset, width, value);
	bug_select_queue(vdev_of(f));
}

static void rename_structure(struct function *f, uint8_t from, uint8_t to)
{
	unsigned int cap = bug_find_structure(f, from);

	if (cap)
		function_set(f, cap + CAP_TYPE, 1, to);
}

static void list_until_driver_ok(struct function *f, uint8_t type)
{
	if (vdev_of(f)->status & VIRTIO_DRIVER_OK)
		rename_structure(f, type, TYPE_NONE);
	else
		rename_structure(f, TYPE_NONE, type);
}

/* The driver is about to read configuration space. */
static void change_config(struct function *f, unsigned int offset)
{
	unsigned int cap = bug_find_structure(f, TYPE_VENDOR);

	if (mutant(MUTANT_COMMON_LISTED_UNTIL_DRIVER_OK))
		list_until_driver_ok(f, TYPE_COMMON);
	if (mutant(MUTANT_NOTIFY_LISTED_UNTIL_DRIVER_OK))
		list_until_driver_ok(f, TYPE_NOTIFY);
	if (mutant(MUTANT_VENDOR_DATA_COUNTS) && cap && offset >= cap && offset < cap + 8)
		f->config[cap + 6]++;
	if (mutant(MUTANT_INTERRUPT_STATUS_0))
		f->config[PCI_STATUS] &= ~INTERRUPT_STATUS;
}

/* Returns true if the access goes through the window, and that goes wrong. */
static bool window_fails(struct function *f, unsigned int offset, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;

	if (offset != cap + CAP_ACCESS_DATA || function_get(f, cap + CAP_BAR, 1) != VDEV_BAR)
		return false;
	if (!mutant(MUTANT_WINDOW_READS_4_BYTES) || write)
		return write && mutant(MUTANT_WINDOW_WRITES_LOST);
	function_set(f, offset, 4, f->ops->read(f, VDEV_BAR, AREA_CONFIG, 4));
	return true;
}

static void config_access(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	if (window_fails(f, offset, write))
		return;
	if (mutant(MUTANT_MSIX_MASKED_LOST) && write)
		vdev_of(f)->msix.pending = 0;
	right->config_access(f, offset, width, write);
	if (!write)
		change_config(f, offset);
}

void bugs_in_pci(struct vdev *dev, struct vdev_steps *steps)
{
	static const struct function_ops ops = {.read = read, .write = write, .config_access = config_access};

	right = dev->function.ops;
	dev->function.ops = &ops;
	steps->reset_queue = reset_queue;
}
