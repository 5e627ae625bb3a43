// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the messages that the IOMMU itself sends: what is in them, when they are sent, and whether at all.
 */
#include "host/bugs/virtio/takeover.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"
#include "util.h"

enum { PENDING_OFFSET = 0x800 };

/*
 * A message as it was when an event got its vector, or when messages were switched on.
 */

static struct vmsix_entry latched[VMSIX_VECTORS];

static void latch(const struct vdev *dev, uint16_t vector)
{
	if (vector < VMSIX_VECTORS)
		latched[vector] = dev->msix.table[vector];
}

static bool is_vector_field(unsigned int bar, uint64_t offset)
{
	return bar == VDEV_BAR && (offset == AREA_COMMON + COMMON_QUEUE_VECTOR ||
				   offset == AREA_COMMON + COMMON_CONFIG_VECTOR);
}

static void write_latches(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
			  uint32_t value)
{
	right_function->write(f, bar, offset, width, value);
	if (is_vector_field(bar, offset))
		latch(vdev_of(f), value);
}

static void access_latches(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	bool before = vmsix_is_enabled(vdev_of(f));
	static bool was_enabled;

	right_function->config_access(f, offset, width, write);
	for (unsigned int i = 0; before && !was_enabled && i < VMSIX_VECTORS; i++)
		latch(vdev_of(f), i);
	was_enabled = before;
}

static void interrupt_latched(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	struct vmsix_entry *entry = &dev->msix.table[vector % VMSIX_VECTORS], now = *entry;

	if (vector < VMSIX_VECTORS && latched[vector].address) {
		*entry = latched[vector];
		entry->control = now.control;
	}
	generic_interrupt(dev, cause, vector);
	*entry = now;
}

/*
 * Pending messages.
 */

/* Those that were due when all were unmasked, and not sent. */
static uint32_t forgotten;

static void access_sends_first(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	uint32_t *pending = &vdev_of(f)->msix.pending, before = *pending;

	if (!write)
		return right_function->config_access(f, offset, width, write);
	*pending &= -*pending;
	right_function->config_access(f, offset, width, true);
	if (before && !*pending)
		forgotten |= before & (before - 1);
	else
		*pending = before;
}

static void write_sends_forgotten(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
				  uint32_t value)
{
	uint32_t of = bar == VMSIX_BAR && offset < PENDING_OFFSET ?
		      1u << offset / sizeof(struct vmsix_entry) : 0;

	vdev_of(f)->msix.pending |= forgotten & of;
	forgotten &= ~of;
	right_function->write(f, bar, offset, width, value);
}

static uint32_t read_clears_pending(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	uint32_t value = right_function->read(f, bar, offset, width);

	if (bar == VMSIX_BAR && offset == PENDING_OFFSET)
		vdev_of(f)->msix.pending = 0;
	return value;
}

static uint32_t read_no_pending(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	return bar == VMSIX_BAR && offset == PENDING_OFFSET ? 0 : right_function->read(f, bar, offset, width);
}

/*
 * A vector that several events share is given up with the first of them.
 */

static uint32_t in_use;

static uint16_t assigned(struct vdev *dev, uint64_t offset)
{
	const struct vqueue *queue = vdev_queue(dev);

	if (offset == AREA_COMMON + COMMON_CONFIG_VECTOR)
		return dev->msix_config;
	return queue ? queue->vector : NO_VECTOR;
}

static uint32_t bit_of(uint16_t vector)
{
	return vector < VMSIX_VECTORS ? 1u << vector : 0;
}

static void write_gives_up(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
			   uint32_t value)
{
	bool is_vector = is_vector_field(bar, offset);

	if (is_vector)
		in_use &= ~bit_of(assigned(vdev_of(f), offset));
	right_function->write(f, bar, offset, width, value);
	if (is_vector)
		in_use |= bit_of(assigned(vdev_of(f), offset));
}

static void interrupt_in_use(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (!vmsix_is_enabled(dev) || (in_use & bit_of(vector)))
		generic_interrupt(dev, cause, vector);
}

bool messages_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_MSIX_MESSAGE_LATCHED, .steps = {.interrupt = interrupt_latched},
		 .function = {.write = write_latches, .config_access = access_latches}},
		{MUTANT_MSIX_FUNCTION_UNMASK_FORGETS,
		 .function = {.write = write_sends_forgotten, .config_access = access_sends_first}},
		{MUTANT_MSIX_PBA_READ_CLEARS, .function = {.read = read_clears_pending}},
		{MUTANT_MSIX_PENDING_NOT_SHOWN, .function = {.read = read_no_pending}},
		{MUTANT_MSIX_UNUSE_SHARED, .steps = {.interrupt = interrupt_in_use},
		 .function = {.write = write_gives_up}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
