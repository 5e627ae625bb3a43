// SPDX-License-Identifier: BSD-3-Clause
/*
 * Memory of the driver and of endpoints in each part of the machine's memory (virtio 1.4, 2.7 and 5.13.6).
 *
 * An address has 64 bits, and the last byte of memory is memory. A device that keeps 32 bits of an address,
 * of a ring, a buffer or what a mapping leads to, finds other memory there; one that looks past the end of
 * what it was given finds none. All kinds of requests and a fault show whether it works from there.
 */
#include "driver/placement.h"
#include "driver/timing.h"
#include "judge/steps/fault.h"
#include "judge/product.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "util.h"

enum { WHAT, MEMORY, LIST };
enum { IN_RING, IN_TABLES };
enum {
	WHAT_REQUEST_RING, WHAT_TABLES, WHAT_REQUESTS, WHAT_REPLIES, WHAT_EVENT_RING, WHAT_EVENTS,
	WHAT_TARGET,
};
enum {
	MEMORY_LOW, MEMORY_HIGH, MEMORY_TOP, MEMORY_PAGE, MEMORY_4G_FIRST, MEMORY_4G_DRIVER,
	MEMORY_4G_DEVICE,
};

static const char *const whats[] = {
	"request ring", "indirect tables", "requests", "replies", "event ring", "event buffers", "dma target",
};
static const char *const memories[] = {
	"in low memory", "above 4 gib", "at the end of memory", "over the end of a page",
	"over a multiple of 4 gib", "driver area over a multiple of 4 gib",
	"device area over a multiple of 4 gib",
};

static const char *const lists[] = {"listed in the ring", "listed in tables"};

#define ABOVE_4_GIB (1ull << 32)
#define ALIGNMENT 16

/* The last @size bytes of memory, aligned; NULL if they are not free. */
static void *last_memory(size_t size)
{
	return memory_if_free(align_down(memory_end() - size, ALIGNMENT), size);
}

/* How much of it lies in front of a border: what the device reads and writes first goes over it. */
static size_t in_front(unsigned int what, unsigned int where)
{
	static const uint8_t in_front[] = {
		[WHAT_REQUEST_RING] = 32, [WHAT_TABLES] = 16, [WHAT_REQUESTS] = 80, [WHAT_REPLIES] = 80,
		[WHAT_EVENT_RING] = 32, [WHAT_EVENTS] = 32,
	};
	const struct ring *ring = what == WHAT_REQUEST_RING ? &iommu.requests : &iommu.events;
	uintptr_t area = where == MEMORY_4G_DRIVER ? (uintptr_t)ring->avail : (uintptr_t)ring->used;

	if (where < MEMORY_4G_DRIVER)
		return in_front[what];
	return align_up(area - (uintptr_t)ring->desc + 1, ALIGNMENT);
}

/* Where memory goes on behind a multiple of 4 GiB; NULL if there is none such. */
static void *memory_over_4_gib(size_t before, size_t size)
{
	uint64_t border = align_down(memory_end(), ABOVE_4_GIB);

	return border ? memory_if_free(border - before, size) : NULL;
}

static void *find_memory(unsigned int what, unsigned int where, size_t size)
{
	switch (where) {
	case MEMORY_LOW:
		return arena_alloc(size, ALIGNMENT);
	case MEMORY_HIGH:
		return memory_above(ABOVE_4_GIB, size, iommu.page);
	case MEMORY_TOP:
		return last_memory(size);
	case MEMORY_PAGE:
		return (uint8_t *)arena_alloc(iommu.page + size, iommu.page) +
		       (iommu.page - in_front(what, where));
	default:
		return memory_over_4_gib(in_front(what, where), size);
	}
}

static const char *list_unmet(unsigned int list)
{
	bool wanted = iommu_wants(VIRTIO_F_INDIRECT_DESC);

	if (list == IN_TABLES)
		return iommu_offers(VIRTIO_F_INDIRECT_DESC) ? NULL : "needs indirect descriptors";
	return wanted ? "the run has indirect descriptors" : NULL;
}

static const char *memory_unmet(unsigned int value)
{
	if (value == MEMORY_HIGH && !memory_above(ABOVE_4_GIB, iommu.page, iommu.page))
		return "there is no memory above 4 GiB";
	if (value >= MEMORY_4G_FIRST && !memory_over_4_gib(iommu.page, 2 * iommu.page))
		return "no memory goes over a multiple of 4 GiB";
	return value == MEMORY_TOP && !last_memory(iommu.page) ? "the end of memory is not free" : NULL;
}

static const struct dimension dimensions[] = {
	[WHAT] = {"what", whats, ARRAY_SIZE(whats), NULL},
	[MEMORY] = {"where", memories, ARRAY_SIZE(memories), memory_unmet},
	[LIST] = {"list", lists, ARRAY_SIZE(lists), list_unmet},
};

static const struct product_rule rules[] = {
	{{{WHAT, BIT(WHAT_TABLES)}, {LIST, BIT(IN_RING)}}, "there are no tables"},
	{{{WHAT, BIT(WHAT_EVENT_RING) | BIT(WHAT_EVENTS) | BIT(WHAT_TARGET)}, {LIST, BIT(IN_TABLES)}},
	 "a buffer of one piece has no table"},
	{{{WHAT, BIT(WHAT_TARGET)},
	  {MEMORY, BIT(MEMORY_PAGE) | BIT(MEMORY_4G_FIRST) | BIT(MEMORY_4G_DRIVER) | BIT(MEMORY_4G_DEVICE)}},
	 "each page is mapped by itself"},
	{{{WHAT, ~(BIT(WHAT_REQUEST_RING) | BIT(WHAT_EVENT_RING))},
	  {MEMORY, BIT(MEMORY_4G_DRIVER) | BIT(MEMORY_4G_DEVICE)}}, "only rings have areas"},
};

static const enum placed placed[] = {
	[WHAT_REQUEST_RING] = PLACED_REQUEST_RING, [WHAT_TABLES] = PLACED_TABLES,
	[WHAT_REQUESTS] = PLACED_REQUESTS, [WHAT_REPLIES] = PLACED_REPLIES,
	[WHAT_EVENT_RING] = PLACED_EVENT_RING, [WHAT_EVENTS] = PLACED_EVENTS,
};

static bool move(struct source_line at, const cell_t cell)
{
	uint64_t tables = cell[LIST] == IN_TABLES ? VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) : 0;
	unsigned int what = cell[WHAT];
	void *memory = find_memory(what, cell[MEMORY], placed_size(placed[what]));

	if (!memory) {
		skip("there are no %zu bytes of memory", placed_size(placed[what]));
		return false;
	}
	placement_move(placed[what], memory);
	if (iommu_restart(iommu.wanted | tables))
		return true;
	judge(BY_LEVEL, at, "the device comes up with its memory at any address",
	      "with it at %#lx it does not", phys(memory));
	return false;
}

static bool attach_and_map(struct source_line at, struct page_fixture *s)
{
	struct reply reply;

	*s = (struct page_fixture){.ep = endpoint(0), .domain = fresh_domain(), .iova = iova_window(1),
				   .target = watched_pages(1)};
	reply = attach(s->domain, s->ep->id, 0);
	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK) || !enable_dma(at, s->ep, s->domain))
		return false;
	reply = map(s->domain, s->iova, s->iova + iommu.page - 1, phys(s->target), MAP_RW);
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* As many as come to the next part of each area of a ring. */
#define MORE_REQUESTS 16

static void expect_more_answers(struct source_line at)
{
	for (unsigned int i = 0; i < MORE_REQUESTS && no_defect_so_far(); i++)
		expect_queue_works(at, "to a queue with its memory elsewhere");
}

/* Each kind of request, with its effect. */
static void play_requests(struct source_line at, const cell_t cell)
{
	struct page_fixture s;
	struct reply reply;

	if (!move(at, cell))
		return;
	if (iommu_offers(VIRTIO_IOMMU_F_PROBE)) {
		reply = probe(endpoint(0)->id);
		expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	}
	if (!attach_and_map(at, &s))
		return;
	expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8);
	reply = unmap(s.domain, s.iova, s.iova + iommu.page - 1);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_write_blocked(at, s.ep, s.iova, 8);
	reply = detach(s.domain, s.ep->id);
	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_more_answers(at);
}

/* No device has to report a fault (AMB-15): one that did a moment ago does so again. */
static void play_events(struct source_line at, const cell_t cell)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;

	if (!make_reporting_fixture(at, &s, &fault) || !detach_endpoint(at, s.ep, s.domain))
		return;
	if (!move(at, cell) || !map_one_page(at, &s))
		return;
	fault = fault_above(&s);
	if (find_report(at, &fault, &event)) {
		expect_whole(at, &event);
		expect_eq(at, event.record.endpoint, s.ep->id, "endpoint of the report");
		expect_address(at, &event, fault.iova, fault.iova + fault.size - 1);
	} else if (!event_wait(&event)) {
		judge(BY_LEVEL, at, "a fault is reported, as it was with the buffers elsewhere",
		      "no event within %lu us", timing_quiet_us(TIMED_REPORT));
	}
	expect_no_events_breach(at);
}

/* A page of memory, watched; NULL if it is not free. */
static uint8_t *find_page(unsigned int where)
{
	if (where == MEMORY_LOW)
		return watched_pages(1);
	if (where == MEMORY_HIGH)
		return watched_page_at(phys(memory_above(ABOVE_4_GIB, iommu.page, iommu.page)));
	return watched_page_at(align_down(memory_end(), iommu.page) - iommu.page);
}

static void play_target(struct source_line at, const cell_t cell)
{
	uint64_t page = iommu.page;
	uint8_t *target = find_page(cell[MEMORY]);
	struct page_fixture s;
	struct reply reply;
	uint64_t iova;

	if (!target)
		return skip("the last page of memory is not free");
	if (!map_one_page(at, &s))
		return;
	iova = s.iova + page;
	reply = map(s.domain, iova, iova + page - 1, phys(target), MAP_RW);
	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return;
	expect_writes(at, BY_LEVEL, s.ep, iova, target, 8);
	expect_writes(at, BY_LEVEL, s.ep, iova + page - 1, target + page - 1, 1);
	if (s.ep->dma.ops->exact)
		expect_reads(at, BY_LEVEL, s.ep, iova + page - 8, target + page - 8, 8);
	expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8);
}

static void play(struct source_line at, const cell_t cell)
{
	if (cell[WHAT] == WHAT_TARGET)
		play_target(at, cell);
	else if (cell[WHAT] >= WHAT_EVENT_RING)
		play_events(at, cell);
	else
		play_requests(at, cell);
}

static const struct product placement = {
	.name = "placement",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
TEST(N_REQ_2, requests_are_answered_from_all_memory, NEEDS_DOMAIN)
{
	PRODUCT(&placement, WHAT, BIT(WHAT_REQUEST_RING) | BIT(WHAT_TABLES) | BIT(WHAT_REQUESTS) |
				  BIT(WHAT_REPLIES));
}

/* GEN-IND-2 (MUST): Zero or more normal descriptors followed by one INDIRECT descriptor are handled */
TEST(GEN_IND_2, entries_of_tables_lead_to_all_memory, NEEDS_DMA)
{
	PRODUCT(&placement, LIST, BIT(IN_TABLES));
}

/* N-EVT-2 (no keyword): Reason: unattached -> DOMAIN; unmapped or wrong protection -> MAPPING */
TEST(N_EVT_2, faults_are_reported_to_all_memory, NEEDS_DMA)
{
	PRODUCT(&placement, WHAT, BIT(WHAT_EVENT_RING) | BIT(WHAT_EVENTS));
}

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, all_memory_is_reached, NEEDS_DMA)
{
	PRODUCT(&placement, WHAT, BIT(WHAT_TARGET));
}
