/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Split virtqueues (virtio 1.4, 2.7), polled.
 *
 * The comfortable path is ring_add(), ring_publish(), virtio_notify(), virtio_wait(). For anything
 * else tests may write the three areas themselves; the book-keeping of ring_add() lives outside of
 * them, so that a device that scribbles over a ring cannot confuse us.
 */
#ifndef RING_H
#define RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAX_SIZE 256

enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4 };
enum { AVAIL_NO_INTERRUPT = 1 };

struct ring_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

struct ring_avail {
	uint16_t flags;
	uint16_t index;
	uint16_t heads[];	/* followed by used_event */
};

struct ring_used_element {
	uint32_t id;
	uint32_t length;
};

struct ring_used {
	uint16_t flags;
	uint16_t index;
	struct ring_used_element elements[];	/* followed by avail_event */
};

struct ring {
	uint16_t size;		/* a power of two, at most RING_MAX_SIZE */
	volatile struct ring_desc *desc;
	volatile struct ring_avail *avail;
	volatile struct ring_used *used;
	uint64_t device_offset;	/* the device sees the ring at its physical address + this */
	uint16_t next_avail;	/* index to be published next */
	uint16_t last_used;	/* index up to which used elements were taken */
	uint16_t free_count;
	uint16_t first_free;
	uint16_t next[RING_MAX_SIZE];	/* chains, free or in flight */
	uint16_t chain[RING_MAX_SIZE];	/* by head: number of descriptors, 0 if not in flight */
};

/* One piece of a buffer: [address, address + length) as the device sees it. */
struct ring_piece {
	uint64_t address;
	uint32_t length;
	bool writable;
};

/* Bytes of memory for a ring of @size entries; alignment 16. */
size_t ring_bytes(uint16_t size);

/*
 * Lay out an empty ring over @memory (zeroed here; ring_bytes() long; the caller's). With
 * interrupts suppressed.
 */
void ring_init(struct ring *ring, uint16_t size, void *memory, uint64_t device_offset);

/* Write a chain of @count pieces into free descriptors. Returns its head, -1 if the ring is full. */
int ring_add(struct ring *ring, const struct ring_piece *pieces, unsigned int count);

/* Make the chain that starts at @head available. The device may not look before a notification. */
void ring_publish(struct ring *ring, uint16_t head);

/* What came back. */
struct ring_reply {
	uint32_t id;
	uint32_t length;
	bool valid;	/* @id is the head of a chain that was in flight */
};

/* Take the next used element, if there is one. */
bool ring_take(struct ring *ring, struct ring_reply *reply);

#endif
