// SPDX-License-Identifier: BSD-3-Clause
/*
 * Fault reporting (virtio 1.4, 5.13.6.9). No device has to report any fault (AMB-15): what is
 * reported is judged, and a device that reports none is skipped.
 */
#include "driver/iova.h"
#include "driver/reserved.h"
#include "driver/timing.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/fault.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

#define KNOWN_FLAGS (FAULT_READ | FAULT_WRITE | FAULT_ADDRESS)

static bool write_fault(struct source_line at, struct page_fixture *s, struct event *event)
{
	struct fault fault;

	if (!map_one_page(at, s))
		return false;
	fault = fault_above(s);
	return report_or_skip(at, &fault, event);
}

/* DEV-FAULT-1 (SHOULD): `reserved` and `reserved1` of a fault record are zero */
TEST(DEV_FAULT_1, reserved_fields_are_zero, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (!write_fault(AT, &s, &event))
		return;
	EXPECT(!event.record.reserved[0] && !event.record.reserved[1] && !event.record.reserved[2],
	       "reserved is 0", "reserved is %02x %02x %02x", event.record.reserved[0],
	       event.record.reserved[1], event.record.reserved[2]);
	EXPECT_EQ(event.record.reserved1, 0, "reserved1");
}

TEST(DEV_FAULT_1, record_fills_the_buffer_and_no_more, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (!write_fault(AT, &s, &event))
		return;
	EXPECT_EQ(event.length, sizeof(event.record), "used.len");
	EXPECT(event.intact, "no byte after the record is written", "some are");
}

/* DEV-FAULT-2 (SHOULD): Undefined flag bits of a fault record are zero */
TEST(DEV_FAULT_2, undefined_flags_are_zero, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (!write_fault(AT, &s, &event))
		return;
	EXPECT(!(event.record.flags & ~(uint32_t)KNOWN_FLAGS), "no flag outside of 0x103",
	       "flags %#x", event.record.flags);
}

/* DEV-FAULT-3 (SHOULD): `endpoint` holds a valid endpoint ID */
TEST(DEV_FAULT_3, endpoint_is_the_one_that_faulted, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (!write_fault(AT, &s, &event))
		return;
	EXPECT_EQ(event.record.endpoint, s.ep->id, "endpoint of the report");
}

TEST(DEV_FAULT_3, each_endpoint_is_named, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint64_t iova = iova_window(1);
	struct event event;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct fault fault = {.ep = endpoint(i), .access = MAP_WRITE, .iova = iova, .size = 8,
				      .reason = FAULT_MAPPING};

		if (is_slow(fault.ep))
			continue;
		REQUIRE(attach_with_dma(AT, fault.ep, fresh_domain()));
		if (!find_any_report(AT, &fault, &event))
			SILENT("the device reports no fault");
		EXPECT_EQ(event.record.endpoint, fault.ep->id, "endpoint of the report");
	}
}

/* In one domain: whose access it was does not go by who joined first. */
TEST(DEV_FAULT_3, each_member_of_a_domain_is_named, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint64_t iova = iova_window(1);
	uint32_t domain = fresh_domain();
	struct event event;

	for (unsigned int i = 0; i < endpoint_count(); i++)
		if (writes_on_demand(endpoint(i)))
			SHARE(endpoint(i), domain);
	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct fault fault = {.ep = endpoint(i), .access = MAP_WRITE, .iova = iova, .size = 8,
				      .reason = FAULT_MAPPING};

		if (!writes_on_demand(fault.ep))
			continue;
		REQUIRE(enable_dma(AT, fault.ep, domain));
		if (!find_any_report(AT, &fault, &event))
			SILENT("the device reports no fault");
		EXPECT_EQ(event.record.endpoint, fault.ep->id, "endpoint of the report");
	}
}

/* DEV-FAULT-4 (MAY): The ADDRESS flag and `address` can be left out of any record */
TEST(DEV_FAULT_4, address_lies_in_the_access, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (write_fault(AT, &s, &event))
		expect_address(AT, &event, s.iova + iommu.page, s.iova + iommu.page + 7);
}

/* Not only its page, nor only its low half. */
TEST(DEV_FAULT_4, address_is_reported_whole, NEEDS_DMA)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	fault.iova = align_down(iommu.config.input_end, iommu.page) + 0x158;
	fault.secret = NULL;
	if (!iova_is_free(fault.iova, 8))
		NOT_APPLICABLE("the end of the input range is in use");
	if (!find_report(AT, &fault, &event))
		SILENT("the device does not report this fault");
	expect_address(AT, &event, fault.iova, fault.iova + 7);
}

/* N-EVT-1 (no keyword): No event buffer: wait or drop */
/* More faults than buffers: the device drops some or waits, and goes on. */
TEST(N_EVT_1, device_goes_on_without_event_buffers, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;
	struct fault fault;
	struct reply reply;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	for (unsigned int i = 0; i < EVENT_BUFFERS + 8; i++)
		provoke(AT, &fault);
	reply = unmap_page(s.domain, s.iova);
	EXPECT_OK(reply);
	EXPECT(await_report(AT, &fault, &event), "faults are reported again once there are buffers",
	       "no event of endpoint %#x within %lu us", fault.ep->id, timing_quiet_us(TIMED_REPORT));
}

/* N-EVT-2 (no keyword): Reason: unattached -> DOMAIN; unmapped or wrong protection -> MAPPING */
TEST(N_EVT_2, unmapped_address_gives_mapping, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (write_fault(AT, &s, &event))
		expect_reason(AT, &event, FAULT_MAPPING);
}

static bool write_to_read_only(struct source_line at, struct page_fixture *s, struct event *event)
{
	struct fault fault;

	if (!map_one_page_as(at, s, MAP_READ))
		return false;
	fault = (struct fault){.ep = s->ep, .access = MAP_WRITE, .iova = s->iova, .size = 8,
			       .reason = FAULT_MAPPING};
	return report_or_skip(at, &fault, event);
}

TEST(N_EVT_2, wrong_permission_gives_mapping, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (write_to_read_only(AT, &s, &event))
		expect_reason(AT, &event, FAULT_MAPPING);
}

/* An endpoint without a domain, whether it once had one or not. */
static void expect_domain_fault(struct source_line at)
{
	struct fault fault = {.ep = endpoint(0), .access = MAP_WRITE, .iova = phys(watched_pages(1)),
			      .size = 8, .reason = FAULT_DOMAIN};
	struct event event;

	if (report_or_skip(at, &fault, &event))
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
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	expect_domain_fault(AT);
}

/* N-EVT-4 (no keyword): READ/WRITE flag matches the access kind */
TEST(N_EVT_4, write_fault_is_not_called_a_read, NEEDS_DMA)
{
	struct event event;
	struct page_fixture s;

	if (write_to_read_only(AT, &s, &event))
		expect_direction(AT, &event, MAP_WRITE);
}

TEST(N_EVT_4, read_fault_is_not_called_a_write, NEEDS_DMA | NEEDS_EXACT)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	fault = fault_above(&s);
	fault.access = MAP_READ;
	if (report_or_skip(AT, &fault, &event))
		expect_direction(AT, &event, MAP_READ);
}

/* A fault of each kind that a page fixture allows, as far as this device reports it. */
typedef void (*report_check)(struct source_line at, const struct fault *fault, const struct event *event);

static unsigned int check_kinds(struct source_line at, const struct fault *faults, unsigned int count,
				report_check check)
{
	unsigned int reports = 0;
	struct event event;

	for (unsigned int i = 0; i < count; i++) {
		if (!find_report(at, &faults[i], &event))
			continue;
		check(at, &faults[i], &event);
		reports++;
	}
	return reports;
}

/* Unmapped, and mapped for reads only: writes and a read, of 8 bytes and of single ones. */
static unsigned int check_attached(struct source_line at, const struct page_fixture *s, report_check check)
{
	uint64_t denied = s->iova - iommu.page, free = s->iova + iommu.page;
	uint8_t *secret = s->target + iommu.page;
	const struct fault faults[] = {
		{.ep = s->ep, .access = MAP_WRITE, .iova = free + 8, .size = 8, .reason = FAULT_MAPPING},
		{.ep = s->ep, .access = MAP_READ, .iova = free + iommu.page - 1, .size = 1,
		 .secret = secret + iommu.page - 1, .reason = FAULT_MAPPING},
		{.ep = s->ep, .access = MAP_WRITE, .iova = denied + 1, .size = 1, .reason = FAULT_MAPPING},
	};

	return check_kinds(at, faults, ARRAY_SIZE(faults), check);
}

/* Not attached at all: it does not get further than to its rings. */
static unsigned int check_unattached(struct source_line at, struct endpoint *ep, report_check check)
{
	uint8_t *page = watched_pages(1);
	struct fault fault = {.ep = ep, .access = MAP_WRITE, .iova = phys(page), .size = 8,
			      .reason = FAULT_DOMAIN};

	return check_kinds(at, &fault, 1, check);
}

static void check_each_kind(struct source_line at, report_check check)
{
	unsigned int reports;
	struct page_fixture s;

	if (!map_one_page(at, &s) ||
	    !can_map(s.domain, s.iova - iommu.page, iommu.page, s.target - iommu.page))
		return judge(SET_UP, at, "the page in front can be mapped (N-MAP-1)",
			     "MAP or UNMAP of it is refused");
	map(s.domain, s.iova - iommu.page, s.iova - 1, phys(s.target) - iommu.page, MAP_READ);
	reports = check_attached(at, &s, check);
	detach_endpoint(at, s.ep, s.domain);
	if (set_unattached_bypass(false))
		reports += check_unattached(at, s.ep, check);
	if (!reports)
		silent("the device reports no fault");
}

/* The driver has to ignore such a report: the device then has told nothing. */
static void check_reserved(struct source_line at, const struct fault *fault, const struct event *event)
{
	const uint8_t *reserved = event->record.reserved;

	if (reserved[0] || reserved[1] || reserved[2])
		judge(VERDICT_WARN, at, "a report that a driver may read", "reserved %02x %02x %02x, "
		      "reason %u", reserved[0], reserved[1], reserved[2], fault->reason);
}

/* DRV-FAULT-1 (MUST): Drop a fault record whose `reserved` is non-zero */
TEST(DRV_FAULT_1, no_report_is_one_to_be_ignored, NEEDS_DMA)
{
	check_each_kind(AT, check_reserved);
}

static void check_reserved1(struct source_line at, const struct fault *fault, const struct event *event)
{
	if (event->record.reserved1)
		judge(VERDICT_WARN, at, "nothing in reserved1, which drivers ignore",
		      "reserved1 %#x, reason %u", event->record.reserved1, fault->reason);
}

/* DRV-FAULT-2 (MUST): Ignore `reserved1` */
TEST(DRV_FAULT_2, nothing_is_told_in_reserved1, NEEDS_DMA)
{
	check_each_kind(AT, check_reserved1);
}

static void check_flags(struct source_line at, const struct fault *fault, const struct event *event)
{
	if (event->record.flags & ~(uint32_t)KNOWN_FLAGS)
		judge(VERDICT_WARN, at, "no flag that drivers ignore", "flags %#x, reason %u",
		      event->record.flags, fault->reason);
}

/* DRV-FAULT-3 (MUST): Ignore undefined flag bits */
TEST(DRV_FAULT_3, nothing_is_told_in_undefined_flags, NEEDS_DMA)
{
	check_each_kind(AT, check_flags);
}

static void check_known_reason(struct source_line at, const struct fault *fault, const struct event *event)
{
	if (event->record.reason > FAULT_MAPPING)
		judge(VERDICT_WARN, at, "a reason that drivers know", "reason %u, it was %u",
		      event->record.reason, fault->reason);
}

/* DRV-FAULT-4 (SHOULD): Treat an unknown reason as UNKNOWN */
TEST(DRV_FAULT_4, every_reason_is_a_known_one, NEEDS_DMA)
{
	check_each_kind(AT, check_known_reason);
}

static void check_address(struct source_line at, const struct fault *fault, const struct event *event)
{
	if (fault->reason == FAULT_MAPPING)
		expect_address(at, event, fault->iova, fault->iova + fault->size - 1);
}

/* Which it was, and not the one before, nor only near it. */
TEST(DEV_FAULT_4, each_access_has_its_own_address, NEEDS_DMA)
{
	check_each_kind(AT, check_address);
}

static void check_direction(struct source_line at, const struct fault *fault, const struct event *event)
{
	if (fault->reason == FAULT_MAPPING)
		expect_direction(at, event, fault->access);
}

TEST(N_EVT_4, each_access_has_its_own_direction, NEEDS_DMA)
{
	check_each_kind(AT, check_direction);
}

static void check_record(struct source_line at, const struct fault *fault, const struct event *event)
{
	expect_whole(at, event);
	expect_eq(at, event->record.endpoint, fault->ep->id, "endpoint of the report");
}

TEST(DEV_FAULT_1, each_kind_of_fault_has_a_whole_record, NEEDS_DMA)
{
	check_each_kind(AT, check_record);
}

/* Attached, and not even its rings are mapped. */
TEST(N_EVT_2, empty_domain_gives_mapping, NEEDS_DMA)
{
	uint8_t *page = watched_pages(1);
	struct endpoint *ep = endpoint(0);
	struct fault fault = {.ep = ep, .access = MAP_WRITE, .iova = phys(page), .size = 8,
			      .reason = FAULT_MAPPING};
	struct event event;

	REQUIRE_OK(attach(fresh_domain(), ep->id, 0));
	if (report_or_skip(AT, &fault, &event))
		expect_reason(AT, &event, FAULT_MAPPING);
}

/* Some accesses that are allowed; then one that is not is reported, and none of these. */
static void expect_none_before(struct source_line at, const struct fault *fault,
			       uint64_t first, uint64_t last)
{
	struct event event;

	provoke(at, fault);
	if (!event_wait(&event))
		silent("the device does not report the control");
	else if (event.record.address >= first && event.record.address <= last &&
		 (event.record.flags & FAULT_ADDRESS))
		judge(BY_LEVEL, at, "no report of an access that is allowed",
		      "one of address %#lx, flags %#x", event.record.address, event.record.flags);
}

TEST(N_EVT_2, allowed_accesses_are_not_reported, NEEDS_DMA)
{
	struct fault fault;
	struct page_fixture s;
	uint16_t before;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	event_settle();
	before = event_count();
	for (uint64_t at = 0; at < iommu.page; at += iommu.page - 8) {
		EXPECT_WRITES(s.ep, s.iova + at, s.target + at, 8);
		EXPECT_READS(s.ep, s.iova + at, s.target + at, 8);
	}
	EXPECT_EQ((uint16_t)(event_count() - before), 0, "reports of an access that is allowed");
	expect_none_before(AT, &fault, s.iova, s.iova + iommu.page - 1);
}

/* In bypass everything is allowed. The control is an endpoint without a domain after bypass. */
static void bypasses_without_a_report(struct source_line at, struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);
	uint16_t before;

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	event_settle();
	before = event_count();
	expect_writes(at, BY_LEVEL, ep, phys(page), page, 8);
	expect_reads(at, BY_LEVEL, ep, phys(page), page, 8);
	expect_eq(at, (uint16_t)(event_count() - before), 0, "reports of an access in bypass");
}

TEST(N_EVT_2, endpoint_in_bypass_is_not_reported, NEEDS_DMA)
{
	struct fault fault;
	struct event event;
	struct page_fixture s;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	detach_endpoint(AT, s.ep, s.domain);
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	bypasses_without_a_report(AT, s.ep);
	REQUIRE(attach_with_dma(AT, s.ep, s.domain));
	EXPECT(await_report(AT, &fault, &event), "its faults are reported in a domain",
	       "no event of endpoint %#x within %lu us", fault.ep->id, timing_quiet_us(TIMED_REPORT));
}

TEST(N_EVT_2, endpoint_in_a_bypass_domain_is_not_reported, NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	struct fault fault;
	struct event event;
	struct page_fixture s;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	detach_endpoint(AT, s.ep, s.domain);
	REQUIRE(set_unattached_bypass(false));
	REQUIRE(attach_bypass(AT, s.ep, fresh_domain()));
	bypasses_without_a_report(AT, s.ep);
	endpoints_quiesce();
	iommu_detach_all();
	REQUIRE(attach_with_dma(AT, s.ep, s.domain));
	EXPECT(await_report(AT, &fault, &event), "its faults are reported in a domain",
	       "no event of endpoint %#x within %lu us", fault.ep->id, timing_quiet_us(TIMED_REPORT));
}

/*
 * Two endpoints fault before the driver looks. The buffers that were used when the second one began are
 * those of the first.
 */
TEST(DEV_FAULT_3, reports_of_two_endpoints_are_kept_apart, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct fault first, second;
	struct event event;
	struct page_fixture s;
	uint16_t start, of_first;

	if (!make_reporting_fixture(AT, &s, &first) || is_slow(endpoint(1)))
		return;
	second = first;
	second.ep = endpoint(1);
	second.iova += 16;
	REQUIRE(attach_with_dma(AT, second.ep, fresh_domain()));
	event_settle();
	start = event_count();
	provoke(AT, &first);
	of_first = event_count() - start;
	provoke(AT, &second);
	for (unsigned int i = 0; i < EVENT_BUFFERS && event_wait(&event); i++) {
		bool is_first = event.record.endpoint == first.ep->id;

		EXPECT(is_first || (i >= of_first && event.record.endpoint == second.ep->id),
		       "the endpoint that did the access", "endpoint %#x in report %u, of which %u are "
		       "of %#x", event.record.endpoint, i, of_first, first.ep->id);
		if (event.record.flags & FAULT_ADDRESS)
			EXPECT((event.record.address < second.iova) == is_first, "its address",
			       "%#lx of endpoint %#x", event.record.address, event.record.endpoint);
	}
}
