// SPDX-License-Identifier: BSD-3-Clause
/*
 * A MAP that is refused because there is no room (NOMEM) is refused as a whole: none of its range is mapped.
 * How many mappings there is room for is the device's own affair, and so is what takes how much of it: a
 * range that begins and ends off any larger page may be stored as many blocks, of which some find room.
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/test.h"
#include "util.h"

/* Ranges of pages 1 to SPACING - 2 of as many. */
#define SPACING 64
#define RANGES 400
#define LARGER (2 * SPACING)

struct filled {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *memory;	/* where each range leads */
	unsigned int count;	/* ranges that there was room for */
};

static uint64_t range_start(const struct filled *f, unsigned int range)
{
	return f->iova + (range * SPACING + 1) * iommu.page;
}

static struct reply map_pages(const struct filled *f, uint64_t start, unsigned int pages)
{
	return map(f->domain, start, start + pages * iommu.page - 1, phys(f->memory), MAP_RW);
}

static void look_at(struct source_line at, const struct filled *f, bool mapped, uint64_t start,
		    unsigned int pages)
{
	const unsigned int places[] = {0, pages / 2, pages - 1};

	for (unsigned int i = 0; i < ARRAY_SIZE(places) && no_defect_so_far(); i++) {
		uint64_t offset = places[i] * iommu.page, iova = start + offset;

		if (mapped)
			expect_writes(at, BY_LEVEL, f->ep, iova, f->memory + offset, 8);
		else if (expect_write_blocked(at, f->ep, iova, 8) && f->ep->dma.ops->exact)
			expect_read_blocked(at, f->ep, iova, f->memory + offset, 8);
	}
}

static bool is_nomem(const struct reply *reply)
{
	return is_refusal(reply) && reply->status == STATUS_NOMEM;
}

/* Return false if it is neither mapped nor refused for want of room. */
static bool try_pages(struct source_line at, const struct filled *f, uint64_t start, unsigned int pages)
{
	struct reply reply = map_pages(f, start, pages);

	if (!is_nomem(&reply) && !expect_status(at, SET_UP, &reply, STATUS_OK))
		return false;
	look_at(at, f, is_ok(&reply), start, pages);
	return true;
}

/* Return true if there was no room for one range more. */
static bool fill(struct source_line at, struct filled *f)
{
	struct reply reply = {0};

	for (f->count = 0; f->count < RANGES; f->count++) {
		reply = map_pages(f, range_start(f, f->count), SPACING - 2);
		if (is_nomem(&reply))
			return true;
		if (!expect_status(at, SET_UP, &reply, STATUS_OK))
			return false;
	}
	skip("the device has room for all of %u ranges", RANGES);
	return false;
}

/* With what one range has taken free again, there may be room for a part of a larger one. */
static void try_larger(struct source_line at, const struct filled *f)
{
	uint64_t start = range_start(f, f->count);
	struct reply reply = unmap(f->domain, range_start(f, 0),
				   range_start(f, 0) + (SPACING - 2) * iommu.page - 1);

	if (expect_status(at, SET_UP, &reply, STATUS_OK))
		try_pages(at, f, start, LARGER - 2);
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, range_without_room_is_not_mapped_in_part, NEEDS_DMA | NEEDS_PRODUCTS)
{
	struct filled f = {.ep = endpoint(0), .domain = fresh_domain(), .memory = watched_pages(LARGER)};

	f.iova = align_up(large_iova_window((RANGES + 1) * SPACING + LARGER), SPACING * iommu.page);
	REQUIRE(attach_with_dma(AT, f.ep, f.domain));
	if (!fill(AT, &f))
		return;
	look_at(AT, &f, false, range_start(&f, f.count), SPACING - 2);
	if (f.count < 2)
		SILENT("the device has no room for two ranges");
	try_larger(AT, &f);
	REQUIRE_WRITES(f.ep, range_start(&f, 1), f.memory, 8);
}
