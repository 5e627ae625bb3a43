// SPDX-License-Identifier: BSD-3-Clause
/*
 * Endpoints that cannot be told apart (virtio 1.4, 5.13.6.3.1): behind a conventional PCI bus all have
 * one requester id, and so one endpoint id.
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"

#define NEEDS_ALIASES (NEEDS_DMA | NEEDS_TWO_ENDPOINTS)

static bool are_aliases(const struct endpoint *one, const struct endpoint *other)
{
	return one->id == other->id;
}

/* DRV-ATTACH-2 (SHOULD): Endpoints that cannot be isolated from each other share one domain */
/* Who attaches one of them attaches all. */
TEST(DRV_ATTACH_2, aliases_are_attached_together, NEEDS_ALIASES)
{
	struct endpoint *other = endpoint(1);
	struct page_fixture s;

	if (!are_aliases(endpoint(0), other))
		SKIP("no two endpoints have one id");
	REQUIRE(map_one_page(AT, &s));
	REQUIRE(enable_dma(AT, other, s.domain));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITES(other, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	EXPECT_WRITE_BLOCKED(other, s.iova + iommu.page, 8);
	EXPECT_READ_BLOCKED(other, s.iova + iommu.page, s.target + iommu.page, 8);
}

/* A driver that puts them into two domains: it is a move of both, or is refused. */
TEST(DRV_ATTACH_2, aliases_do_not_part, NEEDS_ALIASES)
{
	struct endpoint *other = endpoint(1);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct page_fixture s;
	struct reply reply;

	if (!are_aliases(endpoint(0), other))
		SKIP("no two endpoints have one id");
	REQUIRE(map_one_page(AT, &s));
	REQUIRE(enable_dma(AT, other, s.domain));
	reply = attach(domain, other->id, 0);
	INFO("ATTACH of an alias to another domain: %s", status_name(reply.status));
	if (is_ok(&reply)) {
		EXPECT_NO_DOMAIN(s.domain);
		REQUIRE(enable_dma(AT, s.ep, domain));
		REQUIRE(enable_dma(AT, other, domain));
		EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
		EXPECT_WRITE_BLOCKED(other, s.iova, 8);
		REQUIRE_OK(map_page(domain, s.iova, target, MAP_RW));
	} else {
		target = s.target;
	}
	EXPECT_WRITES(s.ep, s.iova, target, 8);
	EXPECT_WRITES(other, s.iova, target, 8);
}
