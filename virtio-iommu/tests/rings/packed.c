// SPDX-License-Identifier: BSD-3-Clause
/*
 * Packed virtqueues (virtio 1.4, 2.8). That all requests work over them is for the runs that repeat
 * the other tests.
 */
#include <string.h>

#include "judge/steps/attach.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/steps/shown_map.h"
#include "judge/test.h"
#include "memory.h"
#include "util.h"

static volatile struct packed_desc *slot(uint16_t index)
{
	return &iommu.requests.packed[index % iommu.requests.size];
}

/* ATTACH and what can only be done after it, available at once. */
static void start_pair(struct source_line at, unsigned int turn)
{
	struct attach_request *first = arena_alloc(sizeof(*first), 8);
	struct unmap_request *second = arena_alloc(sizeof(*second), 8);
	struct request_tail *tails = arena_alloc(2 * sizeof(*tails), 8);
	uint32_t domain = fresh_domain();
	struct ring_piece pieces[2][3] = {
		{{phys(first), 4, .writable = false},
		 {phys(first) + 4, sizeof(*first) - 4, .writable = false},
		 {phys(&tails[0]), sizeof(*tails), .writable = true}},
		{{phys(second), 4, .writable = false},
		 {phys(second) + 4, sizeof(*second) - 4, .writable = false},
		 {phys(&tails[1]), sizeof(*tails), .writable = true}}};
	int ids[2];

	*first = (struct attach_request){{.type = REQUEST_ATTACH}, domain, endpoint(0)->id, 0, {0}};
	*second = (struct unmap_request){{.type = REQUEST_UNMAP}, domain, iommu.config.input_start,
					 iommu.config.input_end, {0}};
	for (unsigned int i = 0; i < 2; i++)
		ids[i] = ring_add(&iommu.requests, pieces[i], 3);
	ring_publish(&iommu.requests, ids[0]);
	ring_publish(&iommu.requests, ids[1]);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	if (!expect_eq(at, wait_requests_used(2), 2, "requests that come back, pair %u", turn))
		return;
	if (tails[0].status != STATUS_OK || tails[1].status != STATUS_OK)
		judge(BY_LEVEL, at, "UNMAP finds the domain that ATTACH has made",
		      "ATTACH: %s, UNMAP: %s, pair %u", status_name(tails[0].status),
		      status_name(tails[1].status), turn);
	detach(domain, endpoint(0)->id);
}

/* Over two laps: each buffer of three descriptors begins at another place, and some go over the end. */
static void start_pairs(struct source_line at)
{
	for (unsigned int turn = 0; turn < iommu.requests.size && no_defect_so_far(); turn++) {
		size_t mark = arena_mark();

		start_pair(at, turn);
		arena_release(mark);
	}
}

/* GEN-PKD-1 (MUST): Processing starts in ring order */
TEST(GEN_PKD_1, buffers_are_started_in_ring_order, NEEDS_DOMAIN | NEEDS_PACKED)
{
	if (iommu.requests.size < 6)
		NOT_APPLICABLE("needs a queue of 6 descriptors");
	start_pairs(AT);
}

/* The size of a packed queue need not be a power of 2 (2.8.10.1). */
TEST(GEN_PKD_1, buffers_are_started_in_order_in_a_ring_of_any_size, NEEDS_DOMAIN | NEEDS_PACKED)
{
	static const uint16_t sizes[] = {6, 7, 8, 11, 24, 31, 33, 100};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes) && no_defect_so_far(); i++) {
		REQUIRE(restart_with_queues(AT, iommu.wanted, sizes[i], 0));
		if (iommu.requests.size == sizes[i])
			start_pairs(AT);
	}
}

/* GEN-PKD-2 (MUST): Used descriptors are written starting in completion order */
/* Over some turns of the ring, with buffers of one to four descriptors, three at a time. */
TEST(GEN_PKD_2, used_descriptors_follow_the_wrap_counter, NEEDS_DOMAIN | NEEDS_PACKED)
{
	unsigned int buffers = 4 * iommu.requests.size;
	struct page_fixture s;
	struct shown_map m;

	if (iommu.requests.size < 8)
		NOT_APPLICABLE("needs a queue of 8 descriptors: "
			       "in a smaller one the next request overwrites them");
	REQUIRE(map_one_page(AT, &s));
	m = shown_map(&s);
	for (unsigned int i = 0; i < buffers && no_defect_so_far(); i++) {
		uint32_t cut = 1 + i % 3;
		struct ring_piece pieces[] = {
			shown_map_readable(&m, 0, 4), shown_map_readable(&m, 4, sizeof(struct map_request)),
			shown_map_writable(&m, 0, cut), shown_map_writable(&m, cut, TAIL_SIZE)};
		struct packed_place at = iommu.requests.next_used;
		int id = ring_add(&iommu.requests, pieces, 4);
		uint16_t both = at.wrap ? DESC_AVAIL | DESC_USED : 0;
		struct packed_desc used;

		shown_map_fill(&m);
		expect_shown_map(AT, id, &m, "of four descriptors, number %u", i);
		used = *(const struct packed_desc *)slot(at.slot);
		EXPECT_EQ(used.flags & (DESC_AVAIL | DESC_USED), both,
			  "AVAIL and USED of used descriptor %u, which are the wrap counter", i);
		EXPECT_EQ(used.id, id, "id of used descriptor %u", i);
	}
}

/* GEN-PKD-4 (MUST NOT): Device-readable buffers are never written */
/* request.c looks at every byte of the readable part, and at those around it. */
TEST(GEN_PKD_4, readable_part_is_left_alone, NEEDS_PACKED)
{
	struct reply reply = attach(iommu.config.domain_start, nobodys_id(), 0);

	EXPECT(reply.used && !reply.breach, "no byte but those of the writable part is written", "%s",
	       reply.breach ? reply.breach : "the request did not come back");
}

/* What follows looks like a request, with the flags of the last turn of the ring: available or used. */
static void stale_one_is_left_alone(struct source_line at, bool used)
{
	struct noop_request first = noop_request(), stale = noop_request();
	struct ring *ring = &iommu.requests;
	uint16_t flags;
	int id, next;

	if (ring->size < 4)
		return not_applicable("needs a queue of 4 descriptors");
	id = noop_add(&first);
	next = noop_add(&stale);
	flags = ring->place[next].wrap ? (used ? 0 : DESC_USED) :
					   (used ? DESC_AVAIL | DESC_USED : DESC_AVAIL);
	slot(ring->place[next].slot)->flags =
		(ring->head_flags[next] & ~(DESC_AVAIL | DESC_USED)) | flags;
	expect_noop_answered(at, id, &first, "in front of a stale descriptor with flags %#x", flags);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_eq(at, ring_pending(ring), 0, "buffers used of a stale descriptor with flags %#x", flags);
	expect_eq(at, stale.tail->status, UINT8_MAX, "status, unwritten, of a request that is not available");
	expect_noop_answered(at, next, &stale, "that was stale, with flags %#x, and is available", flags);
}

/* GEN-PKD-6 (MUST NOT): A descriptor is used only after its AVAIL bit changed */
TEST(GEN_PKD_6, stale_descriptors_are_not_used, NEEDS_PACKED)
{
	for (unsigned int i = 0; i < iommu.requests.size && no_defect_so_far(); i++)
		stale_one_is_left_alone(AT, i % 2);
}

/* GEN-PKD-7 (MUST NOT): A descriptor is not touched again after its USED bit was set */
TEST(GEN_PKD_7, used_descriptor_is_not_touched_again, NEEDS_PACKED)
{
	struct noop_request first = noop_request(), second = noop_request();
	struct packed_desc before;
	uint16_t at;

	if (iommu.requests.size < 4)
		NOT_APPLICABLE("needs a queue of 4 descriptors");
	REQUIRE(expect_queue_works(AT, "before"));
	at = iommu.requests.next_used.slot;
	expect_noop_answered(AT, noop_add(&first), &first, "in an empty ring");
	before = *(const struct packed_desc *)slot(at);
	expect_noop_answered(AT, noop_add(&second), &second, "after another one");
	expect_bytes(AT, slot(at), &before, sizeof(before), "the used descriptor");
}

/* GEN-PKD-8 (MUST): Chained descriptors are used in the order given */
/* In the order of the list, and with the id of its last descriptor: the others have none. */
TEST(GEN_PKD_8, list_is_used_in_its_order, NEEDS_DOMAIN | NEEDS_PACKED)
{
	struct ring *ring = &iommu.requests;
	uint8_t *tables = ring->tables;
	struct ring_piece pieces[4];
	struct page_fixture s;
	struct shown_map m;
	int id;

	if (ring->size < 4)
		NOT_APPLICABLE("needs a queue of 4 descriptors");
	REQUIRE(map_one_page(AT, &s));
	m = shown_map(&s);
	pieces[0] = shown_map_readable(&m, 0, 4);
	pieces[1] = shown_map_readable(&m, 4, 8);
	pieces[2] = shown_map_readable(&m, 8, sizeof(struct map_request));
	pieces[3] = shown_map_writable(&m, 0, TAIL_SIZE);
	ring->tables = NULL;	/* a list in the ring */
	id = ring_add(ring, pieces, 4);
	ring->tables = tables;
	REQUIRE(id >= 0);
	for (unsigned int i = 0; i < 3; i++)
		slot(ring->place[id].slot + i)->id = id + 1;
	expect_shown_map(AT, id, &m, "in a list, used by the id of its last descriptor");
}

/* GEN-USED-2 (MUST): At least `len` bytes, starting at the first writable byte, were really written ... */
/* 2.8.4: without the flag the length of a used descriptor is reserved. */
TEST(GEN_USED_2, used_descriptor_says_that_it_was_written_to, NEEDS_PACKED)
{
	uint16_t at = iommu.requests.next_used.slot;
	struct noop_request h = noop_request();

	expect_noop_answered(AT, noop_add(&h), &h, "in an empty ring");
	if (!(slot(at)->flags & DESC_WRITE))
		judge(VERDICT_WARN, AT, "WRITE is set in the used descriptor of an answer",
		      "flags %#x, length %u", slot(at)->flags, slot(at)->length);
}

/* GEN-PKD-10 (no keyword): The device's event flags are defined ones: DESC only with EVENT_IDX */
TEST(GEN_PKD_10, event_flags_of_the_device_are_defined, NEEDS_PACKED)
{
	bool by_index = iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	uint16_t last = by_index ? EVENTS_DESC : EVENTS_DISABLE;

	for (unsigned int i = 0; i < 2u * iommu.requests.size && no_defect_so_far(); i++) {
		EXPECT_LE(iommu.requests.device_events->flags, last, "event flags of requests, after %u", i);
		EXPECT_LE(iommu.events.device_events->flags, last, "event flags of events, after %u", i);
		attach(iommu.config.domain_start, nobodys_id(), 0);
	}
}
