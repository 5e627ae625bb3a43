/* SPDX-License-Identifier: BSD-3-Clause */
/* What the device does in each ring format its own way, and what they share. */
#ifndef VRING_FORMAT_H
#define VRING_FORMAT_H

#include "host/virtio/access.h"
#include "virtio/ring.h"
#include "host/virtio/vring.h"

struct vring_format {
	/* Whether there is a buffer. Where the head says which, it is noted in @chain. */
	bool (*available)(struct vdev *dev, struct vqueue *queue, struct chain *chain);

	/* Read its descriptors. False: they break a rule, or are out of reach. */
	bool (*walk)(struct vdev *dev, const struct vqueue *queue, struct chain *chain);

	/* It was taken: go on behind it, and say from where on to notify. */
	bool (*taken)(struct vdev *dev, struct vqueue *queue, const struct chain *chain);

	/* Write one used element or descriptor, and go on behind the buffers that it stands for. */
	bool (*put)(struct vdev *dev, struct vqueue *queue, const struct used *used);

	/* What was put just now is what the driver wants to hear of. */
	bool (*wants_interrupt)(struct vdev *dev, const struct vqueue *queue, const struct used *used);

	bool (*ends_at)(struct vdev *dev, struct vqueue *queue, uint16_t position);
};

extern const struct vring_format vring_split, vring_packed;

/* A descriptor's piece; false if that makes no buffer. Flags as in a split ring. */
bool chain_add(struct vdev *dev, struct chain *chain, const struct ring_desc *desc);

static inline bool vring_load16(struct vdev *dev, uint64_t address, uint16_t *value)
{
	return access_memory(dev, address, value, sizeof(*value), false);
}

static inline bool vring_store16(struct vdev *dev, uint64_t address, uint16_t value)
{
	return access_memory(dev, address, &value, sizeof(value), true);
}

/* Whether @event lies in the last @count steps to @now. */
static inline bool vring_passed(uint16_t event, uint16_t now, uint16_t count)
{
	return (uint16_t)(now - event - 1) < count;
}

#endif
