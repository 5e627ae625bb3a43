// SPDX-License-Identifier: BSD-3-Clause
/*
 * What else holds for any virtio device (virtio 1.4, chapters 2 and 6): errors, features that a driver
 * declines or was not offered, long buffers, the writable part, lengths.
 */
#include <string.h>

#include <asm/barrier.h>

#include "driver/timing.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"

/* No legal driver does these to the descriptors of a request. */
static void next_is_itself(struct ring *ring, int head)
{
	ring->desc[head].flags |= DESC_NEXT;
	ring->desc[head].next = head;
}

static void next_is_out_of_range(struct ring *ring, int head)
{
	ring->desc[head].flags |= DESC_NEXT;
	ring->desc[head].next = ring->size;
}

static void address_is_nowhere(struct ring *ring, int head)
{
	ring->desc[head].address = 1ull << 62;
}

struct spoiling {
	const char *name;
	void (*spoil)(struct ring *ring, int head);
};

static const struct spoiling spoilings[] = {
	{"next is itself", next_is_itself},
	{"next is out of range", next_is_out_of_range},
	{"address is nowhere", address_is_nowhere},
};

static void send_spoiled(const struct spoiling *s)
{
	int head = queue_noop();

	s->spoil(&iommu.requests, head);
	ring_publish(&iommu.requests, head);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
}

static void expect_sign_of_life(struct source_line at, const struct spoiling *s)
{
	struct ring_reply used;

	send_spoiled(s);
	if (iommu_wait(&iommu.requests, &used, REPLY_TIMEOUT_US) == VIRTIO_SILENT)
		judge(BY_LEVEL, at, "the buffer comes back, or NEEDS_RESET is set",
		      "no buffer used within %u us, device_status %s, after a descriptor whose %s",
		      REPLY_TIMEOUT_US, device_status_now(), s->name);
}

/* Without a verdict: what a reset does is a matter of GEN-RESET-1. */
static bool serves_after_reset(void)
{
	if (!iommu_restart(iommu.wanted))
		return false;
	ring_publish(&iommu.requests, queue_noop());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return wait_request_used(REPLY_TIMEOUT_US);
}

/* GEN-STATUS-2 (SHOULD): On an error that needs a reset the device sets DEVICE_NEEDS_RESET (64) */
TEST(GEN_STATUS_2, error_is_told, NEEDS_SPLIT)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(spoilings) && no_defect_so_far(); i++) {
		expect_sign_of_life(AT, &spoilings[i]);
		if (!serves_after_reset()) {
			INFO("after a descriptor whose %s, the device works no more, reset or not",
			     spoilings[i].name);
			return;
		}
	}
}

/* GEN-RESET-1 (MUST): A reset returns device_status to 0 */
TEST(GEN_RESET_1, device_works_after_an_error_and_a_reset, NEEDS_SPLIT)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(spoilings) && no_defect_so_far(); i++) {
		send_spoiled(&spoilings[i]);
		wait_request_used(REPLY_TIMEOUT_US);
		if (expect_restart(AT, iommu.wanted, "after a descriptor whose %s", spoilings[i].name))
			expect_queue_works(AT, "after an error and a reset");
	}
}

/* The only event buffer that there is, or none but its head; and faults that call for one. */
static bool spoil_event_queue(struct source_line at, struct page_fixture *s, const struct spoiling *spoiling)
{
	struct ring_piece piece = {phys(arena_alloc(sizeof(struct fault_record), 8)),
				   sizeof(struct fault_record), .writable = true};
	int head;

	if (!iommu_restart_without_events() || !map_one_page(at, s))
		return false;
	head = ring_add(&iommu.events, &piece, 1);
	if (spoiling)
		spoiling->spoil(&iommu.events, head);
	take_interrupts();
	ring_publish(&iommu.events, spoiling ? head : UINT16_MAX);
	virtio_notify(&iommu.dev, EVENT_QUEUE);
	for (unsigned int turn = 0; turn < 2 && !virtio_needs_reset(&iommu.dev); turn++)
		fault_alone(s, turn);
	return true;
}

static void expect_reports_after_reset(struct source_line at, const char *what)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;

	if (!expect_restart(at, iommu.wanted, "after an event buffer of which %s", what) ||
	    !map_one_page(at, &s))
		return;
	fault = fault_above(&s);
	if (await_report(at, &fault, &event))
		expect_whole(at, &event);
	else
		judge(BY_LEVEL, at, "faults are reported after an error and a reset",
		      "no event, after an event buffer of which %s", what);
}

TEST(GEN_RESET_1, device_reports_after_an_error_and_a_reset, NEEDS_SPLIT | NEEDS_DMA)
{
	struct page_fixture s;

	if (!reports_faults(AT))
		return;
	for (unsigned int i = 0; i <= ARRAY_SIZE(spoilings) && no_defect_so_far(); i++) {
		const struct spoiling *spoiling = i ? &spoilings[i - 1] : NULL;

		REQUIRE(spoil_event_queue(AT, &s, spoiling));
		expect_reports_after_reset(AT, spoiling ? spoiling->name : "head is out of range");
	}
}

/* GEN-STATUS-3 (MUST): If DRIVER_OK was set, NEEDS_RESET is followed by a configuration-change ... */
TEST(GEN_STATUS_3, need_of_a_reset_by_the_event_queue_is_told, NEEDS_SPLIT | NEEDS_DMA)
{
	struct deadline deadline;
	struct page_fixture s;
	bool broken;
	uint8_t isr;

	if (!reports_faults(AT))
		return;
	REQUIRE(spoil_event_queue(AT, &s, NULL));
	deadline = deadline_in(timing_quiet_us(TIMED_REPORT));
	while (!(broken = virtio_needs_reset(&iommu.dev)) && !deadline_over(&deadline))
		;
	deadline = deadline_in(REPLY_TIMEOUT_US);
	while (!(isr = take_interrupts()) && broken && !deadline_over(&deadline))
		;
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!broken)
		SILENT("the device does not ask for a reset when a driver breaks the event queue");
	EXPECT_NE(isr, 0, "ISR status, with NEEDS_RESET");
}

/* FEATURES_OK may or may not stick without the bit; the next driver is served. */
static void decline(struct source_line at, unsigned int bit)
{
	bool sticks = virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features_without(bit));

	expect_restart(at, iommu.wanted, "for a driver that accepts feature %u", bit);
	info(at, "without feature %u FEATURES_OK %s", bit, sticks ? "sticks" : "does not stick");
}

/* GEN-RSVD-2 (MAY): Can refuse to work without VERSION_1 */
TEST(GEN_RSVD_2, version_1_is_declined, NEEDS_NOTHING)
{
	decline(AT, VIRTIO_F_VERSION_1);
}

/* GEN-RSVD-6 (MAY): Can refuse to work if ORDER_PLATFORM (36) was offered and not accepted */
TEST(GEN_RSVD_6, order_platform_is_declined, NEEDS_NOTHING)
{
	if (!iommu_offers(VIRTIO_F_ORDER_PLATFORM))
		NOT_APPLICABLE("needs feature ORDER_PLATFORM");
	decline(AT, VIRTIO_F_ORDER_PLATFORM);
}

/* Where the writes of an endpoint go that has declined it: to the address that they name, by 6.1. */
static const char *way_without_platform(const struct page_fixture *s)
{
	uint8_t *page = watched_pages(1);
	const char *way = "reaches nothing";

	s->ep->dma.without_platform = true;
	dma_set_page_iova(&s->ep->dma, phys(s->ep->dma.page));
	set_timeout(s->ep, true);
	if (write_effect(s->ep, phys(page), 8, page, 8).exact)
		way = "is not translated";
	dma_set_page_iova(&s->ep->dma, s->ep->page_iova);
	set_timeout(s->ep, true);
	if (write_effect(s->ep, s->iova, 8, s->target, 8).exact)
		way = "is translated";
	dma_stop(&s->ep->dma);
	s->ep->dma.without_platform = false;
	return way;
}

/* GEN-RSVD-4 (MAY): Can refuse to work if 33 is not accepted */
TEST(GEN_RSVD_4, endpoint_without_access_platform, NEEDS_DMA)
{
	struct virtio_device *dev = &endpoint(0)->dma.virtio;
	struct page_fixture s;
	bool sticks;

	if (!dev->transport)
		SKIP("the endpoint is no virtio device");
	sticks = virtio_reset(dev) && virtio_negotiate(dev, VIRTIO_FEATURE(VIRTIO_F_VERSION_1));
	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	INFO("an endpoint without ACCESS_PLATFORM %s", sticks ? way_without_platform(&s) : "does not work");
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* GEN-FEAT-2 (SHOULD + MUST): Any valid subset is accepted; otherwise FEATURES_OK must not stick */
/* If the device says yes to them by FEATURES_OK, it goes on without them. */
TEST(GEN_FEAT_2, bits_that_are_not_offered_change_nothing, NEEDS_NOTHING)
{
	REQUIRE(reset_device(AT));
	if (!virtio_negotiate(&iommu.dev, iommu.wanted | ~iommu.offered)) {
		REQUIRE(restart_device(AT, iommu.wanted));
		return;
	}
	iommu.dev.accepted = iommu.wanted;
	EXPECT(iommu_enable_queues(), "queues as without them",
	       "a queue has no room for its ring: queue_size %u and %u",
	       iommu.dev.transport->queue_max(&iommu.dev, REQUEST_QUEUE),
	       iommu.dev.transport->queue_max(&iommu.dev, EVENT_QUEUE));
	iommu_start();
	expect_queue_works(AT, "with features that are not offered");
	REQUIRE(restart_device(AT, iommu.wanted));
}

static uint32_t pieces_of(uint32_t bytes, uint32_t each)
{
	return (bytes + each - 1) / each;
}

/* As many descriptors as there is room for: half of the queue for each part. */
static void use_longest_buffer(struct source_line at)
{
	uint32_t half = (iommu.requests.size + 1) / 2, room = iommu.config.probe_size + TAIL_SIZE;
	uint32_t out = pieces_of(sizeof(struct probe_request), half), in = pieces_of(room, half);
	struct reply reply;
	bool broke;

	request_framing((struct framing){{out, out}, {in, in}});
	reply = probe(endpoint(0)->id);
	request_framing((struct framing){0});
	broke = virtio_needs_reset(&iommu.dev);
	if (!broke && !is_ok(&reply) && (!reply.used || reply.length))
		judge(BY_LEVEL, at, "done, or refused: NEEDS_RESET or used.len 0",
		      "%s: status %s, used.len %u", reply.used ? "used" : "not used",
		      status_name(reply.status), reply.length);
	if (broke)
		iommu_restart(iommu.wanted);
	info(at, "a buffer of %u descriptors is %s",
	      pieces_of(sizeof(struct probe_request), out) + pieces_of(room, in),
	      is_ok(&reply) ? "used" : "refused");
}

/* GEN-FRAME-2 (MAY): A reasonable chain-length limit is allowed */
TEST(GEN_FRAME_2, longest_buffer_is_used_or_refused, NEEDS_SPLIT | NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	use_longest_buffer(AT);
}

/* GEN-PKD-9 (MAY): List length can be limited */
TEST(GEN_PKD_9, longest_buffer_is_used_or_refused, NEEDS_PACKED | NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	use_longest_buffer(AT);
}

/* The types of other requests, where the device is to write its answer. */
static void prefill_writable_part(struct source_line at)
{
	for (uint8_t type = 0; type <= REQUEST_PROBE && no_defect_so_far(); type++) {
		struct noop_request h = noop_request();

		memset(h.tail, type, sizeof(*h.tail));
		expect_noop_answered(at, noop_add(&h), &h, "with bytes %u in the writable part", type);
	}
}

/* GEN-DESC-2 (SHOULD NOT + MAY): Device-writable buffers are not expected to be read (debug use allowed) */
TEST(GEN_DESC_2, writable_part_does_not_count, NEEDS_SPLIT)
{
	prefill_writable_part(AT);
}

/* GEN-PKD-5 (SHOULD NOT): Device-writable buffers are not expected to be read */
TEST(GEN_PKD_5, writable_part_does_not_count, NEEDS_PACKED)
{
	prefill_writable_part(AT);
}

/* GEN-NA-2 (MAY): ...1 advises 'no need to notify' */
TEST(GEN_NA_2, request_is_done_without_a_notification_that_is_not_needed,
     NEEDS_SPLIT | NEEDS_NO_EVENT_IDX)
{
	unsigned int used;
	bool wanted;

	attach(iommu.config.domain_start, nobodys_id(), 0);
	ring_publish(&iommu.requests, queue_noop());
	wanted = ring_wants_notification(&iommu.requests);
	if (wanted)
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
	used = wait_requests_used(1);
	if (wanted)
		NOT_APPLICABLE("the device asks for notifications");
	EXPECT_EQ(used, 1, "requests that come back, used.flags %#x", iommu.requests.used->flags);
}

/* GEN-USED-1 (MUST): `len` is in place before used.idx moves */
/* Both read as soon as the index has moved. */
TEST(GEN_USED_1, element_is_there_with_the_index, NEEDS_SPLIT)
{
	struct ring *ring = &iommu.requests;

	for (unsigned int i = 0; i < 32 && no_defect_so_far(); i++) {
		volatile struct ring_used_element *element =
			&ring->used->elements[ring->last_used % ring->size];
		struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
		uint32_t id, length;

		element->id = element->length = UINT32_MAX;
		ring_publish(ring, queue_noop());
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		while (!ring_pending(ring) && !deadline_over(&deadline))
			;
		memory_barrier();
		length = element->length;
		id = element->id;
		EXPECT_NE(id, UINT32_MAX, "id of the used element, once the index has moved");
		EXPECT_NE(length, UINT32_MAX, "len of the used element, once the index has moved");
		wait_requests_used(1);
	}
}

/* The tails of some requests, each looked at as soon as the index says that it is there. */
static void expect_tails_with_index(struct source_line at, unsigned int most)
{
	struct ring *ring = &iommu.requests;
	struct noop_request noops[8];
	unsigned int count = 0;
	int ids[8];

	for (; count < most; count++) {
		noops[count] = noop_request();
		ids[count] = noop_add(&noops[count]);
		if (ids[count] < 0)
			break;
		ring_publish(ring, ids[count]);
	}
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	for (unsigned int i = 0; i < count && no_defect_so_far(); i++) {
		struct ring_reply used;
		uint8_t status = UINT8_MAX;

		iommu.dead = virtio_wait(&iommu.dev, ring, &used, REPLY_TIMEOUT_US) != VIRTIO_USED;
		for (unsigned int j = 0; j < count && !iommu.dead; j++)
			if ((uint32_t)ids[j] == used.id)
				status = noops[j].tail->status;
		expect_ne(at, status, UINT8_MAX, "status of request %u of %u, once it is used", i, count);
	}
}

/* The answer is in the buffer before the buffer is used (2.7.8.2), however many are used together. */
TEST(GEN_USED_1, answers_are_there_with_the_index, NEEDS_NOTHING)
{
	for (unsigned int count = 1; count <= 8 && no_defect_so_far(); count++)
		for (unsigned int i = 0; i < 4 && no_defect_so_far(); i++) {
			size_t mark = arena_mark();

			expect_tails_with_index(AT, count);
			arena_release(mark);
		}
}
