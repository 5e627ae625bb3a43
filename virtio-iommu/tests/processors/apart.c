// SPDX-License-Identifier: BSD-3-Clause
/*
 * Two processors at two endpoints in two domains, in which the same address leads to different memory. One
 * lets its endpoint write all the time; the other lets its own write, takes the page out of its domain, and
 * tries again. A device that keeps whose access it is, or what an access has found, in one place for all
 * lets one endpoint reach the other's memory, or fail for what is done to the other's domain.
 */
#include <string.h>

#include "driver/trace.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/second_cpu.h"
#include "judge/test.h"
#include "memory.h"
#include "time.h"

#define BUDGET_US 1500000

/* Where in its page each endpoint writes, and what is there before. */
enum { AT_FIRST = 0, AT_SECOND = 64, USED_BYTES = 128, BEFORE = 0x11 };

struct side {
	struct endpoint *ep;
	uint32_t domain;
	uint8_t *memory;	/* not watched: one is written to all the time */
};

struct pair {
	struct side first, second;	/* of this CPU, of the other */
	uint64_t iova;
};

static bool join(struct source_line at, const struct pair *p, struct side *s)
{
	struct reply reply;

	s->domain = fresh_domain();
	s->memory = arena_alloc(iommu.page, iommu.page);
	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	reply = map_page(s->domain, p->iova, s->memory, MAP_RW);
	if (!expect_status(at, SET_UP, &reply, STATUS_OK) ||
	    !expect_writes(at, SET_UP, s->ep, p->iova, s->memory, BUSY_BYTES))
		return false;
	memset(s->memory, BEFORE, USED_BYTES);
	return true;
}

static bool is_untouched(const struct side *s, unsigned int offset)
{
	for (unsigned int i = 0; i < BUSY_BYTES; i++)
		if (s->memory[offset + i] != BEFORE)
			return false;
	return true;
}

/* Return true if the bytes of the first endpoint have arrived in its own page. */
static bool arrives(const struct pair *p)
{
	struct dma_master *dma = &p->first.ep->dma;

	memset(p->first.memory + AT_FIRST, BEFORE, BUSY_BYTES);
	dma->fault_reported = NULL;
	dma->when_silent = NULL;
	dma->timeout_us = quiet_us(p->first.ep);
	dma_write(dma, p->iova + AT_FIRST, BUSY_BYTES);
	dma->timeout_us = REPLY_TIMEOUT_US;
	return !is_untouched(&p->first, AT_FIRST);
}

static void judge_pages(struct source_line at, const struct pair *p)
{
	if (!is_untouched(&p->second, AT_FIRST))
		judge(BY_LEVEL, at, "an endpoint reaches the memory of its own domain alone",
		      "what endpoint %#x wrote is in memory of the domain of endpoint %#x", p->first.ep->id,
		      p->second.ep->id);
	if (!is_untouched(&p->first, AT_SECOND))
		judge(BY_LEVEL, at, "an endpoint reaches the memory of its own domain alone",
		      "what endpoint %#x wrote is in memory of the domain of endpoint %#x", p->second.ep->id,
		      p->first.ep->id);
}

static bool play_round(struct source_line at, const struct pair *p)
{
	struct reply reply;

	if (!arrives(p))
		judge(BY_LEVEL, at, "an endpoint reaches what is mapped in its domain",
		      "endpoint %#x does not, while another CPU lets another one write", p->first.ep->id);
	reply = unmap_page(p->first.domain, p->iova);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	if (arrives(p))
		judge(BY_LEVEL, at, "an endpoint cannot reach what was taken out of its domain",
		      "endpoint %#x can, while another CPU lets another one write", p->first.ep->id);
	reply = map_page(p->first.domain, p->iova, p->first.memory, MAP_RW);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	judge_pages(at, p);
	return no_defect_so_far();
}

static void play_rounds(struct source_line at, const struct pair *p)
{
	struct deadline deadline = deadline_in(BUDGET_US);
	unsigned int round = 0;

	while (round < race_rounds() && !deadline_passed(&deadline) && play_round(at, p))
		round++;
	trace("%u rounds", round);
}

/* N-DOM-3 (ISOLATION): Different domains are isolated */
TEST(N_DOM_3, endpoint_of_another_cpu_is_left_alone, NEEDS_DMA | NEEDS_EXACT | NEEDS_SECOND_CPU)
{
	struct pair p = {.first.ep = endpoint(0), .second.ep = endpoint(1)};
	struct busy_endpoint b = {.ep = p.second.ep, .write = true};
	bool goes_on;

	if (!p.second.ep || !p.second.ep->dma.ops->exact || p.second.ep->id == p.first.ep->id)
		SKIP("needs two byte-exact endpoints");
	p.iova = iova_window(3) + iommu.page;
	b.iova = p.iova + AT_SECOND;
	if (!join(AT, &p, &p.first) || !join(AT, &p, &p.second) || !busy_start(AT, &b))
		return;
	goes_on = busy_wait(&b, 1);
	if (goes_on)
		play_rounds(AT, &p);
	goes_on = goes_on && busy_wait(&b, 1);
	if (busy_stop(AT, &b))
		EXPECT(goes_on, "the endpoint of the other CPU goes on",
		       "%u times all its accesses ended well", b.rounds);
}
