// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reserved regions of each member of a domain: accesses, and MAP inside of them, over their ends, and exactly
 * beside (virtio 1.4, 5.13.6.8.1).
 *
 * A region ends where it ends, and is where it is: an access that begins in it reaches no memory behind it,
 * and addresses that look like it in most of their bits are like all others.
 *
 * A region is that of an endpoint, whoever else is in its domain and whoever came first: a device that looks
 * at the first member's regions, or at those of the member that came last, is told by the other.
 */
#include "driver/iova.h"
#include "driver/reserved.h"
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { REGION, MEMBER, ACTION, BESIDE };
enum { MEMBER_ALONE, MEMBER_FIRST, MEMBER_LATER };
enum {
	ACTION_WRITE, ACTION_READ, ACTION_WRITE_OVER_START, ACTION_READ_OVER_START,
	ACTION_WRITE_OVER_END, ACTION_READ_OVER_END, ACTION_MAP_FIRST, ACTION_MAP_LAST, ACTION_MAP_OVER_START,
	ACTION_MAP_OVER_END, ACTION_MAP_OVER_ALL, ACTION_MAP_BEFORE, ACTION_MAP_BEHIND,
};

static const char *const regions[] = {
	"first region", "second region", "third region", "fourth region",
	"fifth region", "sixth region", "seventh region", "eighth region",
};
static const char *const members[] = {"of a single member", "of the first member", "of the later member"};
static const char *const actions[] = {
	[ACTION_WRITE] = "written", [ACTION_READ] = "read",
	[ACTION_WRITE_OVER_START] = "written over its start",
	[ACTION_READ_OVER_START] = "read over its start",
	[ACTION_WRITE_OVER_END] = "written over its end", [ACTION_READ_OVER_END] = "read over its end",
	[ACTION_MAP_FIRST] = "first page mapped", [ACTION_MAP_LAST] = "last page mapped",
	[ACTION_MAP_OVER_START] = "mapped over its start", [ACTION_MAP_OVER_END] = "mapped over its end",
	[ACTION_MAP_OVER_ALL] = "mapped with more than all of it",
	[ACTION_MAP_BEFORE] = "page in front mapped", [ACTION_MAP_BEHIND] = "page behind mapped",
};

enum { BESIDE_FREE, BESIDE_MAPPED };

static const char *const besides[] = {"beside free pages", "beside mapped pages"};

/* Region number @index of those that endpoint(0) has, or NULL. */
static const struct reserved_region *own_region(unsigned int index)
{
	const struct reserved_region *region;

	for (unsigned int i = 0; (region = reserved_region(i)); i++)
		if (region->endpoint == endpoint(0)->id && !index--)
			return region;
	return NULL;
}

static const char *region_unmet(unsigned int value)
{
	return own_region(value) ? NULL : "the endpoint has no such region";
}

static const char *member_unmet(unsigned int value)
{
	return value == MEMBER_ALONE || (endpoint(1) && writes_on_demand(endpoint(1))) ?
	       NULL : "needs a second endpoint that does DMA behind the IOMMU";
}

static const struct dimension dimensions[] = {
	[REGION] = {"region", regions, ARRAY_SIZE(regions), region_unmet},
	[MEMBER] = {"of", members, ARRAY_SIZE(members), member_unmet},
	[ACTION] = {"action", actions, ARRAY_SIZE(actions), NULL},
	[BESIDE] = {"beside", besides, ARRAY_SIZE(besides), NULL},
};

#define OVER_EDGE (BIT(ACTION_WRITE_OVER_START) | BIT(ACTION_READ_OVER_START) |                   \
		   BIT(ACTION_WRITE_OVER_END) | BIT(ACTION_READ_OVER_END))

static const struct product_rule rules[] = {
	{{{ACTION, ~OVER_EDGE}, {BESIDE, BIT(BESIDE_MAPPED)}}, "it does not matter to this"},
};

/* A domain with the endpoint that has the region, and maybe another; a page is mapped off all regions. */
struct fixture {
	struct endpoint *ep;
	struct endpoint *other;		/* or NULL */
	uint32_t domain;
	const struct reserved_region *region;
	uint64_t start, end;		/* of its pages */
	uint64_t iova;			/* of the mapped page */
	uint8_t *target;
};

/* ATTACH of a member that may be refused beside another (DEV-ATTACH-4, DEV-ATTACH-11). */
static bool join(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	return attach_or_skip(at, ep, domain, "the device does not let these endpoints share a domain") &&
	       enable_dma(at, ep, domain);
}

static bool join_all(struct source_line at, const struct fixture *f, bool other_first)
{
	if (!f->other)
		return join(at, f->ep, f->domain);
	return join(at, other_first ? f->other : f->ep, f->domain) &&
	       join(at, other_first ? f->ep : f->other, f->domain);
}

static bool make_fixture(struct source_line at, struct fixture *f, const cell_t cell)
{
	const struct reserved_region *region = own_region(cell[REGION]);
	struct reply reply;

	*f = (struct fixture){.ep = endpoint(0), .domain = fresh_domain(), .region = region,
			      .other = cell[MEMBER] == MEMBER_ALONE ? NULL : endpoint(1)};
	f->start = align_down(region->start, iommu.page);
	f->end = region->end | (iommu.page - 1);
	f->iova = iova_window(1);
	f->target = watched_pages(1);
	if (!join_all(at, f, cell[MEMBER] == MEMBER_LATER))
		return false;
	reply = map(f->domain, f->iova, f->iova + iommu.page - 1, phys(f->target), MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/*
 * The region shows no memory, neither that at its own address nor any that is mapped (DEV-RESV-5). A read is
 * known by the bytes that it saw.
 */
static void access_region(struct source_line at, const struct fixture *f, bool write)
{
	uint64_t last = f->region->end - 7;
	uint8_t *memory = watched_page_at(f->start);
	uint8_t *last_page = watched_page_at(align_down(last, iommu.page));

	if (f->region->subtype == RESV_MSI && write)
		return not_applicable("a write into a region for MSI may be an interrupt");
	if (write) {
		expect_write_blocked(at, f->ep, f->region->start, 8);
		expect_write_blocked(at, f->ep, last, 8);
	} else {
		expect_read_blocked(at, f->ep, f->region->start, memory ? memory : f->target, 8);
		expect_read_blocked(at, f->ep, last, last_page ? last_page + iommu.page - 8 : f->target, 8);
	}
	expect_writes(at, SET_UP, f->ep, f->iova, f->target, 8);
}

#define HALF 8

/* Half of an access over an end of the region: the bytes of @memory, or of none, that are next to the end. */
static struct access_part half(uint8_t *memory, bool below_the_end)
{
	return (struct access_part){memory && below_the_end ? memory + iommu.page - HALF : memory, HALF,
				    PART_BLOCKED};
}

/*
 * The page beside the region leads to memory of its own, which is reached, or the access fails as a whole.
 * The memory around that is not reached, as by a device that goes on there in the region.
 */
static bool map_beside(struct source_line at, const struct fixture *f, uint64_t page, bool below_the_end,
		       struct access_part *beside, struct access_part *inside)
{
	uint8_t *target = (uint8_t *)filled_pages(3) + iommu.page;
	struct reply reply = map(f->domain, page, page + iommu.page - 1, phys(target), MAP_RW);

	*beside = half(target, below_the_end);
	beside->fate = PART_OPEN;
	if (!inside->memory)
		inside->memory = below_the_end ? target + iommu.page : target - HALF;
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/* Nothing comes of a read; of a write where there is memory no interrupt does. */
static bool may_access_over_edge(const struct fixture *f, const uint8_t *inside, const uint8_t *beside,
				 bool write)
{
	return f->region->subtype != RESV_MSI || (beside && (inside || !write));
}

/*
 * Half in the region and half in the page beside it. Where memory lies at these addresses, it is not reached,
 * but that of a region for MSI may be, by a write.
 */
static void access_over_edge(struct source_line at, const struct fixture *f, bool over_end, bool write,
			     bool mapped)
{
	uint64_t edge = over_end ? f->end + 1 : f->start, beside = over_end ? edge : edge - iommu.page;
	struct access_part halves[2];
	uint8_t *inside, *memory;

	if (edge != (over_end ? f->region->end + 1 : f->region->start) || !iova_is_free(beside, iommu.page))
		return not_applicable("no page of its own is beside the region");
	inside = watched_page_at(over_end ? edge - iommu.page : edge);
	memory = watched_page_at(beside);
	if (!may_access_over_edge(f, inside, memory, write))
		return not_applicable("an access of a region for MSI may be an interrupt");
	halves[over_end] = half(memory, !over_end);
	halves[!over_end] = half(inside, over_end);
	if (f->region->subtype == RESV_MSI && write)
		halves[!over_end].fate = PART_OPEN;
	if (mapped && !map_beside(at, f, beside, !over_end, &halves[over_end], &halves[!over_end]))
		return;
	if (write)
		expect_write_parts(at, f->ep, edge - HALF, ACCESS_PARTS(halves));
	else
		expect_read_parts(at, f->ep, edge - HALF, ACCESS_PARTS(halves));
	expect_writes(at, SET_UP, f->ep, f->iova, f->target, 8);
}

/* What MAP is asked for. Return false if some of it cannot be mapped for another reason. */
static bool choose_range(const struct fixture *f, unsigned int action, uint64_t *start, uint64_t *end)
{
	const struct {
		uint64_t start, end;
	} ranges[] = {
		[ACTION_MAP_FIRST] = {f->start, f->start + iommu.page - 1},
		[ACTION_MAP_LAST] = {f->end - iommu.page + 1, f->end},
		[ACTION_MAP_OVER_START] = {f->start - iommu.page, f->start + iommu.page - 1},
		[ACTION_MAP_OVER_END] = {f->end - iommu.page + 1, f->end + iommu.page},
		[ACTION_MAP_OVER_ALL] = {f->start - iommu.page, f->end + iommu.page},
		[ACTION_MAP_BEFORE] = {f->start - iommu.page, f->start - 1},
		[ACTION_MAP_BEHIND] = {f->end + 1, f->end + iommu.page},
	};

	*start = ranges[action].start;
	*end = ranges[action].end;
	return *start <= *end && *start >= iommu.config.input_start && *end <= iommu.config.input_end;
}

/* Pages of the request that no region has are not mapped, and still free. */
static void expect_page_free(struct source_line at, const struct fixture *f, uint64_t iova)
{
	if (!iova_is_free(iova, iommu.page))
		return;
	expect_write_blocked(at, f->ep, iova, 8);
	if (!can_map(f->domain, iova, iommu.page, f->target))
		judge(BY_LEVEL, at, "a refused MAP leaves the page beside the region free",
		      "a MAP of it is refused");
}

static void expect_refused(struct source_line at, const struct fixture *f, uint64_t start, uint64_t end)
{
	uint8_t *target = watched_pages(2);
	struct reply reply = map(f->domain, start, end, phys(target), MAP_RW);

	if (!reply.delivered || is_ok(&reply))
		return judge(BY_LEVEL, at, "a status other than OK", "MAP of %#lx-%#lx: status %s", start,
			     end, status_name(reply.status));
	expect_page_free(at, f, start);
	expect_page_free(at, f, end - iommu.page + 1);
	if (f->region->subtype != RESV_MSI)
		expect_write_blocked(at, f->ep, f->region->start, 8);
	expect_writes(at, SET_UP, f->ep, f->iova, f->target, 8);
}

/* The byte at the region's end is reached as well, by each member. */
static void expect_mapped(struct source_line at, const struct fixture *f, uint64_t start, uint64_t end)
{
	uint64_t edge = end < f->start ? end : start;
	uint8_t *target = watched_pages(1);
	struct reply reply;

	if (!iova_is_free(start, iommu.page))
		return not_applicable("another region is beside it");
	reply = map(f->domain, start, end, phys(target), MAP_RW);
	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return;
	expect_writes(at, BY_LEVEL, f->ep, edge, target + (edge - start), 1);
	expect_writes(at, BY_LEVEL, f->ep, start, target, 8);
	if (f->other)
		expect_writes(at, BY_LEVEL, f->other, start, target, 8);
}

static void play(struct source_line at, const cell_t cell)
{
	struct fixture f;
	uint64_t start, end;

	if (!make_fixture(at, &f, cell))
		return;
	if (cell[ACTION] <= ACTION_READ)
		return access_region(at, &f, cell[ACTION] == ACTION_WRITE);
	if (cell[ACTION] <= ACTION_READ_OVER_END)
		return access_over_edge(at, &f, cell[ACTION] >= ACTION_WRITE_OVER_END,
					(cell[ACTION] - ACTION_WRITE_OVER_START) % 2 == 0,
					cell[BESIDE] == BESIDE_MAPPED);
	if (!choose_range(&f, cell[ACTION], &start, &end))
		return not_applicable("the input range does not have these pages");
	if (cell[ACTION] < ACTION_MAP_BEFORE)
		expect_refused(at, &f, start, end);
	else
		expect_mapped(at, &f, start, end);
}

static const struct product region_members = {
	.name = "regions of members",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

#define NEEDS_REGIONS (NEEDS_DMA | NEEDS_EXACT | NEEDS_PROBE | NEEDS_RESERVED_REGION)

/* DEV-RESV-4 (SHOULD): A MAP touching a reserved region is expected to be refused */
TEST(DEV_RESV_4, map_over_a_region_of_any_member_is_refused, NEEDS_REGIONS)
{
	PRODUCT(&region_members, ACTION, BIT(ACTION_MAP_FIRST) | BIT(ACTION_MAP_LAST) |
					 BIT(ACTION_MAP_OVER_START) | BIT(ACTION_MAP_OVER_END) |
					 BIT(ACTION_MAP_OVER_ALL));
}

TEST(DEV_RESV_4, pages_beside_a_region_of_any_member_can_be_mapped, NEEDS_REGIONS)
{
	PRODUCT(&region_members, ACTION, BIT(ACTION_MAP_BEFORE) | BIT(ACTION_MAP_BEHIND));
}

/* DEV-RESV-5 (SHOULD NOT): Endpoint accesses to reserved regions are not expected to affect anything ... */
TEST(DEV_RESV_5, region_of_any_member_shows_no_memory, NEEDS_REGIONS)
{
	PRODUCT(&region_members, ACTION, BIT(ACTION_WRITE) | BIT(ACTION_READ));
}

TEST(DEV_RESV_5, access_over_an_end_of_a_region_reaches_no_memory, NEEDS_REGIONS)
{
	PRODUCT(&region_members, ACTION, OVER_EDGE);
}

/*
 * Addresses that differ from those of a region in one bit.
 */

enum { IMAGE_REGION, IMAGE_BIT };

static const uint8_t image_bit[] = {20, 28, 31, 32, 33, 36, 39, 40, 47, 48, 52, 63};
static const char *const image_bits[] = {
	"bit 20", "bit 28", "bit 31", "bit 32", "bit 33", "bit 36", "bit 39", "bit 40", "bit 47", "bit 48",
	"bit 52", "bit 63",
};

/* Above the input range none has that bit; at the start of it, it can be the other way round. */
static const char *image_bit_unmet(unsigned int value)
{
	return iommu.config.input_end >> image_bit[value] ? NULL : "the input range has no such bit";
}

static const struct dimension image_dimensions[] = {
	[IMAGE_REGION] = {"region", regions, ARRAY_SIZE(regions), region_unmet},
	[IMAGE_BIT] = {"bit", image_bits, ARRAY_SIZE(image_bits), image_bit_unmet},
};

/* The page with the image of a byte of the region: it is mapped, and that byte is reached. */
static bool expect_image(struct source_line at, const struct fixture *f, uint64_t image, size_t before,
			 size_t behind)
{
	uint64_t start = align_down(image, iommu.page), from = max(image - before, start);
	uint64_t to = min(image + behind, start + iommu.page - 1);
	uint8_t *target;
	struct reply reply;

	if (!iova_is_free(start, iommu.page))
		return false;
	target = filled_pages(1);
	reply = map(f->domain, start, start + iommu.page - 1, phys(target), MAP_RW);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK)) {
		expect_writes(at, BY_LEVEL, f->ep, from, target + (from - start), to - from + 1);
		expect_reads(at, BY_LEVEL, f->ep, from, target + (from - start), to - from + 1);
	}
	unmap(f->domain, start, start + iommu.page - 1);
	return true;
}

static void play_image(struct source_line at, const cell_t cell)
{
	const cell_t alone = {[REGION] = cell[IMAGE_REGION], [MEMBER] = MEMBER_ALONE};
	uint64_t bit = 1ull << image_bit[cell[IMAGE_BIT]];
	struct fixture f;
	bool first, last;

	if (!make_fixture(at, &f, alone))
		return;
	first = expect_image(at, &f, f.region->start ^ bit, 0, HALF - 1);
	last = expect_image(at, &f, f.region->end ^ bit, HALF - 1, 0);
	if (!first && !last)
		not_applicable("the input range does not have these pages");
}

static const struct product region_images = {
	.name = "images of regions",
	DIMENSION_TABLE(image_dimensions),
	.play = play_image,
};

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, addresses_a_bit_away_from_a_region_are_like_all_others, NEEDS_REGIONS)
{
	PRODUCT(&region_images, EVERY_CELL);
}
