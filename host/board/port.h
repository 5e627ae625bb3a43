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

/* Steps on the way of an access. Who wants to look on, or to take one over, replaces it. */
struct port_steps {
	/* A virtio device was plugged in, and can now work. By itself this does nothing. */
	void (*plugged)(struct vdev *dev);

	/* An access of @size bytes begins. By itself this does nothing. */
	void (*begins)(const struct dma *dma, size_t size);

	/* Find the id under which an access is translated. Returns false if it is not. */
	bool (*translated_as)(const struct board_port *port, const struct dma *dma, uint32_t *id);

	/* Translate an access, as virtio_iommu_translate() does. */
	bool (*translate)(const struct board_port *port, const struct dma *dma, uint32_t id, uint64_t *phys,
			  uint64_t *length);
};

extern struct port_steps port_steps;

/* Fill in the port of the device with @function, which belongs to @dev or to no virtio device (NULL). */
void board_port_init(struct board_port *port, const struct function *function, const struct vdev *dev);

/* Return where the registers of the port's device are on MMIO, 0 if it is on PCI. */
uint64_t board_port_registers(const struct board_port *port);

#endif
