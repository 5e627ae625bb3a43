// SPDX-License-Identifier: BSD-3-Clause
/*
 * What split and packed rings share: ids, indirect tables, order.
 */
#include <string.h>

#include <asm/barrier.h>

#include "memory.h"
#include "util.h"
#include "virtio/ring_format.h"
#include "virtio/virtio.h"

#define RING_ALIGN 16	/* of descriptors, in the ring and in indirect tables (2.7) */

_Static_assert(sizeof(struct ring_desc) == 16, "2.7.5");
_Static_assert(offsetof(struct ring_desc, next) == 14, "2.7.5");
_Static_assert(offsetof(struct ring_avail, heads) == 4, "2.7.6");
_Static_assert(offsetof(struct ring_used, elements) == 4, "2.7.8");
_Static_assert(sizeof(struct ring_used_element) == 8, "2.7.8");
_Static_assert(sizeof(struct packed_desc) == 16, "2.8.13");
_Static_assert(offsetof(struct packed_desc, id) == 12, "2.8.13");
_Static_assert(sizeof(struct packed_events) == 4, "2.8.14");

/* The areas of a split ring are the larger ones. The tables come after them. */
static size_t area_bytes(uint16_t size)
{
	size_t split = size * (sizeof(struct ring_desc) + sizeof(uint16_t) +
			       sizeof(struct ring_used_element)) + 16;

	return align_up(split, RING_ALIGN);
}

static size_t table_bytes(uint16_t size)
{
	return size * sizeof(struct ring_desc);
}

static bool indirect(uint64_t features)
{
	return features & VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC);
}

size_t ring_bytes(uint16_t size, uint64_t features)
{
	return area_bytes(size) + (indirect(features) ? size * table_bytes(size) : 0);
}

void ring_init(struct ring *ring, uint16_t size, void *memory, uint64_t device_offset,
	       uint64_t features)
{
	uint8_t *bytes = memset(memory, 0, area_bytes(size));

	memset(ring, 0, offsetof(struct ring, next));
	memset(ring->chain, 0, size * sizeof(ring->chain[0]));
	ring->features = features;
	ring->format = ring_has(ring, VIRTIO_F_RING_PACKED) ? &ring_packed : &ring_split;
	ring->size = ring->free_count = size;
	ring->device_offset = device_offset;
	ring->tables = indirect(features) ? bytes + area_bytes(size) : NULL;
	for (uint16_t i = 0; i < size; i++)
		ring->next[i] = i + 1;
	ring->last_free = size - 1;
	ring->idle = size;
	ring->format->init(ring, bytes);
	ring_want_interrupt(ring, false);
}

uint16_t ring_take_free(struct ring *ring)
{
	uint16_t id = ring->first_free;

	ring->first_free = ring->next[id];
	ring->idle--;
	return id;
}

/* Append, so that buffers that come back in order are written in ring order (2.7.5.1). */
void ring_put_free(struct ring *ring, uint16_t first, uint16_t count)
{
	uint16_t last = first;

	for (uint16_t i = 1; i < count; i++)
		last = ring->next[last];
	if (ring->idle)
		ring->next[ring->last_free] = first;
	else
		ring->first_free = first;
	ring->last_free = last;
	ring->idle += count;
}

static struct ring_piece fill_table(struct ring *ring, const struct ring_piece *pieces,
				    unsigned int count)
{
	uint16_t id = ring->first_free;
	uint8_t *table = ring->tables + id * table_bytes(ring->size);

	for (unsigned int i = 0; i < count; i++)
		ring->format->fill(table + i * sizeof(struct ring_desc), &pieces[i],
				   i + 1 < count ? i + 1 : 0);
	return (struct ring_piece){phys(table) + ring->device_offset,
				   count * sizeof(struct ring_desc), false};
}

static uint32_t writable_bytes(const struct ring_piece *pieces, unsigned int count)
{
	uint32_t bytes = 0;

	for (unsigned int i = 0; i < count; i++)
		bytes += pieces[i].writable ? pieces[i].length : 0;
	return bytes;
}

int ring_add(struct ring *ring, const struct ring_piece *pieces, unsigned int count)
{
	bool in_table = ring->tables && count > 1;
	unsigned int needed = in_table ? 1 : count;
	struct ring_piece table;
	uint16_t id;

	if (!count || count > ring->size || needed > ring->free_count)
		return -1;
	if (in_table)
		table = fill_table(ring, pieces, count);
	id = ring->format->write(ring, in_table ? &table : pieces, needed,
				 in_table ? DESC_INDIRECT : 0);
	ring->free_count -= needed;
	ring->chain[id] = needed;
	ring->writable[id] = writable_bytes(pieces, count);
	return id;
}

void ring_publish(struct ring *ring, uint16_t id)
{
	ring->order[(ring->order_first + ring->order_count++) % ring->size] = id;
	ring->format->publish(ring, id);
	memory_barrier();	/* what is available before the notification (2.7.13.4) */
}

bool ring_wants_notification(struct ring *ring)
{
	bool wanted = ring->format->wants_notification(ring);

	ring->unnotified = 0;
	return wanted;
}

uint16_t ring_position(const struct ring *ring)
{
	return ring->format->position(ring);
}

void ring_want_interrupt(struct ring *ring, bool wanted)
{
	ring->format->want_interrupt(ring, wanted);
}

uint16_t ring_pending(const struct ring *ring)
{
	return ring->format->pending(ring);
}

/* Without IN_ORDER buffers are used in any order. */
static void forget_order(struct ring *ring, uint16_t id)
{
	uint16_t at = 0;

	while (at < ring->order_count && ring->order[(ring->order_first + at) % ring->size] != id)
		at++;
	if (at == ring->order_count)
		return;
	for (; at; at--)
		ring->order[(ring->order_first + at) % ring->size] =
			ring->order[(ring->order_first + at - 1) % ring->size];
	ring->order_first = (ring->order_first + 1) % ring->size;
	ring->order_count--;
}

static void retire(struct ring *ring, uint16_t id)
{
	forget_order(ring, id);
	ring->format->retire(ring, id);
	ring->free_count += ring->chain[id];
	ring->chain[id] = 0;
}

static bool next_reply(struct ring *ring, struct ring_reply *reply)
{
	if (!ring->format->peek(ring, &reply->id, &reply->length))
		return false;
	reply->valid = reply->id < ring->size && ring->chain[reply->id];
	return true;
}

/* One used buffer stands for all before it, which count as used completely (2.7.9, 2.8.8). */
static void unfold_batch(struct ring *ring, struct ring_reply *reply)
{
	uint16_t first = ring->order[ring->order_first];

	ring->in_batch = first != ring->batch_last;
	*reply = (struct ring_reply){
		first, ring->in_batch ? ring->writable[first] : ring->batch_length, true};
}

bool ring_take(struct ring *ring, struct ring_reply *reply)
{
	if (!ring->in_batch && !next_reply(ring, reply))
		return false;
	if (!ring->in_batch) {
		ring->batch_last = reply->id;
		ring->batch_length = reply->length;
	}
	if (ring->in_batch || (reply->valid && ring->order_count && ring_has(ring, VIRTIO_F_IN_ORDER)))
		unfold_batch(ring, reply);
	ring->taken++;
	if (reply->valid)
		retire(ring, reply->id);
	else
		ring->format->skip(ring);
	return true;
}
