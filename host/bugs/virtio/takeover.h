/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs that take steps of the IOMMU over as a virtio device: a row for each names those that are replaced.
 * What is not wrong in them goes on to the right ones.
 */
#ifndef VIRTIO_TAKEOVER_H
#define VIRTIO_TAKEOVER_H

#include "host/bugs/bugs.h"
#include "host/virtio/vring_format.h"

/* NULL: as the device has it. */
struct virtio_takeover {
	enum mutant_id mutant;
	struct vdev_steps steps;
	struct vring_format split, packed;
	struct function_ops function;
};

/* The operations of a function that is right. */
extern const struct function_ops *right_function;

/* Take over what the active mutant's row of @count rows says. Returns false if it has none. */
bool bug_virtio_takeover(struct vdev *dev, const struct virtio_takeover *rows, unsigned int count);

/* The topics. Each takes over for its mutants; returns false if none of them is active. */
bool rings_take_over(struct vdev *dev);
bool turns_take_over(struct vdev *dev);
bool service_take_over(struct vdev *dev);
bool registers_take_over(struct vdev *dev);
bool messages_take_over(struct vdev *dev);
bool memory_take_over(struct vdev *dev);

#endif
