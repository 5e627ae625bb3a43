/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The capabilities that say where the structures of a virtio device on PCI lie (virtio 1.4, 4.1.4).
 */
#ifndef VDEV_CAPABILITIES_H
#define VDEV_CAPABILITIES_H

#include "host/virtio/vdev.h"
#include "virtio/pci_layout.h"

/* The BAR in which all structures lie, and where. */
enum {
	VDEV_BAR = 4,
	VDEV_BAR_SIZE = 0x4000,
	AREA_SIZE = 0x1000,
	AREA_COMMON = 0x0000,
	AREA_ISR = 0x1000,
	AREA_CONFIG = 0x2000,
	AREA_NOTIFY = 0x3000,
	NOTIFY_MULTIPLIER = 4,
};

/* Of the PCI Express capability (PCIe 6.0, 7.5.3). */
enum { EXPRESS_DEVICE_CONTROL = 8, INITIATE_RESET = 1 << 15 };

/* Give @dev's function its BARs and the list of its capabilities. */
void vdev_add_capabilities(struct vdev *dev);

/*
 * Append a capability for a structure of @type, @extra bytes longer than struct virtio_pci_cap, at @offset of
 * where such structures are. Returns the capability's offset in configuration space.
 */
unsigned int vdev_add_structure(struct vdev *dev, uint8_t type, uint32_t offset, unsigned int extra);

#endif
