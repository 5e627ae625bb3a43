// SPDX-License-Identifier: BSD-3-Clause
/*
 * Queues of any virtio device (virtio 1.4, 2.7): how buffers are cut into descriptors, what
 * the device leaves alone, indexes, notifications.
 */
#include <string.h>

#include "memory.h"
#include "judge/steps.h"
#include "judge/test.h"
#include "time.h"

/* The page in front of the setting's own: mapped, written to and unmapped by requests cut so. */
static void cut_requests_work(struct source_line at, const struct page_fixture *s, struct framing framing)
{
	uint64_t iova = s->iova - iommu.page, end = s->iova - 1;
	uint8_t *target = s->target - iommu.page;
	struct reply mapped, unmapped;

	request_framing(framing);
	mapped = map(s->domain, iova, end, phys(target), MAP_RW);
	if (expect_status(at, BY_LEVEL, &mapped, STATUS_OK)) {
		expect_writes(at, BY_LEVEL, s->ep, iova, target, 8);
		unmapped = unmap(s->domain, iova, end);
		expect_status(at, BY_LEVEL, &unmapped, STATUS_OK);
	}
	request_framing((struct framing){0});
}

TEST(GEN_FRAME_1, readable_part_is_cut_anywhere, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (uint32_t n = 1; n < sizeof(struct map_request) && no_defect_so_far(); n++)
		cut_requests_work(AT, &s, (struct framing){.readable = {n, 0}});
}

TEST(GEN_FRAME_1, tail_is_cut_anywhere, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (uint32_t n = 1; n < TAIL_SIZE && no_defect_so_far(); n++) {
		cut_requests_work(AT, &s, (struct framing){.writable = {n, 1}});
		cut_requests_work(AT, &s, (struct framing){{4, 16}, {n, 0}});
	}
}

TEST(GEN_FRAME_1, each_byte_has_a_descriptor_of_its_own, NEEDS_DMA)
{
	struct page_fixture s;

	if (iommu.requests.size < sizeof(struct map_request) + TAIL_SIZE)
		SKIP("needs a queue of %zu descriptors", sizeof(struct map_request) + TAIL_SIZE);
	REQUIRE(map_one_page(AT, &s));
	cut_requests_work(AT, &s, (struct framing){{1, 1}, {1, 1}});
}

TEST(GEN_FRAME_1, properties_are_cut_anywhere, NEEDS_ENDPOINT | NEEDS_PROBE)
{
	uint32_t room = iommu.config.probe_size, size = room + TAIL_SIZE;
	const struct framing framings[] = {
		{.writable = {7, room / 4 + 1}}, {.writable = {room - 1, 0}},
		{.writable = {room, 0}}, {{1, 0}, {room + 1, 1}},
	};
	uint8_t *plain = arena_alloc(size, 1);
	struct reply reply = probe(endpoint(0)->id);

	REQUIRE_OK(reply);
	memcpy(plain, reply.bytes, size);
	for (unsigned int i = 0; i < 4; i++) {
		request_framing(framings[i]);
		reply = probe(endpoint(0)->id);
		expect_good(AT, is_ok(&reply) && !memcmp(plain, reply.bytes, size),
			    "the same as in one descriptor", framings[i].writable.first);
	}
	request_framing((struct framing){0});
}

/* Nothing in front of the used ring is the device's to write. */
static void leaves_alone(struct source_line at, size_t from, size_t to)
{
	const uint8_t *ring = (const void *)iommu.requests.desc;
	uint8_t *before = arena_alloc(to, 1);

	ring_publish(&iommu.requests, queue_noop());
	memcpy(before, ring, to);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
	for (; from < to; from++)
		expect_good(at, ring[from] == before[from], "the device does not write here", from);
}

TEST(GEN_DESC_3, descriptor_table_is_left_alone, NEEDS_SPLIT)
{
	leaves_alone(AT, 0, (uintptr_t)iommu.requests.avail - (uintptr_t)iommu.requests.desc);
}

TEST(GEN_DESC_1, available_ring_is_left_alone, NEEDS_SPLIT)
{
	leaves_alone(AT, (uintptr_t)iommu.requests.avail - (uintptr_t)iommu.requests.desc,
		     (uintptr_t)iommu.requests.used - (uintptr_t)iommu.requests.desc);
}

TEST(GEN_NA_1, flags_of_the_used_rings_are_0_or_1, NEEDS_SPLIT | NEEDS_NO_EVENT_IDX)
{
	attach(iommu.config.domain_start, UINT32_MAX, 0);
	expect_good(AT, iommu.requests.used->flags <= 1 && iommu.events.used->flags <= 1, "0 or 1",
		    iommu.requests.used->flags);
}

/* A notification with nothing behind it, also of queues that there are not. */
static void spurious_notification_is_harmless(struct source_line at, uint16_t queue)
{
	for (unsigned int i = 0; i < 100; i++)
		virtio_notify(&iommu.dev, queue);
	expect_good(at, !wait_request_used(QUIET_US), "nothing is used after notifying this queue", queue);
	ring_publish(&iommu.requests, queue_noop());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
	expect_good(at, !iommu.dead && !virtio_needs_reset(&iommu.dev),
		    "the request behind it comes back", queue);
}

TEST(GEN_NA_5, spurious_notifications_are_harmless, NEEDS_NOTHING)
{
	for (uint16_t queue = 0; queue < 4 && no_defect_so_far(); queue++)
		spurious_notification_is_harmless(AT, queue);
}

/* As many requests as the queue holds; the entries behind what is available all name one of them. */
static uint16_t fill_entries(uint16_t *ids)
{
	struct ring *ring = &iommu.requests;
	uint16_t count = 0;

	for (int id; (id = queue_noop()) >= 0;)
		ids[count++] = id;
	for (uint16_t i = 0; i < ring->size; i++)
		ring->avail->heads[(ring->next_avail + i) % ring->size] = ids[i % count];
	return count;
}

/* The same requests once more, by nothing but the index. */
static bool all_come_back(uint16_t count)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	ring_publish_entries(&iommu.requests, count);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	while (ring_pending(&iommu.requests) < count)
		if (deadline_over(&deadline))
			return false;
	if (ring_pending(&iommu.requests) != count)
		return false;
	ring_pass_used(&iommu.requests, count);
	return true;
}

/* Indexes count to 65535 and go on with 0, whatever the size of the queue. */
TEST(N_REQ_2, indexes_wrap, NEEDS_SPLIT)
{
	uint16_t ids[RING_MAX_SIZE], count = fill_entries(ids);

	for (uint32_t sent = 0; sent < 0x10040 && !iommu.dead; sent += count) {
		iommu.dead = !all_come_back(count);
		expect_good(AT, !iommu.dead, "all requests come back, and no others", sent);
	}
	for (uint16_t i = 0; i < count; i++)
		ring_publish(&iommu.requests, ids[i]);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	for (uint16_t i = 0; i < count && !iommu.dead; i++)
		iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
	expect_good(AT, !iommu.dead && !ring_pending(&iommu.requests), "the last ones come back, too",
		    count);
}

/* No index there, but a wrap counter: some turns of the ring will do. */
TEST(N_REQ_2, packed_ring_turns, NEEDS_PACKED)
{
	uint16_t batch = iommu.requests.size / 2;

	for (uint32_t sent = 0; sent < 16u * iommu.requests.size && no_defect_so_far(); sent += batch) {
		size_t mark = arena_mark();

		for (uint16_t i = 0; i < batch; i++)
			ring_publish(&iommu.requests, queue_noop());
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (uint16_t i = 0; i < batch && !iommu.dead; i++)
			iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
		expect_good(AT, !iommu.dead && !ring_pending(&iommu.requests),
			    "all requests come back, and no others", sent);
		arena_release(mark);
	}
}

/* As many requests as there is room for, over some turns of the ring. */
static void fill_queue(struct source_line at)
{
	for (unsigned int round = 0; round < 3 && no_defect_so_far(); round++) {
		size_t mark = arena_mark();
		unsigned int count = 0;
		int id;

		for (; (id = queue_noop()) >= 0; count++)
			ring_publish(&iommu.requests, id);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (unsigned int i = 0; i < count && !iommu.dead; i++)
			iommu.dead = !wait_request_used(REPLY_TIMEOUT_US);
		expect_good(at, count && !iommu.dead && iommu.requests.free_count == iommu.requests.size,
			    "as many requests as the queue holds come back", iommu.requests.size);
		arena_release(mark);
	}
}

TEST(N_REQ_2, queue_is_full, NEEDS_NOTHING)
{
	fill_queue(AT);
}

/* A split queue's size is a power of 2. */
static bool fits_a_queue(uint16_t size)
{
	return iommu_wants(VIRTIO_F_RING_PACKED) || !(size & (size - 1));
}

TEST(N_REQ_2, queue_has_any_size, NEEDS_NOTHING)
{
	static const uint8_t sizes[] = {2, 3, 4, 5, 7, 8, 16, 31, 32, 63};
	uint16_t usual = iommu.rings.size, most = iommu.requests.size;

	for (unsigned int i = 0; i < sizeof(sizes) && no_defect_so_far(); i++) {
		if (!fits_a_queue(sizes[i]) || sizes[i] > most)
			continue;
		iommu.rings.size = sizes[i];
		if (iommu_restart(iommu.wanted))
			fill_queue(AT);
		expect_good(AT, !iommu.dead, "the device works with this queue_size", sizes[i]);
	}
	iommu.rings.size = usual;
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* Each part in one descriptor, with the end of a page at every place in it. */
TEST(GEN_FRAME_1, parts_lie_across_the_end_of_a_page, NEEDS_NOTHING)
{
	uint8_t *memory = arena_alloc(4 * 4096, 4096);
	struct noop_request plain = noop_request();

	for (unsigned int before = 1; before < sizeof(*plain.request) && no_defect_so_far(); before++) {
		struct noop_request h = {(void *)(memory + 4096 - before),
				     (void *)(memory + 3 * 4096 - before % TAIL_SIZE)};
		struct ring_piece pieces[2];

		memcpy(h.request, plain.request, sizeof(*plain.request));
		h.tail->status = UINT8_MAX;
		noop_pieces(&h, pieces);
		expect_good(AT, noop_answered(ring_add(&iommu.requests, pieces, 2), &h),
			    "the request is answered", before);
	}
}
