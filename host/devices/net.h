/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef NET_H
#define NET_H

#include "host/virtio/vdev.h"

/*
 * A virtio-net (virtio 1.4, 5.1) on a network with one other machine, 10.0.2.2, which answers when it is
 * asked for its address, and nothing else. A frame for which no buffer is there is lost.
 */
struct vnet {
	struct vdev vdev;	/* first */
};

/* Make a network card that is not plugged in yet. */
void vnet_init(struct vnet *net);

#endif
