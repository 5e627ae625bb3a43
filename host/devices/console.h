/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VCONSOLE_H
#define VCONSOLE_H

#include "host/virtio/vdev.h"

/* A virtio-console (virtio 1.4, 5.3) at which somebody types all the time, and nobody looks. */
struct vconsole {
	struct vdev vdev;	/* first */
	uint8_t typed;
};

void vconsole_init(struct vconsole *console);

#endif
