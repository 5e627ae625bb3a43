/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an endpoint has found by an early translation, and keeps.
 */
#ifndef STRETCH_H
#define STRETCH_H

#include "host/virtio/vdev.h"
#include "standard/model.h"

/* Adjacent addresses of an endpoint that lead to adjacent memory. */
struct stretch {
	const struct vdev *dev;
	const struct vqueue *queue;
	uint64_t start, end, phys;
};

/* Return true if the stretch has @address, with *@phys and the *@length bytes from there on. */
bool stretch_find(const struct stretch *s, const struct vdev *dev, uint64_t address, uint64_t *phys,
		  uint64_t *length);

/* Return what an endpoint reaches now, without a report if that is nothing. */
bool stretch_ask(struct vdev *dev, uint64_t address, uint32_t kind, struct model_extent *extent);

/* Return the number of stretches, at most @room; what is out of reach now is left to its access. */
unsigned int stretch_translate(struct stretch *to, unsigned int room, struct vdev *dev, uint64_t address,
			       uint64_t size, uint32_t kind);

#endif
