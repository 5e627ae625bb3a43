/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accesses of a virtio device to memory, through its port.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/virtio/vdev.h"

/*
 * Read @size bytes of memory at @address, or write them. Returns false if one of them is out of reach: the
 * device is then broken, or silent if that is its way.
 */
bool access_memory(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write);

/* Like access_memory(), without harm to the device. */
bool access_try(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write);

/* Write the 32 bits of a message. It is lost, and nothing else happens, if @address is out of reach. */
void access_message(struct vdev *dev, uint64_t address, uint32_t data);

#endif
