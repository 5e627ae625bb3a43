// SPDX-License-Identifier: BSD-3-Clause
/*
 * What else holds for any virtio device (virtio 1.4, chapters 2 and 6): errors, features that a driver
 * declines or was not offered, long buffers, the writable part, lengths.
 */
#include <string.h>

#include <asm/barrier.h>

#include "memory.h"
#include "judge/steps.h"
#include "judge/test.h"

/* No legal driver does these to the descriptors of a request. */
static void next_is_itself(int head)
{
	iommu.requests.desc[head].flags |= DESC_NEXT;
	iommu.requests.desc[head].next = head;
}

static void next_is_out_of_range(int head)
{
	iommu.requests.desc[head].flags |= DESC_NEXT;
	iommu.requests.desc[head].next = iommu.requests.size;
}

static void address_is_nowhere(int head)
{
	iommu.requests.desc[head].address = 1ull << 62;
}

#define BREAK_US 20000

static void expect_sign_of_life(struct source_line at, unsigned int number, void (*spoil)(int head))
{
	struct ring_reply used;
	int head = queue_noop();

	spoil(head);
	ring_publish(&iommu.requests, head);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_good(at, virtio_wait(&iommu.dev, &iommu.requests, &used, BREAK_US) != VIRTIO_SILENT,
		    "the buffer comes back, or NEEDS_RESET is set", number);
	expect_good(at, iommu_restart(iommu.wanted) && request_queue_works(),
		    "the device works after a reset", number);
}

TEST(GEN_STATUS_2, error_is_told, NEEDS_SPLIT)
{
	void (*const spoils[])(int) = {next_is_itself, next_is_out_of_range, address_is_nowhere};

	for (unsigned int i = 0; i < sizeof(spoils) / sizeof(spoils[0]) && no_defect_so_far(); i++)
		expect_sign_of_life(AT, i, spoils[i]);
}

/* FEATURES_OK may or may not stick without the bit; the next driver is served. */
static void decline(struct source_line at, unsigned int bit)
{
	bool sticks = virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features_without(bit));

	expect_good(at, iommu_restart(iommu.wanted), "the device comes up for a driver that takes it", bit);
	judge(VERDICT_INFO, at, "either way is legal", "without feature %u FEATURES_OK %s", bit,
	      sticks ? "sticks" : "does not stick");
}

TEST(GEN_RSVD_2, version_1_is_declined, NEEDS_NOTHING)
{
	decline(AT, VIRTIO_F_VERSION_1);
}

TEST(GEN_RSVD_6, order_platform_is_declined, NEEDS_NOTHING)
{
	if (!iommu_offers(VIRTIO_F_ORDER_PLATFORM))
		SKIP("needs feature ORDER_PLATFORM");
	decline(AT, VIRTIO_F_ORDER_PLATFORM);
}

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
	INFO("an endpoint without ACCESS_PLATFORM %s", sticks ? "works" : "does not work");
}

/* If the device says yes to them by FEATURES_OK, it goes on without them. */
TEST(GEN_FEAT_2, bits_that_are_not_offered_change_nothing, NEEDS_NOTHING)
{
	REQUIRE(reset_device(AT));
	if (!virtio_negotiate(&iommu.dev, iommu.wanted | ~iommu.offered)) {
		REQUIRE(restart_device(AT, iommu.wanted));
		return;
	}
	iommu.dev.accepted = iommu.wanted;
	EXPECT(iommu_enable_queues(), "queues as without them", "they cannot be enabled");
	iommu_start();
	EXPECT(request_queue_works(), "requests are answered as without them", "they are not");
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
	expect_good(at, broke || is_ok(&reply) || (reply.used && !reply.length),
		    "done, or refused: NEEDS_RESET or used.len 0", reply.length);
	if (broke)
		iommu_restart(iommu.wanted);
	judge(VERDICT_INFO, at, "either way is legal", "a buffer of %u descriptors is %s",
	      pieces_of(sizeof(struct probe_request), out) + pieces_of(room, in),
	      is_ok(&reply) ? "used" : "refused");
}

TEST(GEN_FRAME_2, longest_buffer_is_used_or_refused, NEEDS_SPLIT | NEEDS_ENDPOINT | NEEDS_PROBE)
{
	use_longest_buffer(AT);
}

TEST(GEN_PKD_9, longest_buffer_is_used_or_refused, NEEDS_PACKED | NEEDS_ENDPOINT | NEEDS_PROBE)
{
	use_longest_buffer(AT);
}

/* The types of other requests, where the device is to write its answer. */
static void prefill_writable_part(struct source_line at)
{
	for (uint8_t type = 0; type <= REQUEST_PROBE && no_defect_so_far(); type++) {
		struct noop_request h = noop_request();
		struct ring_piece pieces[2];

		memset(h.tail, type, sizeof(*h.tail));
		noop_pieces(&h, pieces);
		expect_good(at, noop_answered(ring_add(&iommu.requests, pieces, 2), &h),
			    "the same status, whatever stands in the writable part", type);
	}
}

TEST(GEN_DESC_2, writable_part_does_not_count, NEEDS_SPLIT)
{
	prefill_writable_part(AT);
}

TEST(GEN_PKD_5, writable_part_does_not_count, NEEDS_PACKED)
{
	prefill_writable_part(AT);
}

TEST(GEN_NA_2, request_is_done_without_a_notification_that_is_not_needed,
     NEEDS_SPLIT | NEEDS_NO_EVENT_IDX)
{
	bool wanted;

	attach(iommu.config.domain_start, UINT32_MAX, 0);
	ring_publish(&iommu.requests, queue_noop());
	wanted = ring_wants_notification(&iommu.requests);
	if (wanted)
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
	iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
	if (wanted)
		SKIP("the device asks for notifications");
	expect_good(AT, !iommu.dead, "the request comes back", iommu.requests.used->flags);
}

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
		expect_good(AT, id != UINT32_MAX && length != UINT32_MAX, "id and len with the index",
			    length);
		iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
	}
}
