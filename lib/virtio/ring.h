/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Virtqueues (virtio 1.4, 2.7 and 2.8), polled: split or packed, with or without indirect tables,
 * as the features say that the device was brought up with.
 *
 * The usual sequence is ring_add(), ring_publish(), virtio_notify(), virtio_wait(). For anything else tests
 * may write the three areas themselves. The book-keeping of ring_add() lies outside of them, so that a
 * device that overwrites a ring cannot confuse us.
 */
#ifndef LIB_VIRTIO_RING_H
#define LIB_VIRTIO_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RING_MAX_SIZE 256

/* Flags of a descriptor. The last two are those of packed rings. */
enum { DESC_NEXT = 1, DESC_WRITE = 2, DESC_INDIRECT = 4, DESC_AVAIL = 1 << 7, DESC_USED = 1 << 15 };

/* Flags of the available and of the used ring (2.7.6, 2.7.8). */
enum { AVAIL_NO_INTERRUPT = 1 };
enum { USED_NO_NOTIFY = 1 };

/* Flags of the event suppression structures of packed rings (2.8.14). */
enum { EVENTS_ENABLE = 0, EVENTS_DISABLE = 1, EVENTS_DESC = 2 };

/*
 * Split rings.
 */

/* A descriptor (2.7.5). */
struct ring_desc {
	uint64_t address;
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

/* The available ring (2.7.6). */
struct ring_avail {
	uint16_t flags;
	uint16_t index;
	uint16_t heads[];	/* followed by used_event */
};

/* The used ring (2.7.8). */
struct ring_used_element {
	uint32_t id;
	uint32_t length;
};

struct ring_used {
	uint16_t flags;
	uint16_t index;
	struct ring_used_element elements[];	/* followed by avail_event */
};

/*
 * Packed rings.
 */

/* A descriptor (2.8.13). */
struct packed_desc {
	uint64_t address;
	uint32_t length;
	uint16_t id;
	uint16_t flags;
};

/* An event suppression structure (2.8.14). */
struct packed_events {
	uint16_t position;	/* of a descriptor, with the wrap counter in bit 15 */
	uint16_t flags;
};

/* A place in a packed ring: an index of a descriptor. */
struct packed_place {
	uint16_t slot;
	bool wrap;	/* the wrap counter there */
};

/*
 * Both.
 */

struct ring_format;

struct ring {
	const struct ring_format *format;
	uint64_t features;	/* accepted */
	uint16_t size;		/* entries, at most RING_MAX_SIZE; a power of two if split */
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
	uint8_t *tables;	/* INDIRECT_DESC: a table of @size descriptors for each id; or NULL */
	uint64_t device_offset;	/* the device sees the ring at its physical address plus this */
	uint16_t free_count;	/* descriptors */
	uint16_t taken;		/* buffers that came back, modulo 2^16 */
	uint16_t unnotified;	/* descriptors or heads made available since the last notification */

	/* The list of ids that are not in flight, linked by next[], and its length. */
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
	struct packed_place next_publish;	/* after the last available one */
	struct packed_place next_used;	/* where the next used descriptor is expected */

	/*
	 * Of these arrays the first @size entries count, by id, which is the head in split rings. next and
	 * chain are always valid, the others while the buffer is in flight.
	 */
	uint16_t next[RING_MAX_SIZE];	/* chains, free or in flight */
	uint16_t chain[RING_MAX_SIZE];	/* number of descriptors, 0 if not in flight */
	uint32_t writable[RING_MAX_SIZE];	/* bytes */
	struct packed_place place[RING_MAX_SIZE];	/* packed */
	uint16_t head_flags[RING_MAX_SIZE];	/* packed: for ring_publish() */
	uint16_t order[RING_MAX_SIZE];	/* IN_ORDER: ids in the order in which they were made available */
};

/* A piece of a buffer: [address, address + length) as the device sees it. */
struct ring_piece {
	uint64_t address;
	uint32_t length;
	bool writable;
};

/* Return the bytes of memory that a ring of @size entries needs with these features; at a multiple of 16. */
size_t ring_bytes(uint16_t size, uint64_t features);

/*
 * Lay out an empty ring, with interrupts suppressed, over @memory: ring_bytes() of the caller's. With
 * INDIRECT_DESC among @features, each buffer of more than one piece will get an indirect table.
 */
void ring_init(struct ring *ring, uint16_t size, void *memory, uint64_t device_offset,
	       uint64_t features);

/* Return true if feature bit @feature was accepted. */
static inline bool ring_has(const struct ring *ring, unsigned int feature)
{
	return ring->features >> feature & 1;
}

/*
 * Write a buffer of @count pieces into free descriptors. Return its id, which is the head in a split ring;
 * -1 if there are too few free descriptors, or @count is 0 or larger than the ring.
 */
int ring_add(struct ring *ring, const struct ring_piece *pieces, unsigned int count);

/* Make the buffer @id available. Without a notification the device need not see it. */
void ring_publish(struct ring *ring, uint16_t id);

/* Split rings: make available what the next @count entries of the available ring name, as they are. */
void ring_publish_entries(struct ring *ring, uint16_t count);

/* Split rings: count @count used elements as taken, without reading them. */
void ring_pass_used(struct ring *ring, uint16_t count);

/*
 * Return true if the device asks for a notification of what was published since the last call
 * (2.7.10, 2.8.10). A notification that it does not ask for is legal.
 */
bool ring_wants_notification(struct ring *ring);

/* Return where the next buffer will be made available, in the form of NOTIFICATION_DATA (2.9). */
uint16_t ring_position(const struct ring *ring);

/* Ask the device to interrupt, or not to, when it uses the next buffer. */
void ring_want_interrupt(struct ring *ring, bool wanted);

/* A used buffer, as the device returns it. */
struct ring_reply {
	uint32_t id;
	uint32_t length;	/* bytes that the device says it has written */
	bool valid;	/* a buffer with this id was in flight */
};

/* Take the next used buffer into @reply. Return false if there is none. */
bool ring_take(struct ring *ring, struct ring_reply *reply);

/* Return the number of used buffers that were not taken. In a packed ring a batch counts as one. */
uint16_t ring_pending(const struct ring *ring);

#endif
