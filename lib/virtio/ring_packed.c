// SPDX-License-Identifier: BSD-3-Clause
/*
 * Packed virtqueues (virtio 1.4, 2.8).
 */
#include <asm/barrier.h>

#include "util.h"
#include "virtio/ring_format.h"
#include "virtio/virtio.h"

#define WRAP_BIT (1 << 15)

static void packed_init(struct ring *ring, uint8_t *memory)
{
	struct packed_place start = {0, true};

	ring->packed = (void *)memory;
	ring->driver_events = (void *)(memory + ring->size * sizeof(struct packed_desc));
	ring->device_events = ring->driver_events + 1;
	ring->next_write = ring->next_publish = ring->next_used = start;
}

static struct packed_place advance(const struct ring *ring, struct packed_place place,
				   uint16_t count)
{
	place.slot += count;
	if (place.slot >= ring->size) {
		place.slot -= ring->size;
		place.wrap = !place.wrap;
	}
	return place;
}

/* Return the flags of an available descriptor: AVAIL is the wrap counter, USED is not (2.8.1). */
static uint16_t available(struct packed_place place)
{
	return place.wrap ? DESC_AVAIL : DESC_USED;
}

/* The flags of the first one make all of them available, and wait for packed_publish(). */
static uint16_t packed_write(struct ring *ring, const struct ring_piece *pieces, unsigned int count,
			     uint16_t flags)
{
	uint16_t id = ring_take_free(ring);
	struct packed_place at = ring->place[id] = ring->next_write;

	for (unsigned int i = 0; i < count; i++, at = advance(ring, at, 1)) {
		volatile struct packed_desc *desc = &ring->packed[at.slot];
		uint16_t all = flags | available(at) | (pieces[i].writable ? DESC_WRITE : 0) |
			       (i < count - 1 ? DESC_NEXT : 0);

		desc->address = pieces[i].address;
		desc->length = pieces[i].length;
		desc->id = id;
		if (i)
			desc->flags = all;
		else
			ring->head_flags[id] = all;
	}
	ring->next_write = at;
	return id;
}

/* All but WRITE is reserved here (2.8.7). */
static void packed_fill(void *entry, const struct ring_piece *piece, uint16_t next)
{
	(void)next;
	*(struct packed_desc *)entry = (struct packed_desc){
		.address = piece->address, .length = piece->length,
		.flags = piece->writable ? DESC_WRITE : 0,
	};
}

static void packed_publish(struct ring *ring, uint16_t id)
{
	if (id >= ring->size)
		return;
	memory_barrier();	/* the rest of the list before the first flags (2.8.21) */
	ring->packed[ring->place[id].slot].flags = ring->head_flags[id];
	ring->next_publish = advance(ring, ring->place[id], ring->chain[id]);
	ring->unnotified += ring->chain[id];
}

/* Return true if both bits are the wrap counter (2.8.1). */
static bool is_used(const struct ring *ring, struct packed_place at)
{
	uint16_t flags = ring->packed[at.slot].flags;

	return !(flags & DESC_AVAIL) == !at.wrap && !(flags & DESC_USED) == !at.wrap;
}

static bool packed_peek(const struct ring *ring, uint32_t *id, uint32_t *length)
{
	if (!is_used(ring, ring->next_used))
		return false;
	memory_barrier();	/* the flags before what they cover */
	*id = ring->packed[ring->next_used.slot].id;
	*length = ring->packed[ring->next_used.slot].length;
	return true;
}

/* One used descriptor stands for the whole list (2.8.6). */
static void packed_retire(struct ring *ring, uint16_t id)
{
	ring_put_free(ring, id, 1);
	ring->next_used = advance(ring, ring->next_used, ring->chain[id]);
}

static void packed_skip(struct ring *ring)
{
	ring->next_used = advance(ring, ring->next_used, 1);
}

/* Count the used descriptors; a batch counts as one. */
static uint16_t packed_pending(const struct ring *ring)
{
	struct packed_place at = ring->next_used;
	uint16_t count = 0, left = ring->size;

	while (left && is_used(ring, at)) {
		uint16_t id = ring->packed[at.slot].id;
		uint16_t slots = id < ring->size && ring->chain[id] ? ring->chain[id] : 1;

		count++;
		at = advance(ring, at, slots);
		left -= min(slots, left);
	}
	return count;
}

static uint16_t packed_position(const struct ring *ring)
{
	return ring->next_publish.slot | (ring->next_publish.wrap ? WRAP_BIT : 0);
}

static bool packed_wants_notification(const struct ring *ring)
{
	uint16_t flags = ring->device_events->flags & 3, position = ring->device_events->position;
	uint16_t event = position & ~WRAP_BIT;

	if (flags != EVENTS_DESC)
		return flags == EVENTS_ENABLE;
	if (!(position & WRAP_BIT) != !ring->next_publish.wrap)
		event -= ring->size;
	return ring_passed(event, ring->next_publish.slot,
			   ring->next_publish.slot - ring->unnotified);
}

static void packed_want_interrupt(struct ring *ring, bool wanted)
{
	ring->driver_events->flags = wanted ? EVENTS_ENABLE : EVENTS_DISABLE;
	memory_barrier();
}

const struct ring_format ring_packed = {
	.init = packed_init,
	.write = packed_write,
	.fill = packed_fill,
	.publish = packed_publish,
	.peek = packed_peek,
	.retire = packed_retire,
	.skip = packed_skip,
	.pending = packed_pending,
	.position = packed_position,
	.wants_notification = packed_wants_notification,
	.want_interrupt = packed_want_interrupt,
};
