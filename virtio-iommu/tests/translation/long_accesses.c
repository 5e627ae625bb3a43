// SPDX-License-Identifier: BSD-3-Clause
/*
 * The longest access that an endpoint can do: each page of it goes where its own mapping leads, and where one
 * is missing no byte goes anywhere (virtio 1.4, 5.13.6.5). A device that looks up some pages and takes the
 * others to follow them is told by memory in the reverse order.
 *
 * Where a page is missing, the others are moved to their own place, or not at all.
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/test.h"

#define MOST_PAGES 240		/* all of them are watched */
#define NO_HOLE MOST_PAGES

struct long_access {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *memory;	/* of the last page */
	unsigned int pages;
	struct access_part *parts;
};

static uint8_t *memory_of(const struct long_access *a, unsigned int page)
{
	return a->memory + (a->pages - 1 - page) * iommu.page;
}

static bool map_one(struct source_line at, const struct long_access *a, unsigned int page)
{
	struct reply reply = map_page(a->domain, a->iova + page * iommu.page, memory_of(a, page), MAP_RW);

	return !reply.no_room && expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool make_long_access(struct source_line at, struct long_access *a)
{
	a->ep = endpoint(0);
	a->domain = fresh_domain();
	a->pages = min(a->ep->dma.max_bytes / iommu.page, MOST_PAGES);
	if (a->pages < 2) {
		skip("no access of the endpoint is as long as two pages");
		return false;
	}
	a->iova = large_iova_window(a->pages);
	a->memory = filled_pages(a->pages);
	a->parts = arena_alloc(a->pages * sizeof(*a->parts), 8);
	if (!attach_with_dma(at, a->ep, a->domain))
		return false;
	for (unsigned int i = 0; i < a->pages; i++)
		if (!map_one(at, a, i))
			return false;
	return true;
}

static void expect_long(struct source_line at, const struct long_access *a, unsigned int hole, bool write)
{
	struct access_parts all = {a->parts, a->pages};

	for (unsigned int i = 0; i < a->pages; i++)
		a->parts[i] = (struct access_part){memory_of(a, i), iommu.page,
						   i == hole	     ? PART_BLOCKED :
						   hole == NO_HOLE   ? PART_MOVED :
								       PART_OPEN};
	if (write)
		expect_write_parts(at, a->ep, a->iova, all);
	else
		expect_read_parts(at, a->ep, a->iova, all);
}

static void expect_long_with_hole(struct source_line at, const struct long_access *a, unsigned int hole)
{
	unsigned int other = hole ? 0 : 1;
	struct reply reply = unmap_page(a->domain, a->iova + hole * iommu.page);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	expect_long(at, a, hole, true);
	expect_long(at, a, hole, false);
	expect_writes(at, SET_UP, a->ep, a->iova + other * iommu.page, memory_of(a, other), 8);
	map_one(at, a, hole);
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, each_page_of_a_long_access_goes_its_own_way, NEEDS_DMA | NEEDS_EXACT | NEEDS_PRODUCTS)
{
	struct long_access a;

	if (!make_long_access(AT, &a))
		return;
	expect_long(AT, &a, NO_HOLE, true);
	expect_long(AT, &a, NO_HOLE, false);
	expect_long_with_hole(AT, &a, 0);
	expect_long_with_hole(AT, &a, a.pages / 2);
	expect_long_with_hole(AT, &a, a.pages - 1);
}
