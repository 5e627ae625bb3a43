// SPDX-License-Identifier: BSD-3-Clause
/*
 * Mappings of each size in each part of the address space: their bytes and those beside them, and what MAP
 * and UNMAP do there (virtio 1.4, 5.13.6.5 and 5.13.6.6).
 *
 * A mapping has all bytes from virt_start to virt_end, whatever its size and its place. It is tried at its
 * ends, in its middle, and beside it: a device that keeps too few bits of an address or of a size, or that
 * cuts a range into pages of its own, is wrong at one of them. A large range leads to memory of ours where it
 * is tried, and elsewhere to whatever is there: if not to memory, a device may refuse it (N-MAP-5).
 */
#include "driver/iova.h"
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { RANGE, MEMORY, PLACE, ACTION };
enum { RANGE_PAGE, RANGE_2_MIB, RANGE_1_GIB, RANGE_POWERS, RANGE_START = RANGE_POWERS + 4, RANGE_END };
enum { MEMORY_LOW, MEMORY_HIGH };
enum { PLACE_FIRST, PLACE_MIDDLE, PLACE_LAST, PLACE_BEFORE, PLACE_BEHIND };
enum { ACTION_WRITE, ACTION_READ, ACTION_MAP, ACTION_UNMAP, ACTION_UNMAP_ALL };

static const char *const ranges[] = {
	"a page", "2 mib", "1 gib", "over 2 to the 30", "over 2 to the 32", "over 2 to the 39",
	"over 2 to the 48", "at the start of the space", "at the end of the space",
};
static const char *const memories[] = {"low memory", "memory above 4 gib"};
static const char *const places[] = {
	"at its start", "in its middle", "at its end", "in front of it", "behind it",
};
static const char *const actions[] = {"written", "read", "mapped", "unmapped", "unmapped with all of it"};

/* Pages of the ranges that have no size of their own. */
#define PAGES 4

struct range {
	uint64_t start, size;
};

/* So many places are tried for a range that is aligned to its size. */
#define MOST_PLACES 1024

/* Not at address 0: there would be nothing in front of it. */
static bool find_aligned(struct range *r, uint64_t size)
{
	unsigned int tries = MOST_PLACES;

	*r = (struct range){max(iommu.config.input_start, 1), size};
	for (; tries-- && iova_find(r->start, size, &r->start); r->start += size) {
		r->start = align_up(r->start, size);
		if (iova_is_free(r->start, size))
			return true;
	}
	return false;
}

static bool find_at(struct range *r, uint64_t start)
{
	*r = (struct range){start, PAGES * iommu.page};
	return iova_is_free(r->start, r->size);
}

/* Return false if the device has no such addresses, or they cannot be mapped. */
static bool find_range(struct range *r, unsigned int value)
{
	static const uint64_t sizes[] = {[RANGE_2_MIB] = 2 << 20, [RANGE_1_GIB] = 1 << 30};
	static const unsigned int powers[] = {30, 32, 39, 48};

	if (value == RANGE_PAGE)
		return find_aligned(r, iommu.page);
	if (value < RANGE_POWERS)
		return find_aligned(r, sizes[value]);
	if (value < RANGE_START)
		return find_at(r, (1ull << powers[value - RANGE_POWERS]) - PAGES / 2 * iommu.page);
	if (value == RANGE_START)
		return find_at(r, align_up(iommu.config.input_start, iommu.page));
	return find_at(r, align_down(iommu.config.input_end + 1, iommu.page) - PAGES * iommu.page);
}

static const char *range_unmet(unsigned int value)
{
	struct range r;

	return find_range(&r, value) ? NULL : "the input range has no such addresses, or a region is there";
}

#define ABOVE_4_GIB (1ull << 32)

/* Pages that are watched: two of the range, where it is tried, and one on either side. */
#define WATCHED 4

static const char *memory_unmet(unsigned int value)
{
	if (value == MEMORY_LOW || memory_above(ABOVE_4_GIB, WATCHED * iommu.page, iommu.page))
		return NULL;
	return "there is no memory above 4 GiB";
}

static const struct dimension dimensions[] = {
	[RANGE] = {"range", ranges, ARRAY_SIZE(ranges), range_unmet},
	[MEMORY] = {"leads to", memories, ARRAY_SIZE(memories), memory_unmet},
	[PLACE] = {"place", places, ARRAY_SIZE(places), NULL},
	[ACTION] = {"action", actions, ARRAY_SIZE(actions), NULL},
};

/* A mapped range, and what is tried of it. */
struct fixture {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t start, end, phys_start;
	unsigned int place;
	uint64_t tried;		/* the byte that the place names */
	bool is_memory;		/* all that the range leads to */
};

/* The first of the two pages of the range that lead to watched memory, by its distance from the start. */
static uint64_t backed_offset(const struct range *r, unsigned int place)
{
	if (r->size == iommu.page || place == PLACE_FIRST || place == PLACE_BEFORE)
		return 0;
	return place == PLACE_MIDDLE ? r->size / 2 - iommu.page : r->size - 2 * iommu.page;
}

#define LARGE_PAGE (2ull << 20)

/* Memory for all of a range with room around it, aligned as large pages are; NULL if that is too much. */
static uint8_t *find_memory(uint64_t size, unsigned int where)
{
	uint64_t align = min(size, LARGE_PAGE), room = align + size + 2 * iommu.page;
	uint8_t *memory = NULL;

	if (where == MEMORY_HIGH)
		memory = memory_above(ABOVE_4_GIB, room, align);
	else if (size <= LARGE_PAGE)
		memory = arena_alloc_uninit(room, align);
	return memory ? memory + align : NULL;
}

/* Return false if the range had to lead to something below address 0, to lead to memory of ours as well. */
static bool choose_memory(struct fixture *f, uint64_t size, unsigned int where, uint64_t offset)
{
	uint8_t *memory = find_memory(size, where), *pages;

	f->is_memory = memory;
	if (memory)
		pages = memory + offset - iommu.page;
	else if (where == MEMORY_HIGH)
		pages = memory_above(ABOVE_4_GIB, WATCHED * iommu.page, iommu.page);
	else
		pages = arena_alloc_uninit(WATCHED * iommu.page, iommu.page);
	watch_pages(pages, WATCHED);
	f->phys_start = phys(pages) + iommu.page - offset;
	return phys(pages) + iommu.page >= offset;
}

static bool map_the_range(struct source_line at, const struct fixture *f)
{
	struct reply reply = map(f->domain, f->start, f->end, f->phys_start, MAP_RW);

	if (reply.delivered && !reply.breach && !is_ok(&reply) &&
	    (!f->is_memory || reply.status == STATUS_NOMEM)) {
		silent("the device does not map %#lx-%#lx to %#lx: %s", f->start, f->end, f->phys_start,
		       status_name(reply.status));
		return false;
	}
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

static bool make_fixture(struct source_line at, struct fixture *f, const cell_t cell)
{
	struct range r;
	uint64_t tried[5];

	find_range(&r, cell[RANGE]);
	tried[PLACE_FIRST] = r.start;
	tried[PLACE_MIDDLE] = r.start + r.size / 2;
	tried[PLACE_LAST] = r.start + r.size - 1;
	tried[PLACE_BEFORE] = r.start - 1;
	tried[PLACE_BEHIND] = r.start + r.size;
	*f = (struct fixture){.ep = endpoint(0), .domain = fresh_domain(), .start = r.start,
			      .end = r.start + r.size - 1, .place = cell[PLACE],
			      .tried = tried[cell[PLACE]]};
	if (!choose_memory(f, r.size, cell[MEMORY], backed_offset(&r, f->place))) {
		skip("no memory of ours lies %#lx bytes above address 0", r.size);
		return false;
	}
	return attach_with_dma(at, f->ep, f->domain) && map_the_range(at, f);
}

/* What the formula gives for an address, in the range or not. */
static uint8_t *behind(const struct fixture *f, uint64_t iova)
{
	return (uint8_t *)(uintptr_t)(f->phys_start + (iova - f->start));
}

/* The byte alone, and with those next to it. */
static void expect_reached(struct source_line at, const struct fixture *f, unsigned int action)
{
	static const struct {
		unsigned int before, size;
	} spans[] = {[PLACE_FIRST] = {0, 8}, [PLACE_MIDDLE] = {8, 16}, [PLACE_LAST] = {7, 8}};
	uint64_t from = f->tried - spans[f->place].before;
	size_t size = spans[f->place].size;

	if (action == ACTION_WRITE) {
		expect_writes(at, BY_LEVEL, f->ep, f->tried, behind(f, f->tried), 1);
		expect_writes(at, BY_LEVEL, f->ep, from, behind(f, from), size);
	} else {
		expect_reads(at, BY_LEVEL, f->ep, f->tried, behind(f, f->tried), 1);
		expect_reads(at, BY_LEVEL, f->ep, from, behind(f, from), size);
	}
}

/* The page with the byte that is tried. */
static uint64_t tried_page(const struct fixture *f)
{
	return align_down(f->tried, iommu.page);
}

/* Of the range, the page that is tried or the one next to it. */
static uint64_t own_page(const struct fixture *f)
{
	return align_down(min(max(f->tried, f->start), f->end), iommu.page);
}

/* Requests are about pages: that each byte of them follows is a matter of accesses. */
static void expect_own_written(struct source_line at, enum verdict otherwise, const struct fixture *f)
{
	expect_writes(at, otherwise, f->ep, own_page(f), behind(f, own_page(f)), 8);
}

static struct reply map_tried_page(const struct fixture *f, const uint8_t *target)
{
	return map(f->domain, tried_page(f), tried_page(f) + iommu.page - 1, phys(target), MAP_RW);
}

static void expect_mapped_once(struct source_line at, const struct fixture *f)
{
	struct reply reply = map_tried_page(f, watched_pages(1));

	expect_status(at, BY_LEVEL, &reply, STATUS_INVAL);
	expect_own_written(at, BY_LEVEL, f);
}

static void expect_not_cut(struct source_line at, const struct fixture *f)
{
	struct reply reply = unmap(f->domain, tried_page(f), tried_page(f) + iommu.page - 1);

	expect_status(at, BY_LEVEL, &reply, STATUS_RANGE);
	expect_own_written(at, BY_LEVEL, f);
}

/* What was reached is not, until it is mapped again. */
static void expect_unmapped(struct source_line at, const struct fixture *f, uint64_t start, uint64_t end)
{
	uint64_t page = own_page(f);
	struct reply reply;

	expect_own_written(at, SET_UP, f);
	reply = unmap(f->domain, start, end);
	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return;
	expect_write_blocked(at, f->ep, page, 8);
	expect_read_blocked(at, f->ep, page, behind(f, page), 8);
	reply = map(f->domain, page, page + iommu.page - 1, phys(behind(f, page)), MAP_RW);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_own_written(at, BY_LEVEL, f);
}

static void play_inside(struct source_line at, const cell_t cell)
{
	struct fixture f;

	if (!make_fixture(at, &f, cell))
		return;
	if (cell[ACTION] == ACTION_MAP)
		expect_mapped_once(at, &f);
	else if (cell[ACTION] == ACTION_UNMAP)
		expect_not_cut(at, &f);
	else if (cell[ACTION] == ACTION_UNMAP_ALL)
		expect_unmapped(at, &f, f.start, f.end);
	else
		expect_reached(at, &f, cell[ACTION]);
}

/* Touching ranges do not overlap, and each leads to its own memory. */
static void expect_neighbour(struct source_line at, const struct fixture *f)
{
	uint8_t *target = watched_pages(1);
	struct reply reply = map_tried_page(f, target);

	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return;
	expect_writes(at, BY_LEVEL, f->ep, tried_page(f), target, 8);
	expect_own_written(at, BY_LEVEL, f);
}

/* Nothing is mapped there: that is no error, and nothing ends. */
static void expect_nothing_to_unmap(struct source_line at, const struct fixture *f)
{
	struct reply reply = unmap(f->domain, tried_page(f), tried_page(f) + iommu.page - 1);

	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	expect_own_written(at, BY_LEVEL, f);
}

#define HALF 4

/* Half of the bytes are in the range: they are moved to their place, or not at all. The others are not. */
static void expect_cut_off(struct source_line at, const struct fixture *f, unsigned int action)
{
	bool ends_outside = f->place == PLACE_BEHIND;
	uint64_t start = (ends_outside ? f->tried : f->start) - HALF;
	struct access_part halves[] = {
		{behind(f, start), HALF, ends_outside ? PART_OPEN : PART_BLOCKED},
		{behind(f, start + HALF), HALF, ends_outside ? PART_BLOCKED : PART_OPEN},
	};

	if (action == ACTION_WRITE)
		expect_write_parts(at, f->ep, start, ACCESS_PARTS(halves));
	else
		expect_read_parts(at, f->ep, start, ACCESS_PARTS(halves));
}

/* A byte beside the range by itself, and at the end of an access that goes over the end of the range. */
static void expect_outside(struct source_line at, const struct fixture *f, unsigned int action)
{
	if (action == ACTION_WRITE)
		expect_write_blocked(at, f->ep, f->tried, 1);
	else
		expect_read_blocked(at, f->ep, f->tried, behind(f, f->tried), 1);
	expect_cut_off(at, f, action);
	expect_own_written(at, SET_UP, f);
}

static void play_beside(struct source_line at, const cell_t cell)
{
	struct fixture f;

	if (!make_fixture(at, &f, cell))
		return;
	if (!iova_is_free(tried_page(&f), iommu.page))
		silent("the page beside the range cannot be mapped");
	else if (cell[ACTION] == ACTION_MAP)
		expect_neighbour(at, &f);
	else if (cell[ACTION] == ACTION_UNMAP)
		expect_nothing_to_unmap(at, &f);
	else if (cell[ACTION] == ACTION_UNMAP_ALL)
		expect_unmapped(at, &f, min(tried_page(&f), f.start), max(f.tried + iommu.page - 1, f.end));
	else
		expect_outside(at, &f, cell[ACTION]);
}

#define BESIDE (BIT(PLACE_BEFORE) | BIT(PLACE_BEHIND))
#define INSIDE (BIT(PLACE_FIRST) | BIT(PLACE_MIDDLE) | BIT(PLACE_LAST))

static const struct product_rule inside_rules[] = {
	{{{PLACE, BESIDE}}, "it is not in the range"},
	{{{RANGE, BIT(RANGE_PAGE)}, {PLACE, BIT(PLACE_MIDDLE)}}, "what is watched of a page are its ends"},
	{{{RANGE, BIT(RANGE_PAGE)}, {ACTION, BIT(ACTION_UNMAP)}}, "it is all of the range"},
};

static const struct product_rule beside_rules[] = {
	{{{PLACE, INSIDE}}, "it is in the range"},
	{{{RANGE, BIT(RANGE_START)}, {PLACE, BIT(PLACE_BEFORE)}}, "nothing is in front of it"},
	{{{RANGE, BIT(RANGE_END)}, {PLACE, BIT(PLACE_BEHIND)}}, "nothing is behind it"},
};

static const struct product inside = {
	.name = "inside of ranges",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(inside_rules),
	.play = play_inside,
};

static const struct product beside = {
	.name = "beside ranges",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(beside_rules),
	.play = play_beside,
};

#define ACCESSES (BIT(ACTION_WRITE) | BIT(ACTION_READ))

/* Without PROBE a reserved region could be in the way unseen. */
#define NEEDS_RANGES (NEEDS_DMA | NEEDS_EXACT | NEEDS_PROBE)

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, ranges_are_reached_at_each_place, NEEDS_RANGES)
{
	PRODUCT(&inside, ACTION, ACCESSES);
}

TEST(N_MAP_1, bytes_beside_ranges_are_not_mapped, NEEDS_RANGES)
{
	PRODUCT(&beside, ACTION, ACCESSES);
}

/* DEV-MAP-2 (SHOULD): Overlap with an existing mapping => expected refusal with INVAL */
TEST(DEV_MAP_2, ranges_are_mapped_once_at_each_place, NEEDS_RANGES)
{
	PRODUCT(&inside, ACTION, BIT(ACTION_MAP));
}

TEST(DEV_MAP_2, ranges_do_not_overlap_what_is_beside_them, NEEDS_RANGES)
{
	PRODUCT(&beside, ACTION, BIT(ACTION_MAP));
}

/* DEV-UNMAP-5 (SHOULD): A range that would cut a mapping in two => expected status RANGE */
TEST(DEV_UNMAP_5, ranges_are_cut_at_no_place, NEEDS_RANGES)
{
	PRODUCT(&inside, ACTION, BIT(ACTION_UNMAP));
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, ranges_are_removed_at_each_place, NEEDS_RANGES)
{
	PRODUCT(&inside, ACTION, BIT(ACTION_UNMAP_ALL));
}

/* Of the range alone, and with what is beside it. */
TEST(DEV_UNMAP_7, pages_beside_ranges_need_not_be_mapped, NEEDS_RANGES)
{
	PRODUCT(&beside, ACTION, BIT(ACTION_UNMAP) | BIT(ACTION_UNMAP_ALL));
}
