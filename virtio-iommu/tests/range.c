// SPDX-License-Identifier: BSD-3-Clause
/*
 * Input and domain ranges (virtio 1.4, 5.13.6, "Device operations").
 */
#include "reserved.h"
#include "steps.h"
#include "test.h"

/* A range outside of what the device can translate: the MAP fails, nothing is mapped. */
static void expect_outside(const char *at, const struct setting *s, uint64_t start, uint64_t end)
{
	struct reply reply = map(s->domain, start, end, phys(s->target), MAP_RW);

	if (!reply.used || !reply.delivered || reply.status == STATUS_OK)
		judge(broken(), at, "a status other than OK",
		      "MAP of %#lx-%#lx: status %s, used.len %u", start, end,
		      status_name(reply.status), reply.length);
	else
		expect_write_blocked(at, s->ep, start, 8);
}

TEST(N_RANGE_1, map_above_the_input_range_fails, NEEDS_DMA | NEEDS_INPUT_RANGE)
{
	uint64_t end = iommu.config.input_end, page = iommu.page;
	struct setting s;

	if (end == UINT64_MAX)
		SKIP("the input range ends at 2^64 - 1");
	REQUIRE(map_one_page(&s));
	expect_outside(AT, &s, end + 1, end + page);
	expect_outside(AT, &s, end + 1 - page, end + page);
	expect_outside(AT, &s, 0 - page, UINT64_MAX);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_RANGE_1, map_below_the_input_range_fails, NEEDS_DMA | NEEDS_INPUT_RANGE)
{
	uint64_t start = iommu.config.input_start, page = iommu.page;
	struct setting s;

	if (start < page)
		SKIP("the input range starts at %#lx", start);
	REQUIRE(map_one_page(&s));
	expect_outside(AT, &s, start - page, start - 1);
	expect_outside(AT, &s, start - page, start + page - 1);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_RANGE_1, both_ends_of_the_input_range_can_be_mapped, NEEDS_DMA | NEEDS_INPUT_RANGE)
{
	uint64_t page = iommu.page, start = reserved_avoid(iommu.config.input_start, page);
	uint64_t last = ((iommu.config.input_end + 1) & -page) - page;
	struct setting s;
	struct reply reply;

	REQUIRE(map_one_page(&s));
	reply = map(s.domain, start, start + page - 1, phys(s.target), MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, start, s.target, 8);
	if (reserved_overlaps(last, last + page - 1))
		return;
	reply = map(s.domain, last, last + page - 1, phys(s.target), MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, last, s.target, 8);
}

TEST(N_RANGE_2, both_ends_of_the_domain_range_are_usable, NEEDS_ENDPOINT | NEEDS_DOMAIN_RANGE)
{
	const uint32_t ids[] = {iommu.config.domain_start, iommu.config.domain_end};

	for (unsigned int i = 0; i < 2; i++) {
		struct reply reply = attach(ids[i], endpoint(0)->id, 0);

		EXPECT_OK(reply);
		reply = detach(ids[i], endpoint(0)->id);
		EXPECT_OK(reply);
	}
}

static void expect_unusable(const char *at, uint32_t id)
{
	struct reply reply = attach(id, endpoint(0)->id, 0);

	if (!reply.used || !reply.delivered || reply.status == STATUS_OK)
		judge(broken(), at, "a status other than OK", "ATTACH to domain %#x: status %s", id,
		      status_name(reply.status));
}

TEST(N_RANGE_2, ids_outside_of_the_domain_range_are_refused, NEEDS_ENDPOINT | NEEDS_DOMAIN_RANGE)
{
	const struct iommu_config *c = &iommu.config;

	if (c->domain_start == 0 && c->domain_end == UINT32_MAX)
		SKIP("the domain range has all 32-bit ids");
	if (c->domain_start)
		expect_unusable(AT, c->domain_start - 1);
	if (c->domain_end != UINT32_MAX)
		expect_unusable(AT, c->domain_end + 1);
}
