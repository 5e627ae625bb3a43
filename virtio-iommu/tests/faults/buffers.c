// SPDX-License-Identifier: BSD-3-Clause
/*
 * Faults, and fewer buffers for their reports than that (virtio 1.4, 5.13.6.9): the device waits or drops,
 * and goes on when there are buffers again, also in a queue or after a device that was reset. No device
 * has to report a fault (AMB-15): what is judged here is one that has reported some.
 */
#include "driver/timing.h"
#include "judge/product.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "util.h"

enum { BUFFERS, FAULTS, SHAPE, WHO, THEN };
enum { AS_MANY, ONE_MORE, MANY_MORE };
enum { USUAL, LONGER, IN_TWO, IN_PIECES, IN_BYTES, TOO_SHORT };
enum { ONE_ENDPOINT, TWO_ENDPOINTS };
enum { ADDED, QUEUE_RESET, DEVICE_RESET };

static const uint8_t buffer_counts[] = {0, 1, 2, 5, EVENT_BUFFERS};

static const char *const buffers[] = {"no buffer", "1 buffer", "2 buffers", "5 buffers", "a full queue"};
static const char *const faults[] = {"as many faults", "one fault more", "many faults more"};
static const char *const shapes[] = {"whole", "longer", "in two", "in pieces of 8", "in single bytes",
				     "too short"};
static const char *const whos[] = {"one endpoint", "two endpoints"};
static const char *const thens[] = {"then buffers are added", "then the queue is reset",
				    "then the device is reset"};

static const struct event_buffer layouts[] = {
	[USUAL] = {0},
	[LONGER] = {.size = 40},
	[IN_TWO] = {.cut = {9, 0}},
	[IN_PIECES] = {.cut = {8, 8}},
	[IN_BYTES] = {.cut = {1, 1}},
	[TOO_SHORT] = {.size = 8},
};

static const char *who_unmet(unsigned int who)
{
	if (who == TWO_ENDPOINTS && (endpoint_count() < 2 || !writes_on_demand(endpoint(1))))
		return "needs a second endpoint that does DMA behind the IOMMU";
	return NULL;
}

static const char *then_unmet(unsigned int then)
{
	return then == QUEUE_RESET && !iommu_offers(VIRTIO_F_RING_RESET) ? "needs feature RING_RESET" : NULL;
}

static const struct dimension dimensions[] = {
	[BUFFERS] = {"buffers", buffers, ARRAY_SIZE(buffers), NULL},
	[FAULTS] = {"faults", faults, ARRAY_SIZE(faults), NULL},
	[SHAPE] = {"shape", shapes, ARRAY_SIZE(shapes), NULL},
	[WHO] = {"who", whos, ARRAY_SIZE(whos), who_unmet},
	[THEN] = {"then", thens, ARRAY_SIZE(thens), then_unmet},
};

static const struct product_rule rules[] = {
	{{{BUFFERS, BIT(0)}, {SHAPE, ~BIT(USUAL)}}, "no buffer has no shape"},
	{{{BUFFERS, BIT(0)}, {FAULTS, BIT(AS_MANY)}}, "no fault needs no buffer"},
};

struct scene {
	struct source_line at;
	const uint8_t *cell;
	struct page_fixture s;
	struct endpoint *other;	/* in a domain of its own, NULL: there is none */
	unsigned int offered, used;	/* buffers */
};

/*
 * Accesses to the pages around the one that is mapped, those of the other endpoint a bit further up. Which
 * one of several, and whose, goes by @turn.
 */
#define ACCESS_SIZE 8

static uint64_t place_of(const struct scene *s, uint32_t endpoint)
{
	return endpoint == s->s.ep->id ? 0 : ACCESS_SIZE;
}

static struct fault fault_of(const struct scene *s, unsigned int turn)
{
	bool front = turn & 1, reads = (turn & 6) == 6;
	struct endpoint *ep = s->other && (turn & 2) ? s->other : s->s.ep;
	uint8_t *secret = s->s.target + (front ? -iommu.page : iommu.page);

	return (struct fault){.ep = ep, .access = reads && ep->dma.ops->exact ? MAP_READ : MAP_WRITE,
			      .iova = s->s.iova + (front ? -iommu.page : iommu.page) + place_of(s, ep->id),
			      .size = ACCESS_SIZE, .secret = secret, .reason = FAULT_MAPPING,
			      .fixture = &s->s};
}

/* The accesses that there were can be told from a report as far as it has an address. */
static void expect_fault_of_ours(struct scene *s, const struct event *event)
{
	const struct fault_record *r = &event->record;
	uint64_t place = place_of(s, r->endpoint);
	uint64_t front = s->s.iova - iommu.page + place, behind = s->s.iova + iommu.page + place;

	expect_whole(s->at, event);
	if (r->endpoint != s->s.ep->id && !(s->other && r->endpoint == s->other->id))
		judge(BY_LEVEL, s->at, "the endpoint of an access", "endpoint %#x", r->endpoint);
	if ((r->flags & FAULT_ADDRESS) && r->address - front >= ACCESS_SIZE &&
	    r->address - behind >= ACCESS_SIZE)
		judge(BY_LEVEL, s->at, "the address of an access", "%#lx, the accesses were to %#lx and %#lx",
		      r->address, front, behind);
	if (r->reason != FAULT_MAPPING && r->reason != FAULT_UNKNOWN)	/* which of them is N-EVT-2 */
		judge(BY_LEVEL, s->at, "the reason MAPPING", "reason %u", r->reason);
}

static bool is_cut_off(const struct event *event)
{
	return event->size < sizeof(event->record);
}

/* Take what has come. Of a buffer that is too short only that nothing is written next to it is judged. */
static unsigned int take_reports(struct scene *s)
{
	unsigned int count = 0;
	struct event event;

	for (bool more = event_wait(&event); more; more = event_take(&event)) {
		if (event.length > event.size)
			judge(VERDICT_FAIL, s->at, "used.len is not more than the buffer", "%u of %u",
			      event.length, event.size);
		if (!is_cut_off(&event))
			expect_fault_of_ours(s, &event);
		count++;
	}
	s->used += count;
	return count;
}

static void offer(struct scene *s, struct event_buffer shape, unsigned int count)
{
	while (count-- && event_add_buffers(shape, 1))
		s->offered++;
}

/* Faults of which not all may find a buffer; requests are answered all the same. */
static void provoke_all(struct scene *s)
{
	unsigned int buffers = buffer_counts[s->cell[BUFFERS]];
	unsigned int count = s->cell[FAULTS] == AS_MANY ? buffers :
			     s->cell[FAULTS] == ONE_MORE ? buffers + 1 : buffers + 12;

	for (unsigned int turn = 0; turn < count && no_defect_so_far(); turn++) {
		struct fault fault = fault_of(s, turn);

		provoke(s->at, &fault);
	}
	take_reports(s);
	expect_writes(s->at, BY_LEVEL, s->s.ep, s->s.iova, s->s.target, 8);
	expect_no_events_breach(s->at);
}

/* How many faults are tried: some may be dropped (AMB-15). */
#define TRIES 12

/* Old reports may come first, as far as they have waited. */
static void expect_reports_again(struct scene *s)
{
	unsigned int count = 0;

	offer(s, (struct event_buffer){0}, 8);
	for (unsigned int turn = 0; turn < TRIES && count < 4 && no_defect_so_far(); turn++) {
		struct fault fault = fault_of(s, turn);

		if (turn && !count)
			encourage(s->at, &fault, turn);
		provoke(s->at, &fault);
		count += take_reports(s);
		offer(s, (struct event_buffer){0}, 4);
	}
	if (!count)
		judge(BY_LEVEL, s->at, "faults are reported once there are buffers again",
		      "no event within %lu us", timing_quiet_us(TIMED_REPORT));
	expect_no_events_breach(s->at);
	expect_le(s->at, s->used, s->offered, "event buffers used, of those that were offered");
}

static uint64_t features(const struct scene *s)
{
	return iommu.wanted | (s->cell[THEN] == QUEUE_RESET ? VIRTIO_FEATURE(VIRTIO_F_RING_RESET) : 0);
}

/* The test offers the event buffers. */
static bool start(struct scene *s)
{
	if (!prepare_with_queues(s->at, features(s), 0, 0))
		return false;
	virtio_driver_ok(&iommu.dev);
	events_manual();
	s->offered = s->used = 0;
	if (!map_one_page(s->at, &s->s))
		return false;
	s->other = s->cell[WHO] == TWO_ENDPOINTS ? endpoint(1) : NULL;
	return !s->other || attach_with_dma(s->at, s->other, fresh_domain());
}

/* With other memory for the ring: the old one is the device's no more. */
static bool reset_event_queue(struct scene *s)
{
	uint16_t size = iommu.events.size;

	if (!expect_queue_reset(s->at, VERDICT_FAIL, EVENT_QUEUE))
		return false;
	take_reports(s);
	expect_no_events_breach(s->at);
	events_manual();
	s->offered = s->used = 0;
	ring_init(&iommu.events, size, arena_alloc(ring_bytes(size, features(s)), 4096), 0, features(s));
	iommu.dev.transport->queue_enable(&iommu.dev, EVENT_QUEUE, &iommu.events);
	return expect_eq(s->at, iommu.dev.transport->queue_enabled(&iommu.dev, EVENT_QUEUE), 1,
			 "queue_enable of the event queue, enabled again");
}

static bool go_on(struct scene *s)
{
	switch (s->cell[THEN]) {
	case QUEUE_RESET:
		return reset_event_queue(s);
	case DEVICE_RESET:
		return start(s);
	default:
		return true;
	}
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = {.at = at, .cell = cell};

	if (cell[SHAPE] == IN_BYTES && !takes_long_buffers())
		return not_applicable("the device takes no buffer of so many descriptors (GEN-FRAME-2)");
	if (!reports_faults(at) || !start(&s))
		return;
	offer(&s, layouts[cell[SHAPE]], buffer_counts[cell[BUFFERS]]);
	provoke_all(&s);
	if (virtio_needs_reset(&iommu.dev) && cell[SHAPE] == TOO_SHORT) {
		info(at, "a buffer that is too short calls for a reset");
		start(&s);
	} else if (!go_on(&s)) {
		return;
	}
	expect_reports_again(&s);
}

static const struct product product = {
	.name = "buffers",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-EVT-1 (no keyword): No event buffer: wait or drop */
TEST(N_EVT_1, reports_come_again_when_buffers_are_added, NEEDS_DMA)
{
	PRODUCT(&product, THEN, BIT(ADDED));
}

TEST(N_EVT_1, reports_come_again_after_a_reset_of_the_event_queue, NEEDS_DMA | NEEDS_RING_RESET)
{
	PRODUCT(&product, THEN, BIT(QUEUE_RESET));
}

TEST(N_EVT_1, reports_come_again_after_a_device_reset, NEEDS_DMA)
{
	PRODUCT(&product, THEN, BIT(DEVICE_RESET));
}
