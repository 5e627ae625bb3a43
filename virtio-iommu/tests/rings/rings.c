// SPDX-License-Identifier: BSD-3-Clause
/*
 * Queues of any virtio device (virtio 1.4, 2.7): how buffers are cut into descriptors, what
 * the device leaves alone, indexes, notifications.
 */
#include <string.h>

#include "driver/batch.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/steps/shown_map.h"
#include "judge/test.h"
#include "memory.h"
#include "time.h"

/* The page below that of the fixture: mapped, written to and unmapped by requests cut so. */
static void cut_requests_work(struct source_line at, const struct page_fixture *s, struct framing framing)
{
	uint64_t iova = s->iova - iommu.page;
	uint8_t *target = s->target - iommu.page;
	struct reply mapped, unmapped;

	request_framing(framing);
	mapped = map_page(s->domain, iova, target, MAP_RW);
	if (expect_status(at, BY_LEVEL, &mapped, STATUS_OK)) {
		expect_writes(at, BY_LEVEL, s->ep, iova, target, 8);
		unmapped = unmap_page(s->domain, iova);
		expect_status(at, BY_LEVEL, &unmapped, STATUS_OK);
	}
	request_framing((struct framing){0});
}

/* GEN-FRAME-1 (MUST NOT): No assumption on how a buffer is cut into descriptors */
TEST(GEN_FRAME_1, readable_part_is_cut_anywhere, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (uint32_t n = 1; n < sizeof(struct map_request) && no_defect_so_far(); n++)
		cut_requests_work(AT, &s, (struct framing){.readable = {n, 0}});
}

TEST(GEN_FRAME_1, tail_is_cut_anywhere, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (uint32_t n = 1; n < TAIL_SIZE && no_defect_so_far(); n++) {
		cut_requests_work(AT, &s, (struct framing){.writable = {n, 1}});
		cut_requests_work(AT, &s, (struct framing){{4, 16}, {n, 0}});
	}
}

TEST(GEN_FRAME_1, each_byte_has_a_descriptor_of_its_own, NEEDS_DOMAIN)
{
	struct page_fixture s;

	if (iommu.requests.size < sizeof(struct map_request) + TAIL_SIZE)
		NOT_APPLICABLE("needs a queue of %zu descriptors", sizeof(struct map_request) + TAIL_SIZE);
	if (!takes_long_buffers())
		NOT_APPLICABLE("the device takes no buffer of so many descriptors (GEN-FRAME-2)");
	REQUIRE(map_one_page(AT, &s));
	cut_requests_work(AT, &s, (struct framing){{1, 1}, {1, 1}});
}

TEST(GEN_FRAME_1, properties_are_cut_anywhere, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
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
		if (EXPECT_OK(reply))
			expect_bytes(AT, reply.bytes, plain, size, "an answer in several descriptors");
	}
	request_framing((struct framing){0});
}

/* Half of the descriptors of such a queue are for one part: more than most requests can use. */
#define LONG_QUEUE 128
#define MOST_PIECES 62

/* Where even longer ones are taken, but for the longest, which may be refused unwritten or by a reset. */
TEST(GEN_FRAME_1, properties_are_cut_into_many_descriptors, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	uint32_t size = iommu.config.probe_size + TAIL_SIZE;
	uint8_t *plain = arena_alloc(size, 1);
	struct reply reply = probe(endpoint(0)->id);

	REQUIRE_OK(reply);
	memcpy(plain, reply.bytes, size);
	if (!takes_long_buffers())
		NOT_APPLICABLE("the device takes no buffer of so many descriptors (GEN-FRAME-2)");
	REQUIRE(restart_with_queues(AT, iommu.wanted, LONG_QUEUE, 0));
	request_framing((struct framing){.writable = {1, size / MOST_PIECES + 1}});
	reply = probe(endpoint(0)->id);
	request_framing((struct framing){0});
	if (virtio_needs_reset(&iommu.dev) || (reply.used && !reply.length))
		NOT_APPLICABLE("the device takes no buffer of %u descriptors (GEN-FRAME-2)", MOST_PIECES + 1);
	if (EXPECT_OK(reply))
		expect_bytes(AT, reply.bytes, plain, size, "an answer in many descriptors");
}

/* Nothing in front of the used ring is the device's to write. */
static void leaves_alone(struct source_line at, size_t from, size_t to, const char *what)
{
	const uint8_t *ring = (const void *)iommu.requests.desc;
	uint8_t *before = arena_alloc(to, 1);

	ring_publish(&iommu.requests, queue_noop());
	memcpy(before, ring, to);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	wait_requests_used(1);
	expect_bytes(at, ring + from, before + from, to - from, "%s", what);
}

/* GEN-DESC-3 (MUST NOT): The descriptor table is never written (split) */
TEST(GEN_DESC_3, descriptor_table_is_left_alone, NEEDS_SPLIT)
{
	leaves_alone(AT, 0, (uintptr_t)iommu.requests.avail - (uintptr_t)iommu.requests.desc,
		     "the descriptor table");
}

/* A request whose parts are cut into descriptors of @size bytes, all of them in the queue's own table. */
static bool leaves_chain_alone(struct source_line at, uint16_t size)
{
	struct request_layout layout = {{.cut = {size, size}}, {.cut = {size, size}}, .direct = true};
	struct detach_request request = *noop_request().request;
	size_t bytes = iommu.requests.size * sizeof(struct ring_desc);
	uint8_t *before = arena_alloc(bytes, 1);
	struct batch *batch = batch_new();

	if (!batch_add(batch, &request, sizeof(request), TAIL_SIZE, &layout))
		return false;
	memcpy(before, (const void *)iommu.requests.desc, bytes);
	if (batch_send(batch))
		expect_bytes(at, (const void *)iommu.requests.desc, before, bytes,
			     "descriptors of a request cut into pieces of %u bytes", size);
	return no_defect_so_far() && !iommu.dead;
}

/* In small pieces at last, where the device takes buffers of many descriptors (GEN-FRAME-2). */
TEST(GEN_DESC_3, chains_are_left_alone, NEEDS_SPLIT)
{
	uint16_t size = sizeof(struct detach_request), least = takes_long_buffers() ? 2 : 8;

	while (size >= least && leaves_chain_alone(AT, size))
		size--;
	if (size == sizeof(struct detach_request) && no_defect_so_far())
		NOT_APPLICABLE("the queue has %u descriptors", iommu.requests.size);
}

/* GEN-DESC-1 (MUST NOT): Device-readable buffers are never written */
TEST(GEN_DESC_1, available_ring_is_left_alone, NEEDS_SPLIT)
{
	leaves_alone(AT, (uintptr_t)iommu.requests.avail - (uintptr_t)iommu.requests.desc,
		     (uintptr_t)iommu.requests.used - (uintptr_t)iommu.requests.desc,
		     "the available ring");
}

/* GEN-NA-1 (MUST): No EVENT_IDX: used.flags is 0 or 1 */
TEST(GEN_NA_1, flags_of_the_used_rings_are_0_or_1, NEEDS_SPLIT | NEEDS_NO_EVENT_IDX)
{
	for (unsigned int i = 0; i < 2u * iommu.requests.size && no_defect_so_far(); i++) {
		EXPECT_LE(iommu.requests.used->flags, 1, "flags of the used ring of requests, after %u", i);
		EXPECT_LE(iommu.events.used->flags, 1, "flags of the used ring of events, after %u", i);
		attach(iommu.config.domain_start, nobodys_id(), 0);
	}
}

#define IDLE_LEAST 100
#define IDLE_MOST 4096
#define IDLE_US 3000

/* At least some, and of a queue that there is as many as the device takes in little time. */
static void notify_for_nothing(uint16_t queue)
{
	struct deadline deadline = deadline_in(queue <= EVENT_QUEUE ? IDLE_US : 0);

	for (unsigned int i = 0; i < IDLE_MOST && (i < IDLE_LEAST || !deadline_passed(&deadline)); i++)
		virtio_notify(&iommu.dev, queue);
}

/* A notification without any new buffer, also of queues that there are not. */
static void spurious_notification_is_harmless(struct source_line at, uint16_t queue)
{
	notify_for_nothing(queue);
	expect_eq(at, request_stays_unused(), 1, "no buffer is used after notifying queue %u", queue);
	ring_publish(&iommu.requests, queue_noop());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_eq(at, wait_requests_used(1), 1, "requests that come back after notifying queue %u", queue);
	expect_eq(at, virtio_needs_reset(&iommu.dev), 0, "NEEDS_RESET after notifying queue %u", queue);
}

/* GEN-NA-5 (MUST): Spurious driver notifications are handled */
TEST(GEN_NA_5, spurious_notifications_are_harmless, NEEDS_NOTHING)
{
	for (uint16_t queue = 0; queue < 4 && no_defect_so_far(); queue++)
		spurious_notification_is_harmless(AT, queue);
}

/* As many requests as the queue holds; the entries after what is available all name one of them. */
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
static bool expect_all_back(struct source_line at, uint16_t count, uint32_t sent)
{
	ring_publish_entries(&iommu.requests, count);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	if (!expect_eq(at, wait_requests_pending(count), count, "requests that come back, after %u", sent))
		return false;
	ring_pass_used(&iommu.requests, count);
	return true;
}

/* Requests until the indexes have wrapped, and longer than this the test does not take. */
#define WRAPS	0x10040
#define LONG_US 60000000

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
/* Indexes count to 65535 and go on with 0, whatever the size of the queue. */
TEST(N_REQ_2, indexes_wrap, NEEDS_SPLIT)
{
	uint16_t ids[RING_MAX_SIZE], count = fill_entries(ids);

	uint64_t start = time_us();

	for (uint32_t sent = 0; sent < WRAPS && !iommu.dead; sent += count) {
		iommu.dead = !expect_all_back(AT, count, sent);
		if (!sent && (time_us() - start) * (WRAPS / count) > LONG_US)
			silent_rest("the device takes too long for so many requests");
		if (rest_is_skipped())
			break;
	}
	for (uint16_t i = 0; i < count; i++)
		ring_publish(&iommu.requests, ids[i]);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	EXPECT_EQ(wait_requests_used(count), count, "requests that come back in the end");
	EXPECT_EQ(ring_pending(&iommu.requests), 0, "more used buffers in the end");
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
		EXPECT_EQ(wait_requests_used(batch), batch, "requests that come back, after %u", sent);
		EXPECT_EQ(ring_pending(&iommu.requests), 0, "more used buffers, after %u", sent);
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
		expect_ne(at, count, 0, "requests that a queue of %u descriptors holds", iommu.requests.size);
		expect_eq(at, wait_requests_used(count), count, "requests that come back of a full queue");
		expect_eq(at, iommu.requests.free_count, iommu.requests.size, "free descriptors in the end");
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
		if (expect_restart(AT, iommu.wanted, "with queue_size %u", sizes[i]))
			fill_queue(AT);
	}
	iommu.rings.size = usual;
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* Each part in one descriptor, with the end of a page at every place in it. */
TEST(GEN_FRAME_1, parts_lie_across_the_end_of_a_page, NEEDS_DOMAIN)
{
	uint8_t *memory = arena_alloc(4 * 4096, 4096);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (uint32_t before = 1; before < sizeof(struct map_request) && no_defect_so_far(); before++) {
		struct shown_map m = {&s, memory + 4096 - before,
				      (void *)(memory + 3 * 4096 - before % TAIL_SIZE)};
		struct ring_piece pieces[] = {shown_map_readable(&m, 0, sizeof(struct map_request)),
					      shown_map_writable(&m, 0, TAIL_SIZE)};

		shown_map_fill(&m);
		expect_shown_map(AT, ring_add(&iommu.requests, pieces, 2), &m,
				 "with %u bytes in front of the end of a page", before);
	}
}
