// SPDX-License-Identifier: BSD-3-Clause
#include "host/machine/personality.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"

/* Where structures of each type lie, and how long they are. */
static uint32_t area_of(const struct vdev *dev, uint8_t type, uint32_t *length)
{
	switch (type) {
	case TYPE_COMMON:
		return *length = COMMON_LONGEST, AREA_COMMON;
	case TYPE_ISR:
		return *length = 1, AREA_ISR;
	case TYPE_DEVICE:
		return *length = dev->config_size + vdev_later_bytes(dev), AREA_CONFIG;
	case TYPE_NOTIFY:
		*length = (personality->one_doorbell ? 1 : dev->queue_count) * NOTIFY_MULTIPLIER;
		return AREA_NOTIFY;
	case TYPE_SHARED_MEMORY:
		return *length = 0x100, AREA_CONFIG;
	default:
		return *length = 0;
	}
}

unsigned int vdev_add_structure(struct vdev *dev, uint8_t type, uint32_t offset, unsigned int extra)
{
	struct function *f = &dev->function;
	unsigned int cap = function_add_capability(f, PCI_CAP_VENDOR, CAP_SIZE + extra);
	uint32_t length;

	function_set(f, cap + CAP_LENGTH, 1, CAP_SIZE + extra);
	function_set(f, cap + CAP_TYPE, 1, type);
	function_set(f, cap + CAP_BAR, 1, type == TYPE_ACCESS ? 0 : VDEV_BAR);
	function_set(f, cap + CAP_OFFSET, 4, area_of(dev, type, &length) + offset);
	function_set(f, cap + CAP_STRUCTURE_LENGTH, 4, length);
	return cap;
}

static void add_access_window(struct vdev *dev)
{
	unsigned int cap = vdev_add_structure(dev, TYPE_ACCESS, 0, 4);

	function_allow(&dev->function, cap + CAP_BAR, 1, 0xff);
	function_allow(&dev->function, cap + CAP_OFFSET, 4, UINT32_MAX);
	function_allow(&dev->function, cap + CAP_STRUCTURE_LENGTH, 4, UINT32_MAX);
	function_allow(&dev->function, cap + CAP_ACCESS_DATA, 4, UINT32_MAX);
	dev->access_window = cap;
}

static void add_vendor_data(struct vdev *dev)
{
	struct function *f = &dev->function;
	unsigned int cap = function_add_capability(f, PCI_CAP_VENDOR, 8);

	function_set(f, cap + CAP_LENGTH, 1, 8);
	function_set(f, cap + CAP_TYPE, 1, TYPE_VENDOR);
	function_set(f, cap + CAP_VENDOR_ID, 2, 0x1b36);
}

/* What no device of these types needs (4.1.4.7, 4.1.4.8). */
static void add_unneeded(struct vdev *dev)
{
	for (uint8_t id = 0; id < 2; id++)
		function_set(&dev->function,
			     vdev_add_structure(dev, TYPE_SHARED_MEMORY, 0x100 * id,
						CAP_SIZE_64 - CAP_SIZE) + CAP_ID, 1, id);
	add_vendor_data(dev);
}

enum { EXPRESS_SIZE = 0x3c, EXPRESS_CAPABILITIES = 2, EXPRESS_DEVICE = 4 };
enum { ROOT_COMPLEX_ENDPOINT = 9 << 4 | 2, HAS_RESET = 1 << 28 };

static void add_express(struct vdev *dev)
{
	struct function *f = &dev->function;
	unsigned int cap = function_add_capability(f, PCI_CAP_EXPRESS, EXPRESS_SIZE);

	function_set(f, cap + EXPRESS_CAPABILITIES, 2, ROOT_COMPLEX_ENDPOINT);
	function_set(f, cap + EXPRESS_DEVICE, 4, HAS_RESET);
	function_allow(f, cap + EXPRESS_DEVICE_CONTROL, 2, INITIATE_RESET);
	dev->express = cap;
}

enum { RESERVED_BAR = 7, PADDING = 4 };

/* A driver has to pass over a BAR that does not exist yet, and to use the first structure that it can. */
static unsigned int add_needed(struct vdev *dev, uint8_t type, unsigned int extra)
{
	if (!personality->doubled_capabilities)
		return vdev_add_structure(dev, type, 0, extra);
	function_set(&dev->function, vdev_add_structure(dev, type, 0, extra) + CAP_BAR, 1, RESERVED_BAR);
	return vdev_add_structure(dev, type, 0, extra + PADDING);
}

void vdev_add_capabilities(struct vdev *dev)
{
	unsigned int notify;

	function_add_bar(&dev->function, VDEV_BAR, VDEV_BAR_SIZE);
	function_set(&dev->function, PCI_INTERRUPT_PIN, 1, !personality->no_pin);
	add_needed(dev, TYPE_COMMON, 0);
	add_needed(dev, TYPE_ISR, 0);
	if (dev->config_size)
		add_needed(dev, TYPE_DEVICE, 0);
	notify = add_needed(dev, TYPE_NOTIFY, 4);
	function_set(&dev->function, notify + CAP_NOTIFY_MULTIPLIER, 4,
		     personality->one_doorbell ? 0 : NOTIFY_MULTIPLIER);
	add_access_window(dev);
	if (!personality->no_msix)
		vmsix_init(dev);
	if (personality->unneeded_capabilities)
		add_unneeded(dev);
	if (personality->function_reset)
		add_express(dev);
}
