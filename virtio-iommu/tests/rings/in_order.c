// SPDX-License-Identifier: BSD-3-Clause
/*
 * Buffers that are used in the order in which they are offered (virtio 1.4, 2.7.9, 2.8.8, 6.2).
 */
#include "driver/timing.h"
#include "judge/expect.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "memory.h"

#define MOST 64	/* requests at a time */
#define LEAST 5
#define POISON 0xa5

/* The third of each ten is of an unknown type: it comes back unwritten, and no batch may leave it out. */
static int add_one(unsigned int index, const struct noop_request *h)
{
	struct ring_piece pieces[2];

	noop_pieces(h, pieces);
	if (index % 10 == 2)
		h->request->head.type = 0xff;
	h->tail->status = POISON;
	return ring_add(&iommu.requests, pieces, 2);
}

static void expect_in_turn(struct source_line at, unsigned int index, unsigned int count, int id,
			   const struct noop_request *h)
{
	struct ring_reply used = {0};

	iommu.dead = iommu_wait(&iommu.requests, &used, REPLY_TIMEOUT_US) != VIRTIO_USED;
	if (iommu.dead)
		judge(BY_LEVEL, at, "each buffer comes back", "number %u of %u does not", index, count);
	else if (!used.valid || used.id != (uint32_t)id)
		judge(BY_LEVEL, at, "buffers come back in the order in which they were offered",
		      "id %u, %s, for number %u, which has %d", used.id,
		      used.valid ? "in flight" : "not in flight", index, id);
	if ((h->tail->status == POISON) != !used.length)
		judge(BY_LEVEL, at, "used.len 0, or a status that was written",
		      "used.len %u, status %#x (%#x before) of number %u", used.length, h->tail->status,
		      POISON, index);
}

/* As many as the queue takes. */
static unsigned int add_all(struct noop_request h[MOST], int ids[MOST])
{
	unsigned int count;

	for (count = 0; count < MOST; count++) {
		h[count] = noop_request();
		ids[count] = add_one(count, &h[count]);
		if (ids[count] < 0)
			break;
		ring_publish(&iommu.requests, ids[count]);
	}
	return count;
}

/* GEN-RSVD-5 (MUST): With IN_ORDER (35) buffers are used in the order offered */
TEST(GEN_RSVD_5, buffers_are_used_in_order, NEEDS_IN_ORDER)
{
	struct noop_request h[MOST];
	int ids[MOST];

	if (iommu.requests.size < (iommu.requests.tables ? LEAST : 2 * LEAST))
		NOT_APPLICABLE("needs a queue of %u descriptors", 2 * LEAST);
	for (unsigned int round = 0; round < 3 && no_defect_so_far(); round++) {
		unsigned int count = add_all(h, ids);

		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (unsigned int i = 0; i < count && !iommu.dead; i++)
			expect_in_turn(AT, i, count, ids[i], &h[i]);
		EXPECT_EQ(ring_pending(&iommu.requests), 0, "more used buffers, round %u", round);
	}
}

/* A report is in the buffer that was offered first, and none of those behind is used with it. */
TEST(GEN_RSVD_5, event_buffers_are_used_in_order, NEEDS_IN_ORDER | NEEDS_DMA)
{
	struct page_fixture s;
	struct fault fault;
	struct event event;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	for (unsigned int turn = 0; turn < 2u * iommu.events.size && no_defect_so_far(); turn++) {
		fault_alone(&s, turn);
		while (no_defect_so_far() && event_wait(&event)) {
			expect_whole(AT, &event);
			EXPECT_EQ(event.record.endpoint, s.ep->id, "endpoint of a report, fault %u", turn);
		}
		expect_no_events_breach(AT);
	}
}
