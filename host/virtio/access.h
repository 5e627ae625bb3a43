/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Accesses of devices to memory.
 */
#ifndef ACCESS_H
#define ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/virtio/vdev.h"

/*
 * What @dev reads from or writes to @address: through the IOMMU if it is behind one and
 * ACCESS_PLATFORM was accepted (6.1). An access that is blocked stops at the first byte that it
 * must not touch; the device is then broken, or silent if that is its way. False in that case.
 */
bool access_memory(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write);

/* The 32 bits of a message, by the same way. A message that is blocked is lost, and that is all. */
void access_message(struct vdev *dev, uint64_t address, uint32_t data);

#endif
