// SPDX-License-Identifier: BSD-3-Clause
/*
 * An access that is under way while its mapping, or the membership of its endpoint, ends: when the device has
 * said so, nothing is moved any more (virtio 1.4, 5.13.5, 5.13.6.4.2, 5.13.6.6). What was moved before that
 * breaks nothing. Where an access takes too little time for a request in between nothing can be said.
 */
#include <string.h>

#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "time.h"
#include "util.h"

enum { END, ACCESS };
enum { END_NONE, END_UNMAP, END_MAP_ELSEWHERE, END_DETACH, END_MOVE, END_RESET };
enum { ACCESS_WRITE, ACCESS_READ };

static const char *const ends[] = {"nothing", "unmap", "map to other memory", "detach", "move",
				   "device reset"};
static const char *const accesses[] = {"write", "read"};

/* An endpoint whose quickest access takes less is no use. */
#define LEAST_US 10000

/* An access of no byte needs the rings alone. */
static uint64_t quickest_us(struct endpoint *ep)
{
	uint64_t least = UINT64_MAX, start;

	ep->dma.timeout_us = REPLY_TIMEOUT_US;
	ep->dma.fault_reported = NULL;
	for (unsigned int i = 0; i < 3; i++) {
		start = time_us();
		if (dma_write(&ep->dma, 0, 0) != DMA_DONE)
			return 0;
		least = min(least, time_us() - start);
	}
	return least;
}

static uint64_t access_us(void)
{
	static uint64_t known;

	if (!known && attach_with_dma(AT, endpoint(0), fresh_domain())) {
		known = max(quickest_us(endpoint(0)), 1);
		iommu_detach_all();
		endpoints_quiesce();
	}
	return known;
}

static const char *access_unmet(unsigned int access)
{
	(void)access;
	return access_us() < LEAST_US ? "needs an endpoint that takes a while for an access" : NULL;
}

static const struct dimension dimensions[] = {
	[END] = {"ended by", ends, ARRAY_SIZE(ends), NULL},
	[ACCESS] = {"access", accesses, ARRAY_SIZE(accesses), access_unmet},
};

static const struct product_rule rules[] = {
	{{{END, BIT(END_NONE)}, {ACCESS, BIT(ACCESS_READ)}}, "when a device reads is its own affair"},
};

/* Of an access of 8 bytes. Its memory is not watched: what happens there is looked at again and again. */
static struct scene {
	unsigned int end;
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *memory, *other;	/* @other: for END_MAP_ELSEWHERE */
	struct reply reply;		/* to what ends it, but for END_RESET */
	uint8_t then[8];		/* what is at @memory when it has ended */
} scene;

static void end_access(struct scene *s)
{
	switch (s->end) {
	case END_UNMAP:
	case END_MAP_ELSEWHERE:
		s->reply = unmap_page(s->domain, s->iova);
		if (s->end == END_MAP_ELSEWHERE && is_ok(&s->reply))
			s->reply = map_page(s->domain, s->iova, s->other, MAP_RW);
		break;
	case END_DETACH:
		s->reply = detach(s->domain, s->ep->id);
		break;
	case END_MOVE:
		s->reply = attach(fresh_domain(), s->ep->id, 0);
		break;
	case END_RESET:
		if (restart_device(AT, iommu.wanted))
			set_unattached_bypass(false);
		break;
	}
}

/* Other bytes at each call, none of which is 0, nor one of a pattern. */
static void change(uint8_t *memory)
{
	static uint8_t last;

	for (unsigned int i = 0; i < 8; i++)
		memory[i] = 1 + last++ % 0x7f;
}

/* The access is under way. When it has ended, its bytes are new ones, and it gets the time that it takes. */
static void end_under_way(void)
{
	struct scene *s = &scene;
	struct deadline deadline;

	end_access(s);
	if (!dma_is_pattern(&s->ep->dma, s->memory, 0, 8))
		change(s->memory);
	memcpy(s->then, s->memory, 8);
	deadline = deadline_in(quiet_us(s->ep));
	while (!deadline_over(&deadline))
		;
}

static bool make_scene(struct source_line at, unsigned int end)
{
	struct scene *s = &scene;
	struct reply reply;

	*s = (struct scene){.end = end, .ep = endpoint(0), .domain = fresh_domain(), .iova = iova_window(1)};
	s->memory = arena_alloc(iommu.page, iommu.page);
	s->other = arena_alloc(iommu.page, iommu.page);
	if (!set_unattached_bypass(false)) {
		skip("unattached endpoints always bypass");
		return false;
	}
	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	change(s->memory);
	reply = map_page(s->domain, s->iova, s->memory, MAP_RW);
	return expect_status(at, VERDICT_ERROR, &reply, STATUS_OK) &&
	       expect_writes(at, BY_LEVEL, s->ep, s->iova, s->memory, 8);
}

/* Return false if it is over before anything else could be. */
static bool access(struct scene *s, bool write)
{
	struct dma_master *dma = &s->ep->dma;
	enum dma_result result;
	uint8_t seen[8];

	change(s->memory);
	if (!dma_prepare_write(dma, 8))
		return false;
	dma->timeout_us = access_us() / 4;
	dma->fault_reported = NULL;
	dma->when_silent = end_under_way;
	result = write ? dma_write(dma, s->iova, 8) : dma_read(dma, s->iova, seen, 8);
	dma->timeout_us = REPLY_TIMEOUT_US;
	dma->when_silent = NULL;
	return result == DMA_SILENT;
}

static bool has_ended(struct source_line at, const struct scene *s)
{
	if (s->end == END_RESET)
		return iommu_is_up();
	if (s->reply.delivered && s->end == END_MOVE && s->reply.status == STATUS_UNSUPP)
		not_applicable("the device does not move endpoints");
	else
		return expect_status(at, BY_LEVEL, &s->reply, STATUS_OK);
	return false;
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene *s = &scene;
	bool write = cell[ACCESS] == ACCESS_WRITE, late;

	if (!make_scene(at, cell[END]))
		return;
	if (!access(s, write))
		return skip("the access was over before a request could end it");
	late = memcmp(s->then, s->memory, 8);
	if (s->end == END_NONE) {
		if (!late)
			judge(VERDICT_ERROR, at, "the access under way ends", "nothing has arrived");
		return;
	}
	if (!has_ended(at, s))
		return;
	if (late)
		judge(VERDICT_FAIL, at, "what has ended when its request is answered moves nothing more",
		      "memory at %#lx changed after that", phys(s->memory));
	require_alive(at, s->ep, write ? NULL : s->memory);
}

static const struct product in_flight = {
	.name = "accesses under way",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_NONE) | BIT(END_DETACH) | BIT(END_MOVE));
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_UNMAP) | BIT(END_MAP_ELSEWHERE));
}

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_RESET));
}
