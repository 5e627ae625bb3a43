// SPDX-License-Identifier: BSD-3-Clause
/*
 * Both queues of the device are busy: one processor sends requests, and the other provokes faults by another
 * endpoint. A device that serves one queue by what the other one uses, too, loses what it was about to give
 * back, or gives back the wrong bytes.
 *
 * A device may drop reports. So a fault counts as lost only if the device was seen to report each one as
 * often as the next, with nothing else to do, and if there were buffers for all.
 */
#include <stddef.h>

#include "driver/trace.h"
#include "judge/steps/attach.h"
#include "judge/steps/fault.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "judge/steps/second_cpu.h"
#include "judge/test.h"
#include "memory.h"
#include "time.h"
#include "util.h"

#define BUDGET_US 1500000
#define LIMIT_US 6000000	/* for the least tries on a busy host */
#define TRIES 4			/* faults that are provoked alone */
#define MOST_AHEAD 8		/* faults for which no report was seen yet */
#define LEAST_TRIES 8
#define LATE_US 20000		/* for a report behind the last fault */

struct traffic {
	struct endpoint *asks, *faults;
	uint32_t domain;	/* of that for which requests are sent */
	uint64_t iova;
	uint8_t *memory;
	uint16_t reports;	/* of a fault, each */
	uint16_t first;		/* event_count() before the first one */
};

/* All event buffers are there again. */
static bool join(struct source_line at, struct traffic *t)
{
	if (!restart_device(at, iommu.wanted))
		return false;
	t->domain = fresh_domain();
	t->iova = iova_window(3) + iommu.page;
	t->memory = arena_alloc(iommu.page, iommu.page);
	return attach_with_dma(at, t->asks, t->domain) && attach_with_dma(at, t->faults, fresh_domain());
}

/* Return how often a fault is reported with nothing else to do. */
static uint16_t reports_of_one(struct traffic *t)
{
	struct dma_master *dma = &t->faults->dma;
	uint16_t before = event_count();

	dma->fault_reported = NULL;
	dma->when_silent = NULL;
	dma->timeout_us = quiet_us(t->faults);
	dma_write(dma, t->iova, BUSY_BYTES);
	dma->timeout_us = REPLY_TIMEOUT_US;
	event_settle();
	return event_count() - before;
}

static bool learn_reports(struct traffic *t)
{
	bool alike = true;

	t->reports = reports_of_one(t);
	for (unsigned int i = 1; i < TRIES; i++)
		alike &= reports_of_one(t) == t->reports;
	return alike && t->reports && t->reports * (MOST_AHEAD + 2) <= min(EVENT_BUFFERS, iommu.events.size);
}

static bool judge_event(struct source_line at, const struct traffic *t, const struct event *event)
{
	uint32_t needed = offsetof(struct fault_record, endpoint) + sizeof(event->record.endpoint);

	if (event->length < needed || event->record.endpoint != t->faults->id)
		judge(BY_LEVEL, at, "a report is of the endpoint whose access was blocked",
		      "used.len %u, endpoint %#x, not %#x", event->length, event->record.endpoint,
		      t->faults->id);
	return no_defect_so_far();
}

/* Take what has come, and let the other CPU go on. */
static bool take_events(struct source_line at, const struct traffic *t, struct busy_endpoint *b)
{
	struct event event;
	bool good = true;

	while (good && event_take(&event))
		good = judge_event(at, t, &event);
	if (t->reports)
		shared_write(&b->noted, (uint16_t)(event_count() - t->first) / t->reports);
	else
		shared_write(&b->noted, shared_read(&b->tries));
	return good;
}

static bool ask(struct source_line at, const struct traffic *t)
{
	struct reply reply = map_page(t->domain, t->iova, t->memory, MAP_RW);

	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return false;
	reply = unmap_page(t->domain, t->iova);
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* At least until there were enough faults. */
static void meet(struct source_line at, struct traffic *t, struct busy_endpoint *b)
{
	struct deadline budget = deadline_in(BUDGET_US), limit = deadline_in(LIMIT_US);
	unsigned int round = 0;

	while ((shared_read(&b->tries) < LEAST_TRIES && !deadline_passed(&limit)) ||
	       (round < race_rounds() && !deadline_passed(&budget))) {
		if (!ask(at, t) || !take_events(at, t, b))
			break;
		round++;
	}
}

static void take_late_events(struct source_line at, const struct traffic *t, struct busy_endpoint *b)
{
	struct deadline deadline = deadline_in(LATE_US);

	do
		take_events(at, t, b);
	while (shared_read(&b->noted) < b->tries && !deadline_over(&deadline));
}

static void play(struct source_line at, bool counts_reports)
{
	struct traffic t = {.asks = endpoint(0), .faults = endpoint(1)};
	struct busy_endpoint b = {.write = true, .again = true, .most_ahead = MOST_AHEAD};

	if (!t.faults || !t.faults->dma.ops->exact || t.faults->id == t.asks->id)
		SKIP("needs two byte-exact endpoints");
	if (!join(at, &t))
		return;
	if (counts_reports && !learn_reports(&t))
		SILENT("the device does not report each fault alike");
	event_settle();
	t.first = event_count();
	b.ep = t.faults;
	b.iova = t.iova;
	b.patience_us = quiet_us(t.faults);
	if (!busy_start(at, &b))
		return;
	meet(at, &t, &b);
	if (!busy_stop(at, &b) || !no_defect_so_far())
		return;
	take_late_events(at, &t, &b);
	expect_no_events_breach(at);
	if (b.tries < LEAST_TRIES)
		judge(VERDICT_ERROR, at, "the other CPU tries again and again what is blocked", "%u times",
		      b.tries);
	if (counts_reports && b.noted < b.tries)
		judge(BY_LEVEL, at, "each fault is reported that there is a buffer for",
		      "%u of %u faults, that another CPU has provoked, are", b.noted, b.tries);
}

#define NEEDS_TRAFFIC (NEEDS_DMA | NEEDS_EXACT | NEEDS_SECOND_CPU)

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
TEST(N_REQ_2, requests_are_answered_while_another_cpu_provokes_faults, NEEDS_TRAFFIC)
{
	play(AT, false);
}

/* N-EVT-1 (no keyword): No event buffer: wait or drop */
TEST(N_EVT_1, faults_of_another_cpu_are_reported_while_requests_are_sent, NEEDS_TRAFFIC)
{
	play(AT, true);
}
