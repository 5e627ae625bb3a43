// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ranges that a driver must not ask for, and UNMAP off the granule: whatever the answer, mappings around
 * them are as they were (virtio 1.4, 5.13.6.5 and 5.13.6.6).
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_window.h"
#include "judge/test.h"

#define PAGES 8

/* Pages 1 and 5-6 are mapped in front of each attempt. */
static bool make_neighbours(struct source_line at, enum verdict otherwise, struct page_window *s)
{
	struct reply lower, upper;

	if (!make_page_window(at, s, PAGES))
		return false;
	lower = map_pages(s, 1, 1);
	upper = map_pages(s, 5, 6);
	return expect_status(at, otherwise, &lower, STATUS_OK) &&
	       expect_status(at, otherwise, &upper, STATUS_OK);
}

static bool is_mapped(const struct page_window *s, unsigned int first, unsigned int last)
{
	return !can_map(s->domain, page_start(s, first), (last - first + 1) * iommu.page,
			s->target + first * iommu.page);
}

/* What was mapped is mapped, and what was free can be mapped, in one piece or in two. */
static void expect_undisturbed(struct source_line at, const struct page_window *s,
			       uint64_t start, uint64_t end)
{
	const char *found = NULL;

	if (is_mapped(s, 2, 4) || is_mapped(s, 3, 3) || is_mapped(s, 4, 4) || is_mapped(s, 7, 7))
		found = "a free page cannot be mapped and unmapped";
	else if (!is_mapped(s, 1, 1) || !is_mapped(s, 5, 5) || !is_mapped(s, 6, 6))
		found = "a mapped page can be mapped";
	if (found)
		judge(VERDICT_WARN, at, "pages next to a range that is none are as they were",
		      "after %#lx-%#lx %s", start, end, found);
}

static void expect_answer(struct source_line at, const struct reply *reply, uint64_t start, uint64_t end)
{
	if (!reply->used || reply->breach)
		judge(VERDICT_FAIL, at, "the request comes back", "%#lx-%#lx: %s", start, end,
		      reply->breach ? reply->breach : "the request did not come back");
	else if (!reply->delivered)
		judge(BY_LEVEL, at, "the request comes back with a status",
		      "%#lx-%#lx: used.len %u does not cover it", start, end, reply->length);
}

/* A domain made after all that works. */
static void expect_recovery(struct source_line at, struct page_window *s)
{
	if (!detach_endpoint(at, s->ep, s->domain) || !make_neighbours(at, VERDICT_FAIL, s))
		return;
	expect_mapped(at, s, 5, 6);
	unmap_pages(s, 5, 6);
	expect_unmapped(at, s, 5, 6);
}

/* Ranges that end in front of their start, in pages of the window: start page, end page. */
static const struct {
	unsigned int start, end;
} inverted[] = {{4, 3}, {3, 1}, {4, 2}, {7, 0}, {6, 5}, {7, 6}};

#define INVERTED ARRAY_SIZE(inverted)

/* The last two lie at the ends of all addresses. */
static void inverted_range(const struct page_window *s, unsigned int index, uint64_t *start, uint64_t *end)
{
	if (index < INVERTED) {
		*start = page_start(s, inverted[index].start);
		*end = page_end(s, inverted[index].end);
		return;
	}
	*start = index == INVERTED ? -iommu.page : UINT64_MAX;
	*end = index == INVERTED ? iommu.page - 1 : 0;
}

/* DRV-MAP-3 (MUST): `virt_end` strictly above `virt_start` */
TEST(DRV_MAP_3, range_that_ends_before_it_starts_maps_nothing, NEEDS_DMA)
{
	struct page_window s;
	unsigned int accepted = 0;
	uint64_t start, end;

	REQUIRE(make_neighbours(AT, SET_UP, &s));
	for (unsigned int i = 0; i < INVERTED + 2; i++) {
		struct reply reply;

		inverted_range(&s, i, &start, &end);
		reply = map(s.domain, start, end, phys(s.target) + 3 * iommu.page, MAP_RW);
		expect_answer(AT, &reply, start, end);
		accepted += is_ok(&reply);
		expect_undisturbed(AT, &s, start, end);
	}
	EXPECT_MAPPED(s, 1, 1);
	EXPECT_MAPPED(s, 5, 6);
	EXPECT_WRITE_BLOCKED(s.ep, page_start(&s, 3), 1);
	EXPECT_WRITE_BLOCKED(s.ep, page_end(&s, 3), 1);
	EXPECT_WRITE_BLOCKED(s.ep, page_start(&s, 4), 1);
	expect_recovery(AT, &s);
	if (no_defect_so_far())
		INFO("%u of %u such ranges are answered with OK", accepted, (unsigned int)INVERTED + 2);
}

/* One byte is no whole granule, either. */
TEST(DRV_MAP_3, range_of_one_byte_is_refused_or_can_be_removed, NEEDS_DOMAIN)
{
	struct page_window s;
	struct reply reply;
	uint64_t byte;

	if (iommu.granule == 1)
		NOT_APPLICABLE("the granule is 1: AMB-4 is about that");
	REQUIRE(make_neighbours(AT, SET_UP, &s));
	byte = page_start(&s, 3);
	reply = map(s.domain, byte, byte, phys(s.target) + 3 * iommu.page, MAP_RW);
	expect_answer(AT, &reply, byte, byte);
	EXPECT_WRITE_BLOCKED(s.ep, byte + 1, 1);
	if (is_ok(&reply))
		REQUIRE_OK(unmap(s.domain, byte, byte));
	EXPECT_WRITE_BLOCKED(s.ep, byte, 1);
	expect_undisturbed(AT, &s, byte, byte);
	EXPECT_MAPPED(s, 5, 6);
	if (no_defect_so_far())
		INFO("a MAP of one byte is answered with %s", status_name(reply.status));
}

/* DRV-UNMAP-5 (MUST): Last address is a mapping's last address or outside any mapping */
TEST(DRV_UNMAP_5, range_that_ends_before_it_starts_removes_nothing, NEEDS_DMA)
{
	struct page_window s;
	unsigned int accepted = 0;
	uint64_t start, end;

	REQUIRE(make_neighbours(AT, SET_UP, &s));
	for (unsigned int i = 0; i < INVERTED + 2; i++) {
		struct reply reply;

		inverted_range(&s, i, &start, &end);
		reply = unmap(s.domain, start, end);
		expect_answer(AT, &reply, start, end);
		accepted += is_ok(&reply);
		EXPECT(is_mapped(&s, 1, 1) && is_mapped(&s, 5, 5) && is_mapped(&s, 6, 6),
		       "no mapping is removed", "UNMAP of %#lx-%#lx: one is gone", start, end);
	}
	EXPECT_MAPPED(s, 1, 1);
	EXPECT_MAPPED(s, 5, 6);
	EXPECT_WRITE_BLOCKED(s.ep, page_start(&s, 3), 1);
	expect_recovery(AT, &s);
	if (no_defect_so_far())
		INFO("%u of %u such ranges are answered with OK", accepted, (unsigned int)INVERTED + 2);
}

/* One byte more than pages 5-6, on one side or on both: all goes with OK, nothing with RANGE or INVAL. */
static const struct {
	unsigned int before, after;
} margins[] = {{0, 1}, {1, 0}, {1, 1}};

static uint8_t unmap_with_margin(struct source_line at, const struct page_window *s, unsigned int index)
{
	uint64_t start = page_start(s, 5) - margins[index].before;
	uint64_t end = page_end(s, 6) + margins[index].after;
	struct reply reply = unmap(s->domain, start, end);
	bool stays;

	expect_answer(at, &reply, start, end);
	if (reply.status != STATUS_OK && reply.status != STATUS_INVAL)
		expect_status(at, VERDICT_WARN, &reply, STATUS_RANGE);
	stays = is_mapped(s, 5, 5);
	if (stays == (reply.status == STATUS_OK) || stays != is_mapped(s, 6, 6))
		judge(VERDICT_FAIL, at, "OK, and what is covered is gone; or a refusal, and it stays",
		      "UNMAP of %#lx-%#lx: %s, and it %s", start, end, status_name(reply.status),
		      stays ? "stays" : "is gone");
	return reply.status;
}

/* AMB-14 (open point): UNMAP has no alignment rule */
TEST(AMB_14, unmap_off_the_granule_is_done_or_refused, NEEDS_DMA)
{
	struct page_window s;
	unsigned int done = 0, count = ARRAY_SIZE(margins);

	if (iommu.granule == 1)
		NOT_APPLICABLE("the granule is 1: nothing is unaligned");
	REQUIRE(make_neighbours(AT, SET_UP, &s));
	for (unsigned int i = 0; i < count; i++) {
		done += unmap_with_margin(AT, &s, i) == STATUS_OK;
		if (!no_defect_so_far())
			return;
		map_pages(&s, 5, 6);	/* if it is gone */
	}
	EXPECT_MAPPED(s, 1, 1);
	EXPECT_MAPPED(s, 5, 6);
	INFO("UNMAP off the granule that covers whole mappings: %u of %u are done", done, count);
}
