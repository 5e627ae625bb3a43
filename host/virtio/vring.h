/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device side of virtqueues, split and packed (virtio 1.4, 2.7 and 2.8).
 */
#ifndef VRING_H
#define VRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/virtio/vdev.h"

/* Pieces of one buffer; a longer chain breaks the device. */
#define CHAIN_PIECES 512

struct chain_part {
	struct {
		uint64_t address;
		uint32_t length;
	} pieces[CHAIN_PIECES];
	unsigned int count;
	uint32_t size;		/* bytes in all */
};

struct chain {
	uint16_t head;		/* packed: the buffer id */
	uint16_t slots;		/* descriptors in the ring */
	struct chain_part readable, writable;
};

/*
 * Take the next available buffer. Returns false if there is none, or if the device broke over it: a ring
 * out of reach, or a chain that breaks a rule of 2.7.5 or 2.8.
 */
bool vring_pop(struct vdev *dev, struct vqueue *queue, struct chain *chain);

/*
 * Give a buffer back with @length bytes written, and notify the driver if it wants that. With IN_ORDER the
 * buffer may be kept for a batch until vring_flush().
 */
static inline void vring_push(struct vdev *dev, struct vqueue *queue, const struct chain *chain,
			      uint32_t length)
{
	dev->steps->push(dev, queue, chain, length);
}

/* Give back what was kept: there is nothing more to do now. */
static inline void vring_flush(struct vdev *dev, struct vqueue *queue)
{
	dev->steps->flush(dev, queue);
}

/* Send the notifications of @owner, a device, that are late. */
void vring_notify_late(void *owner);

/* Return true if the next buffer will become available at @position, as NOTIFICATION_DATA says (2.9). */
bool vring_ends_at(struct vdev *dev, struct vqueue *queue, uint16_t position);

/*
 * Copy @size bytes from @offset of the readable part to @bytes, or from @bytes to @offset of the writable
 * part; no further than the part goes. Returns false if they are out of reach: the device is then broken.
 */
bool chain_read(struct vdev *dev, const struct chain *chain, uint32_t offset, void *bytes,
		uint32_t size);
bool chain_write(struct vdev *dev, const struct chain *chain, uint32_t offset, const void *bytes,
		 uint32_t size);

/* Like these two, without harm to the device. */
bool chain_try_read(struct vdev *dev, const struct chain *chain, uint32_t offset, void *bytes,
		    uint32_t size);
bool chain_try_write(struct vdev *dev, const struct chain *chain, uint32_t offset, const void *bytes,
		     uint32_t size);

#endif
