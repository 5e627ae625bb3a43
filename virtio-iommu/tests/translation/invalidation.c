// SPDX-License-Identifier: BSD-3-Clause
/*
 * Translations that end while they are in use (virtio 1.4, 5.13.6.3 to 5.13.6.6): those of the rings
 * through which an endpoint works, and many at a time.
 *
 * The text has no caches: what UNMAP, DETACH, a move or a reset has ended is out of reach from its OK on.
 *
 * Broken is a device or VMM that keeps a translation: an IOTLB entry of the IOMMU, or the host address of
 * its rings in the endpoint's device model or vhost back end, which is asked for once and never
 * invalidated.
 *
 * It is told apart by use just before the end: each page is written to, each ring serves a transfer. Then a
 * write must not arrive, and a transfer without any target must leave the used index alone. In the end the
 * endpoint is given its rings again and has to work, so that it was blocked by nothing else.
 *
 * Tolerated: an endpoint that is blocked says nothing, and a write-only one moves bytes that nobody knows.
 * Rings are asked of endpoints that are virtio devices; others have none (an error of the set-up).
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

/* A page is mapped, and the endpoint runs: its rings are mapped, too. */
static bool start_rings(struct source_line at, struct page_fixture *s)
{
	return map_one_page(at, s) && s->ep->dma.rings[0].used &&
	       expect_writes(at, SET_UP, s->ep, s->iova, s->target, 8);
}

/*
 * A transfer without any target needs the rings and nothing else. Whether it took place shows in the
 * used index: the device has written it, or not. What has given up in the meantime is started anew before the
 * transfer, at index 0.
 */
static void expect_rings_unwritten(struct source_line at, struct endpoint *ep)
{
	const volatile struct ring_used *used = ep->dma.rings[0].used;
	uint16_t before = used->index, after;

	expect_write_blocked(at, ep, ep->page_iova, 0);
	after = used->index;
	if (after != before && after)
		judge(VERDICT_FAIL, at, "the endpoint cannot write to its rings",
		      "the used index went from %u to %u", before, after);
}

/* The rings are mapped again: the endpoint was blocked by nothing else. */
static void expect_alive(struct source_line at, const struct page_fixture *s, uint32_t domain)
{
	if (enable_dma(at, s->ep, domain))
		expect_writes(at, SET_UP, s->ep, s->iova, s->target, 8);
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, rings_are_out_of_reach, NEEDS_DMA | NEEDS_RINGS)
{
	struct page_fixture s;

	REQUIRE(start_rings(AT, &s));
	REQUIRE_OK(unmap_range(s.domain, s.ep->page_iova, private_page_size()));
	expect_rings_unwritten(AT, s.ep);
	expect_alive(AT, &s, s.domain);
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
TEST(DEV_MAP_6, rings_that_are_read_only_are_not_written, NEEDS_DMA | NEEDS_RINGS | NEEDS_EXACT)
{
	struct page_fixture s;

	REQUIRE(start_rings(AT, &s));
	REQUIRE_OK(unmap_range(s.domain, s.ep->page_iova, private_page_size()));
	MAP_OR_SKIP(map_range(s.domain, s.ep->page_iova, private_page_size(), s.ep->dma.page, MAP_READ));
	expect_rings_unwritten(AT, s.ep);
	REQUIRE_OK(unmap_range(s.domain, s.ep->page_iova, private_page_size()));
	expect_alive(AT, &s, s.domain);
}

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, rings_are_out_of_reach, NEEDS_DMA | NEEDS_RINGS)
{
	struct page_fixture s;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE(start_rings(AT, &s));
	REQUIRE_OK(detach(s.domain, s.ep->id));
	expect_rings_unwritten(AT, s.ep);
	REQUIRE_OK(attach(s.domain, s.ep->id, 0));
	REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_RW));
	expect_alive(AT, &s, s.domain);
}

/* N-DOM-5 (ISOLATION): One domain per endpoint at a time */
TEST(N_DOM_5, rings_are_out_of_reach_after_a_move, NEEDS_DMA | NEEDS_RINGS)
{
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	REQUIRE(start_rings(AT, &s));
	MOVE(s.ep, domain);
	expect_rings_unwritten(AT, s.ep);
	REQUIRE_OK(map_page(domain, s.iova, s.target, MAP_RW));
	expect_alive(AT, &s, domain);
}

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, rings_are_out_of_reach, NEEDS_DMA | NEEDS_RINGS | NEEDS_EXACT)
{
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE(start_rings(AT, &s));
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints bypass after a reset");
	expect_rings_unwritten(AT, s.ep);
	REQUIRE_OK(attach(domain, s.ep->id, 0));
	REQUIRE_OK(map_page(domain, s.iova, s.target, MAP_RW));
	expect_alive(AT, &s, domain);
}

/* Move our view of the endpoint's rings by so many bytes. */
static void shift_rings(struct dma_master *dma, intptr_t by)
{
	dma->page += by;
	dma->rings[0].desc = (void *)((uintptr_t)dma->rings[0].desc + by);
	dma->rings[0].avail = (void *)((uintptr_t)dma->rings[0].avail + by);
	dma->rings[0].used = (void *)((uintptr_t)dma->rings[0].used + by);
}

/* Under the endpoint that runs, its rings move to a copy of them. The old ones are left alone. */
TEST(DEV_UNMAP_7, rings_follow_the_newest_mapping, NEEDS_DMA | NEEDS_RINGS)
{
	uint8_t *copy = arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE);
	const volatile struct ring_used *old;
	struct dma_master *dma;
	struct page_fixture s;
	uint16_t before;
	intptr_t by;

	REQUIRE(start_rings(AT, &s));
	dma = &s.ep->dma;
	old = dma->rings[0].used;
	before = old->index;
	by = copy - dma->page;
	memcpy(copy, dma->page, DMA_PAGE_BYTES);
	REQUIRE_OK(unmap_range(s.domain, s.ep->page_iova, private_page_size()));
	REQUIRE_OK(map_range(s.domain, s.ep->page_iova, private_page_size(), copy, MAP_RW));
	shift_rings(dma, by);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_READS(s.ep, s.iova, s.target, 8);
	dma_stop(dma);
	shift_rings(dma, -by);
	EXPECT_EQ(old->index, before, "used index of the ring that is not mapped any more");
}

/* Pages that were all reached a moment ago, so that a device may have them cached. */
#define WARM 12

static bool warm_up(struct source_line at, struct page_fixture *s)
{
	s->ep = endpoint(0);
	s->domain = fresh_domain();
	s->iova = iova_window(WARM);
	s->target = watched_pages(WARM);
	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	for (unsigned int i = 0; i < WARM; i++) {
		uint64_t offset = i * iommu.page, iova = s->iova + offset;
		struct reply reply = map_page(s->domain, iova, s->target + offset, MAP_RW);

		if (!expect_status(at, SET_UP, &reply, STATUS_OK) ||
		    !expect_writes(at, SET_UP, s->ep, iova, s->target + offset, 8))
			return false;
	}
	return true;
}

static void expect_cold(struct source_line at, const struct page_fixture *s)
{
	static const unsigned int tried[] = {0, 3, 6, 9, WARM - 1};

	for (unsigned int i = 0; i < ARRAY_SIZE(tried); i++)
		expect_write_blocked(at, s->ep, s->iova + tried[i] * iommu.page, 8);
}

TEST(DEV_UNMAP_7, all_that_was_in_use_is_forgotten, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(warm_up(AT, &s));
	REQUIRE_OK(unmap_range(s.domain, s.iova, WARM * iommu.page));
	expect_cold(AT, &s);
	REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_RW));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_DOM_5, all_that_was_in_use_is_forgotten_in_a_move, NEEDS_DMA)
{
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	REQUIRE(warm_up(AT, &s));
	MOVE(s.ep, domain);
	REQUIRE(enable_dma(AT, s.ep, domain));
	expect_cold(AT, &s);
	REQUIRE_OK(map_page(domain, s.iova, s.target, MAP_RW));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/*
 * A page and rings that lead to one and then to the other of two places in memory, with a number of MAP and
 * UNMAP requests in between.
 */
#define MOST_BETWEEN	  256
#define MOST_UNMAPS_LOG 10	/* so many UNMAP requests alone, by powers of 2 */

struct alternation {
	struct page_fixture s;
	uint8_t *memory;
	uint64_t beside;	/* pages that others of the requests map and unmap */
	intptr_t to_rings;	/* from the place of the rings to the other one */
};

static bool map_beside(const struct alternation *a, unsigned int count)
{
	struct map_request *requests = arena_alloc_uninit(count * sizeof(*requests), 8);
	uint8_t status;

	for (unsigned int i = 0; i < count; i++) {
		uint64_t start = a->beside + i * iommu.page;

		requests[i] = (struct map_request){{.type = REQUEST_MAP}, a->s.domain, start,
						   start + iommu.page - 1, phys(a->memory), MAP_RW};
	}
	status = map_batch(requests, count);
	if (status == STATUS_NOMEM)
		silent("the device has no room for %u mappings", count);
	return status == STATUS_OK;
}

static bool unmap_beside(const struct alternation *a, unsigned int count)
{
	struct unmap_request *requests = arena_alloc_uninit(count * sizeof(*requests), 8);

	for (unsigned int i = 0; i < count; i++) {
		uint64_t start = a->beside + i * iommu.page;

		requests[i] = (struct unmap_request){{.type = REQUEST_UNMAP}, a->s.domain, start,
						     start + iommu.page - 1, {0}};
	}
	return unmap_batch(requests, count) == STATUS_OK;
}

/* The rings move to the other of their two places. */
static void move_rings(struct alternation *a)
{
	struct dma_master *dma = &a->s.ep->dma;

	memcpy(dma->page + a->to_rings, dma->page, DMA_PAGE_BYTES);
	shift_rings(dma, a->to_rings);
	a->to_rings = -a->to_rings;
}

/* With page and rings out of reach, nothing is in use. */
static bool take_away(struct source_line at, const struct alternation *a)
{
	struct reply page = unmap_page(a->s.domain, a->s.iova), rings;

	rings = unmap_range(a->s.domain, a->s.ep->page_iova, private_page_size());
	return expect_status(at, SET_UP, &page, STATUS_OK) && expect_status(at, SET_UP, &rings, STATUS_OK);
}

/* Two UNMAPs, @count more of what is @beside, and two MAPs: page and rings lead elsewhere. */
static bool alternate(struct source_line at, struct alternation *a,
		      bool (*beside)(const struct alternation *a, unsigned int count), unsigned int count,
		      unsigned int turn)
{
	uint8_t *target = a->memory + turn % 2 * iommu.page;
	size_t mark = arena_mark();
	struct reply reply;
	bool ok = take_away(at, a) && beside(a, count);

	arena_release(mark);
	if (!ok)
		return false;
	move_rings(a);
	reply = map_page(a->s.domain, a->s.iova, target, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK) && enable_dma(at, a->s.ep, a->s.domain) &&
	       expect_writes(at, BY_LEVEL, a->s.ep, a->s.iova, target, 8);
}

/*
 * What tells old from new may be a counter, which comes round to what it was after some number of requests.
 * Each number up to MOST_BETWEEN, or a multiple of it, is that of the requests between two accesses; and of
 * UNMAP requests alone, each power of 2. What an access reaches last, and alone may be remembered, are its
 * rings.
 */
TEST(DEV_UNMAP_7, newest_mapping_counts_after_any_number_of_requests,
     NEEDS_DMA | NEEDS_RINGS | NEEDS_PRODUCTS)
{
	struct alternation a = {.memory = watched_pages(2),
				.beside = large_iova_window(1 << MOST_UNMAPS_LOG)};
	uint8_t *rings = arena_alloc(PRIVATE_PAGE, PRIVATE_PAGE);

	REQUIRE(start_rings(AT, &a.s));
	a.to_rings = rings - a.s.ep->dma.page;
	for (unsigned int n = MOST_BETWEEN / 2 + 1; n <= MOST_BETWEEN && no_defect_so_far(); n++)
		if (!alternate(AT, &a, n % 2 ? unmap_beside : map_beside, n - 4, n))
			break;
	for (unsigned int log = 2; log <= MOST_UNMAPS_LOG && no_defect_so_far(); log++)
		if (!alternate(AT, &a, unmap_beside, (1 << log) - 2, log))
			break;
	dma_stop(&a.s.ep->dma);
	if (a.s.ep->dma.page == rings)
		move_rings(&a);
}
