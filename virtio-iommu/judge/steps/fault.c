// SPDX-License-Identifier: BSD-3-Clause
#include "judge/accesses.h"
#include "judge/expect.h"
#include "judge/steps/fault.h"
#include "time.h"

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

/* The next report of the endpoint, among those that come now. */
static bool next_report_of(const struct endpoint *ep, struct event *event)
{
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++) {
		if (!event_wait(event))
			return false;
		if (event->record.endpoint == ep->id)
			return true;
	}
	return false;
}

static void wait_us(uint64_t microseconds)
{
	struct deadline deadline = deadline_in(microseconds);

	while (!deadline_over(&deadline))
		;
}

/*
 * What a device may need to report another fault: some time, another ATTACH, a fault of another kind in
 * between.
 */
static void encourage(struct source_line at, const struct fault *fault, unsigned int try)
{
	const struct page_fixture *s = fault->fixture;
	struct fault other = *fault;

	wait_us(PAUSE_US << try);
	if (s && !iommu.dead && detach_endpoint(at, s->ep, s->domain) && attach_with_dma(at, s->ep, s->domain))
		map_page(s->domain, s->iova, s->target, MAP_RW);
	if (try < TRIES - 1 || !fault->secret || !fault->ep->dma.ops->exact)
		return;
	other.access = fault->access == MAP_READ ? MAP_WRITE : MAP_READ;
	provoke(at, &other);
}

bool find_report(struct source_line at, const struct fault *fault, struct event *event)
{
	static unsigned int tries = TRIES;

	for (unsigned int i = 0; i < tries; i++) {
		if (i)
			encourage(at, fault, i);
		event_settle();
		provoke(at, fault);
		if (next_report_of(fault->ep, event)) {
			tries = TRIES;
			return true;
		}
	}
	tries = events_seen() ? TRIES : 1;
	return false;
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

void expect_whole(struct source_line at, const struct event *event)
{
	if (expect_eq(at, event->length, sizeof(event->record), "used.len of the report") && !event->intact)
		judge(BY_LEVEL, at, "no byte after the record is written", "some are");
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
