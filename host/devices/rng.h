/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RNG_H
#define RNG_H

#include "host/devices/delay.h"
#include "host/virtio/vdev.h"

/* A virtio-rng (virtio 1.4, 5.4): fills buffers with bytes that look random. */
struct vrng {
	struct vdev vdev;	/* first */
	uint64_t state;
	struct delay delay;
};

/* Make a generator that is not plugged in yet. */
void vrng_init(struct vrng *rng);

#endif
