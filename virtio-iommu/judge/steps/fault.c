// SPDX-License-Identifier: BSD-3-Clause
#include "judge/accesses.h"
#include "judge/expect.h"
#include "judge/steps/fault.h"
#include "time.h"
#include "util.h"

/* The pauses grow: the last one is PAUSE_US << (TRIES - 1). */
#define TRIES 6
#define PAUSE_US 3000

struct fault fault_above(const struct page_fixture *s)
{
	return (struct fault){.ep = s->ep, .access = MAP_WRITE, .iova = s->iova + iommu.page, .size = 8,
			      .secret = s->target + iommu.page, .reason = FAULT_MAPPING, .fixture = s};
}

void provoke(struct source_line at, const struct fault *fault)
{
	if (fault->access == MAP_READ)
		expect_read_blocked(at, fault->ep, fault->iova, fault->secret, fault->size);
	else
		expect_write_blocked(at, fault->ep, fault->iova, fault->size);
}

void fault_alone(const struct page_fixture *s, unsigned int turn)
{
	struct dma_master *dma = &s->ep->dma;

	dma->fault_reported = NULL;
	dma->when_silent = NULL;
	dma->timeout_us = quiet_us(s->ep);
	dma_write(dma, s->iova + (turn % 2 ? iommu.page : -iommu.page), 8);
}

/* Its own address, or that of a ring that the endpoint could not get past. */
static bool is_address_of(const struct fault *fault, uint64_t address)
{
	return address - fault->iova < fault->size ||
	       address - fault->ep->dma.page_iova < DMA_PAGE_BYTES;
}

static bool is_report_of(const struct fault *fault, const struct fault_record *record)
{
	return record->endpoint == fault->ep->id &&
	       (record->reason == fault->reason || record->reason == FAULT_UNKNOWN) &&
	       (!(record->flags & FAULT_ADDRESS) || is_address_of(fault, record->address));
}

/*
 * Take a report among those that come now: of any endpoint if @any. Once one is overdue, what is not of this
 * fault may be of an earlier one (AMB-15).
 */
static bool next_report(const struct fault *fault, bool any, struct event *event)
{
	struct event next;
	bool seen = false;

	for (unsigned int i = 0; i < EVENT_BUFFERS && event_wait(&next); i++) {
		if (!any && next.record.endpoint != fault->ep->id)
			continue;
		*event = next;
		seen = true;
		if (!events_overdue() || is_report_of(fault, &next.record))
			return true;
	}
	return seen;
}

void pause_for_report(unsigned int try)
{
	struct deadline deadline = deadline_in(PAUSE_US << min(try, TRIES - 1));

	while (!deadline_over(&deadline))
		;
}

void encourage(struct source_line at, const struct fault *fault, unsigned int try)
{
	const struct page_fixture *s = fault->fixture;
	struct fault other = *fault;

	pause_for_report(try);
	if (s && !iommu.dead && detach_endpoint(at, s->ep, s->domain) &&
	    attach_with_dma(at, s->ep, s->domain))
		map_page(s->domain, s->iova, s->target, MAP_RW);
	if (try < TRIES - 1 || !fault->secret || !fault->ep->dma.ops->exact)
		return;
	other.access = fault->access == MAP_READ ? MAP_WRITE : MAP_READ;
	provoke(at, &other);
}

/* Return true if a report came. It is of another fault only if none of this one did. */
static bool look_for_report(struct source_line at, const struct fault *fault, bool any, struct event *event)
{
	static unsigned int tries = TRIES;
	bool seen = false;

	for (unsigned int i = 0; i < tries; i++) {
		if (i)
			encourage(at, fault, i);
		event_settle();
		provoke(at, fault);
		if (!next_report(fault, any, event))
			continue;
		seen = true;
		tries = TRIES;
		if (!events_overdue() || is_report_of(fault, &event->record))
			return true;
	}
	tries = events_seen() ? TRIES : 1;
	return seen;
}

bool find_report(struct source_line at, const struct fault *fault, struct event *event)
{
	return look_for_report(at, fault, false, event);
}

bool find_any_report(struct source_line at, const struct fault *fault, struct event *event)
{
	return look_for_report(at, fault, true, event);
}

/* A report may come when nobody waits for it any more: of the last fault, too. */
static bool comes_late(const struct fault *fault, struct event *event)
{
	struct deadline deadline = deadline_in(timing_patience_us(TIMED_REPORT));

	while (!deadline_over(&deadline))
		if (event_take(event) && event->record.endpoint == fault->ep->id)
			return true;
	return false;
}

bool await_report(struct source_line at, const struct fault *fault, struct event *event)
{
	return find_report(at, fault, event) || comes_late(fault, event);
}

bool report_or_skip(struct source_line at, const struct fault *fault, struct event *event)
{
	if (find_report(at, fault, event))
		return true;
	silent("the device reports no fault");
	return false;
}

bool make_reporting_fixture(struct source_line at, struct page_fixture *s, struct fault *fault)
{
	struct event event;

	if (!map_one_page(at, s))
		return false;
	*fault = fault_above(s);
	return report_or_skip(at, fault, &event);
}

bool reports_faults(struct source_line at)
{
	struct page_fixture s;
	struct fault fault;

	return make_reporting_fixture(at, &s, &fault);
}

/* Below the page and above it in turn: a device may leave out a fault that is like the last one. */
static bool is_steady(struct source_line at, const struct fault *fault)
{
	struct fault below = *fault;
	struct event event;

	below.iova -= 2 * iommu.page;
	for (unsigned int i = 0; i < TRIES; i++) {
		if (i)
			pause_for_report(i);
		provoke(at, i % 2 ? fault : &below);
		if (event_wait(&event))
			return true;
	}
	return false;
}

bool make_steady_fixture(struct source_line at, struct page_fixture *s, struct fault *fault)
{
	if (!make_reporting_fixture(at, s, fault))
		return false;
	if (is_steady(at, fault))
		return true;
	silent("the device reports no second fault of an endpoint");
	return false;
}

/* Of a device that always has something there DEV-FAULT-1 (SHOULD) tells. */
static void expect_nothing_reserved(struct source_line at, const struct fault_record *r)
{
	if (fault_record_reserved(r) && !events_set_reserved())
		judge(VERDICT_WARN, at, "a report whose reserved fields are 0",
		      "reserved %02x %02x %02x, reserved1 %#x", r->reserved[0], r->reserved[1],
		      r->reserved[2], r->reserved1);
}

void expect_whole(struct source_line at, const struct event *event)
{
	if (expect_eq(at, event->length, sizeof(event->record), "used.len of the report") && !event->intact)
		judge(BY_LEVEL, at, "no byte after the record is written", "some are");
	expect_nothing_reserved(at, &event->record);
}

void expect_address(struct source_line at, const struct event *event, uint64_t first, uint64_t last)
{
	uint64_t address = event->record.address;

	if (!(event->record.flags & FAULT_ADDRESS))
		info(at, "the report has no address");
	else if (address < first || address > last)
		judge(BY_LEVEL, at, "an address of the access", "%#lx, the access was to %#lx-%#lx",
		      address, first, last);
}

void expect_reason(struct source_line at, const struct event *event, uint8_t reason)
{
	if (event->record.reason == FAULT_UNKNOWN && reason != FAULT_UNKNOWN)
		judge(VERDICT_WARN, at, "the reason of the fault", "reason UNKNOWN (0), it was %u", reason);
	else
		expect_eq(at, event->record.reason, reason, "reason of the report");
}

void expect_direction(struct source_line at, const struct event *event, uint32_t access)
{
	uint32_t flags = event->record.flags, is = access == MAP_READ ? FAULT_READ : FAULT_WRITE;

	if (flags & (FAULT_READ | FAULT_WRITE) & ~is)
		judge(BY_LEVEL, at, "no flag of the other direction", "flags %#x", flags);
	else if (!(flags & is))
		info(at, "reports do not tell the direction");
}

bool expect_no_events_breach(struct source_line at)
{
	const char *breach = events_breach();

	if (breach)
		judge(VERDICT_FAIL, at, "the device keeps to the event buffers it has", "%s", breach);
	return !breach;
}
