/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VRNG_H
#define VRNG_H

#include "host/devices/delay.h"
#include "host/virtio/vdev.h"

/* A virtio-rng (virtio 1.4, 5.4): fills buffers with bytes that look random. */
struct vrng {
	struct vdev vdev;	/* first */
	uint64_t state;
	struct delay delay;
};

void vrng_init(struct vrng *rng);

#endif
