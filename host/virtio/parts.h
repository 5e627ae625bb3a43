/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of a virtio device do for each other, beside its steps.
 */
#ifndef VDEV_PARTS_H
#define VDEV_PARTS_H

#include "host/virtio/vdev.h"

/* status.c: Take back all that the driver has set up (2.4). The owner of the device is not told. */
void vdev_clear(struct vdev *dev);

/* Reset or suspend @owner, a device, at once. */
void vdev_reset(void *owner);
void vdev_suspend(void *owner);

/* registers.c: Return word @select of @features, 0 past the end. */
uint32_t vdev_feature_word(uint64_t features, uint32_t select);

/* Return the selected word of what the device offers. */
uint32_t vdev_offered_word(const struct vdev *dev);

/* Return how many bytes device configuration has after the fields that the standard has by now. */
uint32_t vdev_later_bytes(const struct vdev *dev);

/* Return the selected queue, NULL if it does not exist. */
struct vqueue *vdev_queue(struct vdev *dev);

/* pci.c: Return true if the common configuration on PCI has a field of this width at @offset (4.1.3.1). */
bool vdev_pci_is_field(unsigned int offset, unsigned int width);

#endif
