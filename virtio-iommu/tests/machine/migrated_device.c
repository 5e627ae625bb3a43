// SPDX-License-Identifier: BSD-3-Clause
/*
 * A migration, and what the device is beside domains and mappings: status and features, queues with requests
 * and reports under way. And what a driver may have done to the machine before.
 */
#include "driver/timing.h"
#include "judge/steps/fault.h"
#include "judge/steps/machine_event.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"
#include "topology/firmware.h"

#define NEEDS_MIGRATION (NEEDS_DMA | NEEDS_EXACT | NEEDS_OPERATOR)

/* PLAT-MIG-2 (PLATFORM): Mappings are after a migration what they were: addresses, permissions, and ... */
/* One migration for most of it: what a run without time for the products has. */
TEST(PLAT_MIG_2, page_stays_mapped, NEEDS_MIGRATION)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(migrate_machine(AT));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_READS(s.ep, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova - 8, 8);
	REQUIRE_OK(unmap_page(s.domain, s.iova));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
}

static void expect_same_config(struct source_line at, const struct iommu_config *before)
{
	struct iommu_config now;

	iommu_read_config(&now);
	expect_eq(at, now.page_size_mask, before->page_size_mask, "page_size_mask");
	expect_eq(at, now.input_start, before->input_start, "input_range.start");
	expect_eq(at, now.input_end, before->input_end, "input_range.end");
	expect_eq(at, now.domain_start, before->domain_start, "domain_range.start");
	expect_eq(at, now.domain_end, before->domain_end, "domain_range.end");
	expect_eq(at, now.probe_size, before->probe_size, "probe_size");
	expect_eq(at, now.bypass, before->bypass, "bypass");
}

static void expect_same_device(struct source_line at)
{
	const struct virtio_transport *transport = iommu.dev.transport;
	struct iommu_config before;
	uint8_t status = transport->status(&iommu.dev);

	iommu_read_config(&before);
	if (!migrate_machine(at))
		return;
	expect_eq(at, transport->status(&iommu.dev), status, "device_status");
	expect_same_config(at, &before);
	for (uint16_t queue = 0; queue <= EVENT_QUEUE; queue++)
		expect_eq(at, transport->queue_enabled(&iommu.dev, queue), true, "queue_enable of queue %u",
			  queue);
}

/* PLAT-MIG-4 (PLATFORM): device_status, the features that were accepted and the configuration are ... */
TEST(PLAT_MIG_4, running_device_stays_as_it_is, NEEDS_OPERATOR)
{
	expect_same_device(AT);
	expect_queue_works(AT, "after a migration");
}

/* It was brought half the way up. */
TEST(PLAT_MIG_4, device_that_is_not_started_stays_as_it_is, NEEDS_OPERATOR)
{
	REQUIRE(prepare_device(AT, iommu.wanted));
	expect_same_device(AT);
	iommu_start();
	expect_queue_works(AT, "after a migration and DRIVER_OK");
}

/* By what hangs on them: mappings, and config.bypass, which can be written if its feature was accepted. */
TEST(PLAT_MIG_4, accepted_features_stay_accepted, NEEDS_MIGRATION | NEEDS_BYPASS_CONFIG)
{
	struct page_fixture s;

	REQUIRE(migrate_machine(AT));
	iommu_set_bypass(!iommu.initial_bypass);
	EXPECT_EQ(iommu_bypass(), !iommu.initial_bypass, "bypass after a migration and a write");
	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* Write bypass, which is not the driver's without the feature (DRV-CFG-1). Return true if it was taken. */
static bool write_is_taken(struct source_line at, uint64_t features)
{
	uint8_t before = iommu_bypass();
	bool taken;

	iommu_set_bypass(!before);
	taken = iommu_bypass() != before;
	restart_if_needs_reset(at, features);
	return taken;
}

TEST(PLAT_MIG_4, declined_feature_stays_declined, NEEDS_OPERATOR | NEEDS_BYPASS_CONFIG)
{
	uint64_t features = features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG);

	REQUIRE(restart_device(AT, features));
	if (write_is_taken(AT, features))
		SILENT("the device takes the write without the feature, too");
	REQUIRE(migrate_machine(AT));
	EXPECT(!write_is_taken(AT, features), "bypass cannot be written, as its feature was declined",
	       "a write after a migration changed it");
}

/* Up to a place in the ring, over a migration, and on past the end. */
static bool go_on_behind(struct source_line at, unsigned int requests)
{
	if (!restart_device(at, iommu.wanted))
		return false;
	for (unsigned int i = 0; i < requests; i++)
		if (!expect_queue_works(at, "before a migration"))
			return false;
	if (!migrate_machine(at))
		return false;
	for (unsigned int i = 0; i < 2u * iommu.requests.size; i++)
		if (!expect_queue_works(at, "after a migration"))
			return false;
	return true;
}

/* PLAT-MIG-5 (PLATFORM): A queue goes on after a migration where it was: what is available is used ... */
TEST(PLAT_MIG_5, requests_go_on_from_each_part_of_the_ring, NEEDS_OPERATOR)
{
	unsigned int size = iommu.requests.size;

	(void)(go_on_behind(AT, 0) && go_on_behind(AT, 1) && go_on_behind(AT, size - 1) &&
	       go_on_behind(AT, size) && go_on_behind(AT, size + size / 2));
}

/* Make requests available. Return how many. */
static unsigned int make_available(void)
{
	unsigned int count = 0;
	int id;

	for (; count < 3 && (id = queue_noop()) >= 0; count++)
		ring_publish(&iommu.requests, id);
	return count;
}

/* All come back, and nothing else does. */
static void expect_answers(struct source_line at, unsigned int count)
{
	unsigned int used = wait_requests_used(count);

	expect_eq(at, used, count, "requests that came back after a migration");
	if (used == count && !request_stays_unused())
		judge(BY_LEVEL, at, "each request comes back once", "a buffer that was not available came");
	expect_queue_works(at, "behind them");
}

/* The notification comes when the machine is somewhere else. */
TEST(PLAT_MIG_5, requests_wait_for_their_notification, NEEDS_OPERATOR)
{
	unsigned int count;

	REQUIRE(expect_queue_works(AT, "before"));
	count = make_available();
	REQUIRE(migrate_machine(AT));
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_answers(AT, count);
}

/* The device may have begun with them or not. */
TEST(PLAT_MIG_5, notified_requests_are_answered, NEEDS_OPERATOR)
{
	unsigned int count;

	REQUIRE(expect_queue_works(AT, "before"));
	count = make_available();
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	REQUIRE(migrate_machine(AT));
	expect_answers(AT, count);
}

/* PLAT-MIG-6 (PLATFORM): No report of a fault is lost or told twice by a migration */
/* What the driver has not looked at lies in memory; what comes next goes behind it. */
TEST(PLAT_MIG_6, reports_that_nobody_has_fetched_stay, NEEDS_MIGRATION)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;
	uint16_t count;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	event_settle();
	count = event_count();
	provoke(AT, &fault);
	if (event_count() == count)
		SILENT("the device does not report the fault at once");
	count = event_count();
	REQUIRE(migrate_machine(AT));
	EXPECT_EQ(event_count(), count, "reports after a migration");
	EXPECT(event_take(&event), "the report is there", "none is");
	expect_whole(AT, &event);
	EXPECT(find_report(AT, &fault, &event), "another fault is reported", "no report came");
	expect_no_events_breach(AT);
}

#define FAULTS 4

/* Provoke faults, of two kinds in turn. Return how many reports have come. */
static uint16_t count_reports(struct source_line at, const struct fault *fault)
{
	struct fault below = *fault;
	uint16_t before;

	below.iova -= 2 * iommu.page;
	event_settle();
	before = event_count();
	for (unsigned int i = 0; i < FAULTS; i++)
		provoke(at, i % 2 ? &below : fault);
	event_settle();
	return event_count() - before;
}

/* Of each fault, as many as before: of the first one as well. */
TEST(PLAT_MIG_6, reports_go_on, NEEDS_MIGRATION)
{
	struct page_fixture s;
	struct fault fault;
	uint16_t count;

	if (!make_steady_fixture(AT, &s, &fault))
		return;
	count = count_reports(AT, &fault);
	if (count < FAULTS || count_reports(AT, &fault) != count)
		SILENT("the device does not report each fault, in the same way each time");
	for (unsigned int i = 0; i < 2; i++) {
		REQUIRE(migrate_machine(AT));
		EXPECT_EQ(count_reports(AT, &fault), count, "reports of %u faults after a migration", FAULTS);
	}
	expect_no_events_breach(AT);
}

enum wait { WITHOUT_FAULT, WITHOUT_MIGRATION, WITH_MIGRATION };

/* Add event buffers after the fault, if there is to be one. Return true if a report comes. */
static bool report_comes_later(struct source_line at, enum wait what)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;

	if (!iommu_restart_without_events() || !map_one_page(at, &s))
		return false;
	fault = fault_above(&s);
	if (what != WITHOUT_FAULT)
		provoke(at, &fault);
	if (what == WITH_MIGRATION && !migrate_machine(at))
		return false;
	event_add_buffers((struct event_buffer){0}, EVENT_BUFFERS);
	return event_wait(&event) && expect_no_events_breach(at);
}

/* A device may drop what finds no buffer; of one that keeps it, it is state. */
TEST(PLAT_MIG_6, report_without_a_buffer_waits_on, NEEDS_MIGRATION)
{
	if (!reports_faults(AT))
		return;
	if (report_comes_later(AT, WITHOUT_FAULT) || !report_comes_later(AT, WITHOUT_MIGRATION))
		SILENT("the device keeps no report for which there is no buffer");
	if (!report_comes_later(AT, WITH_MIGRATION) && no_defect_so_far())
		judge(BY_LEVEL, AT, "the report waits for a buffer", "no report came after a migration");
}

/* PLAT-MIG-7 (PLATFORM): A machine can be migrated whatever a driver has done to it */
/* A device that remembers endpoints by the functions that they were finds none under the old number. */
TEST(PLAT_MIG_7, machine_with_a_bus_numbered_anew_goes_on, NEEDS_MIGRATION | NEEDS_BRIDGED_ENDPOINT)
{
	struct endpoint *ep = endpoint_bridged();
	struct pci_dev *bridge = ep->place.pci->bridge;
	uint32_t domain = fresh_domain();
	uint8_t number;

	if (!bridge)
		SKIP("needs an endpoint behind a bridge");
	number = bridge->secondary;
	REQUIRE(attach_endpoint(AT, ep, domain));
	if (!pci_move_bus(firmware.pci, bridge))
		SKIP("no bus number is free for the bridge");
	if (migrate_machine(AT))
		expect_queue_works(AT, "after a migration with a bus numbered anew");
	pci_set_bus(firmware.pci, bridge, number);
	REQUIRE(restart_device(AT, iommu.wanted));
}
