/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reference virtio-iommu: the model of the standard (virtio-iommu/standard/model.h) behind the wire
 * format. There is one.
 */
#ifndef VIRTIO_IOMMU_H
#define VIRTIO_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "host/machine/options.h"
#include "host/virtio/vdev.h"

void virtio_iommu_init(const struct options *options);

struct vdev *virtio_iommu_device(void);

/*
 * An access of an endpoint. True: @address leads to *@phys, and so do the *@length bytes from there
 * on. False: it faults, which is reported.
 */
bool virtio_iommu_translate(uint32_t endpoint, uint64_t address, bool write, uint64_t *phys,
			    uint64_t *length);

/* The same for a message, which an MSI region lets pass untranslated (5.13.6.8.2). */
bool virtio_iommu_message(uint32_t endpoint, uint64_t address, uint64_t *phys);

/* The CPU waits: do what was put off. Returns whether there was anything. */
bool virtio_iommu_idle(void);

#endif
