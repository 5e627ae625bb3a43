// SPDX-License-Identifier: BSD-3-Clause
/*
 * What was reached once is not reached when it has ended (virtio 1.4, 5.13.5, 5.13.6.2 to 5.13.6.6). A device
 * that remembers translations, or a VMM that has told somebody of them, forgets all of them with the end: of
 * the first and the four thousandth mapping, of its first page and its last, for each member, of reads and of
 * writes.
 *
 * An endpoint that has lost its rings with the rest fails before it tries anything. So each end that takes
 * them is judged twice: as it leaves the endpoint, and with the rings, and nothing else, within reach again.
 * In bypass the same address is memory of its own, which alone is reached.
 */
#include <stdio.h>

#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "tests/stale/end.h"
#include "util.h"

enum { COUNT = SHARED_DIMENSIONS, SIZE, ACCESS, PLACE, DIMENSIONS };
enum { COUNT_1, COUNT_20, COUNT_600, COUNT_4003, COUNTS };
enum { SIZE_PAGE, SIZE_PAGES, SIZE_LARGE, SIZES };
enum { READ_READ, READ_WRITE, WRITE_READ, WRITE_WRITE, BOTH_READ, BOTH_WRITE, ACCESSES };
enum { PLACE_FIRST, PLACE_MIDDLE, PLACE_LAST, PLACES };

static const char *const counts[COUNTS] = {"1 range", "20 ranges", "600 ranges",
					      "4003 ranges"};
static const char *const sizes[SIZES] = {"of one page", "of five pages", "of 4 mib"};
static const char *const accesses[ACCESSES] = {
	[READ_READ] = "read and then read",
	[READ_WRITE] = "read and then written",
	[WRITE_READ] = "written and then read",
	[WRITE_WRITE] = "written and then written",
	[BOTH_READ] = "read and written and then read",
	[BOTH_WRITE] = "read and written and then written",
};
static const char *const places[PLACES] = {"at the first byte", "in the middle", "at the last byte"};

static const unsigned int how_many[COUNTS] = {1, 20, 600, 4003};

/* Before the end, and after it. One dimension: what is read alone may be remembered apart. */
static const struct {
	uint32_t before, after;
} access_kinds[ACCESSES] = {
	[READ_READ] = {MAP_READ, MAP_READ},	[READ_WRITE] = {MAP_READ, MAP_WRITE},
	[WRITE_READ] = {MAP_WRITE, MAP_READ},	[WRITE_WRITE] = {MAP_WRITE, MAP_WRITE},
	[BOTH_READ] = {MAP_RW, MAP_READ},	[BOTH_WRITE] = {MAP_RW, MAP_WRITE},
};

static bool has_reads(unsigned int access)
{
	return access != WRITE_WRITE;
}

static uint64_t size_of(unsigned int size)
{
	const uint64_t bytes[SIZES] = {iommu.page, 5 * iommu.page, align_up(LARGE_RANGE, iommu.page)};

	return bytes[size];
}

/* What a cell maps beside its ranges: rings, pages beside, the bystander's, what comes after the end. */
#define BESIDE_RANGES 12

/* The longest that the ranges of a cell may take to be mapped and reached. */
#define MOST_US 2000000

/* With accesses that take so long a cell has to do with the place that it names. */
#define SLOW_US 50000

/* What MAP and an access of a range take here, once they have been tried. */
static uint64_t range_us;

/* The quickest of a few: the first one has the endpoint started, too. */
static uint64_t access_us(const struct scene *s)
{
	uint64_t start, least = UINT64_MAX;

	for (unsigned int i = 0; i < 3; i++) {
		start = time_us();
		write_effect(s->who, s->iova, 8, s->memory, 8);
		least = min(least, time_us() - start);
	}
	return least;
}

static const char *try_ranges(struct scene *s, unsigned int count)
{
	const char *unmet = scene_lay_out(s, count + BESIDE_RANGES, iommu.page);
	uint64_t start = time_us();
	uint8_t status;

	if (unmet || !scene_attach(AT, s, WHO_ONLY))
		return unmet;
	status = scene_map(s, s->memory, MAP_RW);
	range_us = (time_us() - start) / s->count + access_us(s);
	return status == STATUS_NOMEM ? "the device has no room for so many mappings" : NULL;
}

/* Leave nothing of what was tried. */
static void forget(size_t mark)
{
	iommu_detach_all();
	unwatch_all();
	iova_give_back();
	arena_release(mark);
}

/* Tried once, with the smaller number first: that tells how long the larger one would take. */
static const char *count_unmet(unsigned int count)
{
	static const char *unmet[COUNTS];
	static bool known[COUNTS];
	struct scene s = scene_of((cell_t){UNMAP_EACH, KIND_NORMAL, WHO_ONLY}, 0);
	size_t mark = arena_mark();

	if (known[count] || count == COUNT_1)
		return unmet[count];
	known[count] = true;
	if (range_us * how_many[count] > MOST_US)
		return unmet[count] = "so many would take too long here";
	unmet[count] = try_ranges(&s, how_many[count]);
	forget(mark);
	return unmet[count];
}

static const char *size_unmet(unsigned int size)
{
	struct scene s = scene_of((cell_t){MAP_ELSEWHERE, KIND_NORMAL, WHO_ONLY}, 0);
	size_t mark = arena_mark();
	const char *unmet = scene_lay_out(&s, 1, size_of(size));

	forget(mark);
	return unmet;
}

static const char *access_unmet(unsigned int access)
{
	if (has_reads(access) && !endpoint(0)->dma.ops->exact)
		return "no endpoint reads memory byte-exactly";
	return NULL;
}

static const struct dimension dimensions[DIMENSIONS] = {
	[WAY] = {"ended by", stale_way_words, WAYS, stale_way_unmet},
	[KIND] = {"domain", stale_kinds, KINDS, stale_kind_unmet},
	[WHO] = {"who", stale_whos, WHOS, stale_who_unmet},
	[COUNT] = {"how many", counts, COUNTS, count_unmet},
	[SIZE] = {"size", sizes, SIZES, size_unmet},
	[ACCESS] = {"access", accesses, ACCESSES, access_unmet},
	[PLACE] = {"place", places, PLACES, NULL},
};

/* Where a few combinations have to do: what is read and written, or written alone. */
#define OTHER_ACCESSES ~(BIT(BOTH_READ) | BIT(WRITE_WRITE) | BIT(BOTH_WRITE))

/* One for each end, with the rings in reach; and the same id, where a domain has ended. */
#define ENDS_OF_THOUSANDS                                                                         \
	(BIT(UNMAP_MANY) | BIT(UNMAP_SPACE_RINGS) | BIT(MAP_ELSEWHERE) | BIT(DETACH_SAME_ID) |    \
	 BIT(MOVE_BACK) | BIT(RESET_SAME_ID))

static const struct product_rule rules[] = {
	STALE_RULES,
	{{{KIND, NOT_NORMAL}, {SIZE, ~BIT(SIZE_PAGE)}}, "there a range is a page"},
	{{{COUNT, BIT(COUNT_600) | BIT(COUNT_4003)}, {SIZE, BIT(SIZE_LARGE)}},
	 "a device may keep each page of them"},
	{{{COUNT, BIT(COUNT_4003)}, {SIZE, BIT(SIZE_PAGES)}}, "thousands take long: once for each end"},
	{{{COUNT, BIT(COUNT_4003)}, {KIND, NOT_NORMAL}}, "nothing is mapped there"},
	{{{COUNT, BIT(COUNT_4003)}, {WHO, ~BIT(WHO_ONLY)}}, "thousands take long: once for each end"},
	{{{COUNT, BIT(COUNT_4003)}, {ACCESS, OTHER_ACCESSES}}, "thousands take long: once for each end"},
	{{{COUNT, BIT(COUNT_4003)}, {WAY, ~ENDS_OF_THOUSANDS}}, "thousands take long: once for each end"},
	{{{COUNT, BIT(COUNT_20)}, {SIZE, BIT(SIZE_LARGE)}, {WAY, TO_BYPASS}},
	 "for bypass memory lies at all addresses"},
	{{{WHO, STAYS}, {ACCESS, OTHER_ACCESSES}}, "one who leaves does that to all accesses alike"},
	{{{WHO, STAYS}, {SIZE, ~BIT(SIZE_PAGE)}}, "one who leaves does that to all sizes alike"},
	{{{WHO, STAYS}, {COUNT, BIT(COUNT_600)}}, "one who leaves does that to all mappings alike"},
	{{{COUNT, BIT(COUNT_1)}, {WAY, BIT(UNMAP_MANY)}}, "one is not many"},
	{{{COUNT, BIT(COUNT_600)}, {WAY, BIT(UNMAP_COUNTED) | BIT(MAP_AFTER_FAULT)}}, "a few have to do"},
	{{{SIZE, BIT(SIZE_LARGE)}, {WAY, BIT(UNMAP_COUNTED)}}, "there nothing else is counted"},
	{{{WAY, BIT(MAP_TO_READ)}, {ACCESS, BIT(READ_READ) | BIT(WRITE_READ) | BIT(BOTH_READ)}},
	 "it may be read"},
};

/* A number from the words of a cell, and the next one. */
static uint32_t draw(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static uint32_t seed_of(const cell_t cell)
{
	uint32_t seed = 1;

	for (unsigned int i = 0; i < DIMENSIONS; i++) {
		seed += cell[i];
		draw(&seed);
	}
	return seed;
}

static struct spot named_spot(const struct scene *s, unsigned int place)
{
	switch (place) {
	case PLACE_FIRST:
		return (struct spot){0, 0};
	case PLACE_MIDDLE:
		return (struct spot){s->count / 2, scene_middle(s)};
	default:
		return (struct spot){s->count - 1, s->size - 8};
	}
}

/* One end of a page somewhere. */
static struct spot drawn_spot(const struct scene *s, uint32_t *seed)
{
	unsigned int range = draw(seed) % s->count;
	uint64_t page = draw(seed) % (s->size / iommu.page) * iommu.page;

	return (struct spot){range, page + (draw(seed) & 1 ? iommu.page - 8 : 0)};
}

/* All places, that which the cell names first; and one that is drawn. */
static void add_spots(struct scene *s, unsigned int place)
{
	uint32_t seed = s->seed;

	scene_add_spot(s, named_spot(s, place));
	if (timing_slow(&s->who->timing) > SLOW_US)
		return;
	for (unsigned int other = 0; other < PLACES; other++)
		if (other != place)
			scene_add_spot(s, named_spot(s, other));
	scene_add_spot(s, drawn_spot(s, &seed));
}

static bool make_scene(struct scene *s, const cell_t cell)
{
	const char *unmet;

	*s = scene_of(cell, seed_of(cell));
	unmet = scene_lay_out(s, how_many[cell[COUNT]], size_of(cell[SIZE]));
	if (!unmet && has_reads(cell[ACCESS]) && !s->who->dma.ops->exact)
		unmet = "the member that tries does not read memory byte-exactly";
	if (unmet) {
		skip("%s", unmet);
		return false;
	}
	add_spots(s, cell[PLACE]);
	return true;
}

/* Exact masters try single bytes at the ends of a range, so that a limit that is off by one is met. */
static bool expect_unreached(struct source_line at, const struct scene *s,
			     const struct spot *spot, uint32_t access)
{
	bool byte = s->who->dma.ops->exact && (spot->offset == 0 || spot->offset == s->size - 8);
	uint64_t iova = spot_iova(s, spot);

	if (access == MAP_READ)
		return expect_read_blocked(at, s->who, iova, spot_memory(s, spot, s->memory), 8);
	if (!byte)
		return expect_write_blocked(at, s->who, iova, 8);
	return expect_write_blocked(at, s->who, spot->offset ? iova + 7 : iova, 1);
}

/* At the same address, with the place where it led as the other one that may be seen. */
static bool expect_bypassed(struct source_line at, const struct scene *s,
			    const struct spot *spot, uint32_t access)
{
	const uint8_t *secret = spot_memory(s, spot, s->memory);
	uint64_t iova = spot_iova(s, spot);

	if (access != MAP_READ || !can_read(s->who, iova, secret, 8))
		return expect_reached(at, VERDICT_WARN, s->who, access, iova, (uint8_t *)iova);
	judge(VERDICT_FAIL, at, "in bypass the endpoint reads memory at its own address",
	      "at %#lx it has read the bytes at %#lx", iova, phys(secret));
	return false;
}

/* What is mapped to read is read, and not written. */
static bool expect_read_only(struct source_line at, const struct scene *s,
			     const struct spot *spot, uint32_t access)
{
	return expect_unreached(at, s, spot, access) &&
	       (!s->who->dma.ops->exact || expect_reads(at, VERDICT_FAIL, s->who, spot_iova(s, spot),
							spot_memory(s, spot, s->memory), 8));
}

static bool expect_at_spot(struct source_line at, const struct scene *s,
			   const struct spot *spot, uint32_t access)
{
	uint64_t iova = spot_iova(s, spot);

	if (s->from == FROM_BYPASS)
		return expect_bypassed(at, s, spot, access);
	if (s->end == END_MAP_TO_READ)
		return expect_read_only(at, s, spot, access);
	if (BIT(s->way) & REMAPS_ELSEWHERE)
		return expect_reached(at, VERDICT_FAIL, s->who, access, iova, spot_memory(s, spot, s->other));
	return expect_unreached(at, s, spot, access);
}

/* Without its rings an endpoint tries nothing, and takes long for it: once has to do. */
static bool expect_at_spots(struct source_line at, const struct scene *s, uint32_t access)
{
	unsigned int count = s->rings || s->from == FROM_BYPASS ? s->spot_count : 1;

	for (unsigned int i = 0; i < count; i++)
		if (!expect_at_spot(at, s, &s->spots[i], access))
			return false;
	return true;
}

/* The endpoint could not report a read that it may have done. Here it can. */
static void expect_not_read(struct source_line at, const struct scene *s)
{
	const uint8_t *secret = spot_memory(s, &s->spots[0], s->memory);

	if (has_read(s->who, secret, 8))
		judge(VERDICT_FAIL, at, "what was reached once cannot be read",
		      "it has read the bytes at %#lx", phys(secret));
}

/* The range of the probe, mapped again. */
static bool map_first_spot(struct source_line at, const struct scene *s)
{
	uint64_t start = spot_iova(s, &s->spots[0]) - s->spots[0].offset, end = start + s->size - 1;
	uint8_t *memory = spot_memory(s, &s->spots[0], s->memory) - s->spots[0].offset;

	if ((BIT(s->way) & REMAPS) && !scene_is_done(at, BY_LEVEL, unmap(s->now, start, end)))
		return false;
	return scene_is_done(at, BY_LEVEL, map(s->now, start, end, phys(memory), MAP_RW));
}

/*
 * Nothing else has kept the endpoint from it: mapped again, the place of the probe is reached. Where memory
 * cannot be mapped at its own address it is another place.
 */
static void expect_reached_again(struct source_line at, struct scene *s, uint32_t access)
{
	const struct spot *spot = &s->spots[0];
	bool could_not_report = !s->rings;

	if (!scene_return(at, s))
		return;
	if (access == MAP_READ && could_not_report)
		expect_not_read(at, s);
	if (!scene_can_map(s, align_down(spot_iova(s, spot), iommu.page)))
		require_alive(at, s->who, NULL);
	else if (map_first_spot(at, s))
		expect_reached(at, VERDICT_FAIL, s->who, access, spot_iova(s, spot),
			       spot_memory(s, spot, s->memory));
}

#define LEAVES (DETACHES | LEAVES_BYPASS | MOVES | MOVES_KIND)

/* Let the bystander into the domain that @who has left: empty, and of the kind that is asked for. */
static bool enter_again(struct source_line at, const struct scene *s)
{
	struct endpoint *ep = s->bystander;
	struct reply reply;

	if (!detach_endpoint(at, ep, s->bystander_domain))
		return false;
	reply = attach(s->domain, ep->id, 0);
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK) && enable_dma(at, ep, s->domain);
}

/* A domain that its only member has left by a move is gone, whoever asks for its id. */
static void expect_domain_gone(struct source_line at, const struct scene *s)
{
	struct reply reply;

	if (s->from == FROM_SAME_ID || !(BIT(s->way) & (MOVES | MOVES_KIND)) || !enter_again(at, s) ||
	    !expect_write_blocked(at, s->bystander, spot_iova(s, &s->spots[0]), 8))
		return;
	reply = map_page(s->domain, s->bystander_iova, s->bystander_page, MAP_RW);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_writes(at, BY_LEVEL, s->bystander, s->bystander_iova, s->bystander_page, 8);
}

/* What has not ended goes on. */
static void expect_others(struct source_line at, const struct scene *s)
{
	const struct endpoint *other = s->members[0] == s->who ? s->members[1] : s->members[0];

	if (BIT(s->way) & RESETS)
		return;
	if (BIT(s->way) & (UNMAPS | REMAPS))
		expect_beside(at, s, 0);
	if (s->member_count > 1 && (BIT(s->way) & LEAVES))
		expect_writes(at, BY_LEVEL, (struct endpoint *)other, spot_iova(s, &s->spots[0]),
			      spot_memory(s, &s->spots[0], s->memory), 8);
	if (s->bystander)
		expect_writes(at, BY_LEVEL, s->bystander, s->bystander_iova, s->bystander_page, 8);
	if (s->bystander && s->member_count == 1 && s->kind != KIND_NONE)
		expect_domain_gone(at, s);
}

static void play(struct source_line at, const cell_t cell)
{
	uint32_t before = access_kinds[cell[ACCESS]].before, after = access_kinds[cell[ACCESS]].after;
	struct scene s;

	if (!make_scene(&s, cell) || !scene_prepare(at, &s) || !scene_begin(at, &s, cell[WHO], before) ||
	    !scene_end(at, &s) || !scene_approach(at, &s) || !expect_at_spots(at, &s, after))
		return;
	expect_others(at, &s);
	if (s.from != FROM_BYPASS)
		expect_reached_again(at, &s, after);
}

static const struct product stale_memory = {
	.name = "stale memory",
	.dimensions = dimensions,
	.dimension_count = DIMENSIONS,
	RULE_TABLE(rules),
	.play = play,
};

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
/* Everything that UNMAP covers is removed. */
TEST(DEV_UNMAP_7, nothing_stale_after_unmap, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, UNMAPS | UNMAPS_OF_SPACE);
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
/* The newest mapping says where an address leads. */
TEST(N_MAP_1, nothing_stale_after_map_to_other_memory, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, REMAPS_ELSEWHERE);
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
/* What is mapped to read is not written, whatever was there before. */
TEST(DEV_MAP_6, nothing_stale_after_map_to_read, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, BIT(MAP_TO_READ));
}

/* N-MAP-4 (ISOLATION): Access allowed iff flags allow it; READ may be implied by WRITE; some ... */
TEST(N_MAP_4, nothing_stale_after_map_without_rights, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, BIT(MAP_TO_NOTHING));
}

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, nothing_stale_after_detach, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, DETACHES & ~LAST_MEMBER_LEAVES);
}

/* N-DOM-2 (ISOLATION): Last DETACH ends the domain; id reusable and empty */
/* Whoever comes back to an id finds a domain that is as good as new. */
TEST(N_DOM_2, nothing_stale_in_a_domain_of_the_same_id, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, LAST_MEMBER_LEAVES);
}

/* DEV-ATTACH-8 (SHOULD): That move is expected to look like DETACH followed by ATTACH */
/* A move is DETACH and ATTACH. */
TEST(DEV_ATTACH_8, nothing_stale_after_a_move, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, MOVES & ~LAST_MEMBER_LEAVES);
}

/* N-DOM-5 (ISOLATION): One domain per endpoint at a time */
TEST(N_DOM_5, nothing_stale_after_a_move_to_the_other_kind, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, MOVES_KIND);
}

/* N-BYP-6 (ISOLATION): After DETACH the endpoint follows config.bypass */
TEST(N_BYP_6, nothing_stale_after_detach_from_bypass, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, LEAVES_BYPASS & ~LAST_MEMBER_LEAVES);
}

/* N-BYP-5 (ISOLATION): Writing `bypass` takes effect for unattached endpoints */
TEST(N_BYP_5, nothing_stale_after_bypass_is_switched_off, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, CONFIGS);
}

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, nothing_stale_after_a_reset, NEEDS_DMA)
{
	PRODUCT(&stale_memory, WAY, RESETS);
}
