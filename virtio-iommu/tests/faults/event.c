// SPDX-License-Identifier: BSD-3-Clause
/*
 * The buffers of the event queue (virtio 1.4, 5.13.6.9): short, long, cut, late, missing, taken back.
 */
#include <string.h>

#include "driver/timing.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/fault.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "util.h"

/* Attach and map again, after a reset. */
static bool map_again(struct source_line at, struct page_fixture *s)
{
	struct reply reply;

	s->domain = fresh_domain();
	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	reply = map_page(s->domain, s->iova, s->target, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool start_over(struct source_line at, struct page_fixture *s)
{
	if (iommu_restart_without_events())
		return map_again(at, s);
	judge(VERDICT_FAIL, at, "the device comes back after a reset", "device_status %#x",
	      iommu.dev.transport->status(&iommu.dev));
	return false;
}

/* A device that reports faults, and now has no event buffer. */
static bool starved(struct source_line at, struct page_fixture *s, struct fault *fault)
{
	return make_reporting_fixture(at, s, fault) && start_over(at, s);
}

/* The mapping still counts, and requests are answered. */
static void expect_service(struct source_line at, const struct page_fixture *s)
{
	struct reply reply;

	expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
	reply = unmap_page(s->domain, s->iova);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	reply = map_page(s->domain, s->iova, s->target, MAP_RW);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* No device has to report anything (AMB-15), but this one did. @expected: into which buffers. */
static bool expect_report(struct source_line at, const struct fault *fault, const char *expected)
{
	struct event event;

	if (!await_report(at, fault, &event)) {
		judge(VERDICT_WARN, at, expected, "no event of endpoint %#x within %lu us", fault->ep->id,
		      timing_quiet_us(TIMED_REPORT));
		return false;
	}
	expect_whole(at, &event);
	return true;
}

static void expect_reports(struct source_line at, const struct fault *fault)
{
	events_automatic();	/* old reports may have waited for some */
	expect_report(at, fault, "faults are reported once there are buffers");
}

/* What came back of buffers that are too small. */
struct scraps {
	unsigned int used;
	uint32_t length;	/* the longest used length */
	bool within;		/* no used length is larger than its buffer, nothing written next to it */
	bool false_length;	/* a used length covers what was not written */
	uint32_t count;
	uint8_t bytes[128];	/* all of it in a row */
};

static void add_scrap(struct scraps *scraps, const struct event *event)
{
	uint32_t length = min(event->length, event->size);

	scraps->used++;
	scraps->length = max(length, scraps->length);
	scraps->within &= event->inside && event->length <= event->size;
	scraps->false_length |= length && event->record.reason > FAULT_MAPPING;
	length = min(length, sizeof(scraps->bytes) - scraps->count);
	memcpy(scraps->bytes + scraps->count, &event->record, length);
	scraps->count += length;
}

/* A record that goes on from one buffer to the next. */
static bool is_spread(const struct scraps *scraps, const struct fault *fault)
{
	struct fault_record record;

	memcpy(&record, scraps->bytes, sizeof(record));
	return scraps->count >= sizeof(record) && record.endpoint == fault->ep->id &&
	       (!(record.flags & FAULT_ADDRESS) || record.address == fault->iova);
}

static void report_way(struct source_line at, const struct scraps *scraps, bool broke)
{
	if (broke)
		info(at, "a short buffer calls for a reset");
	else if (!scraps->used)
		info(at, "short buffers are kept");
	else
		info(at, "used.len %u of a short buffer", scraps->length);
}

/* One fault over four buffers of @size, and after a reset one over whole buffers. */
static bool collect_scraps(struct source_line at, uint32_t size, struct scraps *scraps)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;
	bool broke;

	*scraps = (struct scraps){.within = true};
	if (!starved(at, &s, &fault))
		return false;
	event_add_buffers((struct event_buffer){.size = size}, 4);
	provoke(at, &fault);
	for (bool more = event_wait(&event); more; more = event_take(&event))
		add_scrap(scraps, &event);
	expect_no_events_breach(at);
	if (is_spread(scraps, &fault))
		judge(BY_LEVEL, at, "a report that does not fit is not spread",
		      "one report lies in two buffers of %u bytes", size);
	broke = virtio_needs_reset(&iommu.dev);
	report_way(at, scraps, broke);
	if (broke && !start_over(at, &s))
		return false;
	expect_service(at, &s);
	if (!start_over(at, &s))
		return false;
	expect_reports(at, &fault);
	return detach_endpoint(at, s.ep, s.domain);
}

/* DEV-FAULT-5 (SHOULD NOT): Buffer too small for the record: the report is not expected to be spread ... */
TEST(DEV_FAULT_5, report_is_not_spread_over_short_buffers, NEEDS_DMA)
{
	static const uint8_t sizes[] = {8, 23};
	struct scraps scraps;

	for (unsigned int i = 0; i < sizeof(sizes) && no_defect_so_far(); i++)
		collect_scraps(AT, sizes[i], &scraps);
}

TEST(DEV_FAULT_5, short_buffer_is_not_overrun, NEEDS_DMA)
{
	static const uint8_t sizes[] = {1, 16};
	struct scraps scraps;

	for (unsigned int i = 0; i < sizeof(sizes) && no_defect_so_far(); i++)
		if (collect_scraps(AT, sizes[i], &scraps) && !scraps.within)
			judge(VERDICT_FAIL, AT, "nothing is written past a short buffer", "size %u",
			      sizes[i]);
}

/* DEV-FAULT-6 (MAY): ...an older, shorter record format can be used instead */
/* No shorter format was ever published: whichever it is, the used length covers what was written. */
TEST(DEV_FAULT_6, used_length_covers_what_is_written_of_a_short_report, NEEDS_DMA)
{
	struct scraps scraps;

	if (collect_scraps(AT, 22, &scraps) && scraps.false_length)	/* GEN-USED-2 */
		judge(VERDICT_FAIL, AT, "used.len covers bytes that were written",
		      "used.len %u of 22, and not all were", scraps.length);
}

/* The next buffer is large enough, but not for the rest of the last report. */
TEST(DEV_FAULT_5, buffer_behind_a_short_one_starts_anew, NEEDS_DMA)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	event_add_buffers((struct event_buffer){.size = 16}, 1);
	event_add_buffers((struct event_buffer){0}, 3);
	provoke(AT, &fault);
	provoke(AT, &fault);
	for (bool more = event_wait(&event); more; more = event_take(&event))
		EXPECT(event.size < sizeof(event.record) || event.record.endpoint == fault.ep->id,
		       "a record from its beginning", "endpoint %#x", event.record.endpoint);
	expect_no_events_breach(AT);
	if (virtio_needs_reset(&iommu.dev)) {
		INFO("a short buffer calls for a reset");
		REQUIRE(restart_device(AT, iommu.wanted));
	}
}

/* GEN-FRAME-1 (MUST NOT): No assumption on how a buffer is cut into descriptors */
TEST(GEN_FRAME_1, event_buffers_are_cut_anywhere, NEEDS_DMA)
{
	static const struct cut cuts[] = {{1, 0}, {23, 0}, {8, 8}, {4, 4}, {3, 5}, {1, 1}};
	unsigned int count = takes_long_buffers() ? ARRAY_SIZE(cuts) : ARRAY_SIZE(cuts) - 1;
	struct event_buffer shape = {0};
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	for (unsigned int i = 0; i < count; i++) {
		shape.cut = cuts[i];
		if (!event_add_buffers(shape, 2))
			continue;	/* a queue of few descriptors */
		provoke(AT, &fault);	/* one for each, so that the next ones are of the next cut */
		provoke(AT, &fault);
		for (bool more = event_wait(&event); more; more = event_take(&event))
			EXPECT(event.length == sizeof(event.record) && event.intact &&
			       event.record.endpoint == fault.ep->id, "a whole record",
			       "used.len %u, endpoint %#x, in pieces of %u, %u", event.length,
			       event.record.endpoint, cuts[i].first, cuts[i].next);
	}
	expect_no_events_breach(AT);
	expect_reports(AT, &fault);
}

/* DEV-FAULT-1 (SHOULD): `reserved` and `reserved1` of a fault record are zero */
TEST(DEV_FAULT_1, longer_buffer_holds_one_record, NEEDS_DMA)
{
	static const uint8_t sizes[] = {25, 32, 48, EVENT_ROOM};
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	for (unsigned int i = 0; i < sizeof(sizes); i++) {
		event_add_buffers((struct event_buffer){.size = sizes[i]}, 4);
		if (!find_report(AT, &fault, &event))
			SILENT("the device does not report into longer buffers");
		expect_whole(AT, &event);
		event_drain();
	}
	expect_no_events_breach(AT);
}

/* Lengths of descriptors have 32 bits, and so has their sum. */
TEST(DEV_FAULT_1, buffer_of_64_kib_and_more_holds_one_record, NEEDS_DMA)
{
	static const uint32_t sizes[] = {65535, 65536, 65544, 65559, 65560, 131072 + 8, 1 << 20};
	uint32_t least = sizeof(struct fault_record);
	uint8_t *behind = arena_alloc(1 << 20, 16);
	struct fault fault;
	struct page_fixture s;
	bool ok = starved(AT, &s, &fault);

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes) && ok; i++) {
		struct event_buffer shape = {.elsewhere = phys(behind), .more = sizes[i] - least};

		trace("event buffers of %u bytes", sizes[i]);
		if (!event_add_buffers(shape, 1))
			SKIP("the event queue takes no buffer of two descriptors");
		event_add_buffers(shape, 3);
		ok = expect_report(AT, &fault, "faults are reported into long buffers");
		event_drain();
	}
	EXPECT(!behind[0] && !memcmp(behind, behind + 1, (1 << 20) - 1),
	       "no byte after the record is written", "some of another descriptor are");
	expect_no_events_breach(AT);
}

/* GEN-USED-2 (MUST): At least `len` bytes, starting at the first writable byte, were really written ... */
/* Whatever the size of the buffer. One in pieces lies in an indirect table, where there are any. */
TEST(GEN_USED_2, used_length_of_a_report_is_that_of_a_record, NEEDS_DMA)
{
	struct event_buffer shape = {.size = 40};
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	if (iommu_wants(VIRTIO_F_INDIRECT_DESC))
		shape.cut = (struct cut){8, 8};
	event_add_buffers(shape, 4);
	if (!find_report(AT, &fault, &event))
		SILENT("the device does not report into longer buffers");
	EXPECT_LE(event.length, sizeof(event.record), "used.len of a report in a buffer of 40 bytes");
}

/* GEN-DESC-1 (MUST NOT): Device-readable buffers are never written */
TEST(GEN_DESC_1, event_buffer_that_is_readable_is_left_alone, NEEDS_DMA)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	event_add_buffers((struct event_buffer){.readable = true}, 2);
	provoke(AT, &fault);
	for (bool more = event_wait(&event); more; more = event_take(&event))
		EXPECT(event.inside, "device-readable bytes are not written",
		       "bytes of a device-readable event buffer changed, used.len %u", event.length);
	expect_no_events_breach(AT);
	if (!start_over(AT, &s))
		return;
	expect_reports(AT, &fault);
}

/* N-EVT-1 (no keyword): No event buffer: wait or drop */
/* Faults without number and no buffer: the device waits or drops, and answers requests. */
TEST(N_EVT_1, requests_are_answered_while_reports_find_no_buffer, NEEDS_DMA)
{
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	for (unsigned int i = 0; i < 3; i++) {
		provoke(AT, &fault);
		expect_service(AT, &s);
	}
	EXPECT_EQ(event_count(), 0, "event buffers used where there is none");
	expect_no_events_breach(AT);
	expect_reports(AT, &fault);
}

/* Buffers that come one at a time, each after a fault that found none. */
TEST(N_EVT_1, each_late_buffer_is_used, NEEDS_DMA)
{
	unsigned int rounds, used = 0;
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	for (rounds = 0; rounds < 4 || (!used && rounds < 8); rounds++) {
		if (rounds && !used)
			encourage(AT, &fault, rounds);
		provoke(AT, &fault);
		event_add_buffers((struct event_buffer){0}, 1);
		provoke(AT, &fault);
		fault.iova = s.iova + (rounds % 2 ? 1 : -1) * iommu.page;	/* another one each time */
		if (!event_wait(&event))
			continue;
		used++;
		expect_whole(AT, &event);
		EXPECT_EQ(event.record.endpoint, fault.ep->id, "endpoint of the report");
	}
	EXPECT_GE(used, 1, "buffers used, of %u", rounds);
	expect_no_events_breach(AT);
}

/* What the driver has taken is no event buffer any more, nor is one used before its time. */
TEST(N_EVT_1, each_buffer_is_used_once, NEEDS_DMA)
{
	unsigned int used = 0;
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	event_add_buffers((struct event_buffer){0}, 3);
	for (unsigned int i = 0; i < 8; i++) {
		provoke(AT, &fault);
		while (event_take(&event))
			used++;
	}
	while (event_wait(&event))
		used++;
	EXPECT_LE(used, 3, "reports, in as many buffers");
	expect_no_events_breach(AT);
}

/* Bounded by time: as many as the machine does in it, and enough to go through the queue twice. */
#define BURST_US 3000
#define BURST_LEAST (EVENT_BUFFERS + EVENT_BUFFERS / 2)
#define BURST_MOST 4096

TEST(N_EVT_1, burst_of_faults_is_survived, NEEDS_DMA)
{
	struct deadline deadline;
	unsigned int count = 0;
	struct fault fault;
	struct event event;
	struct page_fixture s;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	for (deadline = deadline_in(BURST_US); count < BURST_MOST && no_defect_so_far(); count++) {
		if (count >= BURST_LEAST && deadline_passed(&deadline))
			break;
		provoke(AT, &fault);
		for (unsigned int i = 0; i < EVENT_BUFFERS && event_take(&event); i++)
			expect_whole(AT, &event);
	}
	expect_no_events_breach(AT);
	expect_service(AT, &s);
	EXPECT(await_report(AT, &fault, &event), "faults are reported after a burst",
	       "no event of endpoint %#x within %lu us, after %u faults", fault.ep->id,
	       timing_quiet_us(TIMED_REPORT), count);
}

/* A request waits in the queue, available and not notified, while a fault is reported. */
TEST(N_EVT_1, reports_and_requests_keep_to_their_queues, NEEDS_DMA)
{
	struct ring_reply used;
	struct fault fault;
	struct page_fixture s;
	int heads[4];

	if (iommu.requests.size < 16)
		NOT_APPLICABLE("needs a queue of 16 descriptors");
	if (!starved(AT, &s, &fault))
		return;
	for (unsigned int i = 0; i < 4; i++) {
		heads[i] = queue_noop();
		if (heads[i] < 0)
			break;
		ring_publish(&iommu.requests, heads[i]);
		virtio_notify(&iommu.dev, i % 2 ? REQUEST_QUEUE : EVENT_QUEUE);
		provoke(AT, &fault);
	}
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	for (unsigned int i = 0; i < 4 && heads[i] >= 0; i++)
		EXPECT(iommu_wait(&iommu.requests, &used, REPLY_TIMEOUT_US) ==
		       VIRTIO_USED && used.valid && used.length, "each request gets its answer",
		       "%u did", i);
	expect_no_events_breach(AT);
	expect_service(AT, &s);
	expect_reports(AT, &fault);
}

/* The memory of the request tells: a blocked access may have sent another one, and taken its buffer. */
static uint8_t wait_for_status(const struct noop_request *noop)
{
	const volatile uint8_t *status = &noop->tail->status;
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	while (*status == UINT8_MAX && !deadline_over(&deadline))
		;
	return *status;
}

/* Whether the device reports faults or not: the buffer of a request is for the answer to it. */
TEST(N_EVT_1, request_that_waits_during_a_fault_gets_its_own_answer, NEEDS_DMA)
{
	struct noop_request noop = noop_request();
	struct reply alone;
	struct fault fault;
	struct page_fixture s;
	uint8_t status;

	if (iommu.requests.size < 4)
		NOT_APPLICABLE("needs a queue of 4 descriptors");
	REQUIRE(map_one_page(AT, &s));
	alone = request_raw(noop.request, sizeof(*noop.request), sizeof(*noop.tail));
	fault = fault_above(&s);
	ring_publish(&iommu.requests, noop_add(&noop));
	provoke(AT, &fault);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	status = wait_for_status(&noop);
	if (status != alone.status)
		judge(VERDICT_FAIL, AT, "the status that it has when it is sent alone", "%#x, alone %#x",
		      status, alone.status);
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* Above all memory of any machine of today. */
#define OUT_OF_REACH (1ull << 51)

/* N-EVT-3 (no keyword): Internal errors: NEEDS_RESET recommended */
/*
 * The driver alone is to blame for such an error, and no report of it would arrive: a device may
 * ask for a reset or drop the report, and works after the reset.
 */
TEST(N_EVT_3, event_buffer_out_of_reach_is_no_end, NEEDS_DMA)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	event_add_buffers((struct event_buffer){.elsewhere = OUT_OF_REACH}, 1);
	provoke(AT, &fault);
	if (virtio_needs_reset(&iommu.dev))
		INFO("the device asks for a reset");
	else if (event_take(&event))
		INFO("the buffer comes back, used.len %u", event.length);
	else
		INFO("the buffer is kept");
	if (!virtio_needs_reset(&iommu.dev))
		expect_service(AT, &s);
	if (!start_over(AT, &s))
		return;
	expect_service(AT, &s);
	expect_reports(AT, &fault);
	expect_no_events_breach(AT);
}

/* GEN-RESET-2 (MUST NOT): After reset completion: no notifications, no queue access, until re-initialised */
/* No driver, and buffers that were available before the reset. */
TEST(GEN_RESET_2, faults_after_a_reset_use_no_old_buffer, NEEDS_DMA)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	if (!starved(AT, &s, &fault))
		return;
	event_add_buffers((struct event_buffer){0}, 4);
	provoke(AT, &fault);
	event_drain();
	REQUIRE(reset_device(AT));
	events_manual();
	provoke(AT, &fault);
	EXPECT_EQ(event_wait(&event), 0, "event buffers used after a reset");
	expect_no_events_breach(AT);
}

/* The driver comes back and offers others. */
TEST(GEN_RESET_2, buffers_from_before_a_reset_are_left_alone, NEEDS_DMA)
{
	struct fault fault;
	struct page_fixture s;

	if (!starved(AT, &s, &fault))
		return;
	event_add_buffers((struct event_buffer){0}, 4);
	provoke(AT, &fault);
	if (!start_over(AT, &s))
		return;
	provoke(AT, &fault);
	expect_no_events_breach(AT);
	expect_reports(AT, &fault);
	expect_no_events_breach(AT);
}

/* GEN-STATUS-1 (MUST NOT): Before DRIVER_OK the device neither consumes buffers nor sends used-buffer ... */
TEST(GEN_STATUS_1, faults_before_driver_ok_use_no_buffer, NEEDS_DMA)
{
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	REQUIRE(prepare_device(AT, iommu.wanted));
	events_manual();
	event_add_buffers((struct event_buffer){0}, 4);
	provoke(AT, &fault);
	EXPECT_EQ(event_wait(&event), 0, "event buffers used before DRIVER_OK");
	expect_no_events_breach(AT);
	virtio_driver_ok(&iommu.dev);
	REQUIRE(map_again(AT, &s));
	expect_reports(AT, &fault);
}

/*
 * Each fault by an address of its own. How many reports one brings is open (AMB-15), but not that there are
 * more of them because they had to wait.
 */
#define ADDRESSES 70
#define ADDRESS_STEP 16

struct tally {
	struct fault fault;	/* at the first address */
	unsigned int reports[ADDRESSES];
};

static void provoke_at(struct source_line at, const struct tally *t, unsigned int address)
{
	struct fault fault = t->fault;

	fault.iova += address * ADDRESS_STEP;
	provoke(at, &fault);
}

/* Take all reports, with as many buffers as that takes. A report need not have an address. */
static void count_reports(struct tally *t)
{
	struct event event;

	for (unsigned int i = 0; i < 8 * ADDRESSES && event_wait(&event); i++) {
		uint64_t address = (event.record.address - t->fault.iova) / ADDRESS_STEP;

		event_add_buffers((struct event_buffer){0}, 1);
		if ((event.record.flags & FAULT_ADDRESS) && address < ADDRESSES)
			t->reports[address]++;
	}
}

static unsigned int most_reports(const struct tally *t)
{
	unsigned int most = 0;

	for (unsigned int i = 0; i < ADDRESSES; i++)
		most = max(most, t->reports[i]);
	return most;
}

/* N-EVT-2 (no keyword): Reason: unattached -> DOMAIN; unmapped or wrong protection -> MAPPING */
TEST(N_EVT_2, reports_that_had_to_wait_come_no_more_often, NEEDS_DMA)
{
	struct tally alone = {0}, waiting = {0};
	struct page_fixture s;

	if (!starved(AT, &s, &alone.fault))
		return;
	waiting.fault = alone.fault;
	for (unsigned int i = 0; i < ADDRESSES; i++)
		provoke_at(AT, &waiting, i);
	event_add_buffers((struct event_buffer){0}, EVENT_BUFFERS / 2);
	count_reports(&waiting);
	for (unsigned int i = 0; i < 4; i++)
		provoke_at(AT, &alone, i);
	count_reports(&alone);
	if (most_reports(&alone))
		EXPECT_LE(most_reports(&waiting), most_reports(&alone), "reports of an access, after %u that "
			  "found no buffer", ADDRESSES);
	expect_no_events_breach(AT);
}

/* AMB-15 (open point): No duty to report any fault, to report each, or in time; drops allowed */
/*
 * That none is ever reported is legal, and worth a warning: a driver learns nothing of what goes wrong, and a
 * device whose reports get lost looks the same. Several, as one may be reported and no other.
 */
TEST(AMB_15, faults_are_reported, NEEDS_DMA)
{
	static const char *const whens[] = {"at all", "after the first one", "after the second one"};
	struct event event;
	struct fault fault;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	fault = fault_above(&s);
	for (unsigned int i = 0; i < ARRAY_SIZE(whens) && no_defect_so_far(); i++)
		EXPECT(await_report(AT, &fault, &event), "faults are reported",
		       "no event of endpoint %#x within %lu us, %s", fault.ep->id,
		       timing_quiet_us(TIMED_REPORT), whens[i]);
}

/* How many reports an access brings is open; that they come to an end is not. */
TEST(AMB_15, reports_end_with_the_faults, NEEDS_DMA)
{
	unsigned int count = 0, late = 0;
	struct event event;
	struct fault fault;
	struct page_fixture s;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	event_drain();
	for (unsigned int i = 0; i < 8; i++)
		provoke(AT, &fault);
	while (count < 8 * EVENT_BUFFERS && event_wait(&event))
		count++;
	EXPECT(count < 8 * EVENT_BUFFERS, "reports end", "%u for 8 accesses", count);
	expect_service(AT, &s);
	while (late < 8 && event_take(&event))
		late++;
	EXPECT_EQ(late, 0, "reports without a fault");
	INFO("%u reports for 8 accesses", count);
}
