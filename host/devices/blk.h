/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BLK_H
#define BLK_H

#include "host/devices/delay.h"
#include "host/virtio/vdev.h"

#define VBLK_SECTORS	 128	/* unless the personality says otherwise */
#define VBLK_MAX_SECTORS 4096
#define VBLK_SLOW_US	 30000

/* A virtio-blk (virtio 1.4, 5.2) with its disk in memory. */
struct vblk {
	struct vdev vdev;	/* first */
	struct {
		uint64_t capacity;	/* sectors */
	} config;
	uint8_t disk[VBLK_MAX_SECTORS][512];
	struct delay delay;
};

/*
 * Make a disk that holds zeroes, and is not plugged in yet. One that is slow takes VBLK_SLOW_US for a
 * request.
 */
void vblk_init(struct vblk *blk, bool slow);

#endif
