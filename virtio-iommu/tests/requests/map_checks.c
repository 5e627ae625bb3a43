// SPDX-License-Identifier: BSD-3-Clause
/*
 * What MAP is refused for, whatever else its flags are (virtio 1.4, 5.13.6.5.2).
 *
 * A range off the granule, over a mapping or out of the input range, a domain that does not exist: none of it
 * depends on flags. A device that leaves a check out for registers (MMIO), or for a mapping that nobody can
 * read or write, is told by its answer, and by what is mapped then. Flags that the device refuses by
 * themselves are left out.
 */
#include "judge/bits.h"
#include "judge/steps/bypass.h"
#include "judge/steps/page_window.h"
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { CHECK, RIGHTS, MMIO, MEMORY };
enum {
	OFF_START_BYTE, OFF_START_HALF, OFF_END_BYTE, OFF_END_HALF, OFF_PHYS_BYTE, OFF_PHYS_HALF,
	OVER_IDENTICAL, OVER_SAME, OVER_FIRST, OVER_INSIDE, OVER_LAST, OVER_START, OVER_END, OVER_ALL,
	BELOW_RANGE, OVER_RANGE_START, OVER_RANGE_END, ABOVE_RANGE,
	DOMAIN_NEVER, DOMAIN_ENDED, DOMAIN_BYPASS,
};

static const char *const checks[] = {
	[OFF_START_BYTE] = "start off by a byte", [OFF_START_HALF] = "start off by half a granule",
	[OFF_END_BYTE] = "end off by a byte", [OFF_END_HALF] = "end off by half a granule",
	[OFF_PHYS_BYTE] = "phys off by a byte", [OFF_PHYS_HALF] = "phys off by half a granule",
	[OVER_IDENTICAL] = "over the same mapping",
	[OVER_SAME] = "over all of a mapping", [OVER_FIRST] = "over its first page",
	[OVER_INSIDE] = "over pages inside", [OVER_LAST] = "over its last page",
	[OVER_START] = "over its start", [OVER_END] = "over its end", [OVER_ALL] = "over more than it",
	[BELOW_RANGE] = "below the input range", [OVER_RANGE_START] = "over the start of the input range",
	[OVER_RANGE_END] = "over the end of the input range", [ABOVE_RANGE] = "above the input range",
	[DOMAIN_NEVER] = "in a domain that never was", [DOMAIN_ENDED] = "in a domain that ended",
	[DOMAIN_BYPASS] = "in a bypass domain",
};
static const char *const rights[] = {"no right", "right r", "right w", "rights rw"};
static const char *const mmio[] = {"of memory", "of registers"};
enum { MEMORY_OTHER, MEMORY_OF_PAGES };
static const char *const memories[] = {"to other memory", "to the memory of these pages"};

#define OFF_GRANULE (BIT(OFF_START_BYTE) | BIT(OFF_START_HALF) | BIT(OFF_END_BYTE) | BIT(OFF_END_HALF) | \
		     BIT(OFF_PHYS_BYTE) | BIT(OFF_PHYS_HALF))
#define OVERLAPS (BIT(OVER_IDENTICAL) | BIT(OVER_SAME) | BIT(OVER_FIRST) | BIT(OVER_INSIDE) |     \
		  BIT(OVER_LAST) | BIT(OVER_START) | BIT(OVER_END) | BIT(OVER_ALL))
#define BELOW (BIT(BELOW_RANGE) | BIT(OVER_RANGE_START))
#define ABOVE (BIT(ABOVE_RANGE) | BIT(OVER_RANGE_END))

#define RANGES (BELOW | ABOVE)

static const char *check_unmet(unsigned int value)
{
	if (value == DOMAIN_BYPASS && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	if ((BIT(value) & OFF_GRANULE) && iommu.granule == 1)
		return "the granule is 1: nothing is unaligned";
	if ((BIT(value) & BELOW) && iommu.config.input_start < iommu.page)
		return "the input range starts with the first page";
	if ((BIT(value) & ABOVE) && iommu.config.input_end > UINT64_MAX - iommu.page)
		return "the input range ends with the last page";
	return NULL;
}

static const char *mmio_unmet(unsigned int value)
{
	return !value || iommu_offers(VIRTIO_IOMMU_F_MMIO) ? NULL : "needs feature MMIO";
}

static const struct dimension dimensions[] = {
	[CHECK] = {"refused for", checks, ARRAY_SIZE(checks), check_unmet},
	[RIGHTS] = {"rights", rights, ARRAY_SIZE(rights), NULL},
	[MMIO] = {"kind", mmio, ARRAY_SIZE(mmio), mmio_unmet},
	[MEMORY] = {"memory", memories, ARRAY_SIZE(memories), NULL},
};

static const struct product_rule rules[] = {
	{{{CHECK, BIT(OVER_IDENTICAL)}, {RIGHTS, ~BIT(MAP_RW)}}, "the mapping is for reads and writes"},
	{{{CHECK, BIT(OVER_IDENTICAL)}, {MMIO, ~BIT(0)}}, "the mapping is one of memory"},
	{{{CHECK, BIT(OVER_IDENTICAL)}, {MEMORY, BIT(MEMORY_OTHER)}}, "then it is another mapping"},
	{{{CHECK, ~OVERLAPS}, {MEMORY, BIT(MEMORY_OF_PAGES)}}, "no memory is mapped there"},
};

/* Pages 2 to 5 of the window are mapped in front of each attempt. */
enum { WINDOW = 9, MAPPED_FIRST = 2, MAPPED_LAST = 5, FREE = 7 };

static uint32_t flags_of(unsigned int granted, bool registers)
{
	return granted | (registers ? MAP_MMIO : 0);
}

/* To memory where nothing is mapped yet. */
static struct map_request request_for(const struct page_window *s, unsigned int first, unsigned int last,
				      uint32_t flags)
{
	return (struct map_request){{.type = REQUEST_MAP}, s->domain, page_start(s, first), page_end(s, last),
				    phys(watched_pages(last - first + 1)), flags};
}

static struct reply send_map_of(struct map_request request)
{
	return send_map(&request);
}

/* The flags are not what the device refuses: a MAP with them, of a free page, is OK. */
static bool takes_flags(struct source_line at, const struct page_window *s, uint32_t flags)
{
	struct reply reply = send_map_of(request_for(s, FREE, FREE, flags));

	if (!is_ok(&reply)) {
		silent("the device does not map memory with flags %#x: %s", flags,
		       status_name(reply.status));
		return false;
	}
	reply = unmap_pages(s, FREE, FREE);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool make_window(struct source_line at, struct page_window *s, uint32_t flags)
{
	struct reply reply;

	if (!make_page_window(at, s, WINDOW))
		return false;
	reply = map_pages(s, MAPPED_FIRST, MAPPED_LAST);
	return expect_status(at, SET_UP, &reply, STATUS_OK) && takes_flags(at, s, flags);
}

/* Which pages of the window an attempt is for. */
static void choose_pages(unsigned int check, unsigned int *first, unsigned int *last)
{
	static const struct {
		unsigned int first, last;
	} overlaps[] = {
		[OVER_IDENTICAL] = {MAPPED_FIRST, MAPPED_LAST},
		[OVER_SAME] = {MAPPED_FIRST, MAPPED_LAST}, [OVER_FIRST] = {MAPPED_FIRST, MAPPED_FIRST},
		[OVER_INSIDE] = {MAPPED_FIRST + 1, MAPPED_LAST - 1}, [OVER_LAST] = {MAPPED_LAST, MAPPED_LAST},
		[OVER_START] = {MAPPED_FIRST - 1, MAPPED_FIRST}, [OVER_END] = {MAPPED_LAST, MAPPED_LAST + 1},
		[OVER_ALL] = {MAPPED_FIRST - 1, MAPPED_LAST + 1},
	};

	*first = *last = FREE;
	if (BIT(check) & OVERLAPS) {
		*first = overlaps[check].first;
		*last = overlaps[check].last;
	}
}

static void move_off_granule(struct map_request *request, unsigned int check)
{
	uint64_t by = check == OFF_START_BYTE || check == OFF_END_BYTE || check == OFF_PHYS_BYTE ?
		      1 : iommu.granule / 2;

	if (check == OFF_START_BYTE || check == OFF_START_HALF)
		request->virt_start += by;
	else if (check == OFF_END_BYTE || check == OFF_END_HALF)
		request->virt_end -= by;
	else
		request->phys_start += by;
}

/* Pages next to the ends of the input range, or over them, with at least a byte that is not in it. */
static void move_out_of_range(struct map_request *request, unsigned int check)
{
	uint64_t page = iommu.page, start = align_up(iommu.config.input_start, page) - page;

	if (BIT(check) & ABOVE)
		start = align_down(iommu.config.input_end + 1, page) - (check == OVER_RANGE_END ? page : 0);
	request->virt_start = start;
	request->virt_end = start + page - 1;
	if (check == OVER_RANGE_START || check == OVER_RANGE_END)
		request->virt_end += page;
}

/* The domain of the window ends, or its endpoint goes into a bypass domain. */
static bool change_domain(struct source_line at, const struct page_window *s, unsigned int check,
			  struct map_request *request)
{
	if (check == DOMAIN_NEVER)
		request->domain = fresh_domain();
	else if (!detach_endpoint(at, s->ep, s->domain))
		return false;
	if (check != DOMAIN_BYPASS)
		return true;
	request->domain = fresh_domain();
	return attach_bypass(at, s->ep, request->domain);
}

static bool make_request(struct source_line at, const struct page_window *s, const cell_t cell,
			 struct map_request *request)
{
	unsigned int check = cell[CHECK], first, last;

	choose_pages(check, &first, &last);
	*request = request_for(s, first, last, flags_of(cell[RIGHTS], cell[MMIO]));
	if (cell[MEMORY] == MEMORY_OF_PAGES)
		request->phys_start = phys(s->target) + first * iommu.page;
	if (BIT(check) & OFF_GRANULE)
		move_off_granule(request, check);
	else if (BIT(check) & RANGES)
		move_out_of_range(request, check);
	else if (!(BIT(check) & OVERLAPS))
		return change_domain(at, s, check, request);
	return true;
}

/* Return false if the answer is OK: then what was asked for is there, whether it should be or not. */
static bool expect_refused(struct source_line at, const struct reply *reply, unsigned int check)
{
	if (BIT(check) & RANGES) {
		if (is_ok(reply) || !reply->delivered)
			judge(BY_LEVEL, at, "a status other than OK", "status %s, used.len %u",
			      status_name(reply->status), reply->length);
	} else if (check == DOMAIN_NEVER || check == DOMAIN_ENDED) {
		expect_status(at, BY_LEVEL, reply, STATUS_NOENT);
	} else {
		expect_status(at, BY_LEVEL, reply, BIT(check) & OFF_GRANULE ? STATUS_RANGE : STATUS_INVAL);
	}
	return !is_ok(reply);
}

static bool is_mapped(const struct page_window *s, uint64_t iova)
{
	return iova >= page_start(s, MAPPED_FIRST) && iova <= page_end(s, MAPPED_LAST);
}

/* The first and the last page of what was asked for, unless they were mapped before. */
static void expect_not_made(struct source_line at, const struct page_window *s,
			    const struct map_request *request)
{
	uint64_t first = align_up(request->virt_start, iommu.page);
	uint64_t last = align_down(request->virt_end, iommu.page);

	if (!is_mapped(s, first))
		expect_write_blocked(at, s->ep, first, 8);
	if (last > first && !is_mapped(s, last))
		expect_write_blocked(at, s->ep, last, 8);
	if (!can_map(s->domain, page_start(s, FREE), iommu.page, s->target + FREE * iommu.page))
		judge(BY_LEVEL, at, "a refused MAP leaves the range free", "a correct MAP there is refused");
}

/* What was mapped is, and nothing else. */
static void expect_unchanged(struct source_line at, const struct page_window *s,
			     const struct map_request *request)
{
	expect_not_made(at, s, request);
	expect_mapped(at, s, MAPPED_FIRST, MAPPED_LAST);
}

/* Refused or not, one UNMAP of all pages leaves nothing: the level is that of isolation. */
static void expect_all_unmapped(struct source_line at, const struct page_window *s)
{
	struct reply reply = unmap_pages(s, 0, WINDOW - 1);

	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return;
	expect_write_blocked(at, s->ep, page_start(s, MAPPED_FIRST), 8);
	expect_write_blocked(at, s->ep, page_start(s, MAPPED_LAST), 8);
}

/* The endpoint is where it was before the request: nowhere, or in bypass. */
static void expect_no_mapping(struct source_line at, const struct page_window *s, unsigned int check,
			      const struct map_request *request)
{
	if (check == DOMAIN_BYPASS)
		expect_identity(at, s->ep);
	else
		expect_no_domain(at, request->domain);
	if (check == DOMAIN_NEVER)
		expect_unchanged(at, s, request);
}

static void play(struct source_line at, const cell_t cell)
{
	struct map_request request;
	struct page_window s;
	struct reply reply;
	bool refused;

	if (!make_window(at, &s, flags_of(cell[RIGHTS], cell[MMIO])) ||
	    !make_request(at, &s, cell, &request))
		return;
	reply = send_map(&request);
	refused = expect_refused(at, &reply, cell[CHECK]);
	if (refused && cell[CHECK] >= DOMAIN_NEVER)
		expect_no_mapping(at, &s, cell[CHECK], &request);
	else if (refused)
		expect_unchanged(at, &s, &request);
	if (BIT(cell[CHECK]) & OVERLAPS)
		expect_all_unmapped(at, &s);
}

static const struct product map_checks = {
	.name = "checks of MAP",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* DEV-MAP-1 (SHOULD): `virt_start`, `phys_start` or `virt_end`+1 off-granule => expected refusal with ... */
TEST(DEV_MAP_1, range_off_the_granule_is_refused_with_any_flags, NEEDS_DOMAIN)
{
	PRODUCT(&map_checks, CHECK, OFF_GRANULE);
}

/* DEV-MAP-2 (SHOULD): Overlap with an existing mapping => expected refusal with INVAL */
TEST(DEV_MAP_2, overlap_is_refused_with_any_flags, NEEDS_DOMAIN)
{
	PRODUCT(&map_checks, CHECK, OVERLAPS);
}

/* N-RANGE-1 (no keyword): A MAP outside input_range fails (range given when *offered*) */
TEST(N_RANGE_1, map_out_of_the_input_range_fails_with_any_flags, NEEDS_DOMAIN | NEEDS_INPUT_RANGE)
{
	PRODUCT(&map_checks, CHECK, RANGES);
}

/* DEV-MAP-4 (SHOULD): Unknown domain => expected refusal with NOENT */
TEST(DEV_MAP_4, domain_that_is_none_is_refused_with_any_flags, NEEDS_DOMAIN)
{
	PRODUCT(&map_checks, CHECK, BIT(DOMAIN_NEVER) | BIT(DOMAIN_ENDED));
}

/* DEV-MAP-5 (SHOULD): MAP on a bypass domain => expected refusal with INVAL */
TEST(DEV_MAP_5, bypass_domain_is_refused_with_any_flags, NEEDS_DOMAIN | NEEDS_BYPASS_CONFIG)
{
	PRODUCT(&map_checks, CHECK, BIT(DOMAIN_BYPASS));
}

/* Flags that nobody knows, beside all that are known. */

enum { UNKNOWN };

static const char *unknown_unmet(unsigned int value)
{
	return (BIT(value) & (MAP_RW | MAP_MMIO)) ? "the flag is known" : NULL;
}

static const struct dimension flag_dimensions[] = {
	[UNKNOWN] = {"unknown flag", bit_names, BITS, unknown_unmet},
	[RIGHTS] = {"rights", rights, ARRAY_SIZE(rights), NULL},
	[MMIO] = {"kind", mmio, ARRAY_SIZE(mmio), mmio_unmet},
};

static void play_flag(struct source_line at, const cell_t cell)
{
	uint32_t flags = flags_of(cell[RIGHTS], cell[MMIO]);
	struct map_request request;
	struct page_window s;
	struct reply reply;

	if (!make_window(at, &s, flags))
		return;
	request = request_for(&s, FREE, FREE, flags | BIT(cell[UNKNOWN]));
	reply = send_map(&request);
	expect_status(at, BY_LEVEL, &reply, STATUS_INVAL);
	if (!is_ok(&reply))
		expect_not_made(at, &s, &request);
}

static const struct product unknown_flags = {
	.name = "unknown flags of MAP",
	DIMENSION_TABLE(flag_dimensions),
	.play = play_flag,
};

/* DEV-MAP-3 (MUST): Any unknown `flags` bit in MAP => refused with INVAL */
TEST(DEV_MAP_3, each_unknown_flag_is_refused_beside_all_others, NEEDS_DOMAIN)
{
	PRODUCT(&unknown_flags, EVERY_CELL);
}
