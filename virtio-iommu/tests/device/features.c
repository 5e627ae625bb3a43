// SPDX-License-Identifier: BSD-3-Clause
/*
 * Feature bits (virtio 1.4, 5.13.3).
 */
#include "judge/test.h"

TEST(DEV_FEAT_1, map_unmap_is_offered, NEEDS_NOTHING)
{
	EXPECT(iommu_offers(VIRTIO_IOMMU_F_MAP_UNMAP), "feature MAP_UNMAP is offered",
	       "features %#lx", iommu.offered);
}

TEST(DEV_FEAT_2, old_bypass_is_not_offered, NEEDS_NOTHING)
{
	EXPECT(!iommu_offers(VIRTIO_IOMMU_F_BYPASS), "feature BYPASS (bit 3) is not offered",
	       "features %#lx", iommu.offered);
}

TEST(DEV_FEAT_3, old_and_new_bypass_are_not_offered_together, NEEDS_NOTHING)
{
	EXPECT(!iommu_offers(VIRTIO_IOMMU_F_BYPASS) || !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG),
	       "not both of BYPASS (bit 3) and BYPASS_CONFIG (bit 6)", "features %#lx",
	       iommu.offered);
}
