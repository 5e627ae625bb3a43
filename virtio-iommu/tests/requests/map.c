// SPDX-License-Identifier: BSD-3-Clause
/*
 * MAP request (virtio 1.4, 5.13.6.5).
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "memory.h"
#include "util.h"

#define FIRST_UNKNOWN_FLAG 3

/* MAP of [start, end] to @phys_start is refused with RANGE. */
static bool expect_range(struct source_line at, const struct page_fixture *s, uint64_t start, uint64_t end,
			 uint64_t phys_start)
{
	struct reply reply = map(s->domain, start, end, phys_start, MAP_RW);

	return expect_status(at, BY_LEVEL, &reply, STATUS_RANGE);
}

/* The largest power of two of pages that there is room for, in free memory and from *@iova on. */
static uint64_t largest_size(uint64_t *iova)
{
	uint64_t size = iommu.page;

	while (2 * size <= arena_room() / 2)
		size *= 2;
	while (size > iommu.page && !iova_find(0, size, iova))
		size /= 2;
	if (size == iommu.page)
		*iova = iova_window(1);
	return size;
}

/* DEV-MAP-1 (SHOULD): `virt_start`, `phys_start` or `virt_end`+1 off-granule => expected refusal with ... */
/*
 * Each of the three bounds off its granule, alone: by one byte, and by half a granule. Of one page and of
 * more: a device may have another path for large mappings.
 */
TEST(DEV_MAP_1, unaligned_bounds_are_refused_with_range, NEEDS_DOMAIN)
{
	const uint64_t offsets[] = {1, iommu.granule / 2};
	struct page_fixture s = {.domain = fresh_domain()};
	uint64_t largest, end, memory;

	if (iommu.granule == 1)
		NOT_APPLICABLE("the granule is 1: nothing is unaligned");
	REQUIRE(attach_with_dma(AT, endpoint(0), s.domain));
	largest = largest_size(&s.iova);
	memory = phys(arena_alloc_uninit(largest + iommu.page, iommu.page));
	for (uint64_t size = iommu.page; size <= largest && no_defect_so_far(); size *= 2) {
		end = s.iova + size - 1;
		for (unsigned int i = 0; i < ARRAY_SIZE(offsets); i++) {
			expect_range(AT, &s, s.iova + offsets[i], end, memory);
			expect_range(AT, &s, s.iova, end - offsets[i], memory);
			expect_range(AT, &s, s.iova, end, memory + offsets[i]);
		}
	}
}

TEST(DEV_MAP_1, refused_range_is_not_mapped, NEEDS_DMA)
{
	struct page_fixture s;
	uint64_t start;

	if (iommu.granule == 1)
		NOT_APPLICABLE("the granule is 1: nothing is unaligned");
	REQUIRE(map_one_page(AT, &s));
	start = s.iova + iommu.page;
	if (!expect_range(AT, &s, start, start + iommu.page - 2, phys(s.target)))
		return;
	EXPECT_WRITE_BLOCKED(s.ep, start + 8, 8);
	EXPECT(can_map(s.domain, start, iommu.page, s.target), "the range is still free",
	       "a correct MAP of it does not succeed");
}

/* DEV-MAP-2 (SHOULD): Overlap with an existing mapping => expected refusal with INVAL */
/* Pages 2-5 are mapped. Whatever shares a page with them is refused; all else is as it was. */
TEST(DEV_MAP_2, overlap_is_refused_with_inval, NEEDS_DOMAIN)
{
	static const struct {
		unsigned int first, last;
	} overlaps[] = {{2, 5}, {1, 2}, {5, 6}, {3, 4}, {1, 6}, {2, 2}, {5, 5}, {0, 7}};
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = iova_window(8);
	uint8_t *target = watched_pages(8), *other = watched_pages(8);
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_range(domain, iova + 2 * page, 4 * page, target + 2 * page, MAP_RW));
	for (unsigned int i = 0; i < ARRAY_SIZE(overlaps); i++) {
		reply = map(domain, iova + overlaps[i].first * page,
			    iova + (overlaps[i].last + 1) * page - 1, phys(other), MAP_READ);
		EXPECT_STATUS(reply, STATUS_INVAL);
	}
	EXPECT_WRITES(ep, iova + 2 * page, target + 2 * page, 8);
	EXPECT_WRITES(ep, iova + 5 * page, target + 5 * page, 8);
	EXPECT_WRITE_BLOCKED(ep, iova + page, 8);
	EXPECT_WRITE_BLOCKED(ep, iova + 6 * page, 8);
}

TEST(DEV_MAP_2, touching_neighbours_are_no_overlap, NEEDS_DOMAIN)
{
	uint8_t *other = watched_pages(2);
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = map(s.domain, s.iova - iommu.page, s.iova - 1, phys(other), MAP_RW);
	EXPECT_OK(reply);
	reply = map_page(s.domain, s.iova + iommu.page, other + iommu.page, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, s.iova - iommu.page, other, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITES(s.ep, s.iova + iommu.page, other + iommu.page, 8);
}

static void expect_map_noent(struct source_line at, uint32_t domain)
{
	uint64_t iova = iova_window(1);
	struct reply reply = map_page(domain, iova, watched_pages(1), MAP_RW);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
}

/* DEV-MAP-4 (SHOULD): Unknown domain => expected refusal with NOENT */
TEST(DEV_MAP_4, domain_that_never_was_is_refused, NEEDS_MAP_UNMAP)
{
	expect_map_noent(AT, fresh_domain());
}

/*
 * Whatever its range is: one that no input range has, or no memory, is refused for that, too, and with which
 * of both statuses is open. No sum that is made of it may be relied on before.
 */
TEST(DEV_MAP_4, no_range_is_mapped_in_a_domain_that_never_was, NEEDS_MAP_UNMAP)
{
	uint64_t page = iommu.page, top = 1ull << 63;
	const uint64_t ranges[][3] = {	/* virt_start, virt_end, phys_start */
		{0, UINT64_MAX, 0},
		{0, page - 1, 0},
		{0, top - 1, 0},
		{top, UINT64_MAX, 0},
		{-page, UINT64_MAX, -page},
		{page, UINT64_MAX, 0},
		{iommu.config.input_start, iommu.config.input_end, 0},
	};
	uint32_t domain = fresh_domain();

	for (unsigned int i = 0; i < ARRAY_SIZE(ranges); i++) {
		struct reply reply = map(domain, ranges[i][0], ranges[i][1], ranges[i][2], MAP_RW);

		EXPECT(is_refusal(&reply), "a refusal", "%s, used.len %u: MAP of %#lx to %#lx",
		       reply.used ? status_name(reply.status) : "no answer", reply.length, ranges[i][0],
		       ranges[i][1]);
	}
	EXPECT_NO_DOMAIN(domain);
}

TEST(DEV_MAP_4, domain_that_ended_is_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	expect_map_noent(AT, s.domain);
}

TEST(DEV_MAP_4, domain_whose_member_moved_away_is_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = attach(fresh_domain(), s.ep->id, 0);
	if (!is_ok(&reply))
		SILENT("the device does not move endpoints");
	expect_map_noent(AT, s.domain);
}

/* Who is attached twice is one member: ATTACH to the same domain is a no-op, or ends it first (AMB-5). */
TEST(DEV_MAP_4, domain_whose_member_was_attached_twice_is_refused, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;

	for (unsigned int again = 1; again < 4 && no_defect_so_far(); again++) {
		REQUIRE(map_one_page(AT, &s));
		for (unsigned int i = 0; i < again; i++)
			reply = attach(s.domain, s.ep->id, 0);
		if (!is_ok(&reply))
			NOT_APPLICABLE("ATTACH to the same domain again is refused (AMB-5)");
		REQUIRE(detach_endpoint(AT, s.ep, s.domain));
		expect_map_noent(AT, s.domain);
	}
}

/* DEV-MAP-5 (SHOULD): MAP on a bypass domain => expected refusal with INVAL */
TEST(DEV_MAP_5, bypass_domain_is_refused, NEEDS_ENDPOINT_ID | NEEDS_MAP_UNMAP | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1), *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(attach_bypass(AT, endpoint(0), domain));
	reply = map_page(domain, phys(page), target, MAP_RW);
	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_WRITES(endpoint(0), phys(page), page, 8);
}

/* DEV-MAP-7 (MAY): If write-only is not expressible, reads of a WRITE-only range can be allowed */
TEST(DEV_MAP_7, reads_of_a_write_only_page_are_an_option, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;
	uint64_t iova;

	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	reply = map_page(s.domain, iova, s.target + iommu.page, MAP_WRITE);
	if (!is_ok(&reply)) {
		INFO("a mapping with WRITE alone is refused: %s", status_name(reply.status));
		return;
	}
	EXPECT_WRITES(s.ep, iova, s.target + iommu.page, 8);
	if (no_defect_so_far())
		INFO("reads of a write-only mapping %s",
		     can_read(s.ep, iova, s.target + iommu.page, 8) ? "work" : "are blocked");
}

/* N-MAP-3 (no keyword): Only the lowest mask bit limits; other bits are hints */
/* Only the lowest bit of page_size_mask limits a size; the others are hints. */
TEST(N_MAP_3, sizes_are_any_number_of_granules, NEEDS_DMA)
{
	static const unsigned int pages[] = {1, 3, 5, 7, 11, 13};
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = iova_window(41) + page;
	uint8_t *target = watched_pages(14);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	for (unsigned int i = 0; i < ARRAY_SIZE(pages); i++) {
		uint64_t size = pages[i] * page;
		struct reply reply = map_range(domain, iova, size, target, MAP_RW);

		EXPECT_OK(reply);
		EXPECT_WRITES(ep, iova + size - 8, target + size - 8, 8);
		iova += size;
	}
}

/* A refused MAP maps nothing: no access passes, and the range is still free. */
static void expect_map_refused(struct source_line at, const struct page_fixture *s, uint32_t flags)
{
	uint64_t iova = s->iova + iommu.page;
	uint8_t *target = s->target + iommu.page;
	struct reply reply = map_page(s->domain, iova, target, flags);

	expect_status(at, BY_LEVEL, &reply, STATUS_INVAL);
	if (!can_map(s->domain, iova, iommu.page, target))
		judge(BY_LEVEL, at, "a refused MAP leaves the range free",
		      "a correct MAP of the same range does not succeed");
}

/* DEV-MAP-3 (MUST): Any unknown `flags` bit in MAP => refused with INVAL */
TEST(DEV_MAP_3, each_unknown_flag_is_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int bit = FIRST_UNKNOWN_FLAG; bit < 32; bit++)
		expect_map_refused(AT, &s, MAP_RW | 1u << bit);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(DEV_MAP_3, all_unknown_flags_are_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	expect_map_refused(AT, &s, ~0u << FIRST_UNKNOWN_FLAG);
	expect_map_refused(AT, &s, MAP_RW | ~0u << FIRST_UNKNOWN_FLAG);
}

TEST(DEV_MAP_3, refused_mapping_does_not_translate, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = map_page(s.domain, s.iova + iommu.page, s.target + iommu.page, MAP_RW | 1u << 31);
	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page + 8, 8);
	EXPECT_READ_BLOCKED(s.ep, s.iova + iommu.page + 8, s.target + iommu.page + 8, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* The flag is defined by feature MMIO: without it, it is as unknown as the others. */
TEST(DEV_MAP_3, mmio_flag_without_its_feature_is_refused, NEEDS_DOMAIN | NEEDS_NO_MMIO_FLAG)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	expect_map_refused(AT, &s, MAP_RW | MAP_MMIO);
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
/* What memory does for reads behind a mapping for registers is open (DRV-MAP-4). */
TEST(DEV_MAP_6, page_mapped_for_registers_without_write_cannot_be_written, NEEDS_DMA | NEEDS_MMIO_FLAG)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	MAP_OR_SKIP(map_page(s.domain, s.iova + iommu.page, s.target + iommu.page, MAP_READ | MAP_MMIO));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 1);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page + 8, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + 2 * iommu.page - 1, 1);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(DEV_MAP_6, read_only_page_cannot_be_written, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page_as(AT, &s, MAP_READ));
	EXPECT_READS(s.ep, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 1);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + 8, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page - 1, 1);
	EXPECT_READS(s.ep, s.iova + iommu.page - 1, s.target + iommu.page - 1, 1);
}

/* An access that starts where it may write does not get beyond. */
TEST(DEV_MAP_6, write_does_not_run_into_a_read_only_page, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(3), page = iommu.page;
	uint8_t *writable = watched_pages(1), *read_only = watched_pages(1);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, writable, MAP_RW));
	MAP_OR_SKIP(map_page(domain, iova + page, read_only, MAP_READ));
	REQUIRE_WRITES(ep, iova + page - 8, writable + page - 8, 8);
	EXPECT_WRITE_STAYS_IN(ep, iova + page - 8, 16, writable + page - 8, 8);
	EXPECT_READS(ep, iova + page, read_only, 8);
}

/* Nothing remembers the old permission after UNMAP and MAP. */
TEST(DEV_MAP_6, permission_follows_the_newest_mapping, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page_as(AT, &s, MAP_READ));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	REQUIRE_OK(unmap_page(s.domain, s.iova));
	REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_RW));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE_OK(unmap_page(s.domain, s.iova));
	REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_READ));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_READS(s.ep, s.iova, s.target, 8);
}

TEST(DEV_MAP_6, rng_cannot_write_a_read_only_page, NEEDS_MAP_UNMAP | NEEDS_RNG)
{
	struct endpoint *ep = endpoint_named("virtio-rng");
	uint64_t iova = iova_window(2), page = iommu.page;
	uint8_t *target = watched_pages(2);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	MAP_OR_SKIP(map_page(domain, iova + page, target + page, MAP_READ));
	EXPECT_WRITE_BLOCKED(ep, iova + page, 16);
	REQUIRE_WRITES(ep, iova, target, 16);
}

/* N-MAP-4 (ISOLATION): Access allowed iff flags allow it; READ may be implied by WRITE; some ... */
/* Without any flag neither direction is allowed. A device may refuse such a mapping. */
TEST(N_MAP_4, no_flag_allows_nothing, NEEDS_DMA)
{
	struct page_fixture s;
	uint64_t iova;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	reply = map_page(s.domain, iova, s.target + iommu.page, 0);
	if (!is_ok(&reply))
		INFO("a mapping without READ and WRITE is refused: %s", status_name(reply.status));
	EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
	EXPECT_READ_BLOCKED(s.ep, iova, s.target + iommu.page, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_MAP_4, read_flag_allows_reads_only, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page_as(AT, &s, MAP_READ));
	EXPECT_READS(s.ep, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
}

/* WRITE may imply READ, and may be refused alone (DEV-MAP-7). */
TEST(N_MAP_4, write_flag_allows_writes, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;
	uint64_t iova;

	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	reply = map_page(s.domain, iova, s.target + iommu.page, MAP_WRITE);
	if (!is_ok(&reply)) {
		INFO("a mapping with WRITE alone is refused: %s", status_name(reply.status));
		EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
		return;
	}
	EXPECT_WRITES(s.ep, iova, s.target + iommu.page, 8);
	INFO("reads of a write-only mapping %s",
	     can_read(s.ep, iova, s.target + iommu.page, 8) ? "work" : "are blocked");
}

TEST(N_MAP_4, both_flags_allow_both, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	EXPECT_READS(s.ep, s.iova, s.target, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
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

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_range(domain, iova, size, target, MAP_RW));
	EXPECT_WRITES(ep, iova, target, 1);
	EXPECT_WRITES(ep, iova + size - 1, target + size - 1, 1);
	EXPECT_WRITES(ep, iova + iommu.page - 8, target + iommu.page - 8, 16);
	EXPECT_READS(ep, iova, target, 1);
	EXPECT_READS(ep, iova + size - 1, target + size - 1, 1);
	EXPECT_READS(ep, iova + iommu.page - 8, target + iommu.page - 8, 16);
}

/* virt_start and virt_end are inclusive: the byte in front of the mapping is not part of it. */
TEST(N_MAP_1, byte_before_a_mapping_is_not_mapped, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova - 1, 1);
	EXPECT_READ_BLOCKED(s.ep, s.iova - 1, s.target - 1, 1);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 1);
}

TEST(N_MAP_1, byte_behind_a_mapping_is_not_mapped, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 1);
	EXPECT_READ_BLOCKED(s.ep, s.iova + iommu.page, s.target + iommu.page, 1);
	REQUIRE_WRITES(s.ep, s.iova + iommu.page - 1, s.target + iommu.page - 1, 1);
}

/* An access that begins inside stops at the end. */
TEST(N_MAP_1, access_does_not_run_over_the_end, NEEDS_DMA)
{
	struct page_fixture s;
	struct access_part halves[] = {{NULL, 8, PART_OPEN}, {NULL, 8, PART_BLOCKED}};

	REQUIRE(map_one_page(AT, &s));
	halves[0].memory = s.target + iommu.page - 8;
	halves[1].memory = s.target + iommu.page;
	expect_write_parts(AT, s.ep, s.iova + iommu.page - 8, ACCESS_PARTS(halves));
	expect_read_parts(AT, s.ep, s.iova + iommu.page - 8, ACCESS_PARTS(halves));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* Neighbours in I/O virtual space need not be neighbours in memory. */
static void neighbours(struct source_line at, bool upper_first)
{
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = iova_window(2);
	uint8_t *low = watched_pages(3), *high = watched_pages(1);
	uint32_t domain = fresh_domain();

	if (!attach_with_dma(at, ep, domain))
		return;
	for (unsigned int i = 0; i < 2; i++) {
		bool upper = upper_first != (i == 1);
		struct reply reply = map_page(domain, iova + upper * page, upper ? low : high, MAP_RW);

		if (!expect_status(at, SET_UP, &reply, STATUS_OK))
			return;
	}
	expect_writes(at, BY_LEVEL, ep, iova + page - 1, high + page - 1, 1);
	expect_writes(at, BY_LEVEL, ep, iova + page, low, 1);
	expect_reads(at, BY_LEVEL, ep, iova, high, 1);
	expect_reads(at, BY_LEVEL, ep, iova + 2 * page - 1, low + page - 1, 1);
	expect_write_blocked(at, ep, iova + 2 * page, 1);
}

TEST(N_MAP_1, adjacent_mappings_keep_their_own_memory, NEEDS_DMA)
{
	neighbours(AT, false);
}

TEST(N_MAP_1, adjacent_mappings_made_downwards_keep_their_own_memory, NEEDS_DMA)
{
	neighbours(AT, true);
}

/* Between two mappings lies a hole. */
TEST(N_MAP_1, hole_between_mappings_is_not_mapped, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = iova_window(3);
	uint8_t *target = watched_pages(3);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	REQUIRE_OK(map_page(domain, iova + 2 * page, target + 2 * page, MAP_RW));
	EXPECT_WRITE_BLOCKED(ep, iova + page, 1);
	EXPECT_WRITE_BLOCKED(ep, iova + page + 8, 8);
	EXPECT_WRITES(ep, iova + page - 1, target + page - 1, 1);
	EXPECT_WRITES(ep, iova + 2 * page, target + 2 * page, 1);
}

TEST(N_MAP_1, last_byte_of_a_hole_is_not_mapped, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = iova_window(3);
	uint8_t *target = watched_pages(3);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	REQUIRE_OK(map_page(domain, iova + 2 * page, target + 2 * page, MAP_RW));
	EXPECT_WRITE_BLOCKED(ep, iova + 2 * page - 1, 1);
	REQUIRE_WRITES(ep, iova + 2 * page, target + 2 * page, 1);
}

TEST(N_MAP_1, one_page_of_memory_at_two_addresses, NEEDS_DMA)
{
	uint64_t twin;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	twin = s.iova + iommu.page;
	REQUIRE_OK(map_page(s.domain, twin, s.target, MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITES(s.ep, twin, s.target, 8);
	REQUIRE_OK(unmap_page(s.domain, twin));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, twin, 8);
}

/* The highest page of the input range; with a range of 64 bits its end is 2^64 - 1. */
TEST(N_MAP_1, last_page_of_the_input_range, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = align_down(iommu.config.input_end + 1, iommu.page) - iommu.page;
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!iova_is_free(iova, iommu.page))
		NOT_APPLICABLE("the end of the input range is in use");
	REQUIRE(attach_with_dma(AT, ep, domain));
	reply = map_page(domain, iova, target, MAP_RW);
	EXPECT_OK(reply);
	if (!is_ok(&reply))
		return;
	EXPECT_WRITES(ep, iova, target, 1);
	EXPECT_WRITES(ep, iova + iommu.page - 1, target + iommu.page - 1, 1);
	EXPECT_WRITE_BLOCKED(ep, iova - 1, 1);
}

/* Address bits above 32 count. */
TEST(N_MAP_1, addresses_4_gib_apart_are_different, NEEDS_DMA)
{
	const uint64_t distance = 1ull << 32;
	uint8_t *far = watched_pages(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	if (!iova_is_free(s.iova + distance, iommu.page))
		NOT_APPLICABLE("the input range does not reach far enough");
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + distance, 8);
	REQUIRE_OK(map_page(s.domain, s.iova + distance, far, MAP_RW));
	EXPECT_WRITES(s.ep, s.iova + distance, far, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* N-MAP-5 (no keyword): phys range should lie in guest-physical space */
/*
 * Where there is no memory: any status will do. A device that keeps only some bits of phys_start
 * reaches the page that has the same low bits.
 */
TEST(N_MAP_5, phys_start_beyond_all_memory_is_no_alias, NEEDS_DMA)
{
	static const unsigned int bits[] = {44, 40, 36};
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
		uint64_t iova = s.iova + iommu.page, end = iova + iommu.page - 1;
		struct reply reply = map(s.domain, iova, end, phys(s.target) + (1ull << bits[i]), MAP_RW);

		EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
		if (is_ok(&reply))
			REQUIRE_OK(unmap(s.domain, iova, end));
	}
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_MAP_1, edu_does_not_run_over_the_end, NEEDS_MAP_UNMAP | NEEDS_EDU)
{
	struct endpoint *ep = endpoint_named("edu");
	uint64_t iova = iova_window(2);
	uint8_t *target = watched_pages(2);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	EXPECT_WRITES(ep, iova + iommu.page - 1, target + iommu.page - 1, 1);
	EXPECT_WRITE_STAYS_IN(ep, iova + iommu.page - 8, 16, target + iommu.page - 8, 8);
}

/* N-MAP-2 (ISOLATION): All attached endpoints see it, later joiners too */
/* Whoever is attached sees what is mapped, whichever came first. */
TEST(N_MAP_2, later_member_sees_earlier_mapping, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	SHARE(second, s.domain);
	REQUIRE(enable_dma(AT, second, s.domain));
	EXPECT_WRITES(second, s.iova, s.target, 8);
	EXPECT_WRITES(second, s.iova + iommu.page - 1, s.target + iommu.page - 1, 1);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_MAP_2, all_members_see_later_mapping, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct page_fixture s;
	uint64_t iova;

	REQUIRE(map_one_page(AT, &s));
	SHARE(second, s.domain);
	REQUIRE(enable_dma(AT, second, s.domain));
	iova = s.iova + iommu.page;
	EXPECT_WRITE_BLOCKED(second, iova, 8);
	REQUIRE_OK(map_page(s.domain, iova, s.target + iommu.page, MAP_RW));
	EXPECT_WRITES(second, iova, s.target + iommu.page, 8);
	EXPECT_WRITES(s.ep, iova, s.target + iommu.page, 8);
	REQUIRE_OK(unmap_page(s.domain, iova));
	EXPECT_WRITE_BLOCKED(second, iova, 8);
	EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
}

TEST(N_MAP_2, mapping_made_before_any_access_and_used_after_many, NEEDS_DMA)
{
	enum { PAGES = 16 };
	struct endpoint *ep = endpoint(0);
	uint64_t page = iommu.page, iova = iova_window(PAGES);
	uint8_t *target = watched_pages(PAGES);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	for (unsigned int i = 0; i < PAGES; i++)
		REQUIRE_OK(map_page(domain, iova + i * page, target + (PAGES - 1 - i) * page, MAP_RW));
	for (unsigned int i = 0; i < PAGES; i++)
		EXPECT_WRITES(ep, iova + i * page, target + (PAGES - 1 - i) * page, 8);
}
