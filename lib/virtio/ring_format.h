/* SPDX-License-Identifier: BSD-3-Clause */
/* The operations of a ring format, split or packed, and what ring.c does for both. */
#ifndef LIB_VIRTIO_RING_FORMAT_H
#define LIB_VIRTIO_RING_FORMAT_H

#include "virtio/ring.h"

struct ring_format {
	/* Lay out the three areas over @memory, which is zero. */
	void (*init)(struct ring *ring, uint8_t *memory);

	/* Write @count pieces into as many descriptors, which are free, with @flags added. Return the id. */
	uint16_t (*write)(struct ring *ring, const struct ring_piece *pieces, unsigned int count,
			  uint16_t flags);

	/* Write an entry of an indirect table; @next is the index of the next one, 0 for none. */
	void (*fill)(void *entry, const struct ring_piece *piece, uint16_t next);

	/* Make buffer @id available. */
	void (*publish)(struct ring *ring, uint16_t id);

	/* Read id and length of the next used buffer without taking it. Return false if there is none. */
	bool (*peek)(const struct ring *ring, uint32_t *id, uint32_t *length);

	/* Take the used buffer @id and free its descriptors. */
	void (*retire)(struct ring *ring, uint16_t id);

	/* Take a used buffer whose id is not in flight. */
	void (*skip)(struct ring *ring);

	/* See ring_pending() and its neighbours in ring.h. */
	uint16_t (*pending)(const struct ring *ring);
	uint16_t (*position)(const struct ring *ring);
	bool (*wants_notification)(const struct ring *ring);
	void (*want_interrupt)(struct ring *ring, bool wanted);
};

extern const struct ring_format ring_split, ring_packed;

/* Take the first free id off the list and return it. */
uint16_t ring_take_free(struct ring *ring);

/* Append @count ids, linked by next[] from @first on, to the list of free ones. */
void ring_put_free(struct ring *ring, uint16_t first, uint16_t count);

/* Return true if index @event was passed on the way from @old to @now (2.7.10). */
static inline bool ring_passed(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

#endif
