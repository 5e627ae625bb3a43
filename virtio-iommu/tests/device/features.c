// SPDX-License-Identifier: BSD-3-Clause
/*
 * Feature bits (virtio 1.4, 5.13.3).
 */
#include "judge/test.h"

/* DEV-FEAT-1 (SHOULD): Bit 2 (MAP_UNMAP) is expected among the offered features */
TEST(DEV_FEAT_1, map_unmap_is_offered, NEEDS_NOTHING)
{
	EXPECT(iommu_offers(VIRTIO_IOMMU_F_MAP_UNMAP), "feature MAP_UNMAP is offered",
	       "features %#lx", iommu.offered);
}

/* DEV-FEAT-2 (SHOULD NOT): A device written today is expected to leave the old BYPASS bit (3) ... */
TEST(DEV_FEAT_2, old_bypass_is_not_offered, NEEDS_NOTHING)
{
	EXPECT(!iommu_offers(VIRTIO_IOMMU_F_BYPASS), "feature BYPASS (bit 3) is not offered",
	       "features %#lx", iommu.offered);
}

/* DEV-FEAT-3 (SHOULD NOT): Bits 3 and 6 are not expected to be offered together */
TEST(DEV_FEAT_3, old_and_new_bypass_are_not_offered_together, NEEDS_NOTHING)
{
	EXPECT(!iommu_offers(VIRTIO_IOMMU_F_BYPASS) || !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG),
	       "not both of BYPASS (bit 3) and BYPASS_CONFIG (bit 6)", "features %#lx",
	       iommu.offered);
}
