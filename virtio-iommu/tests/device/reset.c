// SPDX-License-Identifier: BSD-3-Clause
/*
 * Device reset (virtio 1.4, 5.13.5): no endpoint is attached afterwards.
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/out_of_reach.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, domains_are_gone, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE(restart_device(AT, iommu.wanted));
	EXPECT_NO_DOMAIN(s.domain);
}

TEST(N_RST_1, mapping_is_out_of_reach, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_READ_BLOCKED(s.ep, s.iova, s.target, 8);
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

/* The same before any driver has come back. */
TEST(N_RST_1, mapping_is_out_of_reach_without_a_driver, NEEDS_DMA)
{
	struct page_fixture s;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(reset_device(AT));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

/* With bypass on, the endpoint is in bypass after the reset, not in its old domain. */
TEST(N_RST_1, endpoint_bypasses_after_reset, NEEDS_DMA)
{
	uint8_t *same = watched_pages(1), *target = watched_pages(1);
	struct endpoint *ep = endpoint(0);
	uint32_t domain = fresh_domain();

	if (!iova_is_free(phys(same), iommu.page))
		SKIP("memory cannot be mapped at its own address");
	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, phys(same), target, MAP_RW));
	REQUIRE_WRITES(ep, phys(same), target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	EXPECT_NO_DOMAIN(domain);
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	EXPECT_WRITES(ep, phys(same), same, 8);
}

TEST(N_RST_1, old_domain_id_starts_empty, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!expect_reattach_empty(AT, &s))
		return;
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	reply = map_page(s.domain, s.iova, s.target, MAP_RW);
	EXPECT_OK(reply);
	if (is_ok(&reply))
		REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}
