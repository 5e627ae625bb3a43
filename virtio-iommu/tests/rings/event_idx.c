// SPDX-License-Identifier: BSD-3-Clause
/*
 * Notifications where both sides say from where on they want one (virtio 1.4, 2.7.7, 2.7.10, 2.8.10).
 */
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "util.h"

static bool one_request(void)
{
	attach(iommu.config.domain_start, nobodys_id(), 0);
	return !iommu.dead;
}

/* Descriptors of a request. */
static uint16_t slots_of_one(void)
{
	return ring_has(&iommu.requests, VIRTIO_F_INDIRECT_DESC) ? 1 : 2;
}

/* @ahead requests and one more, each waited for: none but the last one is notified. */
static void notified_at(struct source_line at, uint16_t ahead, bool judge_early)
{
	uint8_t comes;

	want_interrupt_at(&iommu.requests, ahead, slots_of_one());
	take_interrupts();
	for (uint16_t i = 0; i < ahead && !iommu.dead; i++)
		one_request();
	if (judge_early)
		expect_eq(at, wait_interrupt(false) & VIRTIO_USED_BUFFER, 0,
			  "notification before the event at buffer %u", ahead);
	take_interrupts();
	one_request();
	comes = wait_interrupt(true) & VIRTIO_USED_BUFFER;	/* the control */
	if (!judge_early)
		expect_eq(at, comes, VIRTIO_USED_BUFFER, "notification at the event, buffer %u", ahead);
	else if (!comes)
		silent("the device sends no notification at the event (GEN-NU-5)");
	ring_want_interrupt(&iommu.requests, false);
}

/* GEN-NU-5 (MUST): EVENT_IDX: notification when the used index written equals used_event */
/* Also where the ring wraps. */
TEST(GEN_NU_5, notification_comes_at_the_event, NEEDS_EVENT_IDX)
{
	uint16_t most = iommu.requests.size / 2;

	for (uint16_t ahead = 0; ahead < most && no_defect_so_far(); ahead += ahead < 4 ? 1 : 5)
		notified_at(AT, ahead, false);
}

/* Each buffer of two descriptors, of which every other lap one lies on either side of the end of the ring. */
TEST(GEN_NU_5, notification_comes_at_the_event_of_a_buffer_over_the_end, NEEDS_EVENT_IDX | NEEDS_PACKED)
{
	static const uint16_t sizes[] = {5, 7, 31};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes); i++) {
		REQUIRE(restart_with_queues(AT, features_without(VIRTIO_F_INDIRECT_DESC), sizes[i], 0));
		if (iommu.requests.size != sizes[i])
			NOT_APPLICABLE("the queue has %u descriptors", iommu.requests.size);
		for (uint16_t turn = 0; turn < 2 * sizes[i] && no_defect_so_far(); turn++)
			notified_at(AT, turn % 3, false);
	}
}

/* @count requests behind one notification by the driver, which waits for the one with @ahead before it. */
static void notified_among(struct source_line at, uint16_t count, uint16_t ahead)
{
	size_t mark = arena_mark();

	want_interrupt_at(&iommu.requests, ahead, slots_of_one());
	take_interrupts();
	for (uint16_t i = 0; i < count; i++)
		ring_publish(&iommu.requests, queue_noop());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_eq(at, wait_requests_used(count), count, "requests that come back");
	expect_eq(at, wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
		  "notification at the event, buffer %u of %u", ahead, count);
	ring_want_interrupt(&iommu.requests, false);
	arena_release(mark);
}

/* A device that serves many at once looks whether the event is any of them, not only the last one. */
TEST(GEN_NU_5, notification_comes_at_an_event_among_many, NEEDS_EVENT_IDX)
{
	uint16_t most = min(iommu.requests.size / slots_of_one(), 9);

	for (uint16_t count = 2; count <= most; count++)
		for (uint16_t ahead = 0; ahead < count && no_defect_so_far(); ahead++)
			notified_among(AT, count, ahead);
}

/* GEN-NU-6 (SHOULD NOT): EVENT_IDX: otherwise none expected */
/*
 * Twice, so that the ring wraps among those of the second time: what is used after one shows that there is no
 * notification of it still to come.
 */
TEST(GEN_NU_6, no_notification_before_the_event, NEEDS_EVENT_IDX)
{
	uint16_t ahead;

	REQUIRE(restart_device(AT, iommu.wanted));
	ahead = iommu.requests.size / slots_of_one() * 3 / 4;
	if (!notification_comes())
		SILENT("the device sends no notification (GEN-NU-5)");
	notified_at(AT, ahead, true);
	notified_at(AT, ahead, true);
}

/* Near the start of a ring, so that a packed one can name, by the wrap counter, what is two laps away. */
TEST(GEN_NU_6, none_comes_a_lap_before_the_event, NEEDS_EVENT_IDX)
{
	uint16_t lap;

	for (unsigned int quarters = 4; quarters < 7 && no_defect_so_far(); quarters++) {
		REQUIRE(restart_device(AT, iommu.wanted));
		lap = iommu.requests.size / slots_of_one();
		if (!notification_comes())
			SILENT("the device sends no notification (GEN-NU-5)");
		notified_at(AT, min(lap * quarters / 4, 2u * lap - 2), true);
	}
}

/* GEN-NU-4 (MUST): EVENT_IDX: low bit of avail.flags is ignored */
/* It may not be used by a driver; one that does gets its notification all the same. */
TEST(GEN_NU_4, avail_flags_do_not_count, NEEDS_EVENT_IDX | NEEDS_SPLIT)
{
	iommu.requests.avail->flags = AVAIL_NO_INTERRUPT;
	notified_at(AT, 0, false);
	iommu.requests.avail->flags = 0;
}

TEST(GEN_NU_4, avail_flags_of_the_event_queue_do_not_count, NEEDS_DMA | NEEDS_EVENT_IDX | NEEDS_SPLIT)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;
	bool came;

	if (!make_steady_fixture(AT, &s, &fault))
		return;
	event_settle();
	iommu.events.avail->flags = AVAIL_NO_INTERRUPT;
	want_interrupt_at(&iommu.events, 0, 1);
	take_interrupts();
	came = await_report(AT, &fault, &event);
	iommu.events.avail->flags = 0;
	if (!came)
		SILENT("the device reports no fault");
	EXPECT_EQ(wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER, "notification of a report");
	ring_want_interrupt(&iommu.events, false);
}

/* GEN-NA-3 (MUST): EVENT_IDX: used.flags is 0 */
TEST(GEN_NA_3, flags_of_the_used_rings_are_0, NEEDS_EVENT_IDX | NEEDS_SPLIT)
{
	one_request();
	EXPECT_EQ(iommu.requests.used->flags, 0, "flags of the used ring of requests");
	EXPECT_EQ(iommu.events.used->flags, 0, "flags of the used ring of events");
}

/* Up to @count requests as far as there is room, of which the device hears only where it asks to. */
static void expect_batch_used(struct source_line at, unsigned int count, unsigned int round)
{
	size_t mark = arena_mark();
	unsigned int batch = 0;

	for (int id; batch < count && (id = queue_noop()) >= 0; batch++)
		ring_publish(&iommu.requests, id);
	virtio_kick(&iommu.dev, REQUEST_QUEUE, &iommu.requests);
	expect_eq(at, wait_requests_used(batch), batch, "requests that come back in round %u", round);
	arena_release(mark);
}

/* GEN-NA-4 (MAY): avail_event can defer notifications */
/* A few at a time, and up to all that the queue takes: a single one after each is what it did not ask for. */
TEST(GEN_NA_4, notifications_that_are_asked_for_suffice, NEEDS_EVENT_IDX)
{
	unsigned int size = iommu.requests.size;

	for (unsigned int i = 0; i < 3 * size && !iommu.dead; i++)
		expect_batch_used(AT, 1 + i % 3, i);
	for (unsigned int count = 4; count <= size && !iommu.dead; count += 1 + count / 8) {
		expect_batch_used(AT, count, count);
		expect_batch_used(AT, 1, count);
	}
}
