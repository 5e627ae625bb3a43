// SPDX-License-Identifier: BSD-3-Clause
/*
 * The event queue (virtio 1.4, 5.13.6.9): buffers are kept available, what comes is taken. Or a test
 * offers buffers of its own.
 */
#include <string.h>

#include "driver/iommu.h"
#include "driver/iommu_internal.h"
#include "driver/placement.h"
#include "memory.h"
#include "time.h"
#include "driver/trace.h"

/* A buffer lies in a slot of its own, with bytes in front and behind that belong to no buffer. */
#define GUARD 16
#define SLOT_SIZE (GUARD + EVENT_ROOM + GUARD)
#define EVENT_POISON 0x69

/* The first time a busy host is allowed for; a device that said nothing then is not waited for. */
#define FIRST_REPORT_US 200000
#define LATER_REPORT_US 5000

/* Reports that nothing ends are not waited for. */
#define DRAIN_MOST (16 * EVENT_BUFFERS)

#define PIECES EVENT_BUFFERS

static uint8_t (*slots)[SLOT_SIZE];

/* What is available, by slot; and the slot by head of the descriptor chain. */
static struct event_buffer shapes[EVENT_BUFFERS];
static bool available[EVENT_BUFFERS];
static uint8_t slot_of_head[RING_MAX_SIZE];

static bool own;		/* buffers are offered by the test */
static unsigned int next_slot;	/* of the next one */
static bool strange;		/* something came back that was not available */

_Static_assert(sizeof(struct fault_record) < EVENT_ROOM, "room to see what is written behind");
_Static_assert(EVENT_BUFFERS <= UINT8_MAX, "slot_of_head");

void events_init(void)
{
	placement_init(PLACED_EVENTS, arena_alloc(EVENT_BUFFERS * SLOT_SIZE, 16), EVENT_BUFFERS * SLOT_SIZE);
}

/* For each byte of a slot: which byte of the buffer it is, from 1 on, or 0. */
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

static unsigned int cut(unsigned int slot, const uint8_t index[SLOT_SIZE], struct ring_piece *pieces)
{
	unsigned int count = 0;

	if (shapes[slot].elsewhere) {
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

	if (!shapes[slot].cut.first && !shapes[slot].elsewhere) {	/* the usual one */
		*pieces = (struct ring_piece){phys(&slots[slot][GUARD]), shapes[slot].size,
					      !shapes[slot].readable};
		return 1;
	}
	lay_out(&shapes[slot], index);
	return cut(slot, index, pieces);
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
	strange = false;
}

void events_post(void)
{
	withdraw_all();
	own = false;
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++)
		post(i, (struct event_buffer){0});
	virtio_kick(&iommu.dev, EVENT_QUEUE, &iommu.events);
}

void events_manual(void)
{
	withdraw_all();
	own = true;
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
	return own;
}

/* A slot that has not been used for long, so that late writes to old ones are seen. */
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

/* What the device has written of a buffer, and what else it has. */
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

static bool take_event(struct event *event, uint64_t microseconds)
{
	struct ring_reply used;
	unsigned int slot;

	if (iommu.dead ||
	    virtio_wait(&iommu.dev, &iommu.events, &used, microseconds) != VIRTIO_USED)
		return false;
	strange |= !used.valid;
	if (!used.valid)
		return false;
	slot = slot_of_head[used.id];
	*event = (struct event){.length = used.length, .size = shapes[slot].size,
				.intact = used.length <= shapes[slot].size, .inside = true};
	memset(&event->record, EVENT_POISON, sizeof(event->record));
	read_slot(slot, event);
	trace_event(event);
	available[slot] = false;
	memset(slots[slot], EVENT_POISON, SLOT_SIZE);
	if (!own) {
		post(slot, (struct event_buffer){0});
		virtio_kick(&iommu.dev, EVENT_QUEUE, &iommu.events);
	}
	return true;
}

bool event_wait_for(struct event *event, uint64_t microseconds)
{
	return take_event(event, microseconds);
}

/* No device has to report anything, nor in time (AMB-15): learn what this one does. */
bool event_wait(struct event *event)
{
	static bool reported;
	static uint64_t patience = FIRST_REPORT_US;

	if (take_event(event, reported ? REPLY_TIMEOUT_US : patience)) {
		reported = true;
		return true;
	}
	patience = LATER_REPORT_US;
	return false;
}

/* The first byte is right, and each is the same as one a word in front of it. */
static bool is_untouched(const uint8_t slot[SLOT_SIZE])
{
	static const uint8_t word[] = {EVENT_POISON, EVENT_POISON, EVENT_POISON, EVENT_POISON,
				       EVENT_POISON, EVENT_POISON, EVENT_POISON, EVENT_POISON};

	return !memcmp(slot, word, sizeof(word)) &&
	       !memcmp(slot, slot + sizeof(word), SLOT_SIZE - sizeof(word));
}

/* Bytes outside of what is available; for what is available, those around it. */
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
	if (strange)
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
