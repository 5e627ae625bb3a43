/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_VIRTIO_UNIT_H
#define COST_VIRTIO_UNIT_H

#include "iommu/iommu.h"

/*
 * A virtio-iommu. There is one mapping for each unit_map(), which unit_unmap() has to name as a whole.
 * Requests gather in the queue until unit_sync_map(), unit_invalidate() or an attachment sends them, behind
 * one notification.
 */
extern const struct unit_ops unit_virtio;

/* Put an ATTACH into the queue, to no domain if @domain is NULL. Return false if one before it has failed. */
bool virtio_unit_post_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain);

/* Return true if a request has brought an interrupt since the last call. Our rings suppress them. */
bool virtio_unit_interrupted(void);

#endif
