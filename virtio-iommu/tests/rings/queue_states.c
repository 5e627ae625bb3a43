// SPDX-License-Identifier: BSD-3-Clause
/*
 * The reset of either queue in each state (virtio 1.4, 2.6.1): it is left alone, its registers are as they
 * were at first, the other queue goes on, and it starts afresh with whatever size and place it is given.
 */
#include <string.h>

#include "driver/batch.h"
#include "driver/timing.h"
#include "judge/product.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "register.h"
#include "time.h"
#include "util.h"
#include "virtio/pci_layout.h"

enum { QUEUE, BEFORE, AGAIN, LOOK, OTHER };
enum { IDLE, TURNED, AVAILABLE, UNTAKEN };
enum { SAME_PLACE, ELSEWHERE, HALF, LARGEST, SMALLEST };
enum { OTHER_IDLE, OTHER_AVAILABLE, OTHER_UNTAKEN };
enum { LEFT_ALONE, OTHER_QUEUE, REGISTERS, ANEW, RESIZED };

static const char *const queues[] = {"request queue", "event queue"};
static const char *const befores[] = {"idle", "after one lap", "with available buffers",
				      "with used buffers"};
static const char *const agains[] = {"again the same", "again elsewhere", "again with half the size",
				     "again with the largest size", "again with the smallest size"};
static const char *const looks[] = {"is left alone", "other queue goes on", "registers", "starts anew",
				    "starts anew with other settings"};
static const char *const others[] = {"other idle", "other with available buffers", "other with used buffers"};

static const char *look_unmet(unsigned int look)
{
	return look == REGISTERS && !iommu.dev.pci ? "needs an IOMMU on PCI" : NULL;
}

static const struct dimension dimensions[] = {
	[QUEUE] = {"queue", queues, ARRAY_SIZE(queues), NULL},
	[BEFORE] = {"before", befores, ARRAY_SIZE(befores), NULL},
	[AGAIN] = {"again", agains, ARRAY_SIZE(agains), NULL},
	[LOOK] = {"look", looks, ARRAY_SIZE(looks), look_unmet},
	[OTHER] = {"other", others, ARRAY_SIZE(others), NULL},
};

static const struct product_rule rules[] = {
	{{{LOOK, BIT(OTHER_QUEUE) | BIT(REGISTERS)}, {AGAIN, ~BIT(SAME_PLACE)}},
	 "how it is enabled again has no part in it"},
	{{{LOOK, BIT(ANEW)}, {AGAIN, ~(BIT(SAME_PLACE) | BIT(ELSEWHERE))}}, "it has the same size"},
	{{{LOOK, BIT(RESIZED)}, {AGAIN, BIT(SAME_PLACE)}}, "it has other settings"},
	{{{LOOK, ~BIT(OTHER_QUEUE)}, {OTHER, ~BIT(OTHER_IDLE)}}, "the other queue has no part in it"},
	{{{QUEUE, BIT(REQUEST_QUEUE)}, {OTHER, BIT(OTHER_AVAILABLE)}}, "an event queue always has some"},
};

/*
 * Registers of a queue that a driver writes (4.1.4.3), but for queue_enable and queue_reset: see PCI-
 * COM-13.
 */
static const struct {
	const char *name;
	uint8_t offset, width;
} registers[] = {
	{"queue_size", COMMON_QUEUE_SIZE, 2},
	{"queue_msix_vector", COMMON_QUEUE_VECTOR, 2},
	{"queue_desc", COMMON_QUEUE_DESC, 8},
	{"queue_driver", COMMON_QUEUE_DRIVER, 8},
	{"queue_device", COMMON_QUEUE_DEVICE, 8},
};

struct scene {
	struct source_line at;
	const uint8_t *cell;
	struct page_fixture s;
	struct ring *ring;	/* the one of the queue */
	struct batch *batch;	/* of requests in the other queue, or NULL */
	uint16_t most;		/* the largest size that the queue can have */
	uint64_t first[ARRAY_SIZE(registers)];	/* what the registers read before they are written ... */
	uint64_t used[ARRAY_SIZE(registers)];	/* ... and before the queue is reset */
};

static bool is_requests(const struct scene *s)
{
	return s->cell[QUEUE] == REQUEST_QUEUE;
}

static uint64_t read_register(unsigned int queue, unsigned int index)
{
	volatile uint8_t *at = iommu.dev.common + registers[index].offset;

	register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
	if (registers[index].width == 2)
		return register_read16(at);
	return register_read32(at) | (uint64_t)register_read32(at + 4) << 32;
}

static uint64_t features(void)
{
	return iommu.wanted | VIRTIO_FEATURE(VIRTIO_F_RING_RESET);
}

static void read_registers(const struct scene *s, uint64_t values[ARRAY_SIZE(registers)])
{
	for (unsigned int i = 0; i < ARRAY_SIZE(registers) && iommu.dev.pci; i++)
		values[i] = read_register(s->cell[QUEUE], i);
}

/* What the queue is like before any driver has set it up. */
static bool read_first(struct scene *s)
{
	if (!reset_device(s->at) || !virtio_negotiate(&iommu.dev, features()))
		return false;
	s->most = iommu.dev.transport->queue_max(&iommu.dev, s->cell[QUEUE]);
	read_registers(s, s->first);
	return true;
}

/* How many faults are tried: some may be dropped (AMB-15). */
#define TRIES 4

static bool reports_come(struct scene *s)
{
	struct event event;

	for (unsigned int i = 0; i < TRIES; i++) {
		fault_alone(&s->s, i);
		if (event_wait(&event)) {
			expect_whole(s->at, &event);
			expect_eq(s->at, event.record.endpoint, s->s.ep->id, "endpoint of a report");
			return true;
		}
	}
	return false;
}

static unsigned int buffers_of_lap(const struct scene *s)
{
	return is_requests(s) && !s->ring->tables ? s->ring->size / 2 : s->ring->size;
}

/* A device may report no more than one fault until the next ATTACH (AMB-15). */
static bool reports_keep_coming(struct scene *s)
{
	return reports_come(s) && reports_come(s);
}

/* The queue in the state in which it is reset. */
static bool bring_about(struct scene *s)
{
	switch (s->cell[BEFORE]) {
	case TURNED:
		for (unsigned int i = 0; i < buffers_of_lap(s) + 3 && no_defect_so_far(); i++)
			if (is_requests(s))
				expect_queue_works(s->at, "before the reset of the queue");
			else if (!reports_come(s))
				return false;
		return true;
	case AVAILABLE:
		if (is_requests(s))
			ring_publish(s->ring, queue_noop());
		return true;	/* event buffers always are */
	case UNTAKEN:
		if (!is_requests(s)) {
			fault_alone(&s->s, 0);
			return true;
		}
		ring_publish(s->ring, queue_noop());
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		for (struct deadline d = deadline_in(REPLY_TIMEOUT_US); !ring_pending(s->ring);)
			if (deadline_over(&d))
				return false;
		return true;
	default:
		return true;
	}
}

static uint64_t next_page(const struct scene *s)
{
	return s->s.iova + iommu.page;
}

/* UNMAP of the page, and MAP of the next, which is refused if it is done twice: in any order (AMB-13). */
static bool add_requests(struct scene *s)
{
	struct unmap_request unmap = {{.type = REQUEST_UNMAP}, s->s.domain, s->s.iova,
				      s->s.iova + iommu.page - 1, {0}};
	struct map_request map = {{.type = REQUEST_MAP}, s->s.domain, next_page(s),
				  next_page(s) + iommu.page - 1, phys(s->s.target), MAP_RW};

	s->batch = batch_new();
	return batch_add(s->batch, &unmap, sizeof(unmap), TAIL_SIZE, NULL) &&
	       batch_add(s->batch, &map, sizeof(map), TAIL_SIZE, NULL);
}

/* The other queue in the state in which it is when this one is reset. */
static bool bring_about_other(struct scene *s)
{
	if (s->cell[OTHER] == OTHER_IDLE)
		return true;
	if (is_requests(s)) {
		fault_alone(&s->s, 0);
		return true;
	}
	if (!add_requests(s))
		return false;
	batch_publish(s->batch);
	if (s->cell[OTHER] == OTHER_AVAILABLE)
		return true;
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return wait_requests_pending(2) == 2;
}

static bool set_up(struct scene *s)
{
	s->ring = is_requests(s) ? &iommu.requests : &iommu.events;
	if (!read_first(s) || !restart_with_queues(s->at, features(), 0, 0) || !map_one_page(s->at, &s->s))
		return false;
	if ((!is_requests(s) || s->cell[LOOK] == OTHER_QUEUE) && !reports_keep_coming(s)) {
		silent("the device does not report one fault after the other");
		return false;
	}
	if (s->cell[OTHER] != OTHER_IDLE && batch_capacity() < 2) {
		not_applicable("the request queue has no room for two requests");
		return false;
	}
	event_drain();
	ring_want_interrupt(s->ring, true);
	if (bring_about(s) && bring_about_other(s))
		return true;
	judge(SET_UP, s->at, "the queue works before its reset (N-REQ-2)",
	      "%u buffers used, device_status %s", ring_pending(s->ring), device_status_now());
	return false;
}

/* A device that offers RING_RESET and does not do it breaks the statement, not the set-up. */
static bool reset_queue(struct scene *s)
{
	read_registers(s, s->used);
	return expect_queue_reset(s->at, BY_LEVEL, s->cell[QUEUE]);
}

static uint16_t new_size(const struct scene *s)
{
	uint16_t usual = s->ring->size;

	switch (s->cell[AGAIN]) {
	case HALF:
		return usual / 2;
	case LARGEST:
		return min(s->most, RING_MAX_SIZE);
	case SMALLEST:
		return is_requests(s) ? 2 : 1;
	default:
		return usual;
	}
}

/* Enable it again. The buffers of an event queue are then offered by hand. */
static bool enable_again(struct scene *s)
{
	uint16_t size = new_size(s);
	volatile void *old = s->ring->desc;
	void *memory = s->cell[AGAIN] == SAME_PLACE ? (void *)old :
						     arena_alloc(ring_bytes(size, features()), 4096);

	if (size < (is_requests(s) ? 2 : 1)) {
		not_applicable("the queue has %u descriptors", s->ring->size);
		return false;
	}
	if (!is_requests(s))
		events_manual();
	ring_init(s->ring, size, memory, 0, features());
	iommu.dev.transport->queue_enable(&iommu.dev, s->cell[QUEUE], s->ring);
	return expect_eq(s->at, iommu.dev.transport->queue_enabled(&iommu.dev, s->cell[QUEUE]), 1,
			 "queue_enable of a queue that was enabled again");
}

static void use_one(struct scene *s, unsigned int index)
{
	if (is_requests(s)) {
		expect_queue_works(s->at, "in a queue that was reset and enabled again");
		return;
	}
	event_add_buffers((struct event_buffer){0}, 1);
	if (!reports_come(s))
		judge(BY_LEVEL, s->at, "reports as before the reset of the queue",
		      "no event within %lu us, in buffer %u", timing_quiet_us(TIMED_REPORT), index);
	expect_no_events_breach(s->at);
}

/* Over the end of the queue: each buffer comes back, once, and with a notification. */
static void expect_turns(struct scene *s)
{
	unsigned int rounds = 2 * s->ring->size + 1;

	for (unsigned int i = 0; i < rounds && no_defect_so_far(); i++) {
		ring_want_interrupt(s->ring, true);
		use_one(s, i);
		if (no_defect_so_far())
			expect_eq(s->at, wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
				  "notification of buffer %u in a queue that was reset", i);
	}
	expect_eq(s->at, ring_pending(s->ring), 0, "more used buffers");
}

/* Attachments and mappings are no state of a queue; that they stay is not said, either. */
static void tell_what_stays(struct scene *s)
{
	if (no_defect_so_far() && !can_read(s->s.ep, s->s.iova, s->s.target, 8))
		info(s->at, "mappings end with the reset of the %s", queues[s->cell[QUEUE]]);
}

static void look_anew(struct scene *s)
{
	if (!enable_again(s))
		return;
	expect_turns(s);
	if (s->s.ep->dma.ops->exact)
		tell_what_stays(s);
}

/*
 * The memory of the ring, and of what lies in it, until it is in use again and after, if that is
 * elsewhere.
 */
static void look_left_alone(struct scene *s)
{
	size_t size = ring_bytes(s->ring->size, features() & ~VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC));
	const uint8_t *ring = (const uint8_t *)s->ring->desc;
	uint8_t *before = memcpy(arena_alloc_uninit(size, 16), ring, size);

	take_interrupts();
	virtio_notify(&iommu.dev, s->cell[QUEUE]);
	if (!is_requests(s))
		fault_alone(&s->s, 0);
	expect_eq(s->at, wait_interrupt(false) & VIRTIO_USED_BUFFER, 0,
		  "used buffer notification of a queue that was reset");
	expect_bytes(s->at, ring, before, size, "the ring of a queue that was reset");
	if (!enable_again(s))
		return;
	expect_turns(s);
	if (s->cell[AGAIN] != SAME_PLACE)
		expect_bytes(s->at, ring, before, size, "the old ring of a queue that is enabled elsewhere");
}

/*
 * All state of the queue is as at first (2.6.1.1.1); but a driver "MAY set" its registers "to different
 * values than those that were used before" (4.1.4.3.2), so that they may have kept those.
 */
static void look_at_registers(struct scene *s)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(registers); i++) {
		uint64_t value = read_register(s->cell[QUEUE], i);

		if (value == s->first[i])
			continue;
		if (value == s->used[i])
			info(s->at, "%s keeps its value when the queue is reset", registers[i].name);
		else
			expect_eq(s->at, value, s->first[i], "%s of a queue that was reset, as at first",
				  registers[i].name);
	}
}

static void expect_batch_done(struct scene *s)
{
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	if (!batch_wait(s->batch))
		return judge(BY_LEVEL, s->at, "requests come back after the reset of the event queue",
			     "not all of them");
	for (unsigned int i = 0; i < batch_count(s->batch); i++)
		expect_status(s->at, BY_LEVEL, batch_reply(s->batch, i), STATUS_OK);
}

/* As before the requests that were under way at the reset. */
static void undo_batch(struct scene *s)
{
	struct reply reply = unmap_page(s->s.domain, next_page(s));

	expect_status(s->at, BY_LEVEL, &reply, STATUS_OK);
	reply = map_page(s->s.domain, s->s.iova, s->s.target, MAP_RW);
	expect_status(s->at, BY_LEVEL, &reply, STATUS_OK);
}

/* Twice what it has buffers for, and what was reported before the reset is in its buffer as ever. */
static void look_at_events(struct scene *s)
{
	for (unsigned int i = 0; i < 2u * iommu.events.size && no_defect_so_far(); i++)
		if (!reports_come(s))
			judge(BY_LEVEL, s->at, "faults are reported while the request queue is reset",
			      "no event within %lu us, after %u others", timing_quiet_us(TIMED_REPORT), i);
	expect_writes(s->at, BY_LEVEL, s->s.ep, s->s.iova, s->s.target, 8);
}

/* The first one without such requests is a MAP: one that is done twice is refused. */
static void look_at_requests(struct scene *s)
{
	uint64_t next = next_page(s);
	struct reply reply;

	if (s->batch) {
		expect_batch_done(s);
		undo_batch(s);
	}
	reply = map_page(s->s.domain, next, s->s.target, MAP_RW);
	if (expect_status(s->at, BY_LEVEL, &reply, STATUS_OK))
		expect_writes(s->at, BY_LEVEL, s->s.ep, next, s->s.target, 8);
	reply = unmap_page(s->s.domain, next);
	expect_status(s->at, BY_LEVEL, &reply, STATUS_OK);
	fault_alone(&s->s, 0);
	expect_writes(s->at, BY_LEVEL, s->s.ep, s->s.iova, s->s.target, 8);
}

/* The request queue serves requests, the event queue has reports. */
static void look_at_other_queue(struct scene *s)
{
	if (is_requests(s))
		look_at_events(s);
	else
		look_at_requests(s);
}

static void (*const look[])(struct scene *s) = {
	[LEFT_ALONE] = look_left_alone,
	[OTHER_QUEUE] = look_at_other_queue,
	[REGISTERS] = look_at_registers,
	[ANEW] = look_anew,
	[RESIZED] = look_anew,
};

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = {.at = at, .cell = cell};

	if (set_up(&s) && reset_queue(&s))
		look[cell[LOOK]](&s);
}

static const struct product queue_states = {
	.name = "queue states",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

#define NEEDS_QUEUE_RESET (NEEDS_DMA | NEEDS_RING_RESET)

/* GEN-VQRST-1 (MUST NOT): A queue that was reset executes nothing and notifies nothing */
TEST(GEN_VQRST_1, queue_in_each_state_is_left_alone_after_its_reset, NEEDS_QUEUE_RESET)
{
	PRODUCT(&queue_states, LOOK, BIT(LEFT_ALONE));
}

TEST(GEN_VQRST_1, other_queue_goes_on_after_the_reset_of_one, NEEDS_QUEUE_RESET)
{
	PRODUCT(&queue_states, LOOK, BIT(OTHER_QUEUE));
}

/* GEN-VQRST-2 (MUST): Queue reset brings all queue state back to default */
TEST(GEN_VQRST_2, queue_in_each_state_starts_at_its_first_position, NEEDS_QUEUE_RESET)
{
	PRODUCT(&queue_states, LOOK, BIT(ANEW));
}

TEST(GEN_VQRST_2, registers_of_a_queue_have_no_third_value_after_its_reset, NEEDS_QUEUE_RESET | NEEDS_PCI)
{
	PRODUCT(&queue_states, LOOK, BIT(REGISTERS));
}

/* GEN-VQRST-3 (MUST): Re-enable takes over changed queue settings (size etc.) */
TEST(GEN_VQRST_3, queue_in_each_state_starts_anew_in_any_size_and_place, NEEDS_QUEUE_RESET)
{
	PRODUCT(&queue_states, LOOK, BIT(RESIZED));
}
