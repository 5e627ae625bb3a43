// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include <asm/barrier.h>

#include "virtio/ring.h"

#define USED_ALIGN 4

_Static_assert(sizeof(struct ring_desc) == 16, "2.7.5");
_Static_assert(offsetof(struct ring_desc, next) == 14, "2.7.5");
_Static_assert(offsetof(struct ring_avail, heads) == 4, "2.7.6");
_Static_assert(offsetof(struct ring_used, elements) == 4, "2.7.8");
_Static_assert(sizeof(struct ring_used_element) == 8, "2.7.8");

static size_t avail_offset(uint16_t size)
{
	return size * sizeof(struct ring_desc);
}

static size_t used_offset(uint16_t size)
{
	size_t end = avail_offset(size) + sizeof(struct ring_avail) + (size + 1) * sizeof(uint16_t);

	return (end + USED_ALIGN - 1) & ~(size_t)(USED_ALIGN - 1);
}

size_t ring_bytes(uint16_t size)
{
	return used_offset(size) + sizeof(struct ring_used) +
	       size * sizeof(struct ring_used_element) + sizeof(uint16_t);
}

void ring_init(struct ring *ring, uint16_t size, void *memory, uint64_t device_offset)
{
	uint8_t *bytes = memset(memory, 0, ring_bytes(size));

	memset(ring, 0, sizeof(*ring));
	ring->size = size;
	ring->desc = (void *)bytes;
	ring->avail = (void *)(bytes + avail_offset(size));
	ring->used = (void *)(bytes + used_offset(size));
	ring->device_offset = device_offset;
	ring->avail->flags = AVAIL_NO_INTERRUPT;
	ring->free_count = size;
	for (uint16_t i = 0; i < size; i++)
		ring->next[i] = i + 1;
}

int ring_add(struct ring *ring, const struct ring_piece *pieces, unsigned int count)
{
	uint16_t head = ring->first_free, at = head;

	if (!count || count > ring->free_count)
		return -1;
	for (unsigned int i = 0; i < count; i++) {
		bool last = i == count - 1;

		ring->desc[at].address = pieces[i].address;
		ring->desc[at].length = pieces[i].length;
		ring->desc[at].flags = (pieces[i].writable ? DESC_WRITE : 0) | (last ? 0 : DESC_NEXT);
		ring->desc[at].next = last ? 0 : ring->next[at];
		ring->first_free = ring->next[at];
		at = ring->next[at];
	}
	ring->free_count -= count;
	ring->chain[head] = count;
	return head;
}

void ring_publish(struct ring *ring, uint16_t head)
{
	ring->avail->heads[ring->next_avail % ring->size] = head;
	memory_barrier();	/* the entry before the index that covers it (2.7.13.3) */
	ring->avail->index = ++ring->next_avail;
	memory_barrier();	/* the index before the notification (2.7.13.4) */
}

/* Put the chain back in front of the free ones. */
static void release_chain(struct ring *ring, uint16_t head)
{
	uint16_t tail = head;

	for (uint16_t i = 1; i < ring->chain[head]; i++)
		tail = ring->next[tail];
	ring->next[tail] = ring->first_free;
	ring->first_free = head;
	ring->free_count += ring->chain[head];
	ring->chain[head] = 0;
}

bool ring_take(struct ring *ring, struct ring_reply *reply)
{
	volatile struct ring_used_element *element;

	if (ring->used->index == ring->last_used)
		return false;
	memory_barrier();	/* the index before the element it covers */
	element = &ring->used->elements[ring->last_used++ % ring->size];
	reply->id = element->id;
	reply->length = element->length;
	reply->valid = reply->id < ring->size && ring->chain[reply->id];
	if (reply->valid)
		release_chain(ring, reply->id);
	return true;
}
