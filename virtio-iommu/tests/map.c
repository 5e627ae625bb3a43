// SPDX-License-Identifier: BSD-3-Clause
/*
 * MAP request (virtio 1.4, 5.13.6.5).
 */
#include "test.h"

/*
 * The address of an access is translated by its distance from virt_start. Tried on the first and
 * the last byte of a mapping of two pages, and across the pages.
 */
TEST(N_MAP_1, first_and_last_byte_arrive, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(4) + iommu.page, size = 2 * iommu.page;
	uint8_t *target = watched_pages(4) + iommu.page;
	uint32_t domain = fresh_domain();

	REQUIRE(join(ep, domain));
	REQUIRE_OK(map(domain, iova, iova + size - 1, phys(target), MAP_RW));
	EXPECT_WRITES(ep, iova, target, 1);
	EXPECT_WRITES(ep, iova + size - 1, target + size - 1, 1);
	EXPECT_WRITES(ep, iova + iommu.page - 8, target + iommu.page - 8, 16);
	EXPECT_READS(ep, iova, target, 1);
	EXPECT_READS(ep, iova + size - 1, target + size - 1, 1);
	EXPECT_READS(ep, iova + iommu.page - 8, target + iommu.page - 8, 16);
}

/* virt_start and virt_end are inclusive bounds: the neighbouring bytes are not mapped. */
TEST(N_MAP_1, bytes_next_to_a_mapping_are_blocked, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(4) + iommu.page, size = 2 * iommu.page;
	uint8_t *target = watched_pages(4) + iommu.page;
	uint32_t domain = fresh_domain();

	REQUIRE(join(ep, domain));
	REQUIRE_OK(map(domain, iova, iova + size - 1, phys(target), MAP_RW));
	EXPECT_WRITE_BLOCKED(ep, iova - 1, 1);
	EXPECT_WRITE_BLOCKED(ep, iova + size, 1);
	EXPECT_READ_BLOCKED(ep, iova - 1, target - 1, 1);
	EXPECT_READ_BLOCKED(ep, iova + size, target + size, 1);
	REQUIRE_WRITES(ep, iova, target, 1);
}
