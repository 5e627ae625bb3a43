// SPDX-License-Identifier: BSD-3-Clause
/*
 * UNMAP of some mappings out of a row in which each goes on where the one before ends, in address and in
 * memory (virtio 1.4, 5.13.6.5 and 5.13.6.6).
 *
 * Each of them is a mapping for itself, whatever a device makes of them: what is removed is out of reach, and
 * what is left leads where it has led. That holds whatever UNMAP was asked for before, such as pages that are
 * not mapped: a device that counts mappings by requests, or that has made one of several, is told by it.
 */
#include "judge/product.h"
#include "judge/steps/page_window.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { JUDGED, COUNT, SIZE, MADE, BEFORE, REMOVED };
enum { JUDGED_LEFT, JUDGED_GONE };
enum { COUNT_1, COUNT_2, COUNT_3, COUNT_5 };
enum { MADE_UPWARDS, MADE_DOWNWARDS, MADE_INNER_LAST };
enum {
	BEFORE_NOTHING, BEFORE_USE, BEFORE_HOLE, BEFORE_MANY_HOLES, BEFORE_ONCE_MORE,
};
enum {
	REMOVED_LOWEST, REMOVED_HIGHEST, REMOVED_INNER, REMOVED_EVERY_SECOND, REMOVED_BUT_LOWEST,
	REMOVED_BUT_HIGHEST, REMOVED_ALL,
};

static const unsigned int number[] = {1, 2, 3, 5}, pages[] = {1, 3};


static const char *const judged[] = {"what is left", "what is removed"};
static const char *const counts[] = {"a single mapping", "2 mappings", "3 mappings", "5 mappings"};
static const char *const sizes[] = {"of a page", "of 3 pages"};
static const char *const mades[] = {"made upwards", "made downwards", "made inner ones last"};
static const char *const befores[] = {
	[BEFORE_NOTHING] = "at once", [BEFORE_USE] = "after use", [BEFORE_HOLE] = "after unmap of a hole",
	[BEFORE_MANY_HOLES] = "after many of holes",
	[BEFORE_ONCE_MORE] = "after all were made once before",
};
static const char *const removeds[] = {
	[REMOVED_LOWEST] = "lowest removed", [REMOVED_HIGHEST] = "highest removed",
	[REMOVED_INNER] = "inner removed", [REMOVED_EVERY_SECOND] = "every second removed",
	[REMOVED_BUT_LOWEST] = "all but the lowest removed",
	[REMOVED_BUT_HIGHEST] = "all but the highest removed", [REMOVED_ALL] = "all removed",
};

static const struct dimension dimensions[] = {
	[JUDGED] = {"judged", judged, ARRAY_SIZE(judged), NULL},
	[COUNT] = {"count", counts, ARRAY_SIZE(counts), NULL},
	[SIZE] = {"size", sizes, ARRAY_SIZE(sizes), NULL},
	[MADE] = {"order", mades, ARRAY_SIZE(mades), NULL},
	[BEFORE] = {"before", befores, ARRAY_SIZE(befores), NULL},
	[REMOVED] = {"removed", removeds, ARRAY_SIZE(removeds), NULL},
};

#define INNER (BIT(REMOVED_INNER) | BIT(REMOVED_EVERY_SECOND))
#define ALL_BUT (BIT(REMOVED_BUT_LOWEST) | BIT(REMOVED_BUT_HIGHEST))

static const struct product_rule rules[] = {
	{{{JUDGED, BIT(JUDGED_LEFT)}, {REMOVED, BIT(REMOVED_ALL)}}, "none is left"},
	{{{JUDGED, BIT(JUDGED_LEFT)}, {COUNT, BIT(COUNT_1)}}, "none is left"},
	{{{COUNT, BIT(COUNT_1)}, {REMOVED, ~BIT(REMOVED_ALL)}}, "it is all of them"},
	{{{COUNT, BIT(COUNT_1)}, {MADE, ~BIT(MADE_UPWARDS)}}, "there is one order"},
	{{{COUNT, BIT(COUNT_2)}, {REMOVED, INNER | ALL_BUT}}, "it is the lowest or the highest"},
	{{{COUNT, BIT(COUNT_2)}, {MADE, BIT(MADE_INNER_LAST)}}, "there is no inner one"},
};

struct row {
	struct page_window w;	/* the last page is a hole */
	unsigned int count, pages;
};

static unsigned int first_page(const struct row *r, unsigned int index)
{
	return index * r->pages;
}

static unsigned int last_page(const struct row *r, unsigned int index)
{
	return first_page(r, index) + r->pages - 1;
}

static unsigned int hole(const struct row *r)
{
	return first_page(r, r->count);
}

/* Mapping number @turn in the order in which they are made. */
static unsigned int made(const struct row *r, unsigned int order, unsigned int turn)
{
	if (order == MADE_UPWARDS)
		return turn;
	if (order == MADE_DOWNWARDS)
		return r->count - 1 - turn;
	return turn % 2 ? r->count - 1 - turn / 2 : turn / 2;
}

static struct reply map_mapping(const struct row *r, unsigned int index)
{
	unsigned int first = first_page(r, index);

	return map(r->w.domain, page_start(&r->w, first), page_end(&r->w, last_page(r, index)),
		   phys(r->w.target) + first * iommu.page, MAP_RW);
}

/* How many mappings a device has room for is its own affair. */
static bool map_row(struct source_line at, const struct row *r, unsigned int order)
{
	for (unsigned int turn = 0; turn < r->count; turn++) {
		struct reply reply = map_mapping(r, made(r, order, turn));

		if (is_refusal(&reply) && reply.status == STATUS_NOMEM) {
			silent("the device has no room for %u mappings", r->count);
			return false;
		}
		if (!expect_status(at, SET_UP, &reply, STATUS_OK))
			return false;
	}
	return true;
}

static bool is_removed(const struct row *r, unsigned int removed, unsigned int index)
{
	switch (removed) {
	case REMOVED_LOWEST:
		return index == 0;
	case REMOVED_HIGHEST:
		return index == r->count - 1;
	case REMOVED_INNER:
		return index == r->count / 2;
	case REMOVED_EVERY_SECOND:
		return index % 2 == 0;
	case REMOVED_BUT_LOWEST:
		return index != 0;
	case REMOVED_BUT_HIGHEST:
		return index != r->count - 1;
	default:
		return true;
	}
}

static bool unmap_from_to(struct source_line at, const struct row *r, unsigned int first, unsigned int last)
{
	struct reply reply = unmap_pages(&r->w, first_page(r, first), last_page(r, last));

	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* Those that touch go with one request. */
static bool remove_some(struct source_line at, const struct row *r, unsigned int removed)
{
	for (unsigned int i = 0, first; i < r->count; i++) {
		if (!is_removed(r, removed, i))
			continue;
		for (first = i; i + 1 < r->count && is_removed(r, removed, i + 1);)
			i++;
		if (!unmap_from_to(at, r, first, i))
			return false;
	}
	return true;
}

/* At both ends, and the first bytes of each page. */
static void expect_reached(struct source_line at, const struct row *r, unsigned int index)
{
	uint64_t end = (last_page(r, index) + 1) * iommu.page - 8;

	for (unsigned int page = first_page(r, index); page <= last_page(r, index); page++)
		expect_writes(at, BY_LEVEL, r->w.ep, page_start(&r->w, page),
			      r->w.target + page * iommu.page, 8);
	expect_writes(at, BY_LEVEL, r->w.ep, r->w.iova + end, r->w.target + end, 8);
}

/* It can be mapped again, and is reached then: the endpoint was blocked by nothing else. */
static void expect_gone(struct source_line at, const struct row *r, unsigned int index)
{
	struct reply reply;

	expect_write_blocked(at, r->w.ep, page_start(&r->w, first_page(r, index)), 8);
	reply = map_mapping(r, index);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_reached(at, r, index);
}

#define MANY_HOLES 64

/* Nothing is mapped there: that is no error, and nothing ends. */
static bool unmap_holes(struct source_line at, const struct row *r, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		struct reply reply = unmap_pages(&r->w, hole(r), hole(r));

		if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
			return false;
	}
	return true;
}

static bool prepare(struct source_line at, const struct row *r, const cell_t cell)
{
	switch (cell[BEFORE]) {
	case BEFORE_USE:
		for (unsigned int i = 0; i < r->count; i++)
			expect_reached(at, r, i);
		return true;
	case BEFORE_HOLE:
		return unmap_holes(at, r, 1);
	case BEFORE_MANY_HOLES:
		return unmap_holes(at, r, MANY_HOLES);
	case BEFORE_ONCE_MORE:
		return unmap_from_to(at, r, 0, r->count - 1) && map_row(at, r, cell[MADE]);
	default:
		return true;
	}
}

static void play(struct source_line at, const cell_t cell)
{
	struct row r = {.count = number[cell[COUNT]], .pages = pages[cell[SIZE]]};
	bool gone = cell[JUDGED] == JUDGED_GONE;

	if (!make_page_window(at, &r.w, hole(&r) + 1) || !map_row(at, &r, cell[MADE]) ||
	    !prepare(at, &r, cell) || !remove_some(at, &r, cell[REMOVED]))
		return;
	for (unsigned int i = 0; i < r.count; i++) {
		if (is_removed(&r, cell[REMOVED], i) != gone)
			continue;
		if (gone)
			expect_gone(at, &r, i);
		else
			expect_reached(at, &r, i);
	}
}

static const struct product adjoining = {
	.name = "adjoining mappings",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, mappings_lead_where_they_led_when_others_beside_them_go, NEEDS_DMA)
{
	PRODUCT(&adjoining, JUDGED, BIT(JUDGED_LEFT));
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, mappings_go_whatever_unmap_was_asked_for_before, NEEDS_DMA)
{
	PRODUCT(&adjoining, JUDGED, BIT(JUDGED_GONE));
}
