// SPDX-License-Identifier: BSD-3-Clause
/*
 * Input and domain ranges (virtio 1.4, 5.13.6, "Device operations").
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"

/* A range outside of what the device can translate: the MAP fails, nothing is mapped. */
static void expect_outside(struct source_line at, const struct page_fixture *s, uint64_t start, uint64_t end)
{
	struct reply reply = map(s->domain, start, end, phys(s->target), MAP_RW);

	if (!reply.used || !reply.delivered || reply.status == STATUS_OK)
		judge(BY_LEVEL, at, "a status other than OK",
		      "MAP of %#lx-%#lx: status %s, used.len %u", start, end,
		      status_name(reply.status), reply.length);
	else
		expect_write_blocked(at, s->ep, start, 8);
}

/* N-RANGE-1 (no keyword): A MAP outside input_range fails (range given when *offered*) */
TEST(N_RANGE_1, map_above_the_input_range_fails, NEEDS_DOMAIN | NEEDS_INPUT_RANGE)
{
	uint64_t end = iommu.config.input_end, page = iommu.page;
	struct page_fixture s;

	if (end == UINT64_MAX)
		NOT_APPLICABLE("the input range ends at 2^64 - 1");
	REQUIRE(map_one_page(AT, &s));
	expect_outside(AT, &s, end + 1, end + page);
	expect_outside(AT, &s, end + 1 - page, end + page);
	expect_outside(AT, &s, 0 - page, UINT64_MAX);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_RANGE_1, map_below_the_input_range_fails, NEEDS_DOMAIN | NEEDS_INPUT_RANGE)
{
	uint64_t start = iommu.config.input_start, page = iommu.page;
	struct page_fixture s;

	if (start < page)
		NOT_APPLICABLE("the input range starts at %#lx", start);
	REQUIRE(map_one_page(AT, &s));
	expect_outside(AT, &s, start - page, start - 1);
	expect_outside(AT, &s, start - page, start + page - 1);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_RANGE_1, both_ends_of_the_input_range_can_be_mapped, NEEDS_DOMAIN | NEEDS_INPUT_RANGE)
{
	uint64_t page = iommu.page, start;
	uint64_t last = align_down(iommu.config.input_end + 1, page) - page;
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	if (!iova_find(0, page, &start) || (start <= s.iova + page - 1 && s.iova <= start + page - 1))
		NOT_APPLICABLE("the input range has too few pages");
	reply = map_page(s.domain, start, s.target, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, start, s.target, 8);
	if (!iova_is_free(last, page) || last == start)
		return;
	reply = map_page(s.domain, last, s.target, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, last, s.target, 8);
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
/* Each power of two that there is room for. What lies behind our page is no memory: MAP may be refused. */
TEST(N_MAP_1, mapping_of_any_size_is_reached_at_its_start, NEEDS_DMA | NEEDS_PROBE)
{
	struct endpoint *ep = endpoint(0);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	unsigned int reached = 0;
	uint64_t iova;

	REQUIRE(attach_with_dma(AT, ep, domain));
	for (unsigned int bits = 32; bits < 63 && iova_find(0, 1ull << bits, &iova); bits++) {
		struct reply reply = map(domain, iova, iova + (1ull << bits) - 1, phys(target), MAP_RW);

		if (!is_ok(&reply))
			continue;
		EXPECT_WRITES(ep, iova, target, 8);
		REQUIRE_OK(unmap(domain, iova, iova + (1ull << bits) - 1));
		reached++;
	}
	if (!reached)
		INFO("no mapping of 4 GiB or more that ends beyond memory is accepted");
}

/* N-RANGE-2 (no keyword): domain_range lists the usable ids */
TEST(N_RANGE_2, both_ends_of_the_domain_range_are_usable, NEEDS_ENDPOINT_ID | NEEDS_DOMAIN_RANGE)
{
	const uint32_t ids[] = {iommu.config.domain_start, iommu.config.domain_end};

	for (unsigned int i = 0; i < 2; i++) {
		struct reply reply = attach(ids[i], endpoint(0)->id, 0);

		EXPECT_OK(reply);
		reply = detach(ids[i], endpoint(0)->id);
		EXPECT_OK(reply);
	}
}

static void expect_unusable(struct source_line at, uint32_t id)
{
	struct reply reply = attach(id, endpoint(0)->id, 0);

	if (!reply.used || !reply.delivered || reply.status == STATUS_OK)
		judge(BY_LEVEL, at, "a status other than OK", "ATTACH to domain %#x: status %s", id,
		      status_name(reply.status));
}

TEST(N_RANGE_2, ids_outside_of_the_domain_range_are_refused, NEEDS_ENDPOINT_ID | NEEDS_DOMAIN_RANGE)
{
	const struct iommu_config *c = &iommu.config;

	if (c->domain_start == 0 && c->domain_end == UINT32_MAX)
		NOT_APPLICABLE("the domain range has all 32-bit ids");
	if (c->domain_start)
		expect_unusable(AT, c->domain_start - 1);
	if (c->domain_end != UINT32_MAX)
		expect_unusable(AT, c->domain_end + 1);
}

/* An UNMAP that reaches out of the input range: carried out whole or refused, and nothing between. */
static void unmap_outside(struct source_line at, const struct page_fixture *s, uint64_t start, uint64_t end)
{
	struct reply reply = unmap(s->domain, start, end);
	bool gone = is_ok(&reply) && start <= s->iova && end >= s->iova;

	if (!reply.used || !reply.delivered)
		judge(BY_LEVEL, at, "a status", "UNMAP of %#lx-%#lx: used.len %u", start, end, reply.length);
	info(at, "UNMAP beyond the input range: %s", status_name(reply.status));
	/* It may have covered the page with the rings, too. */
	map_private_page(s->domain, s->ep);
	if (!gone) {
		expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
		return;
	}
	expect_write_blocked(at, s->ep, s->iova, 8);
	reply = map_page(s->domain, s->iova, s->target, MAP_RW);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
}

/* DRV-OPS-4 (MUST NOT): With bit 0 negotiated, no `virt_start` below / `virt_end` above the input range */
TEST(DRV_OPS_4, unmap_beyond_the_input_range_is_whole_or_refused, NEEDS_DOMAIN | NEEDS_INPUT_RANGE)
{
	const struct iommu_config *c = &iommu.config;
	struct page_fixture s;

	if (!c->input_start && c->input_end == UINT64_MAX)
		NOT_APPLICABLE("the input range has all addresses");
	REQUIRE(map_one_page(AT, &s));
	if (c->input_start) {
		unmap_outside(AT, &s, 0, c->input_start - 1);
		unmap_outside(AT, &s, 0, s.iova + iommu.page - 1);
	}
	if (c->input_end != UINT64_MAX) {
		unmap_outside(AT, &s, c->input_end + 1, UINT64_MAX);
		unmap_outside(AT, &s, s.iova, UINT64_MAX);
	}
	unmap_outside(AT, &s, 0, UINT64_MAX);
}

/* An id outside of the range names no domain, least of all @neighbour, the one at the range's end. */
static void use_outside_id(struct source_line at, uint32_t id, uint32_t neighbour)
{
	uint64_t page = iommu.page, iova = iova_window(2);
	struct endpoint *ep = endpoint(0);
	uint8_t *target = watched_pages(2);
	struct reply reply;

	if (!attach_with_dma(at, ep, neighbour))
		return;
	reply = map_page(neighbour, iova, target, MAP_RW);
	expect_status(at, SET_UP, &reply, STATUS_OK);
	reply = map_page(id, iova + page, target + page, MAP_RW);
	if (!reply.delivered || reply.status == STATUS_OK)
		judge(BY_LEVEL, at, "MAP: a status other than OK", "status %s, used.len %u",
		      status_name(reply.status), reply.length);
	unmap_page(id, iova);	/* any status will do (AMB-8) */
	expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	expect_write_blocked(at, ep, iova + page, 8);
	reply = detach(id, ep->id);
	if (is_ok(&reply))	/* whether it is detached is open (AMB-7) */
		info(at, "DETACH with domain %#x, which is out of range: OK", id);
	else
		expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	detach(neighbour, ep->id);
}

/* DRV-OPS-5 (MUST NOT): With bit 1 negotiated, no `domain` outside the domain range */
TEST(DRV_OPS_5, ids_outside_of_the_domain_range_name_no_domain, NEEDS_DOMAIN | NEEDS_DOMAIN_RANGE)
{
	const struct iommu_config *c = &iommu.config;

	if (c->domain_start == 0 && c->domain_end == UINT32_MAX)
		NOT_APPLICABLE("the domain range has all 32-bit ids");
	if (c->domain_start)
		use_outside_id(AT, c->domain_start - 1, c->domain_start);
	if (c->domain_end != UINT32_MAX && no_defect_so_far())
		use_outside_id(AT, c->domain_end + 1, c->domain_end);
}
