// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fault reporting (virtio 1.4, 5.13.6.9). No device has to report any fault (AMB-15): what is
 * reported is judged, and a device that reports none is skipped.
 */
#include "reserved.h"
#include "steps.h"
#include "test.h"

#define KNOWN_FLAGS (FAULT_READ | FAULT_WRITE | FAULT_ADDRESS)

/* The first report for @ep. */
static bool fault_of(const struct endpoint *ep, struct event *event)
{
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++) {
		if (!event_wait(event))
			return false;
		if (event->record.endpoint == ep->id)
			return true;
	}
	return false;
}

static bool reported(const char *at, struct event *event)
{
	if (event_wait(event))
		return true;
	skip(at, "the device reports no fault");
	return false;
}

static bool write_fault(struct setting *s, struct event *event)
{
	if (!map_one_page(s))
		return false;
	event_drain();
	EXPECT_WRITE_BLOCKED(s->ep, s->iova + iommu.page, 8);
	return reported(AT, event);
}

TEST(DEV_FAULT_1, reserved_fields_are_zero, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	if (!write_fault(&s, &event))
		return;
	EXPECT(!event.record.reserved[0] && !event.record.reserved[1] && !event.record.reserved[2],
	       "reserved is 0", "it is %02x %02x %02x", event.record.reserved[0],
	       event.record.reserved[1], event.record.reserved[2]);
	EXPECT(!event.record.reserved1, "reserved1 is 0", "it is %#x", event.record.reserved1);
}

TEST(DEV_FAULT_1, record_fills_the_buffer_and_no_more, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	if (!write_fault(&s, &event))
		return;
	EXPECT(event.length == sizeof(event.record), "used.len 24", "used.len %u", event.length);
	EXPECT(event.intact, "no byte behind the record is written", "some are");
}

TEST(DEV_FAULT_2, undefined_flags_are_zero, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	if (!write_fault(&s, &event))
		return;
	EXPECT(!(event.record.flags & ~(uint32_t)KNOWN_FLAGS), "no flag outside of 0x103",
	       "flags %#x", event.record.flags);
}

TEST(DEV_FAULT_3, endpoint_is_the_one_that_faulted, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	if (!write_fault(&s, &event))
		return;
	EXPECT(event.record.endpoint == s.ep->id, "the endpoint that did the access",
	       "endpoint %#x, it was %#x", event.record.endpoint, s.ep->id);
}

TEST(DEV_FAULT_3, each_endpoint_is_named, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint64_t iova = iova_window(1);
	struct event event;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct endpoint *ep = endpoint(i);

		if (is_slow(ep))
			continue;
		REQUIRE(join(ep, fresh_domain()));
		event_drain();
		EXPECT_WRITE_BLOCKED(ep, iova, 8);
		if (!reported(AT, &event))
			return;
		EXPECT(event.record.endpoint == ep->id, "the endpoint that did the access",
		       "endpoint %#x, it was %#x", event.record.endpoint, ep->id);
	}
}

static void expect_address(const char *at, const struct event *event, uint64_t first, uint64_t last)
{
	uint64_t address = event->record.address;

	if (!(event->record.flags & FAULT_ADDRESS))
		judge(VERDICT_INFO, at, "either way is legal", "the report has no address");
	else if (address < first || address > last)
		judge(broken(), at, "an address of the access", "%#lx, the access was to %#lx-%#lx",
		      address, first, last);
}

TEST(DEV_FAULT_4, address_lies_in_the_access, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	if (write_fault(&s, &event))
		expect_address(AT, &event, s.iova + iommu.page, s.iova + iommu.page + 7);
}

/* Not only its page, nor only its low half. */
TEST(DEV_FAULT_4, address_is_reported_whole, NEEDS_DMA)
{
	struct event event;
	struct setting s;
	uint64_t first;

	if (!write_fault(&s, &event))
		return;
	first = (iommu.config.input_end & -iommu.page) + 0x158;
	if (reserved_overlaps(first, first + 7))
		SKIP("a reserved region covers the end of the input range");
	event_drain();
	EXPECT_WRITE_BLOCKED(s.ep, first, 8);
	if (!event_wait(&event))
		SKIP("the device does not report this fault");
	expect_address(AT, &event, first, first + 7);
}

/* More faults than buffers: the device drops some or waits, and goes on. */
TEST(N_EVT_1, device_goes_on_without_event_buffers, NEEDS_DMA)
{
	bool reported = false;
	struct event event;
	struct setting s;
	struct reply reply;

	if (!write_fault(&s, &event))
		return;
	for (unsigned int i = 0; i < 2 * EVENT_BUFFERS; i++)
		EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	reply = unmap(s.domain, s.iova, s.iova + iommu.page - 1);
	EXPECT_OK(reply);
	event_drain();
	for (unsigned int i = 0; i < 3 && !reported; i++) {	/* one may be dropped */
		EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
		reported = fault_of(s.ep, &event);
	}
	EXPECT(reported, "faults are reported again once there are buffers",
	       "none is reported");
}

static void expect_reason(const char *at, const struct event *event, uint8_t reason)
{
	if (event->record.reason == FAULT_UNKNOWN && reason != FAULT_UNKNOWN)
		judge(VERDICT_WARN, at, "the reason of the fault", "reason UNKNOWN (0), it was %u", reason);
	else if (event->record.reason != reason)
		judge(broken(), at, "the reason of the fault", "reason %u, it was %u",
		      event->record.reason, reason);
}

TEST(N_EVT_2, unmapped_address_gives_mapping, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	if (write_fault(&s, &event))
		expect_reason(AT, &event, FAULT_MAPPING);
}

TEST(N_EVT_2, wrong_permission_gives_mapping, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	REQUIRE(map_one_page_as(&s, MAP_READ));
	event_drain();
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	if (!reported(AT, &event))
		return;
	expect_reason(AT, &event, FAULT_MAPPING);
}

/* An endpoint without a domain, whether it once had one or not. */
static void expect_domain_fault(const char *at)
{
	uint8_t *page = watched_pages(1);
	struct event event;

	event_drain();
	expect_write_blocked(at, endpoint(0), phys(page), 8);
	if (reported(at, &event))
		expect_reason(at, &event, FAULT_DOMAIN);
}

TEST(N_EVT_2, detached_endpoint_gives_domain, NEEDS_ENDPOINT)
{
	uint32_t domain = fresh_domain();

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
	REQUIRE_OK(detach(domain, endpoint(0)->id));
	expect_domain_fault(AT);
}

TEST(N_EVT_2, endpoint_unattached_since_reset_gives_domain, NEEDS_ENDPOINT)
{
	REQUIRE(iommu_restart(iommu.wanted));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	expect_domain_fault(AT);
}

/* A report need not tell the direction of the access; what it tells must be so. */
static void expect_direction(const char *at, const struct event *event, uint32_t is, uint32_t is_not)
{
	uint32_t flags = event->record.flags;

	if (flags & is_not)
		judge(broken(), at, "no flag of the other direction", "flags %#x", flags);
	else if (!(flags & is))
		judge(VERDICT_INFO, at, "either way is legal", "reports do not tell the direction");
}

TEST(N_EVT_4, write_fault_is_not_called_a_read, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	REQUIRE(map_one_page_as(&s, MAP_READ));
	event_drain();
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	if (!reported(AT, &event))
		return;
	expect_direction(AT, &event, FAULT_WRITE, FAULT_READ);
}

TEST(N_EVT_4, read_fault_is_not_called_a_write, NEEDS_DMA)
{
	struct event event;
	struct setting s;

	REQUIRE(map_one_page(&s));
	event_drain();
	EXPECT_READ_BLOCKED(s.ep, s.iova + iommu.page, s.target + iommu.page, 8);
	if (!reported(AT, &event))
		return;
	expect_direction(AT, &event, FAULT_READ, FAULT_WRITE);
}
