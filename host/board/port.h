/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ports of this board: accesses of a device pass the IOMMU if it is behind one, and end in guest memory.
 */
#ifndef BOARD_PORT_H
#define BOARD_PORT_H

#include "host/pci/function.h"
#include "host/pci/port.h"
#include "host/virtio/vdev.h"

struct board_port {
	struct port port;			/* first */
	const struct function *function;	/* of the device; not plugged in if it is on MMIO */
	const struct vdev *dev;			/* NULL: it is no virtio device */
};

/* Fill in the port of the device with @function, which belongs to @dev or to no virtio device (NULL). */
void board_port_init(struct board_port *port, const struct function *function, const struct vdev *dev);

/* Return where the registers of the port's device are on MMIO, 0 if it is on PCI. */
uint64_t board_port_registers(const struct board_port *port);

#endif
