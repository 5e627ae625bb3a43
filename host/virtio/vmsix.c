// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/machine/personality.h"
#include "host/virtio/access.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vmsix.h"

enum { CONTROL = 2, TABLE = 4, PENDING = 8, CAPABILITY_SIZE = 12 };
enum { ENABLE = 1 << 15, FUNCTION_MASK = 1 << 14 };
enum { PENDING_OFFSET = 0x800, MASKED = 1 };

void vmsix_init(struct vdev *dev)
{
	struct function *f = &dev->function;
	unsigned int cap = function_add_capability(f, PCI_CAP_MSIX, CAPABILITY_SIZE);

	function_add_bar(f, VMSIX_BAR, VMSIX_BAR_SIZE);
	function_set(f, cap + CONTROL, 2, VMSIX_VECTORS - 1);
	function_allow(f, cap + CONTROL, 2, ENABLE | FUNCTION_MASK);
	function_set(f, cap + TABLE, 4, VMSIX_BAR);
	function_set(f, cap + PENDING, 4, PENDING_OFFSET | VMSIX_BAR);
	dev->msix.capability = cap;
	vmsix_clear(dev);
}

void vmsix_clear(struct vdev *dev)
{
	for (unsigned int i = 0; i < VMSIX_VECTORS; i++)
		dev->msix.table[i] = (struct vmsix_entry){.control = MASKED};
	dev->msix.pending = 0;
}

static uint16_t control(const struct vdev *dev)
{
	return function_get(&dev->function, dev->msix.capability + CONTROL, 2);
}

bool vmsix_is_enabled(const struct vdev *dev)
{
	return dev->msix.capability && (control(dev) & ENABLE);
}

uint16_t vmsix_assign(uint16_t vector)
{
	return vector < VMSIX_VECTORS && !personality->no_msix ? vector : NO_VECTOR;
}

static bool is_masked(const struct vdev *dev, unsigned int vector)
{
	return (control(dev) & FUNCTION_MASK) || (dev->msix.table[vector].control & MASKED);
}

void vmsix_send(struct vdev *dev, uint16_t vector)
{
	const struct vmsix_entry *entry = &dev->msix.table[vector % VMSIX_VECTORS];

	if (vector >= VMSIX_VECTORS)
		return;
	dev->msix.pending |= 1u << vector;
	if (is_masked(dev, vector))
		return;
	dev->msix.pending &= ~(1u << vector);
	access_message(dev, entry->address | (uint64_t)entry->address_high << 32, entry->data);
}

void vmsix_catch_up(struct vdev *dev)
{
	for (unsigned int i = 0; i < VMSIX_VECTORS && vmsix_is_enabled(dev); i++)
		if ((dev->msix.pending >> i & 1) && !is_masked(dev, i))
			vmsix_send(dev, i);
}

uint32_t vmsix_read(const struct vdev *dev, uint64_t offset)
{
	uint32_t value = 0;

	if (offset < sizeof(dev->msix.table))
		memcpy(&value, (const uint8_t *)dev->msix.table + offset, sizeof(value));
	return offset == PENDING_OFFSET ? dev->msix.pending : value;
}

void vmsix_write(struct vdev *dev, uint64_t offset, uint32_t value)
{
	if (offset < sizeof(dev->msix.table))
		memcpy((uint8_t *)dev->msix.table + offset, &value, sizeof(value));
	vmsix_catch_up(dev);
}
