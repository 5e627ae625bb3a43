// SPDX-License-Identifier: BSD-3-Clause
/*
 * The event queue (virtio 1.4, 5.13.6.9): buffers are kept available, what comes is taken.
 */
#include <string.h>

#include "iommu.h"
#include "iommu_internal.h"
#include "memory.h"
#include "time.h"

#define SLOT_SIZE 64
#define EVENT_POISON 0x69

/* The first time a busy host is allowed for; a device that said nothing then is not waited for. */
#define FIRST_REPORT_US 200000
#define LATER_REPORT_US 5000

/* One record and what lies behind it, by head of the descriptor chain. */
static uint8_t (*slots)[SLOT_SIZE];
static uint8_t *slot_of_head[RING_MAX_SIZE];

_Static_assert(sizeof(struct fault_record) < SLOT_SIZE, "room to see what is written behind");

void events_init(void)
{
	slots = arena_alloc(EVENT_BUFFERS * SLOT_SIZE, 16);
}

static void post(uint8_t *slot)
{
	struct ring_piece piece = {phys(slot), sizeof(struct fault_record), true};
	int head;

	memset(slot, EVENT_POISON, SLOT_SIZE);
	head = ring_add(&iommu.events, &piece, 1);
	if (head < 0)
		return;
	slot_of_head[head] = slot;
	ring_publish(&iommu.events, head);
}

void events_post(void)
{
	for (unsigned int i = 0; i < EVENT_BUFFERS; i++)
		post(slots[i]);
	virtio_notify(&iommu.dev, EVENT_QUEUE);
}

static bool poisoned_behind(const uint8_t *slot, uint32_t from)
{
	for (uint32_t i = from; i < SLOT_SIZE; i++)
		if (slot[i] != EVENT_POISON)
			return false;
	return true;
}

static bool take_event(struct event *event, uint64_t microseconds)
{
	struct ring_reply used;
	uint8_t *slot;

	if (iommu.dead ||
	    virtio_wait(&iommu.dev, &iommu.events, &used, microseconds) != VIRTIO_USED || !used.valid)
		return false;
	slot = slot_of_head[used.id];
	memcpy(&event->record, slot, sizeof(event->record));
	event->length = used.length;
	event->intact = used.length <= sizeof(event->record) && poisoned_behind(slot, used.length);
	post(slot);
	virtio_notify(&iommu.dev, EVENT_QUEUE);
	return true;
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

uint16_t event_count(void)
{
	return iommu.events.used->index;
}

void event_drain(void)
{
	struct event ignored;

	while (take_event(&ignored, 0))
		;
}
