// SPDX-License-Identifier: BSD-3-Clause
/*
 * UNMAP request (virtio 1.4, 5.13.6.6).
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_window.h"
#include "judge/test.h"
#include "util.h"

#define PAGES 12

static struct reply unmap_reserved(const struct page_window *s, unsigned int page, uint8_t value)
{
	struct unmap_request request = {{.type = REQUEST_UNMAP},
					s->domain,
					s->iova + page * iommu.page,
					s->iova + (page + 1) * iommu.page - 1,
					{0}};

	memset(request.reserved, value, sizeof(request.reserved));
	return send_unmap(&request);
}

/* DEV-UNMAP-1 (MAY): Non-zero `reserved` in UNMAP can be answered with INVAL */
/* INVAL or OK: either is right, but OK must have done it. */
TEST(DEV_UNMAP_1, nonzero_reserved_is_refused_or_ignored, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 1));
	reply = unmap_reserved(&s, 1, 0xff);
	if (reply.delivered && reply.status == STATUS_INVAL) {
		INFO("non-zero reserved bytes are refused with INVAL");
		return;
	}
	EXPECT_OK(reply);
	EXPECT_UNMAPPED(s, 1, 1);
	if (no_defect_so_far())
		INFO("non-zero reserved bytes are ignored");
}

/* DEV-UNMAP-2 (MAY): ...and even then the unmap itself can have been carried out */
TEST(DEV_UNMAP_2, refused_for_reserved_bytes_or_done, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;
	bool kept;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 1));
	EXPECT_MAPPED(s, 1, 1);
	reply = unmap_reserved(&s, 1, 0xff);
	if (is_ok(&reply))
		NOT_APPLICABLE("the device does not refuse non-zero reserved bytes");
	kept = can_read(s.ep, s.iova + iommu.page, s.target + iommu.page, 8);
	INFO("after INVAL for reserved bytes the mapping is %s", kept ? "still there" : "gone");
	if (kept == can_map(s.domain, s.iova + iommu.page, iommu.page, s.target + iommu.page))
		judge(VERDICT_FAIL, AT, "a range that is mapped, or one that can be",
		      "DMA %s it, and MAP says %s", kept ? "reaches" : "does not reach",
		      kept ? "OK" : "that it is mapped");
}

static void expect_unmap_noent(struct source_line at, uint32_t domain)
{
	uint64_t iova = iova_window(1);
	struct reply reply = unmap_page(domain, iova);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
}

/* DEV-UNMAP-3 (SHOULD): Unknown domain => expected NOENT */
TEST(DEV_UNMAP_3, domain_that_never_was_is_refused, NEEDS_MAP_UNMAP)
{
	expect_unmap_noent(AT, fresh_domain());
}

/* Whatever its range is: all of it lies in no domain. */
TEST(DEV_UNMAP_3, no_range_is_unmapped_in_a_domain_that_never_was, NEEDS_MAP_UNMAP)
{
	const uint64_t page = iommu.page, top = 1ull << 63;
	const uint64_t ranges[][2] = {	/* virt_start, virt_end */
		{0, UINT64_MAX}, {0, page - 1}, {0, top - 1}, {top, UINT64_MAX}, {-page, UINT64_MAX},
	};
	uint32_t domain = fresh_domain();

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct reply reply = unmap(domain, ranges[i][0], ranges[i][1]);

		EXPECT(is_refusal(&reply), "a refusal", "%s, used.len %u: UNMAP of %#lx to %#lx",
		       reply.used ? status_name(reply.status) : "no answer", reply.length, ranges[i][0],
		       ranges[i][1]);
	}
}

TEST(DEV_UNMAP_3, domain_that_ended_is_refused, NEEDS_DOMAIN)
{
	struct page_window s;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 1));
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	expect_unmap_noent(AT, s.domain);
}

/* DEV-UNMAP-4 (SHOULD): UNMAP on a bypass domain => expected refusal with INVAL */
TEST(DEV_UNMAP_4, bypass_domain_is_refused, NEEDS_ENDPOINT_ID | NEEDS_MAP_UNMAP | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(attach_bypass(AT, endpoint(0), domain));
	reply = unmap(domain, iommu.config.input_start, iommu.config.input_end);
	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_WRITES(endpoint(0), phys(page), page, 8);
}

/* Pages 1-4 are one mapping. Each of these would cut it. */
static const struct {
	unsigned int first, last;
} cuts[] = {{1, 2}, {3, 4}, {2, 3}, {0, 2}, {3, 8}, {4, 4}, {1, 1}};

/* DEV-UNMAP-5 (SHOULD): A range that would cut a mapping in two => expected status RANGE */
TEST(DEV_UNMAP_5, cutting_a_mapping_is_refused_with_range, NEEDS_DOMAIN)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 4));
	for (unsigned int i = 0; i < ARRAY_SIZE(cuts); i++) {
		reply = unmap_pages(&s, cuts[i].first, cuts[i].last);
		EXPECT_STATUS(reply, STATUS_RANGE);
	}
}

/* DEV-UNMAP-6 (SHOULD NOT): ...and no mapping at all is expected to be removed by that request */
TEST(DEV_UNMAP_6, refused_cut_leaves_the_mapping_whole, NEEDS_DMA)
{
	struct page_window s;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 4));
	for (unsigned int i = 0; i < ARRAY_SIZE(cuts); i++)
		unmap_pages(&s, cuts[i].first, cuts[i].last);
	EXPECT_MAPPED(s, 1, 2);
	EXPECT_MAPPED(s, 3, 4);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 1);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + 5 * iommu.page, 1);
}

/* INVAL is for devices that want whole granules (AMB-14). */
static void expect_cut_refused(struct source_line at, const struct page_window *s, uint64_t start,
			       uint64_t end)
{
	struct reply reply = unmap(s->domain, start, end);

	if (!is_refusal(&reply) || reply.status != STATUS_INVAL)
		expect_status(at, BY_LEVEL, &reply, STATUS_RANGE);
}

/* However few bytes of a mapping, here page 3, the range leaves out at either end. */
TEST(DEV_UNMAP_5, no_byte_of_a_mapping_may_be_left_out, NEEDS_DOMAIN)
{
	const uint64_t left_out[] = {1, 2, iommu.granule / 2, iommu.granule - 1};
	struct page_window s;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 3, 3));
	for (unsigned int i = 0; i < ARRAY_SIZE(left_out); i++) {
		uint64_t start = page_start(&s, 3) + left_out[i], end = page_end(&s, 3) - left_out[i];

		if (!left_out[i])
			continue;	/* the granule is 1 */
		expect_cut_refused(AT, &s, start, page_end(&s, 3));
		expect_cut_refused(AT, &s, start, page_end(&s, 5));
		expect_cut_refused(AT, &s, page_start(&s, 3), end);
		expect_cut_refused(AT, &s, page_start(&s, 1), end);
		if (start <= end)
			expect_cut_refused(AT, &s, start, end);
	}
	EXPECT_MAPPED(s, 3, 3);
}

/* Mappings that lie wholly in the range stay as well, wherever the one that would be cut lies. */
static void cut_among_others(struct source_line at, unsigned int first, unsigned int last)
{
	struct page_window s;

	if (!make_page_window(at, &s, PAGES))
		return;
	map_pages(&s, 1, 1);
	map_pages(&s, 3, 5);
	map_pages(&s, 7, 7);
	unmap_pages(&s, first, last);
	expect_mapped(at, &s, 1, 1);
	expect_mapped(at, &s, 3, 5);
	expect_mapped(at, &s, 7, 7);
}

TEST(DEV_UNMAP_6, nothing_is_removed_when_the_last_would_be_cut, NEEDS_DMA)
{
	cut_among_others(AT, 0, 3);
}

TEST(DEV_UNMAP_6, nothing_is_removed_when_the_first_would_be_cut, NEEDS_DMA)
{
	cut_among_others(AT, 4, 8);
}

/* Whole, cut, whole: made in another order, so that a search may start in the middle. */
TEST(DEV_UNMAP_6, nothing_is_removed_when_one_in_the_middle_sticks_out, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 7, 10));
	REQUIRE_OK(map_pages(&s, 3, 5));
	REQUIRE_OK(map_pages(&s, 1, 1));
	reply = unmap_pages(&s, 0, 8);
	EXPECT(!is_ok(&reply), "a status other than OK", "status %s", status_name(reply.status));
	EXPECT_MAPPED(s, 1, 1);
	EXPECT_MAPPED(s, 3, 5);
	EXPECT_MAPPED(s, 7, 10);
}

/* Single pages, @count of them, and behind them a mapping of two. Return false if there is no room. */
static bool map_in_a_row(struct source_line at, uint32_t domain, uint64_t iova, unsigned int count,
			 const void *target)
{
	struct map_request *requests = arena_alloc((count + 1) * sizeof(*requests), 8);
	uint8_t status;

	for (unsigned int i = 0; i <= count; i++) {
		uint64_t start = iova + i * iommu.page, pages = i == count ? 2 : 1;

		requests[i] = (struct map_request){{.type = REQUEST_MAP}, domain, start,
						   start + pages * iommu.page - 1, phys(target), MAP_RW};
	}
	status = map_batch(requests, count + 1);
	if (status == STATUS_NOMEM)
		not_applicable("the device has no room for %u mappings", count + 1);
	else if (status != STATUS_OK)
		judge(VERDICT_ERROR, at, "MAP is OK", "of %u one has status %s", count + 1,
		      status_name(status));
	return status == STATUS_OK;
}

/* However far a device looks ahead for one that would be cut. */
static void cut_behind(struct source_line at, unsigned int count)
{
	struct endpoint *ep = endpoint(0);
	uint32_t domain = fresh_domain();
	uint8_t *target = watched_pages(2);
	uint64_t iova = large_iova_window(count + 2);
	struct reply reply;

	if (!attach_with_dma(at, ep, domain) || !map_in_a_row(at, domain, iova, count, target))
		return;
	reply = unmap_range(domain, iova, (count + 1) * iommu.page);
	if (is_ok(&reply))
		judge(BY_LEVEL, at, "a status other than OK", "status OK, of UNMAP over %u mappings", count);
	for (unsigned int i = 0; i <= count; i += max(count / 4, 1u))
		expect_writes(at, BY_LEVEL, ep, iova + i * iommu.page, target, 8);
	detach_endpoint(at, ep, domain);
}

TEST(DEV_UNMAP_6, nothing_is_removed_however_many_would_not_be_cut, NEEDS_DMA)
{
	for (unsigned int count = 5; count < 1000 && no_defect_so_far(); count *= 6)
		cut_behind(AT, count);
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, one_mapping_is_removed, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 3));
	EXPECT_MAPPED(s, 1, 3);
	reply = unmap_pages(&s, 1, 3);
	EXPECT_OK(reply);
	EXPECT_UNMAPPED(s, 1, 3);
	EXPECT_READ_BLOCKED(s.ep, s.iova + iommu.page, s.target + iommu.page, 8);
}

/* Translations that were used a moment ago may be cached. */
TEST(DEV_UNMAP_7, mapping_in_use_is_removed, NEEDS_DMA)
{
	struct page_window s;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 2));
	for (unsigned int i = 0; i < 4; i++)
		EXPECT_MAPPED(s, 1, 2);
	REQUIRE_OK(unmap_pages(&s, 1, 2));
	EXPECT_UNMAPPED(s, 1, 1);
	EXPECT_UNMAPPED(s, 2, 2);
	REQUIRE_OK(map_pages(&s, 2, 2));
	EXPECT_MAPPED(s, 2, 2);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 1);
}

/* What lies beside the range stays. */
TEST(DEV_UNMAP_7, neighbours_stay, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	for (unsigned int page = 1; page <= 5; page++)
		REQUIRE_OK(map_pages(&s, page, page));
	reply = unmap_pages(&s, 2, 4);
	EXPECT_OK(reply);
	EXPECT_MAPPED(s, 1, 1);
	EXPECT_MAPPED(s, 5, 5);
	EXPECT_UNMAPPED(s, 2, 4);
}

/* Gaps in the range are no error: all that is covered goes. */
TEST(DEV_UNMAP_7, range_with_gaps_removes_all_it_covers, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 6, 7));
	REQUIRE_OK(map_pages(&s, 1, 1));
	REQUIRE_OK(map_pages(&s, 3, 4));
	REQUIRE_OK(map_pages(&s, 10, 10));
	EXPECT_MAPPED(s, 1, 1);		/* and may be cached */
	EXPECT_MAPPED(s, 3, 4);
	EXPECT_MAPPED(s, 6, 7);
	reply = unmap_pages(&s, 0, 8);
	EXPECT_OK(reply);
	EXPECT_UNMAPPED(s, 1, 1);
	EXPECT_UNMAPPED(s, 3, 4);
	EXPECT_UNMAPPED(s, 6, 7);
	EXPECT_MAPPED(s, 10, 10);
}

TEST(DEV_UNMAP_7, nothing_to_remove_is_ok, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	reply = unmap_pages(&s, 0, PAGES - 1);
	EXPECT_OK(reply);
	REQUIRE_OK(map_pages(&s, 1, 1));
	reply = unmap_pages(&s, 1, 1);
	EXPECT_OK(reply);
	reply = unmap_pages(&s, 1, 1);
	EXPECT_OK(reply);
	EXPECT_UNMAPPED(s, 1, 1);
}

/* The whole input range in one request; the rings of the endpoint go with it. */
TEST(DEV_UNMAP_7, whole_input_range_is_emptied, NEEDS_DMA)
{
	struct page_window s;
	struct reply reply;

	REQUIRE(make_page_window(AT, &s, PAGES));
	REQUIRE_OK(map_pages(&s, 1, 1));
	REQUIRE_OK(map_pages(&s, 9, 10));
	reply = unmap(s.domain, iommu.config.input_start, iommu.config.input_end);
	EXPECT_OK(reply);
	if (!is_ok(&reply))
		return;
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 1);
	REQUIRE(enable_dma(AT, s.ep, s.domain));
	EXPECT_UNMAPPED(s, 0, PAGES - 1);
}

#define NO_PAGES {1, 0}

/* The examples of the text, in pages. */
static const struct example {
	struct {
		unsigned int first, last;
	} maps[2], unmap, kept;
	bool succeeds;
} examples[] = {
	{.maps = {NO_PAGES, NO_PAGES}, .unmap = {0, 4}, .succeeds = true, .kept = NO_PAGES},
	{.maps = {{0, 9}, NO_PAGES}, .unmap = {0, 9}, .succeeds = true, .kept = NO_PAGES},
	{.maps = {{0, 4}, {5, 9}}, .unmap = {0, 9}, .succeeds = true, .kept = NO_PAGES},
	{.maps = {{0, 9}, NO_PAGES}, .unmap = {0, 4}, .succeeds = false, .kept = {0, 9}},
	{.maps = {{0, 4}, {5, 9}}, .unmap = {0, 4}, .succeeds = true, .kept = {5, 9}},
	{.maps = {{0, 4}, NO_PAGES}, .unmap = {0, 9}, .succeeds = true, .kept = NO_PAGES},
	{.maps = {{0, 4}, {8, 9}}, .unmap = {0, 9}, .succeeds = true, .kept = NO_PAGES},
};

/* With @unit of the example's pages for each page; the first one begins at a multiple of two pages. */
static void try_example(struct source_line at, const struct example *e, unsigned int unit)
{
	struct page_window s;
	struct reply reply;

	if (!make_page_window(at, &s, PAGES))
		return;
	s.iova = align_up(s.iova, 2 * iommu.page);
	for (unsigned int i = 0; i < 2; i++)
		if (e->maps[i].first <= e->maps[i].last)
			map_pages(&s, e->maps[i].first / unit, e->maps[i].last / unit);
	reply = unmap_pages(&s, e->unmap.first / unit, e->unmap.last / unit);
	if (e->succeeds)
		expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	else if (is_ok(&reply))
		judge(BY_LEVEL, at, "a mapping is not cut in two", "UNMAP answers OK");
	if (e->kept.first <= e->kept.last)
		expect_mapped(at, &s, e->kept.first / unit, e->kept.last / unit);
	else
		expect_unmapped(at, &s, 0, 9 / unit);
	detach_endpoint(at, s.ep, s.domain);
}

/* N-UNMAP-1 (no keyword): The seven examples */
TEST(N_UNMAP_1, examples_of_the_text, NEEDS_DOMAIN)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(examples); i++)
		try_example(AT, &examples[i], 1);
}

/*
 * Five addresses of the text are one page: two mappings that continue each other, in memory too, fit into the
 * smallest block that a device could make one mapping of.
 */
TEST(N_UNMAP_1, examples_of_the_text_in_single_pages, NEEDS_DOMAIN)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(examples); i++)
		try_example(AT, &examples[i], 5);
}
