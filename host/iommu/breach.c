// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a driver MUST NOT do to the device: no text says what comes of it, so the device may ask for a reset.
 */
#include "host/iommu/parts.h"

bool breach_of_request(const struct model_request *r)
{
	return model_forbids(&ref_iommu.model, r);
}

bool breach_of_write(const struct vdev *dev, unsigned int offset, uint32_t value)
{
	return !vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG) ||
	       offset != offsetof(struct iommu_config, bypass) || value > 1;
}
