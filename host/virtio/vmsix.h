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

/* Add the capability, and the BAR with table and Pending Bit Array. */
void vmsix_init(struct vdev *dev);

/* Take back what was written to the table: all vectors are masked, and none is pending. */
void vmsix_clear(struct vdev *dev);

/* Return true if the device sends messages and no interrupts; never on MMIO. */
bool vmsix_is_enabled(const struct vdev *dev);

/* Return @vector if an event can have it, which others may have too, else NO_VECTOR. */
uint16_t vmsix_assign(uint16_t vector);

/* Send the message of @vector, or remember it while it is masked. No other vector than those in the table. */
void vmsix_send(struct vdev *dev, uint16_t vector);

/* Send the messages that were masked and no longer are. */
void vmsix_catch_up(struct vdev *dev);

/* Read or write 32 bits of the BAR VMSIX_BAR. */
uint32_t vmsix_read(const struct vdev *dev, uint64_t offset);
void vmsix_write(struct vdev *dev, uint64_t offset, uint32_t value);

#endif
