/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More bugs that take steps of the IOMMU over (virtio/takeover.h): of what it makes of a queue.
 */
#ifndef BUGS_QUEUES_H
#define BUGS_QUEUES_H

#include "host/bugs/virtio/takeover.h"

/* The topics. Each takes over for its mutants; returns false if none of them is active. */
bool passes_take_over(struct vdev *dev);
bool descriptors_take_over(struct vdev *dev);
bool prefetch_takes_over(struct vdev *dev);
bool late_takes_over(struct vdev *dev);

/* prefetch.c: take hooks of the IOMMU over (takeover/takeover.h), in the same way. */
bool prefetch_install(void);

#endif
