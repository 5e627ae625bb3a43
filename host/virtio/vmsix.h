/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MSI-X of a virtio device (PCI 3.0, 6.8.2; virtio 1.4, 4.1.5.1.2).
 */
#ifndef VMSIX_H
#define VMSIX_H

#include <stdbool.h>
#include <stdint.h>

#define VMSIX_VECTORS 4
#define VMSIX_BAR 2
#define VMSIX_BAR_SIZE 0x1000
#define NO_VECTOR 0xffff

struct vdev;

struct vmsix {
	unsigned int capability;
	struct vmsix_entry {
		uint32_t address, address_high, data, control;
	} table[VMSIX_VECTORS];
	uint32_t pending;	/* a bit for each vector: the Pending Bit Array */
};

void vmsix_init(struct vdev *dev);
bool vmsix_is_enabled(const struct vdev *dev);

/* The number for an event that the driver asks for @vector, which another event may have too. */
uint16_t vmsix_assign(const struct vdev *dev, uint16_t old, uint16_t vector);

/* Send it, or remember it while it is masked. */
void vmsix_send(struct vdev *dev, uint16_t vector);

/* Send what was masked and no longer is. */
void vmsix_catch_up(struct vdev *dev);

/* The BAR. */
uint32_t vmsix_read(const struct vdev *dev, uint64_t offset);
void vmsix_write(struct vdev *dev, uint64_t offset, uint32_t value);

#endif
