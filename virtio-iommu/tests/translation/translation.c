// SPDX-License-Identifier: BSD-3-Clause
/*
 * Translation in depth (virtio 1.4, 5.13.6.5): both ends of mappings, accesses over several of them,
 * the limits of addresses and sizes, many mappings at once.
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"

/* An access of SPAN bytes over a seam has half of them on either side. */
#define SPAN 16
#define HALF (SPAN / 2)

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, each_byte_at_both_ends_arrives, NEEDS_DMA)
{
	struct page_fixture s;
	uint64_t end;
	uint8_t *target_end;

	REQUIRE(map_one_page(AT, &s));
	end = s.iova + iommu.page;
	target_end = s.target + iommu.page;
	for (unsigned int i = 0; i < 5; i++) {
		EXPECT_WRITES(s.ep, s.iova + i, s.target + i, 1);
		EXPECT_WRITES(s.ep, end - 1 - i, target_end - 1 - i, 1);
	}
	EXPECT_READS(s.ep, end - 11, target_end - 11, 11);
	EXPECT_WRITES(s.ep, s.iova + 3, s.target + 3, 13);
}

/* An access over two adjacent pages whose memory is not adjacent; a page behind the lower's is watched. */
struct seam {
	struct endpoint *ep;
	uint64_t iova;		/* of the first byte of the access */
	struct access_part halves[2];
};

static bool make_seam(struct source_line at, struct seam *seam, bool downwards)
{
	uint64_t page = iommu.page, iova = iova_window(2);
	uint8_t *memory = watched_pages(3);
	uint32_t domain = fresh_domain();

	*seam = (struct seam){.ep = endpoint(0), .iova = iova + page - HALF,
			      .halves = {{memory + 2 * page - HALF, HALF, PART_MOVED},
					 {memory, HALF, PART_MOVED}}};
	if (!attach_with_dma(at, seam->ep, domain))
		return false;
	for (unsigned int i = 0; i < 2; i++) {
		bool upper = downwards != (i == 1);
		uint64_t start = iova + upper * page;
		struct reply reply = map_page(domain, start, upper ? memory : memory + page, MAP_RW);

		if (!expect_status(at, SET_UP, &reply, STATUS_OK))
			return false;
	}
	return true;
}

static void expect_over_seam(struct source_line at, const struct seam *seam)
{
	expect_write_parts(at, seam->ep, seam->iova, ACCESS_PARTS(seam->halves));
	expect_read_parts(at, seam->ep, seam->iova, ACCESS_PARTS(seam->halves));
}

TEST(N_MAP_1, one_access_reaches_two_mappings, NEEDS_DMA | NEEDS_EXACT)
{
	struct seam seam;

	REQUIRE(make_seam(AT, &seam, false));
	expect_over_seam(AT, &seam);
}

TEST(N_MAP_1, one_access_reaches_two_mappings_made_downwards, NEEDS_DMA | NEEDS_EXACT)
{
	struct seam seam;

	REQUIRE(make_seam(AT, &seam, true));
	expect_over_seam(AT, &seam);
}

/*
 * A mapping of two pages around each power of two, each with memory of its own: a bit that MAP loses
 * makes two of them overlap. An access has all bits below its page's set, so that few have to do.
 * Without PROBE a reserved region could be in the way unseen.
 */
TEST(N_MAP_1, each_address_bit_counts, NEEDS_DMA | NEEDS_PROBE)
{
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page;
	uint32_t domain = fresh_domain();
	uint8_t *targets[64] = {0};
	struct reply reply;

	REQUIRE(attach_with_dma(AT, ep, domain));
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t middle = 1ull << bit;

		if (middle < 4 * page || !iova_is_free(middle - page, 2 * page))
			continue;
		targets[bit] = watched_pages(2);
		reply = map_range(domain, middle - page, 2 * page, targets[bit], MAP_RW);
		if (reply.delivered && reply.status == STATUS_NOMEM)
			SILENT("the device has no room for %u mappings", bit);
		REQUIRE_OK(reply);
	}
	for (unsigned int bit = 63; bit; bit -= 3)
		if (targets[bit])
			EXPECT_WRITES(ep, (1ull << bit) - HALF, targets[bit] + page - HALF, SPAN);
}

TEST(N_MAP_1, first_page_of_the_input_range, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = align_up(iommu.config.input_start, page);
	uint8_t *target = watched_pages(2);
	uint32_t domain = fresh_domain();

	if (!iova_is_free(iova, 2 * page))
		NOT_APPLICABLE("the start of the input range is in use");
	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	EXPECT_WRITES(ep, iova, target, 1);
	EXPECT_READS(ep, iova, target, 8);
	EXPECT_WRITES(ep, iova + page - 1, target + page - 1, 1);
	EXPECT_WRITE_BLOCKED(ep, iova + page, 8);
}

/* The last byte is left to last_page_of_the_input_range. */
TEST(N_MAP_1, several_pages_at_the_end_of_the_input_range, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = align_down(iommu.config.input_end + 1, page) - 3 * page;
	uint8_t *target = watched_pages(3);
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!iova_is_free(iova, 3 * page))
		NOT_APPLICABLE("the end of the input range is in use");
	REQUIRE(attach_with_dma(AT, ep, domain));
	reply = map_range(domain, iova, 3 * page, target, MAP_RW);
	EXPECT_OK(reply);
	if (!is_ok(&reply))
		return;
	EXPECT_WRITES(ep, iova, target, 8);
	EXPECT_WRITES(ep, iova + 2 * page - HALF, target + 2 * page - HALF, SPAN);
	REQUIRE_OK(unmap_range(domain, iova, 3 * page));
	EXPECT_WRITE_BLOCKED(ep, iova, 8);
	EXPECT_WRITE_BLOCKED(ep, iova + 2 * page, 8);
}

/* DEV-MAP-2 (SHOULD): Overlap with an existing mapping => expected refusal with INVAL */
/* Most of it leads to no memory, for which a device may refuse it (N-MAP-5). */
TEST(DEV_MAP_2, overlap_beyond_4_gib_is_refused, NEEDS_DOMAIN)
{
	const uint64_t size = (1ull << 32) + 2 * iommu.page;
	struct endpoint *ep = endpoint(0);
	uint8_t *target = watched_pages(2), *other = watched_pages(1);
	uint32_t domain = fresh_domain();
	uint64_t iova, upper;
	struct reply reply;

	if (!iova_find(0, size, &iova))
		NOT_APPLICABLE("the input range has no 4 GiB in one piece");
	upper = iova + size - iommu.page;
	REQUIRE(attach_with_dma(AT, ep, domain));
	reply = map_range(domain, iova, size, target, MAP_RW);
	if (!is_ok(&reply))
		SILENT("a mapping of more than 4 GiB is refused: %s", status_name(reply.status));
	EXPECT_WRITES(ep, iova + iommu.page, target + iommu.page, 8);
	reply = map_page(domain, upper, other, MAP_RW);
	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_WRITE_BLOCKED(ep, upper, 8);
	EXPECT_WRITE_BLOCKED(ep, iova + size, 8);
	REQUIRE_OK(unmap_range(domain, iova, size));
	EXPECT_WRITE_BLOCKED(ep, iova, 8);
	EXPECT(can_map(domain, upper, iommu.page, other), "after UNMAP all of the range is free",
	       "a MAP of its last page does not succeed");
}

/* N-MAP-3 (no keyword): Only the lowest mask bit limits; other bits are hints */
/* Not the sizes that page_size_mask may give a hint at, nor aligned to those. */
TEST(N_MAP_3, sizes_beside_a_large_page, NEEDS_DMA)
{
	static const unsigned int sizes[] = {1, 3, 511, 513};
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova;
	uint8_t *target = arena_alloc_uninit(514 * page, page);
	uint32_t domain = fresh_domain();

	if (!iova_find(0, 515 * page, &iova))
		NOT_APPLICABLE("the input range has too few pages");
	iova += page;
	REQUIRE(attach_with_dma(AT, ep, domain));
	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t size = sizes[i] * page, last = size - page;
		struct reply reply = map_range(domain, iova, size, target, MAP_RW);

		EXPECT_OK(reply);
		watch_pages(target + last, 2);
		EXPECT_WRITES(ep, iova + last - (last ? HALF : 0), target + last - (last ? HALF : 0), SPAN);
		EXPECT_WRITES(ep, iova + size - 8, target + size - 8, 8);
		EXPECT_WRITE_BLOCKED(ep, iova + size, 1);
		REQUIRE_OK(unmap_range(domain, iova, size));
	}
}

/* What each of two adjacent pages allows: 0 is a page that is not mapped. */
struct rights {
	uint32_t low, high;
};

/* True if both pages are mapped as @rights say. A device may refuse WRITE alone (DEV-MAP-7). */
static bool map_rights(const struct page_fixture *s, struct rights rights)
{
	const uint32_t flags[] = {rights.low, rights.high};
	struct reply reply;

	reply = unmap_range(s->domain, s->iova, 2 * iommu.page);
	for (unsigned int i = 0; i < 2 && is_ok(&reply); i++) {
		uint64_t at = i * iommu.page;

		if (flags[i])
			reply = map_page(s->domain, s->iova + at, s->target + at, flags[i]);
	}
	return is_ok(&reply);
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
/* Whatever is on the lower page, a write goes on into the higher one only if that is for writes. */
TEST(DEV_MAP_6, write_over_two_pages_needs_the_rights_of_both, NEEDS_DMA)
{
	static const struct rights cases[] = {{MAP_WRITE, 0}, {MAP_WRITE, MAP_READ}, {MAP_RW, 0},
					      {MAP_WRITE, MAP_WRITE}, {MAP_WRITE, MAP_RW},
					      {MAP_RW, MAP_WRITE}, {MAP_RW, MAP_RW}};
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t at = iommu.page - HALF;

		if (!map_rights(&s, cases[i]))
			continue;
		if (cases[i].high & MAP_WRITE)
			EXPECT_WRITES(s.ep, s.iova + at, s.target + at, SPAN);
		else
			EXPECT_WRITE_STAYS_IN(s.ep, s.iova + at, SPAN, s.target + at, HALF);
	}
}

/* Whatever becomes of the first half, the second is blocked. */
static void expect_half_read(struct source_line at, struct endpoint *ep, uint64_t iova, uint8_t *memory)
{
	const struct access_part halves[] = {{memory, HALF, PART_OPEN}, {memory + HALF, HALF, PART_BLOCKED}};

	expect_read_parts(at, ep, iova, ACCESS_PARTS(halves));
}

/* N-MAP-4 (ISOLATION): Access allowed iff flags allow it; READ may be implied by WRITE; some ... */
/* The same for reads, where WRITE may imply READ. */
TEST(N_MAP_4, read_over_two_pages_needs_the_rights_of_both, NEEDS_DMA)
{
	static const struct rights cases[] = {{MAP_READ, 0}, {MAP_READ, MAP_WRITE}, {MAP_RW, MAP_WRITE},
					      {MAP_READ, MAP_READ}, {MAP_READ, MAP_RW},
					      {MAP_RW, MAP_READ}, {MAP_RW, MAP_RW}};
	struct page_fixture s;
	bool implied;

	REQUIRE(map_one_page(AT, &s));
	implied = map_rights(&s, (struct rights){MAP_WRITE, 0}) && can_read(s.ep, s.iova, s.target, 8);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t at = iommu.page - HALF;

		if (!map_rights(&s, cases[i]))
			continue;
		if ((cases[i].high & MAP_READ) || (cases[i].high && implied))
			EXPECT_READS(s.ep, s.iova + at, s.target + at, SPAN);
		else
			expect_half_read(AT, s.ep, s.iova + at, s.target + at);
	}
}

/* Pages of a range, each a mapping of its own, made in an order that is neither up nor down. */
struct many {
	uint32_t domain;
	uint64_t iova;
	unsigned int count;	/* a prime, so that each comes up once */
	uint8_t *memory;	/* MEMORY_PAGES pages, which repeat */
};

#define MEMORY_PAGES 31
#define STRIDE	     787

static uint8_t *memory_of(const struct many *many, unsigned int index)
{
	return many->memory + index % MEMORY_PAGES * iommu.page;
}

static uint64_t iova_of(const struct many *many, unsigned int index)
{
	return many->iova + index * iommu.page;
}

/* How many mappings a device has room for is its own affair: with NOMEM the test is a skip. */
static bool map_many(struct source_line at, const struct many *many)
{
	struct map_request *requests = arena_alloc(many->count * sizeof(*requests), 8);
	uint8_t status;

	for (unsigned int i = 0; i < many->count; i++) {
		unsigned int index = i * STRIDE % many->count;
		uint64_t start = iova_of(many, index);

		requests[i] = (struct map_request){{.type = REQUEST_MAP}, many->domain, start,
						   start + iommu.page - 1,
						   phys(memory_of(many, index)), MAP_RW};
	}
	status = map_batch(requests, many->count);
	if (status == STATUS_NOMEM)
		silent("the device has no room for %u mappings", many->count);
	else if (status != STATUS_OK)
		judge(SET_UP, at, "MAP of a page is OK (N-MAP-1)", "of %u one has status %s", many->count,
		      status_name(status));
	return status == STATUS_OK;
}

/* Some of them, the first and the last that were made too: there, or not. */
static void expect_many(struct source_line at, struct endpoint *ep, const struct many *many, bool mapped)
{
	static const unsigned int parts = 4;

	for (unsigned int i = 0; i <= parts; i++) {
		unsigned int index = (many->count - 1) * i / parts * STRIDE % many->count;
		uint64_t iova = iova_of(many, index) + iommu.page - 8;

		if (mapped)
			expect_writes(at, BY_LEVEL, ep, iova, memory_of(many, index) + iommu.page - 8, 8);
		else if (i % 2 == 0)
			expect_write_blocked(at, ep, iova, 8);
	}
}

static struct many many_pages(unsigned int count)
{
	uint64_t iova;

	if (!iova_find(0, (count + 1) * iommu.page, &iova))
		not_applicable_rest("the input range has too few pages");
	return (struct many){.domain = fresh_domain(), .iova = iova, .count = count,
			     .memory = watched_pages(MEMORY_PAGES)};
}

/* Whatever a device looks mappings up with: a list, a tree, a table. */
TEST(N_MAP_1, thousands_of_mappings, NEEDS_DMA)
{
	struct many many = many_pages(2053);
	struct endpoint *ep = endpoint(0);

	REQUIRE(attach_with_dma(AT, ep, many.domain));
	if (!map_many(AT, &many))
		return;
	expect_many(AT, ep, &many, true);
	EXPECT_WRITE_BLOCKED(ep, many.iova + many.count * iommu.page, 8);
	REQUIRE_OK(unmap_range(many.domain, many.iova, many.count * iommu.page));
	expect_many(AT, ep, &many, false);
}

/* Which of many go, one at a time, and in which order; those that stay are between them. */
struct removal {
	unsigned int period, kept;	/* of each @period the first @kept stay */
	unsigned int (*place)(const struct many *many, unsigned int turn);
};

static unsigned int place_upwards(const struct many *many, unsigned int turn)
{
	(void)many;
	return turn;
}

static unsigned int place_downwards(const struct many *many, unsigned int turn)
{
	return many->count - 1 - turn;
}

static unsigned int place_anywhere(const struct many *many, unsigned int turn)
{
	return turn * STRIDE % many->count;
}

static bool stays(const struct removal *removal, unsigned int index)
{
	return index % removal->period < removal->kept;
}

static bool remove_some(struct source_line at, const struct many *many, const struct removal *removal)
{
	for (unsigned int turn = 0; turn < many->count; turn++) {
		unsigned int index = removal->place(many, turn);
		struct reply reply;

		if (stays(removal, index))
			continue;
		reply = unmap_page(many->domain, iova_of(many, index));
		if (!expect_status(at, SET_UP, &reply, STATUS_OK))
			return false;
	}
	return true;
}

/* All that stay are reached; of the others the first and the last are not. */
static void expect_rest(struct source_line at, struct endpoint *ep, const struct many *many,
			const struct removal *removal)
{
	unsigned int first = removal->kept, last = many->count - 1;

	for (unsigned int i = 0; i < many->count && no_defect_so_far(); i++)
		if (stays(removal, i))
			expect_writes(at, BY_LEVEL, ep, iova_of(many, i), memory_of(many, i), 8);
	while (stays(removal, last))
		last--;
	expect_write_blocked(at, ep, iova_of(many, first), 8);
	expect_write_blocked(at, ep, iova_of(many, last), 8);
}

/* A mapping that goes takes none along, whatever the shape of the tree or list that it goes from. */
TEST(N_MAP_1, what_is_left_of_many_mappings_is_reached, NEEDS_DMA)
{
	static const struct removal removals[] = {	/* period, kept, place */
		{2, 1, place_upwards}, {2, 1, place_downwards},
		{3, 1, place_anywhere}, {3, 2, place_anywhere},
	};
	struct many many = many_pages(67);
	struct endpoint *ep = endpoint(0);

	REQUIRE(attach_with_dma(AT, ep, many.domain));
	for (unsigned int i = 0; i < ARRAY_SIZE(removals) && no_defect_so_far(); i++) {
		if (!map_many(AT, &many) || !remove_some(AT, &many, &removals[i]))
			return;
		expect_rest(AT, ep, &many, &removals[i]);
		REQUIRE_OK(unmap_range(many.domain, many.iova, many.count * iommu.page));
	}
}

#define PIECE 128	/* pages: a range of this size leads to memory of ours as a whole */

/* All pages from @first on are free, up to @last: they can be mapped by pieces. */
static void expect_all_free(struct source_line at, const struct many *many, unsigned int first,
			    unsigned int last)
{
	uint8_t *memory = arena_alloc_uninit(PIECE * iommu.page, iommu.page);

	for (unsigned int i = first; i <= last; i += PIECE) {
		unsigned int count = min(last - i + 1, PIECE);
		struct reply reply = map_range(many->domain, iova_of(many, i), count * iommu.page, memory,
					       MAP_RW);

		if (!is_ok(&reply))
			return judge(BY_LEVEL, at, "all that UNMAP covered is removed",
				     "MAP of pages %u to %u out of %u: %s", i, i + count - 1, many->count,
				     status_name(reply.status));
	}
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
/* With one request, which leaves the lowest and the highest one. */
TEST(DEV_UNMAP_7, thousands_of_mappings_go_with_one_request, NEEDS_DMA | NEEDS_PRODUCTS)
{
	struct many many = many_pages(4003);
	unsigned int last = many.count - 1;
	struct endpoint *ep = endpoint(0);

	REQUIRE(attach_with_dma(AT, ep, many.domain));
	if (!map_many(AT, &many))
		return;
	REQUIRE_OK(unmap(many.domain, iova_of(&many, 1), iova_of(&many, last) - 1));
	for (unsigned int i = 1; i < last; i += last / 3)
		EXPECT_WRITE_BLOCKED(ep, iova_of(&many, i), 8);
	EXPECT_WRITE_BLOCKED(ep, iova_of(&many, last - 1), 8);
	EXPECT_WRITES(ep, iova_of(&many, 0), memory_of(&many, 0), 8);
	EXPECT_WRITES(ep, iova_of(&many, last), memory_of(&many, last), 8);
	expect_all_free(AT, &many, 1, last - 1);
}

/* N-DOM-3 (ISOLATION): Different domains are isolated */
/* The same addresses in both domains, with memory of their own. */
TEST(N_DOM_3, many_mappings_in_two_domains, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct many one = many_pages(601), two = many_pages(601);

	REQUIRE(attach_with_dma(AT, endpoint(0), one.domain));
	REQUIRE(attach_with_dma(AT, endpoint(1), two.domain));
	if (!map_many(AT, &one) || !map_many(AT, &two))
		return;
	expect_many(AT, endpoint(0), &one, true);
	expect_many(AT, endpoint(1), &two, true);
	REQUIRE_OK(unmap_range(two.domain, two.iova, two.count * iommu.page));
	expect_many(AT, endpoint(1), &two, false);
	expect_many(AT, endpoint(0), &one, true);
}

/* Memory belongs to no domain: two can lead to the same page. */
TEST(N_DOM_3, unmap_leaves_the_same_memory_in_another_domain, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	uint32_t other = fresh_domain();
	struct page_fixture s;
	uint64_t twin;

	REQUIRE(map_one_page(AT, &s));
	twin = s.iova + iommu.page;
	REQUIRE(attach_with_dma(AT, second, other));
	REQUIRE_OK(map_page(other, twin, s.target, MAP_RW));
	EXPECT_WRITES(second, twin, s.target, 8);
	EXPECT_WRITE_BLOCKED(second, s.iova, 8);
	REQUIRE_OK(unmap_page(other, twin));
	EXPECT_WRITE_BLOCKED(second, twin, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/*
 * Each time in a new mapping: a device may find one by its start, or by large pages, and has not looked for
 * this one before.
 */
static bool expect_first_access(struct source_line at, const struct page_fixture *s, uint64_t iova,
				uint8_t *memory, size_t size, size_t offset)
{
	struct reply reply = map_range(s->domain, iova, size, memory, MAP_RW);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK) ||
	    !expect_writes(at, BY_LEVEL, s->ep, iova + offset, memory + offset, 8) ||
	    !expect_writes(at, BY_LEVEL, s->ep, iova, memory, 8))
		return false;
	reply = unmap_range(s->domain, iova, size);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

TEST(N_MAP_1, first_access_is_far_behind_the_start, NEEDS_DMA)
{
	const size_t size = 4 << 20, half = size / 2;
	const size_t offsets[] = {
		half, half + iommu.page, half + 2 * iommu.page, size - iommu.page, half / 2};
	uint8_t *memory = arena_alloc_uninit(size, iommu.page);
	struct page_fixture s;
	uint64_t iova;

	REQUIRE(map_one_page(AT, &s));
	iova_take(s.iova, iommu.page);
	if (!iova_find(0, size, &iova))
		NOT_APPLICABLE("the input range has no room for 4 MiB");
	iova_take(iova, size);
	watch_pages(memory, 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++)
		watch_pages(memory + offsets[i], 1);
	for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++)
		if (!expect_first_access(AT, &s, iova, memory, size, offsets[i]))
			return;
}

/* The last page of memory, if that is above 4 GiB. */
static uint8_t *high_page(void)
{
	uint64_t page = align_down(memory_end(), iommu.page) - iommu.page;

	return page >> 32 ? watched_page_at(page) : NULL;
}

#define NO_HIGH_MEMORY "there is no memory above 4 GiB"

TEST(N_MAP_1, memory_above_4_gib_is_reached, NEEDS_DMA)
{
	uint8_t *high = high_page();
	struct page_fixture s;
	uint64_t iova;

	if (!high)
		SKIP(NO_HIGH_MEMORY);
	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	REQUIRE_OK(map_page(s.domain, iova, high, MAP_RW));
	EXPECT_WRITES(s.ep, iova, high, 8);
	EXPECT_WRITES(s.ep, iova + iommu.page - 1, high + iommu.page - 1, 1);
	EXPECT_READS(s.ep, iova, high, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* There may be no memory in between, for which a device may refuse the mapping (N-MAP-5). */
TEST(N_MAP_1, mapping_of_more_than_4_gib_is_reached_at_both_ends, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint8_t *low = watched_pages(1), *high = high_page();
	uint32_t domain = fresh_domain();
	uint64_t last = high - low, iova;
	struct reply reply;

	if (!high)
		SKIP(NO_HIGH_MEMORY);
	if (!iova_find(0, last + iommu.page, &iova))
		NOT_APPLICABLE("the input range has no room for a mapping of all memory");
	REQUIRE(attach_with_dma(AT, ep, domain));
	reply = map_range(domain, iova, last + iommu.page, low, MAP_RW);
	if (!is_ok(&reply)) {
		INFO("a mapping of memory with gaps is refused: %s", status_name(reply.status));
		return;
	}
	EXPECT_WRITES(ep, iova, low, 8);
	EXPECT_WRITES(ep, iova + last, high, 8);
	EXPECT_WRITES(ep, iova + last + iommu.page - 1, high + iommu.page - 1, 1);
	EXPECT_WRITE_BLOCKED(ep, iova + last + iommu.page, 8);
	REQUIRE_OK(unmap_range(domain, iova, last + iommu.page));
	EXPECT_WRITE_BLOCKED(ep, iova + last, 8);
}

/* N-BYP-1 (no keyword): Bypass = everything allowed, identity */
TEST(N_BYP_1, memory_above_4_gib_is_reached, NEEDS_ENDPOINT)
{
	uint8_t *high = high_page();

	if (!high)
		SKIP(NO_HIGH_MEMORY);
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	EXPECT_WRITES(endpoint(0), phys(high), high, 8);
	EXPECT_READS(endpoint(0), phys(high), high, 8);
}
