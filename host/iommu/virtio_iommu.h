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
#include "standard/model.h"

/*
 * Make the device. At each reset it calls @find_endpoints, which fills in the endpoints that there are
 * then, none of them attached, and their reserved regions.
 */
void virtio_iommu_init(const struct options *options, void (*find_endpoints)(struct model *m));

/* Return the virtio device that it is, to be plugged in. */
struct vdev *virtio_iommu_device(void);

/*
 * Translate an access of an endpoint. Returns true if @address leads to *@phys, and so do the *@length
 * bytes from there on. Returns false if it faults, which is reported to the driver.
 */
bool virtio_iommu_translate(uint32_t endpoint, uint64_t address, bool write, uint64_t *phys,
			    uint64_t *length);

/*
 * Translate the address of a message, which an MSI region lets pass as it stands (5.13.6.8.2). Returns
 * false if it is blocked.
 */
bool virtio_iommu_message(uint32_t endpoint, uint64_t address, uint64_t *phys);

/* An endpoint is there now: it comes unattached. Others stay as they are. */
void virtio_iommu_endpoint_came(uint32_t endpoint);

/* An endpoint goes: it leaves its domain. It has to be gone when the list is made anew. */
void virtio_iommu_endpoint_goes(uint32_t endpoint);
void virtio_iommu_endpoint_gone(uint32_t endpoint);

/* Called while the guest polls: serve deferred work. Returns true if there was any. */
bool virtio_iommu_idle(void);

#endif
