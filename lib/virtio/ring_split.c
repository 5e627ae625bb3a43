// SPDX-License-Identifier: BSD-3-Clause
/*
 * Split virtqueues (virtio 1.4, 2.7).
 */
#include <asm/barrier.h>

#include "util.h"
#include "virtio/ring_format.h"
#include "virtio/virtio.h"

#define USED_ALIGN 4

static size_t avail_offset(uint16_t size)
{
	return size * sizeof(struct ring_desc);
}

static size_t used_offset(uint16_t size)
{
	size_t end = avail_offset(size) + sizeof(struct ring_avail) + (size + 1) * sizeof(uint16_t);

	return align_up(end, USED_ALIGN);
}

static void split_init(struct ring *ring, uint8_t *memory)
{
	ring->desc = (void *)memory;
	ring->avail = (void *)(memory + avail_offset(ring->size));
	ring->used = (void *)(memory + used_offset(ring->size));
}

/* used_event follows the available ring, avail_event the used ring (2.7.6, 2.7.8). */
static volatile uint16_t *used_event(const struct ring *ring)
{
	return &ring->avail->heads[ring->size];
}

static volatile uint16_t *avail_event(const struct ring *ring)
{
	return (volatile uint16_t *)&ring->used->elements[ring->size];
}

/* `next` of a last descriptor is not valid (2.7.5). As with most drivers, it is not 0. */
static uint16_t split_write(struct ring *ring, const struct ring_piece *pieces, unsigned int count,
			    uint16_t flags)
{
	uint16_t head = ring->first_free;

	for (unsigned int i = 0; i < count; i++) {
		uint16_t at = ring_take_free(ring);
		bool last = i == count - 1;

		ring->desc[at].address = pieces[i].address;
		ring->desc[at].length = pieces[i].length;
		ring->desc[at].flags =
			flags | (pieces[i].writable ? DESC_WRITE : 0) | (last ? 0 : DESC_NEXT);
		ring->desc[at].next = ring->next[at];
	}
	return head;
}

static void split_fill(void *entry, const struct ring_piece *piece, uint16_t next)
{
	*(struct ring_desc *)entry = (struct ring_desc){
		.address = piece->address, .length = piece->length, .next = next ? next : 1,
		.flags = (piece->writable ? DESC_WRITE : 0) | (next ? DESC_NEXT : 0),
	};
}

static void split_publish(struct ring *ring, uint16_t head)
{
	ring->avail->heads[ring->next_avail % ring->size] = head;
	memory_barrier();	/* the entry before the index that covers it (2.7.13.3) */
	__atomic_store_n(&ring->avail->index, ++ring->next_avail, __ATOMIC_RELEASE);
	ring->unnotified++;
}

void ring_publish_entries(struct ring *ring, uint16_t count)
{
	memory_barrier();
	ring->next_avail += count;
	__atomic_store_n(&ring->avail->index, ring->next_avail, __ATOMIC_RELEASE);
	memory_barrier();
}

void ring_pass_used(struct ring *ring, uint16_t count)
{
	ring->last_used += count;
}

static uint16_t split_pending(const struct ring *ring)
{
	return __atomic_load_n(&ring->used->index, __ATOMIC_ACQUIRE) - ring->last_used;
}

static bool split_peek(const struct ring *ring, uint32_t *id, uint32_t *length)
{
	volatile struct ring_used_element *element;

	if (!split_pending(ring))
		return false;
	memory_barrier();	/* the index before the element it covers */
	element = &ring->used->elements[ring->last_used % ring->size];
	*id = element->id;
	*length = element->length;
	return true;
}

static void split_retire(struct ring *ring, uint16_t head)
{
	ring_put_free(ring, head, ring->chain[head]);
	ring->last_used++;
}

static void split_skip(struct ring *ring)
{
	ring->last_used++;
}

static uint16_t split_position(const struct ring *ring)
{
	return ring->next_avail;
}

static bool split_wants_notification(const struct ring *ring)
{
	if (ring_has(ring, VIRTIO_F_EVENT_IDX))
		return ring_passed(*avail_event(ring), ring->next_avail,
				   ring->next_avail - ring->unnotified);
	return !(ring->used->flags & USED_NO_NOTIFY);
}

/* With EVENT_IDX the flag is not to be used (2.7.7.1): an index that is far away takes its place. */
static void split_want_interrupt(struct ring *ring, bool wanted)
{
	if (ring_has(ring, VIRTIO_F_EVENT_IDX))
		*used_event(ring) = ring->last_used - (wanted ? 0 : 1);
	else
		ring->avail->flags = wanted ? 0 : AVAIL_NO_INTERRUPT;
	memory_barrier();
}

const struct ring_format ring_split = {
	.init = split_init,
	.write = split_write,
	.fill = split_fill,
	.publish = split_publish,
	.peek = split_peek,
	.retire = split_retire,
	.skip = split_skip,
	.pending = split_pending,
	.position = split_position,
	.wants_notification = split_wants_notification,
	.want_interrupt = split_want_interrupt,
};
