/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VEDU_H
#define VEDU_H

#include "host/virtio/vdev.h"

#define VEDU_BUFFER_SIZE 4096

/*
 * QEMU's "edu" (docs/specs/edu.rst), as far as its DMA engine goes; a transfer takes no time. It is no
 * virtio device: @vdev is who accesses memory, and shows no registers.
 */
struct vedu {
	struct vdev vdev;	/* first */
	uint64_t registers[4];	/* of the DMA engine */
	uint8_t buffer[VEDU_BUFFER_SIZE];
};

void vedu_init(struct vedu *edu);

#endif
