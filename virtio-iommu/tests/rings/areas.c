// SPDX-License-Identifier: BSD-3-Clause
/*
 * The areas of a ring have an address each (virtio 1.4, 2.7 and 2.8, 4.1.4.3, 4.2.2). A queue that is set up
 * again may have one of them elsewhere and the others where they were: after a reset of the device, or of
 * the queue.
 */
#include <string.h>

#include "driver/timing.h"
#include "judge/product.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "util.h"

enum { QUEUE, AREA, BY };
enum { DESCRIPTORS, DRIVER_AREA, DEVICE_AREA };
enum { BY_DEVICE_RESET, BY_QUEUE_RESET };

static const char *const queues[] = {"request queue", "event queue"};
static const char *const areas[] = {"descriptors", "driver area", "device area"};
static const char *const ways[] = {"by device reset", "by queue reset"};

static const char *way_unmet(unsigned int way)
{
	bool unmet = way == BY_QUEUE_RESET && !iommu_offers(VIRTIO_F_RING_RESET);

	return unmet ? "needs feature RING_RESET" : NULL;
}

static const struct dimension dimensions[] = {
	[QUEUE] = {"queue", queues, ARRAY_SIZE(queues), NULL},
	[AREA] = {"area", areas, ARRAY_SIZE(areas), NULL},
	[BY] = {"by", ways, ARRAY_SIZE(ways), way_unmet},
};

struct scene {
	struct source_line at;
	const uint8_t *cell;
	uint64_t features;
	struct page_fixture s;
	struct ring *rings[2];
	void *memory[2];	/* of each */
	const uint8_t *old;	/* the area that is given up, ... */
	size_t watched;		/* ... bytes at its start that each area has, however small the queue, ... */
	uint8_t before[16];	/* ... and what they were */
};

static bool enable(struct scene *s, unsigned int queue)
{
	return virtio_enable_queue(&iommu.dev, queue, s->rings[queue]);
}

static void lay_out(struct scene *s, unsigned int queue)
{
	ring_init(s->rings[queue], s->rings[queue]->size, s->memory[queue], 0, s->features);
}

/* All that an area needs, whichever it is, in new memory. */
static void move_area(struct scene *s)
{
	struct ring *ring = s->rings[s->cell[QUEUE]];
	void *memory = arena_alloc(ring_bytes(ring->size, 0), 4096);

	switch (s->cell[AREA]) {
	case DESCRIPTORS:
		s->old = (const uint8_t *)ring->desc;
		ring->desc = memory;
		break;
	case DRIVER_AREA:
		s->old = (const uint8_t *)ring->avail;
		ring->avail = memory;
		break;
	case DEVICE_AREA:
		s->old = (const uint8_t *)ring->used;
		ring->used = memory;
		break;
	}
	ring_want_interrupt(ring, false);
	s->watched = s->cell[AREA] == DESCRIPTORS ? sizeof(struct ring_desc) : sizeof(struct packed_events);
	memcpy(s->before, s->old, s->watched);
}

static bool start(struct scene *s, bool moved)
{
	if (!negotiate_device(s->at, s->features))
		return false;
	iommu.altered = true;
	for (unsigned int queue = 0; queue < 2; queue++) {
		lay_out(s, queue);
		if (moved && queue == s->cell[QUEUE])
			move_area(s);
		if (!enable(s, queue))
			return false;
	}
	iommu_start();
	return map_one_page(s->at, &s->s);
}

static bool start_queue_again(struct scene *s)
{
	unsigned int queue = s->cell[QUEUE];

	if (!expect_queue_reset(s->at, VERDICT_FAIL, queue))
		return false;
	lay_out(s, queue);
	move_area(s);
	if (!enable(s, queue))
		return false;
	if (queue == EVENT_QUEUE) {	/* new buffers */
		events_manual();
		events_automatic();
	}
	return true;
}

/* How many faults are tried: some may be dropped (AMB-15). */
#define TRIES 4

static void expect_report(struct scene *s)
{
	struct fault fault = fault_above(&s->s);
	bool seen = false;
	struct event event;

	for (unsigned int i = 0; i < TRIES && !seen; i++) {
		fault_alone(&s->s, i);
		seen = event_wait(&event);
	}
	if (!seen && !await_report(s->at, &fault, &event))
		return judge(BY_LEVEL, s->at, "reports as before", "no event within %lu us",
			     timing_quiet_us(TIMED_REPORT));
	expect_whole(s->at, &event);
	expect_eq(s->at, event.record.endpoint, s->s.ep->id, "endpoint of a report");
}

static void use_one(struct scene *s, unsigned int turn)
{
	if (s->cell[QUEUE] == REQUEST_QUEUE)
		expect_queue_works(s->at, turn ? "in a ring of which an area has moved" : "in a new ring");
	else
		expect_report(s);
}

/* Some buffers; what was the area before is memory like any other. */
static void use_some(struct scene *s)
{
	for (unsigned int i = 0; i < 3 && no_defect_so_far(); i++)
		use_one(s, i + 1);
	expect_bytes(s->at, s->old, s->before, s->watched, "what was an area of the ring before");
	expect_no_events_breach(s->at);
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = {.at = at, .cell = cell, .rings = {&iommu.requests, &iommu.events}};
	bool again;

	s.features = iommu.wanted | (cell[BY] == BY_QUEUE_RESET ? VIRTIO_FEATURE(VIRTIO_F_RING_RESET) : 0);
	for (unsigned int queue = 0; queue < 2; queue++)
		s.memory[queue] = arena_alloc(ring_bytes(s.rings[queue]->size, s.features), 4096);
	if ((cell[QUEUE] == EVENT_QUEUE && !reports_faults(at)) || !start(&s, false))
		return;
	use_one(&s, 0);
	again = no_defect_so_far() && (cell[BY] == BY_QUEUE_RESET ? start_queue_again(&s) : start(&s, true));
	if (again)
		use_some(&s);
}

static const struct product product = {
	.name = "areas",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
TEST(N_REQ_2, each_area_of_a_ring_moves_alone_between_sessions, NEEDS_DMA)
{
	PRODUCT(&product, BY, BIT(BY_DEVICE_RESET));
}

/* GEN-VQRST-3 (MUST): Re-enable takes over changed queue settings (size etc.) */
TEST(GEN_VQRST_3, each_area_of_a_ring_moves_alone, NEEDS_DMA | NEEDS_RING_RESET)
{
	PRODUCT(&product, BY, BIT(BY_QUEUE_RESET));
}
