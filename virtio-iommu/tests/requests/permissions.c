// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the flags of mappings permit, at each size and place of an access (virtio 1.4, 5.13.6.5).
 *
 * The formula of MAP is one of bytes: each byte of an access moves if the mapping that covers it has the
 * flag, and no other does. A device that looks at the first page of an access, at the last one, or at a few,
 * is told by pages in other places that differ from the others. An access may be many on the way to
 * memory, so that nothing is said of permitted bytes where others of the same access are blocked: they are
 * moved to their own place, or not at all. A permitted page is tried alone, too.
 *
 * Rights belong to addresses, not to memory: where a page is mapped at another address as well, with all
 * rights, either address keeps to its own.
 */
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { RIGHTS, SIZE, BEGINS, MEMORY, PAGES, ODD_ONES };
enum { SIZE_BYTE, SIZE_WORD, SIZE_PAGE, SIZE_PAGE_AND_BYTE, SIZE_2_PAGES, SIZE_3_PAGES, SIZE_9_PAGES };
enum { BEGINS_WITH_PAGE, ENDS_WITH_PAGE, BEGINS_INSIDE };
enum { MEMORY_ADJACENT, MEMORY_SCATTERED, MEMORY_SHARED };
enum { PAGES_ALIKE, PAGES_SOME_MISSING, PAGES_SOME_OTHER };
enum { ODD_FIRST, ODD_MIDDLE, ODD_LAST, ODD_ENDS, ODD_SECONDS };

/* Flags and the access: one dimension, so that each size is tried with each of them. */
enum { FLAGS_MMIO = 4, WRITTEN = 8 };

static const char *const rights[] = {
	"no flag read", "flag r read", "flag w read", "flags rw read",
	"flag mmio read", "flags r mmio read", "flags w mmio read", "flags rw mmio read",
	"no flag written", "flag r written", "flag w written", "flags rw written",
	"flag mmio written", "flags r mmio written", "flags w mmio written", "flags rw mmio written",
};
static const char *const sizes[] = {
	"1 byte", "8 bytes", "a page", "a page and a byte", "2 pages", "3 pages", "9 pages",
};
static const char *const begins[] = {
	"from the start of a page", "to the end of a page", "from inside a page",
};
static const char *const memories[] = {"in one piece", "scattered", "mapped elsewhere too"};
static const char *const pages[] = {"all mapped alike", "some are missing", "some have other rights"};
static const char *const odd_ones[] = {
	"the first", "one in the middle", "the last", "the first and the last", "every second",
};

static const char *rights_unmet(unsigned int value)
{
	return !(value & FLAGS_MMIO) || iommu_offers(VIRTIO_IOMMU_F_MMIO) ? NULL : "needs feature MMIO";
}

static size_t size_of(unsigned int value)
{
	const uint64_t page = iommu.page;
	const size_t bytes[] = {1, 8, page, page + 1, 2 * page, 3 * page, 9 * page};

	return bytes[value];
}

static const char *size_unmet(unsigned int value)
{
	return size_of(value) <= endpoint(0)->dma.max_bytes ? NULL : "no access of the endpoint is as long";
}

static const struct dimension dimensions[] = {
	[RIGHTS] = {"mapped with", rights, ARRAY_SIZE(rights), rights_unmet},
	[SIZE] = {"size", sizes, ARRAY_SIZE(sizes), size_unmet},
	[BEGINS] = {"place", begins, ARRAY_SIZE(begins), NULL},
	[MEMORY] = {"memory", memories, ARRAY_SIZE(memories), NULL},
	[PAGES] = {"pages", pages, ARRAY_SIZE(pages), NULL},
	[ODD_ONES] = {"the other pages", odd_ones, ARRAY_SIZE(odd_ones), NULL},
};

#define WHOLE_PAGES (BIT(SIZE_PAGE) | BIT(SIZE_2_PAGES) | BIT(SIZE_3_PAGES) | BIT(SIZE_9_PAGES))
#define NOT_FIRST ~BIT(ODD_FIRST)
#define OF_THREE (BIT(ODD_MIDDLE) | BIT(ODD_ENDS) | BIT(ODD_SECONDS))
#define ALIGNED (BIT(BEGINS_WITH_PAGE) | BIT(ENDS_WITH_PAGE))

static const struct product_rule rules[] = {
	{{{SIZE, WHOLE_PAGES}, {BEGINS, BIT(ENDS_WITH_PAGE)}}, "it begins with a page, too"},
	{{{SIZE, BIT(SIZE_BYTE)}, {BEGINS, BIT(BEGINS_INSIDE)}}, "a byte inside of a page has no neighbour"},
	{{{PAGES, BIT(PAGES_ALIKE)}, {ODD_ONES, NOT_FIRST}}, "no page differs"},
	{{{SIZE, BIT(SIZE_BYTE)}, {ODD_ONES, NOT_FIRST}}, "it is one page"},
	{{{SIZE, BIT(SIZE_WORD) | BIT(SIZE_PAGE)}, {BEGINS, ALIGNED}, {ODD_ONES, NOT_FIRST}},
	 "it is one page"},
	{{{SIZE, BIT(SIZE_WORD) | BIT(SIZE_PAGE) | BIT(SIZE_PAGE_AND_BYTE)}, {ODD_ONES, OF_THREE}},
	 "there are two pages"},
	{{{SIZE, BIT(SIZE_2_PAGES)}, {BEGINS, ALIGNED}, {ODD_ONES, OF_THREE}}, "there are two pages"},
};

#define MOST_PAGES 10

/* An access, and the pages that it touches. */
struct attempt {
	struct endpoint *ep;
	uint32_t domain;
	bool write;
	uint64_t iova;		/* of the first page; the last page of the window is for a control */
	uint64_t elsewhere;	/* where the same pages are mapped with all rights; or 0 */
	size_t offset, size;
	unsigned int count;	/* pages */
	struct {
		uint8_t *memory;
		bool missing;	/* not mapped, or MAP was refused */
		uint32_t flags;
	} pages[MOST_PAGES];
};

/* Where the access begins in its first page. Inside, it is over the end of a page. */
static size_t first_offset(size_t size, unsigned int where)
{
	if (where == BEGINS_WITH_PAGE)
		return 0;
	if (where == ENDS_WITH_PAGE)
		return align_up(size, iommu.page) - size;
	return iommu.page - min(size, iommu.page) / 2;
}

/* Scattered: the other way round, with a page between each two. */
static void choose_memory(struct attempt *a, bool scattered)
{
	uint8_t *memory = filled_pages(scattered ? 2 * a->count : a->count);

	for (unsigned int i = 0; i < a->count; i++)
		a->pages[i].memory = memory + (scattered ? 2 * (a->count - 1 - i) : i) * iommu.page;
}

static bool is_odd(const struct attempt *a, unsigned int odd, unsigned int page)
{
	bool first = page == 0, last = page == a->count - 1;

	switch (odd) {
	case ODD_FIRST:
		return first;
	case ODD_MIDDLE:
		return page == a->count / 2;
	case ODD_LAST:
		return last;
	case ODD_ENDS:
		return first || last;
	default:
		return page % 2;
	}
}

static void choose_flags(struct attempt *a, const cell_t cell)
{
	uint32_t granted = (cell[RIGHTS] & MAP_RW) | (cell[RIGHTS] & FLAGS_MMIO ? MAP_MMIO : 0);

	for (unsigned int i = 0; i < a->count; i++) {
		bool odd = is_odd(a, cell[ODD_ONES], i);

		a->pages[i].flags = granted;
		if (odd && cell[PAGES] == PAGES_SOME_OTHER)
			a->pages[i].flags ^= a->write ? MAP_WRITE : MAP_READ;
		a->pages[i].missing = odd && cell[PAGES] == PAGES_SOME_MISSING;
	}
}

static void make_attempt(struct attempt *a, const cell_t cell)
{
	*a = (struct attempt){.ep = endpoint(0), .write = cell[RIGHTS] & WRITTEN};
	a->domain = fresh_domain();
	a->size = size_of(cell[SIZE]);
	a->offset = first_offset(a->size, cell[BEGINS]);
	a->count = align_up(a->offset + a->size, iommu.page) / iommu.page;
	a->iova = iova_window(a->count + 2);
	a->elsewhere = cell[MEMORY] == MEMORY_SHARED ? iova_window(a->count) : 0;
	choose_memory(a, cell[MEMORY] == MEMORY_SCATTERED);
	choose_flags(a, cell);
}

/* The last page of those from @first on that one mapping can have: the same flags, and adjacent memory. */
static unsigned int last_alike(const struct attempt *a, unsigned int first)
{
	unsigned int i = first;

	while (i + 1 < a->count && !a->pages[i + 1].missing &&
	       a->pages[i + 1].flags == a->pages[first].flags &&
	       a->pages[i + 1].memory == a->pages[i].memory + iommu.page)
		i++;
	return i;
}

/* How many mappings a device has room for is its own affair. */
static bool has_room(const struct reply *reply)
{
	if (!reply->delivered || reply->status != STATUS_NOMEM)
		return true;
	silent("the device has no room for a mapping of each page");
	return false;
}

/* What a device need not take: rights that the architecture does not have (5.13.6.5), memory as registers. */
static bool map_stretch(struct source_line at, struct attempt *a, unsigned int first, unsigned int last)
{
	uint64_t start = a->iova + first * iommu.page, end = a->iova + (last + 1) * iommu.page - 1;
	struct reply reply = map(a->domain, start, end, phys(a->pages[first].memory), a->pages[first].flags);

	if (a->pages[first].flags == MAP_RW)
		return has_room(&reply) && expect_status(at, SET_UP, &reply, STATUS_OK);
	for (unsigned int i = first; i <= last && !is_ok(&reply); i++)
		a->pages[i].missing = true;
	return true;
}

/* That memory is in one piece. */
static bool map_elsewhere(struct source_line at, const struct attempt *a)
{
	struct reply reply;

	if (!a->elsewhere)
		return true;
	reply = map_range(a->domain, a->elsewhere, a->count * iommu.page, a->pages[0].memory, MAP_RW);
	return has_room(&reply) && expect_status(at, VERDICT_ERROR, &reply, STATUS_OK);
}

static bool map_attempt(struct source_line at, struct attempt *a)
{
	if (!map_elsewhere(at, a))
		return false;
	for (unsigned int i = 0, last; i < a->count; i = last + 1) {
		last = a->pages[i].missing ? i : last_alike(a, i);
		if (!a->pages[i].missing && !map_stretch(at, a, i, last))
			return false;
	}
	return true;
}

/* WRITE may imply READ (DEV-MAP-7). What memory does behind a mapping for registers is open (DRV-MAP-4). */
static unsigned int fate_of(const struct attempt *a, unsigned int page)
{
	uint32_t granted = a->pages[page].flags;

	if (a->pages[page].missing || !(granted & (a->write ? MAP_WRITE : MAP_RW)))
		return PART_BLOCKED;
	if (granted & MAP_MMIO)
		return PART_OPEN;
	return a->write || (granted & MAP_READ) ? PART_MOVED : PART_OPEN;
}

/* Return true if all of it has to move. */
static bool make_parts(const struct attempt *a, struct access_part *parts)
{
	size_t offset = a->offset, left = a->size;
	bool whole = true;

	for (unsigned int i = 0; i < a->count; i++, offset = 0, left -= parts[i - 1].size) {
		parts[i] = (struct access_part){a->pages[i].memory + offset, min(left, iommu.page - offset),
						fate_of(a, i)};
		whole = whole && parts[i].fate == PART_MOVED;
	}
	for (unsigned int i = 0; i < a->count && !whole; i++)
		parts[i].fate = min(parts[i].fate, PART_OPEN);
	return whole;
}

static void expect_page_alone(struct source_line at, const struct attempt *a, unsigned int page)
{
	uint64_t iova = a->iova + page * iommu.page + 8;
	uint8_t *memory = a->pages[page].memory + 8;

	if (fate_of(a, page) != PART_MOVED)
		return;
	if (a->write)
		expect_writes(at, BY_LEVEL, a->ep, iova, memory, 8);
	else
		expect_reads(at, BY_LEVEL, a->ep, iova, memory, 8);
}

/* What is one mapping for the driver may be many on the way to memory: at either end, and inside. */
static void expect_pages_alone(struct source_line at, const struct attempt *a)
{
	expect_page_alone(at, a, 0);
	if (a->count > 2)
		expect_page_alone(at, a, a->count / 2);
	if (a->count > 1)
		expect_page_alone(at, a, a->count - 1);
	if (a->elsewhere)
		expect_writes(at, BY_LEVEL, a->ep, a->elsewhere, a->pages[0].memory, 8);
}

/* The endpoint lives: it reaches a page of its own. */
static void expect_control(struct source_line at, const struct attempt *a)
{
	uint64_t iova = a->iova + (a->count + 1) * iommu.page;
	uint8_t *target = watched_pages(1);
	struct reply reply = map(a->domain, iova, iova + iommu.page - 1, phys(target), MAP_RW);

	if (has_room(&reply) && expect_status(at, SET_UP, &reply, STATUS_OK))
		expect_writes(at, SET_UP, a->ep, iova, target, 8);
}

static void play(struct source_line at, const cell_t cell)
{
	struct access_part parts[MOST_PAGES];
	struct access_parts all = {parts, 0};
	struct attempt a;
	bool whole;

	make_attempt(&a, cell);
	if (!attach_with_dma(at, a.ep, a.domain) || !map_attempt(at, &a))
		return;
	all.count = a.count;
	whole = make_parts(&a, parts);
	if (a.write)
		expect_write_parts(at, a.ep, a.iova + a.offset, all);
	else
		expect_read_parts(at, a.ep, a.iova + a.offset, all);
	if (!whole)
		expect_control(at, &a);
	expect_pages_alone(at, &a);
}

static const struct product permissions = {
	.name = "permissions",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-MAP-4 (ISOLATION): Access allowed iff flags allow it; READ may be implied by WRITE; some ... */
TEST(N_MAP_4, each_page_of_an_access_keeps_to_its_flags, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&permissions, PAGES, BIT(PAGES_ALIKE) | BIT(PAGES_SOME_OTHER));
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
TEST(DEV_MAP_6, pages_to_read_are_not_written_whatever_is_beside_them, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&permissions, RIGHTS, BIT(WRITTEN | MAP_READ) | BIT(WRITTEN | MAP_READ | FLAGS_MMIO));
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, no_byte_of_an_access_passes_a_page_that_is_not_mapped, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&permissions, PAGES, BIT(PAGES_SOME_MISSING));
}
