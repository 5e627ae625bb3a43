/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtqueues (virtio 1.4, 2.7 and 2.8), polled: split or packed, with or without indirect tables,
 * as the features say that the device was brought up with.
 *
 * The comfortable path is ring_add(), ring_publish(), virtio_notify(), virtio_wait(). For anything
 * else tests may write the three areas themselves; the book-keeping of ring_add() lives outside of
 * them, so that a device that scribbles over a ring cannot confuse us.
 */
#ifndef LIB_VIRTIO_RING_H
#define LIB_VIRTIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAX_SIZE 256

/* Flags of a descriptor. The last two are those of packed rings. */
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_AVAIL = 1 << 7, DESC_USED = 1 << 15 };

enum { AVAIL_NO_INTERRUPT = 1 };
enum { USED_NO_NOTIFY = 1 };

/* Of the event suppression structures of packed rings (2.8.14). */
enum { EVENTS_ENABLE = 0, EVENTS_DISABLE = 1, EVENTS_DESC = 2 };

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

struct packed_desc {
	uint64_t address;
	uint32_t length;
	uint16_t id;
	uint16_t flags;
};

struct packed_events {
	uint16_t position;	/* of a descriptor, with the wrap counter in bit 15 */
	uint16_t flags;
};

/* A place in a packed ring. */
struct packed_place {
	uint16_t slot;
	bool wrap;	/* the wrap counter there */
};

struct ring_format;

struct ring {
	const struct ring_format *format;
	uint64_t features;	/* accepted */
	uint16_t size;		/* at most RING_MAX_SIZE; a power of two if split */
	union {
		volatile struct ring_desc *desc;
		volatile struct packed_desc *packed;
	};
	union {
		volatile struct ring_avail *avail;
		volatile struct packed_events *driver_events;
	};
	union {
		volatile struct ring_used *used;
		volatile struct packed_events *device_events;
	};
	uint8_t *tables;	/* indirect: one of @size descriptors by id, or NULL */
	uint64_t device_offset;	/* the device sees the ring at its physical address + this */
	uint16_t free_count;	/* descriptors */
	uint16_t taken;		/* buffers that came back, modulo 2^16 */
	uint16_t unnotified;	/* descriptors or heads made available since the device last heard of it */

	/* By id, the list of those not in flight, and its length. */
	uint16_t first_free, last_free, idle;

	/* IN_ORDER: the batch being taken. */
	uint16_t order_first, order_count;
	bool in_batch;
	uint32_t batch_last, batch_length;

	/* Split. */
	uint16_t next_avail;	/* index to be published next */
	uint16_t last_used;	/* index up to which used elements were taken */

	/* Packed. */
	struct packed_place next_write;	/* where the next buffer goes */
	struct packed_place next_publish;	/* behind what is available */
	struct packed_place next_used;	/* where the next used descriptor is expected */

	/*
	 * From here on @size entries count. By id, the head in split rings; ring_init() sets these two, the
	 * others mean something while the buffer is in flight.
	 */
	uint16_t next[RING_MAX_SIZE];	/* chains, free or in flight */
	uint16_t chain[RING_MAX_SIZE];	/* number of descriptors, 0 if not in flight */
	uint32_t writable[RING_MAX_SIZE];	/* bytes */
	struct packed_place place[RING_MAX_SIZE];	/* packed */
	uint16_t head_flags[RING_MAX_SIZE];	/* packed: for ring_publish() */
	uint16_t order[RING_MAX_SIZE];	/* IN_ORDER: ids in the order in which they were made available */
};

/* One piece of a buffer: [address, address + length) as the device sees it. */
struct ring_piece {
	uint64_t address;
	uint32_t length;
	bool writable;
};

/* Bytes of memory for a ring of @size entries under these features; alignment 16. */
size_t ring_bytes(uint16_t size, uint64_t features);

/*
 * Lay out an empty ring over @memory (ring_bytes() long; the caller's). With interrupts suppressed.
 * With INDIRECT_DESC each buffer of more than one piece gets an indirect table.
 */
void ring_init(struct ring *ring, uint16_t size, void *memory, uint64_t device_offset,
	       uint64_t features);

static inline bool ring_has(const struct ring *ring, unsigned int feature)
{
	return ring->features >> feature & 1;
}

/*
 * Write a buffer of @count pieces into free descriptors. Returns its id, which is the head in a split
 * ring; -1 if the ring is full or @count larger than it.
 */
int ring_add(struct ring *ring, const struct ring_piece *pieces, unsigned int count);

/* Make the buffer @id available. The device may not look before a notification. */
void ring_publish(struct ring *ring, uint16_t id);

/*
 * Split rings, for a great many buffers: make available what the next @count entries of the available
 * ring name, as they stand; count @count used elements as taken, without a look at them.
 */
void ring_publish_entries(struct ring *ring, uint16_t count);
void ring_pass_used(struct ring *ring, uint16_t count);

/*
 * Whether the device asks for a notification of what was published since the last call, and of
 * anything at all (2.7.10, 2.8.10). Notifying it all the same is legal.
 */
bool ring_wants_notification(struct ring *ring);

/* Where the next buffer will be made available, as NOTIFICATION_DATA has it (2.9). */
uint16_t ring_position(const struct ring *ring);

/* Whether the device shall interrupt when it uses the next buffer. */
void ring_want_interrupt(struct ring *ring, bool wanted);

/* What came back. */
struct ring_reply {
	uint32_t id;
	uint32_t length;
	bool valid;	/* a buffer with this id was in flight */
};

/* Take the next used buffer, if there is one. */
bool ring_take(struct ring *ring, struct ring_reply *reply);

/* How many buffers came back and were not taken. */
uint16_t ring_pending(const struct ring *ring);

#endif
