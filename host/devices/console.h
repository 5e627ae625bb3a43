/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONSOLE_H
#define CONSOLE_H

#include "host/virtio/vdev.h"

/* A virtio-console (virtio 1.4, 5.3) that receives bytes all the time; what it transmits is lost. */
struct vconsole {
	struct vdev vdev;	/* first */
	uint8_t received;	/* bytes, modulo 256 */
};

/* Make a console that is not plugged in yet. */
void vconsole_init(struct vconsole *console);

#endif
