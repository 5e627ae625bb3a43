// SPDX-License-Identifier: BSD-3-Clause
/*
 * The event queue (virtio 1.4, 5.13.6.9): buffers are kept available, and used ones taken. Or a test offers
 * buffers of its own.
 */
#include <string.h>

#include "memory.h"
#include "time.h"

#include "driver/iommu.h"
#include "driver/iommu_internal.h"
#include "driver/placement.h"
#include "driver/timing.h"
#include "driver/trace.h"

/* Each buffer lies in a slot of its own, between bytes that belong to no buffer. */
#define GUARD 16
#define SLOT_SIZE (GUARD + EVENT_ROOM + GUARD)
#define EVENT_POISON 0x69

/* How long a device is waited for that has let a long wait pass, and never reported anything. */
#define SILENT_US 5000

/* A device may report without end: at most this many reports are taken. */
#define DRAIN_MOST (16 * EVENT_BUFFERS)

#define PIECES (EVENT_BUFFERS + 1)

static uint8_t (*slots)[SLOT_SIZE];

/* By slot: its buffer, and if that is available. By head of the descriptor chain: the slot. */
static struct event_buffer shapes[EVENT_BUFFERS];
static bool available[EVENT_BUFFERS];
static uint8_t slot_of_head[RING_MAX_SIZE];

static bool manual;		/* the test offers buffers */
static unsigned int next_slot;	/* of the next one */
static bool unexpected_used;	/* a buffer was used that was not available */

/* A device need not report anything, nor in time (AMB-15): learn what this one does. */
static bool has_reported, was_silent;
static bool sets_reserved;	/* in its first report */
static uint64_t access_start;	/* of the last access, in microseconds */
static bool awaited;		/* no report was waited for since */
static unsigned int unreported;	/* accesses that failed, less the reports */
static bool overdue;		/* some of these reports did not come when they were waited for */

_Static_assert(sizeof(struct fault_record) < EVENT_ROOM, "room to see what is written after it");
_Static_assert(EVENT_BUFFERS <= UINT8_MAX, "slot_of_head");

void events_init(void)
{
	placement_init(PLACED_EVENTS, arena_alloc(EVENT_BUFFERS * SLOT_SIZE, 16), EVENT_BUFFERS * SLOT_SIZE);
}

/* Set for each byte of a slot which byte of the buffer it is, from 1 on, or 0. */
static void lay_out(const struct event_buffer *shape, uint8_t index[SLOT_SIZE])
{
	uint32_t left = shape->cut.first, at = GUARD;

	memset(index, 0, SLOT_SIZE);
	for (uint32_t i = 1; i <= shape->size && at < SLOT_SIZE - GUARD; i++) {
		index[at++] = i;
		if (!--left) {
			left = shape->cut.next;
			at++;	/* a gap */
		}
	}
}

static unsigned int cut_slot(unsigned int slot, const uint8_t index[SLOT_SIZE],
			     struct ring_piece *pieces)
{
	unsigned int count = 0;

	if (shapes[slot].elsewhere && !shapes[slot].more) {
		pieces[0] = (struct ring_piece){shapes[slot].elsewhere, shapes[slot].size, true};
		return 1;
	}
	for (unsigned int i = GUARD; i < SLOT_SIZE - GUARD; i++) {
		if (index[i] && !index[i - 1] && count < PIECES)
			pieces[count++] = (struct ring_piece){phys(&slots[slot][i]), 0,
							      !shapes[slot].readable};
		if (index[i])
			pieces[count - 1].length++;
	}
	return count;
}

static unsigned int make_pieces(unsigned int slot, struct ring_piece *pieces)
{
	uint8_t index[SLOT_SIZE];
	unsigned int count;

	if (!shapes[slot].cut.first && !shapes[slot].elsewhere) {	/* the usual one */
		*pieces = (struct ring_piece){phys(&slots[slot][GUARD]), shapes[slot].size,
					      !shapes[slot].readable};
		return 1;
	}
	lay_out(&shapes[slot], index);
	count = cut_slot(slot, index, pieces);
	if (shapes[slot].more)
		pieces[count++] = (struct ring_piece){shapes[slot].elsewhere, shapes[slot].more, true};
	return count;
}

static bool post(unsigned int slot, struct event_buffer shape)
{
	struct ring_piece pieces[PIECES];
	int head;

	if (!shape.size)
		shape.size = sizeof(struct fault_record);
	shapes[slot] = shape;
	head = ring_add(&iommu.events, pieces, make_pieces(slot, pieces));
	if (head < 0)
		return false;
	slot_of_head[head] = slot;
	available[slot] = true;
	ring_publish(&iommu.events, head);
	return true;
}

static void withdraw_all(void)
{
	slots = placed_at(PLACED_EVENTS);
	memset(slots, EVENT_POISON, EVENT_BUFFERS * SLOT_SIZE);
	memset(available, 0, sizeof(available));
	unexpected_used = overdue = false;
	unreported = 0;
}

void events_post(void)
{
	withdraw_all();
	manual = false;
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++)
		post(i, (struct event_buffer){0});
	virtio_kick(&iommu.dev, EVENT_QUEUE, &iommu.events);
}

void events_manual(void)
{
	withdraw_all();
	manual = true;
}

bool iommu_restart_without_events(void)
{
	iommu.dead = !iommu_prepare(iommu.wanted);
	if (!iommu.dead)
		virtio_driver_ok(&iommu.dev);
	events_manual();
	return !iommu.dead;
}

bool events_are_manual(void)
{
	return manual;
}

void events_automatic(void)
{
	event_add_buffers((struct event_buffer){0}, EVENT_BUFFERS);
	manual = false;
}

/* Return the free slot that was used the longest ago: a late write to it is seen. -1 if there is none. */
static int free_slot(void)
{
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++, next_slot++)
		if (!available[next_slot % EVENT_BUFFERS])
			return next_slot++ % EVENT_BUFFERS;
	return -1;
}

bool event_add_buffers(struct event_buffer shape, unsigned int count)
{
	bool fits = true;
	int slot;

	for (; count && fits; count--) {
		slot = free_slot();
		fits = slot >= 0 && post(slot, shape);
	}
	if (iommu_is_up())
		virtio_kick(&iommu.dev, EVENT_QUEUE, &iommu.events);
	return fits;
}

/* Read what the device has written into a buffer, and see what else it has written in the slot. */
static void read_slot(unsigned int slot, struct event *event)
{
	uint8_t index[SLOT_SIZE];

	lay_out(&shapes[slot], index);
	for (unsigned int i = 0; i < SLOT_SIZE; i++) {
		bool changed = slots[slot][i] != EVENT_POISON;

		if (index[i] && index[i] <= sizeof(event->record))
			((uint8_t *)&event->record)[index[i] - 1] = slots[slot][i];
		if (changed && (!index[i] || shapes[slot].readable))
			event->inside = false;
		if (changed && (!index[i] || index[i] > event->length))
			event->intact = false;
	}
}

static void note_first(const struct fault_record *r)
{
	if (!has_reported)
		sets_reserved = fault_record_reserved(r);
	has_reported = true;
}

static bool take_event(struct event *event, uint64_t microseconds)
{
	struct ring_reply used;
	unsigned int slot;

	if (iommu.dead || iommu_wait(&iommu.events, &used, microseconds) != VIRTIO_USED)
		return false;
	unexpected_used |= !used.valid;
	if (!used.valid)
		return false;
	unreported -= !!unreported;
	slot = slot_of_head[used.id];
	*event = (struct event){.length = used.length, .size = shapes[slot].size,
				.intact = used.length <= shapes[slot].size, .inside = true};
	memset(&event->record, EVENT_POISON, sizeof(event->record));
	read_slot(slot, event);
	trace_event(event);
	note_first(&event->record);
	available[slot] = false;
	memset(slots[slot], EVENT_POISON, SLOT_SIZE);
	if (!manual) {
		post(slot, (struct event_buffer){0});
		virtio_kick(&iommu.dev, EVENT_QUEUE, &iommu.events);
	}
	return true;
}

bool fault_record_reserved(const struct fault_record *r)
{
	return r->reserved[0] || r->reserved[1] || r->reserved[2] || r->reserved1;
}

bool events_set_reserved(void)
{
	return sets_reserved;
}

bool events_seen(void)
{
	return has_reported;
}

void event_note_access(void)
{
	access_start = time_us();
	awaited = true;
}

void event_note_failure(void)
{
	unreported++;
}

/* One of an earlier access has taken longer than since the last one; one that was there already, less. */
static bool wait_and_learn(struct event *event, uint64_t microseconds)
{
	bool is_there = take_event(event, 0);

	if (!is_there && !take_event(event, microseconds))
		return false;
	if (awaited || !is_there)
		timing_note_since(TIMED_REPORT, access_start);
	awaited = false;
	return true;
}

bool event_wait(struct event *event)
{
	uint64_t microseconds = timing_quiet_us(TIMED_REPORT);

	if (!has_reported && was_silent)
		microseconds = SILENT_US;
	if (wait_and_learn(event, microseconds))
		return true;
	was_silent = true;
	overdue |= !!unreported;
	return false;
}

bool events_overdue(void)
{
	return overdue;
}

bool event_take(struct event *event)
{
	return take_event(event, 0);
}

/* The first word is right, and each byte is the same as the one a word before it. */
static bool is_untouched(const uint8_t slot[SLOT_SIZE])
{
	static const uint8_t word[] = {EVENT_POISON, EVENT_POISON, EVENT_POISON, EVENT_POISON,
				       EVENT_POISON, EVENT_POISON, EVENT_POISON, EVENT_POISON};

	return !memcmp(slot, word, sizeof(word)) &&
	       !memcmp(slot, slot + sizeof(word), SLOT_SIZE - sizeof(word));
}

/* Return true if no byte is written that is not in an available buffer. */
static bool slot_intact(unsigned int slot)
{
	struct event event = {.inside = true, .length = SLOT_SIZE};

	if (is_untouched(slots[slot]))
		return true;
	if (available[slot])
		read_slot(slot, &event);
	return available[slot] && event.inside;
}

const char *events_breach(void)
{
	if (unexpected_used)
		return "a buffer came back that was not available";
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++)
		if (!slot_intact(i))
			return "memory was written that no available event buffer covers";
	return NULL;
}

uint16_t event_count(void)
{
	return iommu.events.taken + ring_pending(&iommu.events);
}

void event_drain(void)
{
	struct event ignored;

	for (unsigned int i = 0; i < DRAIN_MOST && take_event(&ignored, 0); i++)
		;
}

void event_settle(void)
{
	uint64_t end = access_start + timing_quiet_us(TIMED_REPORT), now;
	struct event ignored;

	event_drain();
	while (has_reported && (now = time_us()) < end)
		wait_and_learn(&ignored, end - now);
	awaited = false;
	overdue |= !!unreported;
}
