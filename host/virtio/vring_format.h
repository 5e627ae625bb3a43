/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device does in each ring format its own way, and what the formats share.
 */
#ifndef VRING_FORMAT_H
#define VRING_FORMAT_H

#include "host/virtio/access.h"
#include "host/virtio/vring.h"
#include "virtio/ring.h"

/* Descriptors in a row: those of a ring, or an indirect table. */
struct desc_table {
	uint64_t address;
	uint32_t size;		/* descriptors */
	bool indirect;
};

struct vring_format {
	/* Return true if there is a buffer. Where the head says which, note it in @chain. */
	bool (*available)(struct vdev *dev, struct vqueue *queue, struct chain *chain);

	/* Read the buffer's descriptors. Returns false if they break a rule, or are out of reach. */
	bool (*walk)(struct vdev *dev, const struct vqueue *queue, struct chain *chain);

	/* Read one of them, in the form of a split ring; of a packed one @next is the id. */
	bool (*read_desc)(struct vdev *dev, const struct desc_table *table, uint32_t index,
			  struct ring_desc *desc);

	/* The buffer was taken: go on to the next one, and say from where on to notify. */
	bool (*taken)(struct vdev *dev, struct vqueue *queue, const struct chain *chain);

	/* Write one used element or descriptor, and go on past the buffers that it stands for. */
	bool (*put)(struct vdev *dev, struct vqueue *queue, const struct used *used);

	/* Return true if the driver wants to hear of what was put just now. */
	bool (*wants_interrupt)(struct vdev *dev, const struct vqueue *queue, const struct used *used);

	/* See vring_ends_at(). */
	bool (*ends_at)(struct vdev *dev, struct vqueue *queue, uint16_t position);
};

extern const struct vring_format vring_split, vring_packed;

/*
 * Add the piece of memory that @desc describes to @chain. Returns false if that makes no buffer: readable
 * pieces come first, and there are at most CHAIN_PIECES, with fewer than 2^32 bytes, in each part.
 */
bool chain_add(struct chain *chain, const struct ring_desc *desc);

static inline bool vring_read_desc(struct vdev *dev, const struct desc_table *table, uint32_t index,
				   struct ring_desc *desc)
{
	return dev->steps->format(dev)->read_desc(dev, table, index, desc);
}

static inline bool vring_load16(struct vdev *dev, uint64_t address, uint16_t *value)
{
	return access_memory(dev, address, value, sizeof(*value), false);
}

static inline bool vring_store16(struct vdev *dev, uint64_t address, uint16_t value)
{
	return access_memory(dev, address, &value, sizeof(value), true);
}

/* Return true if @event lies in the last @count steps to @now. */
static inline bool vring_passed(uint16_t event, uint16_t now, uint16_t count)
{
	return (uint16_t)(now - event - 1) < count;
}

/* The parts of a split ring (2.7.6, 2.7.8). */
enum { AVAIL_FLAGS = 0, AVAIL_INDEX = 2, AVAIL_HEADS = 4 };
enum { USED_FLAGS = 0, USED_INDEX = 2, USED_ELEMENTS = 4 };

/* used_event lies after the last head, avail_event after the last used element. */
static inline uint64_t vring_used_event(const struct vqueue *queue)
{
	return queue->driver + AVAIL_HEADS + queue->size * sizeof(uint16_t);
}

static inline uint64_t vring_avail_event(const struct vqueue *queue)
{
	return queue->device + USED_ELEMENTS + queue->size * sizeof(struct ring_used_element);
}

/* Beside a position in a packed ring: the wrap counter there (2.8.14). */
#define WRAP_BIT (1 << 15)

#endif
