// SPDX-License-Identifier: BSD-3-Clause
/*
 * Addresses that differ in one bit are two (virtio 1.4, 5.13.6.5): of what is accessed, of what MAP and UNMAP
 * name, and of what a mapping leads to. A device that loses a bit on the way, or keeps less than 64 of them,
 * is told by just that bit.
 */
#include "driver/iova.h"
#include "judge/bits.h"
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { ACTION, WORD, BIT_IN_WORD };
enum { ACTION_ACCESS, ACTION_MAP, ACTION_UNMAP };

static const char *const actions[] = {"accessed", "mapped", "unmapped"};
static const char *const words[] = {"of the low word", "of the high word"};

static const struct dimension dimensions[] = {
	[ACTION] = {"the other is", actions, ARRAY_SIZE(actions), NULL},
	[WORD] = {"word", words, ARRAY_SIZE(words), NULL},
	[BIT_IN_WORD] = {"bit", bit_names, BITS, NULL},
};

static uint64_t bit_of(const cell_t cell)
{
	return 1ull << (BITS * cell[WORD] + cell[BIT_IN_WORD]);
}

/* So many pages are looked at for one that has a twin. */
#define MOST_PAGES 1024

/* A page of I/O virtual addresses such that its twin, by @bit, can be mapped as well. */
static bool find_page(uint64_t bit, uint64_t *iova)
{
	unsigned int tries = MOST_PAGES;

	*iova = iommu.config.input_start;
	for (; tries-- && iova_find(*iova, iommu.page, iova); *iova += iommu.page)
		if (iova_is_free(*iova ^ bit, iommu.page))
			return true;
	return false;
}

/* A mapped page. */
struct fixture {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;
};

static struct reply map_at(const struct fixture *f, uint64_t iova, const void *target)
{
	return map(f->domain, iova, iova + iommu.page - 1, phys(target), MAP_RW);
}

static bool make_fixture(struct source_line at, struct fixture *f, uint64_t iova)
{
	struct reply reply;

	*f = (struct fixture){endpoint(0), fresh_domain(), iova, filled_pages(1)};
	if (!attach_with_dma(at, f->ep, f->domain))
		return false;
	reply = map_at(f, iova, f->target);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/* A write last: of a read an endpoint may tell by another access. */
static void expect_page(struct source_line at, const struct fixture *f, uint64_t iova, uint8_t *target)
{
	expect_reads(at, BY_LEVEL, f->ep, iova, target, 8);
	expect_writes(at, BY_LEVEL, f->ep, iova, target, 8);
}

/* The twin of the page leads nowhere, and then to memory of its own. */
static void play_pages(struct source_line at, const cell_t cell, uint64_t bit)
{
	uint8_t *other = filled_pages(1);
	struct reply reply;
	struct fixture f;
	uint64_t iova;

	if (!find_page(bit, &iova))
		return not_applicable("the input range has no two pages that differ in bit %#lx alone", bit);
	if (!make_fixture(at, &f, iova))
		return;
	if (cell[ACTION] == ACTION_ACCESS) {
		expect_page(at, &f, iova, f.target);
		expect_write_blocked(at, f.ep, iova ^ bit, 8);
		expect_read_blocked(at, f.ep, iova ^ bit, f.target, 8);
	} else {
		reply = map_at(&f, iova ^ bit, other);
		expect_status(at, BY_LEVEL, &reply, STATUS_OK);
		expect_page(at, &f, iova ^ bit, other);
	}
	if (cell[ACTION] == ACTION_UNMAP) {
		reply = unmap(f.domain, iova ^ bit, (iova ^ bit) + iommu.page - 1);
		expect_status(at, BY_LEVEL, &reply, STATUS_OK);
		expect_write_blocked(at, f.ep, iova ^ bit, 8);
	}
	expect_page(at, &f, iova, f.target);
}

/* A bit below those of pages tells bytes of one page apart. */
static void play_bytes(struct source_line at, uint64_t bit)
{
	uint64_t iova;
	struct fixture f;

	if (!find_page(0, &iova))
		return not_applicable("the input range has no page");
	if (!make_fixture(at, &f, iova))
		return;
	expect_writes(at, BY_LEVEL, f.ep, iova + bit, f.target + bit, 1);
	expect_reads(at, BY_LEVEL, f.ep, iova + bit, f.target + bit, 1);
	expect_writes(at, BY_LEVEL, f.ep, iova, f.target, 1);
}

static void play_virt(struct source_line at, const cell_t cell)
{
	uint64_t bit = bit_of(cell);

	if (bit >= iommu.page)
		play_pages(at, cell, bit);
	else if (cell[ACTION] == ACTION_ACCESS)
		play_bytes(at, bit);
	else
		not_applicable("bit %#lx is none of a page's address", bit);
}

static const struct product virt_bits = {
	.name = "bits of virtual addresses",
	DIMENSION_TABLE(dimensions),
	.play = play_virt,
};

/* Without PROBE a reserved region could be in the way unseen. */
#define NEEDS_PAGES (NEEDS_DMA | NEEDS_EXACT | NEEDS_PROBE)

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, each_bit_of_an_accessed_address_counts, NEEDS_PAGES)
{
	PRODUCT(&virt_bits, ACTION, BIT(ACTION_ACCESS));
}

/* DEV-MAP-2 (SHOULD): Overlap with an existing mapping => expected refusal with INVAL */
TEST(DEV_MAP_2, pages_that_differ_in_one_bit_do_not_overlap, NEEDS_PAGES)
{
	PRODUCT(&virt_bits, ACTION, BIT(ACTION_MAP));
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, page_that_differs_in_one_bit_stays, NEEDS_PAGES)
{
	PRODUCT(&virt_bits, ACTION, BIT(ACTION_UNMAP));
}

enum { BEHIND, PHYS_WORD, PHYS_BIT };
enum { BEHIND_MEMORY, BEHIND_OTHER };

static const char *const behind[] = {"memory", "no memory of ours"};

static const struct dimension phys_dimensions[] = {
	[BEHIND] = {"the other is", behind, ARRAY_SIZE(behind), NULL},
	[PHYS_WORD] = {"word", words, ARRAY_SIZE(words), NULL},
	[PHYS_BIT] = {"bit", bit_names, BITS, NULL},
};

/* Free memory is not kept from anybody: what the test still takes of it, in pages, is less than this. */
#define ROOM 64

/* A free page of memory whose twin is one as well, both watched; or NULL. */
static uint8_t *find_memory(uint64_t bit)
{
	uint64_t lowest = phys(watched_pages(1)) + ROOM * iommu.page, address = lowest;
	uint8_t *page = NULL;

	for (unsigned int i = 0; i < MOST_PAGES && !page; i++, address += iommu.page)
		if ((address ^ bit) >= lowest && memory_if_free(address ^ bit, iommu.page))
			page = watched_page_at(address);
	if (page)
		watched_page_at(phys(page) ^ bit);
	return page;
}

/* Both pages are memory: each mapping leads to its own. */
static void play_memory(struct source_line at, const struct fixture *f, uint64_t bit)
{
	uint64_t twin = f->iova + 2 * iommu.page;
	uint8_t *page = find_memory(bit), *other;
	struct reply reply;

	if (!page)
		return skip("no two pages of free memory differ in bit %#lx alone", bit);
	other = (uint8_t *)((uintptr_t)page ^ bit);
	reply = map_at(f, f->iova + iommu.page, page);
	expect_status(at, SET_UP, &reply, STATUS_OK);
	reply = map_at(f, twin, other);
	expect_status(at, SET_UP, &reply, STATUS_OK);
	expect_page(at, f, twin, other);
	expect_page(at, f, f->iova + iommu.page, page);
}

/*
 * Any status will do. What is there may be registers, so that it is only read: whatever that gives, it is
 * not the page of ours.
 */
static void play_other(struct source_line at, const struct fixture *f, uint64_t bit)
{
	uint64_t other = phys(f->target) ^ bit, iova = f->iova + iommu.page;
	struct reply reply;

	if (memory_if_free(other, iommu.page) || is_watched((uint8_t *)(uintptr_t)other, 8))
		return skip("the page that differs in bit %#lx alone is memory of ours", bit);
	reply = map(f->domain, iova, iova + iommu.page - 1, other, MAP_RW);
	info(at, "MAP to %#lx: %s", other, status_name(reply.status));
	expect_read_blocked(at, f->ep, iova, f->target, 8);
	expect_page(at, f, f->iova, f->target);
}

static void play_phys(struct source_line at, const cell_t cell)
{
	uint64_t bit = 1ull << (BITS * cell[PHYS_WORD] + cell[PHYS_BIT]);
	struct fixture f;

	if (bit < iommu.page)
		return not_applicable("bit %#lx is none of a page's address", bit);
	if (!make_fixture(at, &f, iova_window(3)))
		return;
	if (cell[BEHIND] == BEHIND_MEMORY)
		play_memory(at, &f, bit);
	else
		play_other(at, &f, bit);
}

static const struct product phys_bits = {
	.name = "bits of physical addresses",
	DIMENSION_TABLE(phys_dimensions),
	.play = play_phys,
};

TEST(N_MAP_1, each_bit_of_phys_start_counts, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&phys_bits, BEHIND, BIT(BEHIND_MEMORY));
}

/* N-MAP-5 (no keyword): phys range should lie in guest-physical space */
TEST(N_MAP_5, each_bit_of_phys_start_beyond_memory_counts, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&phys_bits, BEHIND, BIT(BEHIND_OTHER));
}
