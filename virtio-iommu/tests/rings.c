// SPDX-License-Identifier: BSD-3-Clause
/*
 * Split queues of any virtio device (virtio 1.4, 2.7): how buffers are cut into descriptors, what
 * the device leaves alone, indexes, notifications.
 */
#include <string.h>

#include "memory.h"
#include "steps.h"
#include "test.h"

/* The page in front of the setting's own: mapped, written to and unmapped by requests cut so. */
static void cut_requests_work(const char *at, const struct setting *s, struct framing framing)
{
	uint64_t iova = s->iova - iommu.page, end = s->iova - 1;
	uint8_t *target = s->target - iommu.page;
	struct reply mapped, unmapped;

	request_framing(framing);
	mapped = map(s->domain, iova, end, phys(target), MAP_RW);
	if (expect_status(at, broken(), &mapped, STATUS_OK)) {
		expect_writes(at, broken(), s->ep, iova, target, 8);
		unmapped = unmap(s->domain, iova, end);
		expect_status(at, broken(), &unmapped, STATUS_OK);
	}
	request_framing((struct framing){0});
}

TEST(GEN_FRAME_1, readable_part_is_cut_anywhere, NEEDS_DMA)
{
	struct setting s;

	REQUIRE(map_one_page(&s));
	for (uint32_t n = 1; n < sizeof(struct map_request) && still_good(); n++)
		cut_requests_work(AT, &s, (struct framing){.readable = {n, 0}});
}

TEST(GEN_FRAME_1, tail_is_cut_anywhere, NEEDS_DMA)
{
	struct setting s;

	REQUIRE(map_one_page(&s));
	for (uint32_t n = 1; n < TAIL_SIZE && still_good(); n++) {
		cut_requests_work(AT, &s, (struct framing){.writable = {n, 1}});
		cut_requests_work(AT, &s, (struct framing){{4, 16}, {n, 0}});
	}
}

TEST(GEN_FRAME_1, each_byte_has_a_descriptor_of_its_own, NEEDS_DMA)
{
	struct setting s;

	if (iommu.requests.size < sizeof(struct map_request) + TAIL_SIZE)
		SKIP("needs a queue of %zu descriptors", sizeof(struct map_request) + TAIL_SIZE);
	REQUIRE(map_one_page(&s));
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

	REQUIRE(is_ok(&reply));
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
static void leaves_alone(const char *at, size_t from, size_t to)
{
	const uint8_t *ring = (const void *)iommu.requests.desc;
	uint8_t *before = arena_alloc(to, 1);

	ring_publish(&iommu.requests, queue_harmless());
	memcpy(before, ring, to);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	iommu.dead = !harmless_is_used(REPLY_TIMEOUT_US);
	for (; from < to; from++)
		expect_good(at, ring[from] == before[from], "the device does not write here", from);
}

TEST(GEN_DESC_3, descriptor_table_is_left_alone, NEEDS_NOTHING)
{
	leaves_alone(AT, 0, (uintptr_t)iommu.requests.avail - (uintptr_t)iommu.requests.desc);
}

TEST(GEN_DESC_1, available_ring_is_left_alone, NEEDS_NOTHING)
{
	leaves_alone(AT, (uintptr_t)iommu.requests.avail - (uintptr_t)iommu.requests.desc,
		     (uintptr_t)iommu.requests.used - (uintptr_t)iommu.requests.desc);
}

TEST(GEN_NA_1, flags_of_the_used_rings_are_0_or_1, NEEDS_NOTHING)
{
	attach(iommu.config.domain_start, UINT32_MAX, 0);
	expect_good(AT, iommu.requests.used->flags <= 1 && iommu.events.used->flags <= 1, "0 or 1",
		    iommu.requests.used->flags);
}

/* A notification with nothing behind it, also of queues that there are not. */
static void spurious_notification_is_harmless(const char *at, uint16_t queue)
{
	uint16_t index = iommu.requests.used->index;

	for (unsigned int i = 0; i < 100; i++)
		virtio_notify(&iommu.dev, queue);
	expect_good(at, !harmless_is_used(QUIET_US) && iommu.requests.used->index == index,
		    "nothing is used after notifying this queue", queue);
	ring_publish(&iommu.requests, queue_harmless());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	iommu.dead = !harmless_is_used(REPLY_TIMEOUT_US);
	expect_good(at, !iommu.dead && !virtio_needs_reset(&iommu.dev),
		    "the request behind it comes back", queue);
}

TEST(GEN_NA_5, spurious_notifications_are_harmless, NEEDS_NOTHING)
{
	for (uint16_t queue = 0; queue < 4 && still_good(); queue++)
		spurious_notification_is_harmless(AT, queue);
}

/* Indexes count to 65535 and go on with 0, whatever the size of the queue. */
TEST(N_REQ_2, indexes_wrap, NEEDS_NOTHING)
{
	uint16_t batch = iommu.requests.size / 2;

	for (uint32_t sent = 0; sent < 0x10040 && still_good(); sent += batch) {
		size_t mark = arena_mark();

		for (uint16_t i = 0; i < batch; i++)
			ring_publish(&iommu.requests, queue_harmless());
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (uint16_t i = 0; i < batch && !iommu.dead; i++)
			iommu.dead = !harmless_is_used(REPLY_TIMEOUT_US);
		expect_good(AT, !iommu.dead && iommu.requests.used->index == iommu.requests.last_used,
			    "all requests come back, and no others", sent);
		arena_release(mark);
	}
}
