/* SPDX-License-Identifier: BSD-3-Clause */
/* What the two ring formats do each its own way, and what ring.c does for them. */
#ifndef LIB_VIRTIO_RING_FORMAT_H
#define LIB_VIRTIO_RING_FORMAT_H

#include "virtio/ring.h"

struct ring_format {
	/* Lay out the three areas, which are zero. */
	void (*init)(struct ring *ring, uint8_t *memory);

	/* Describe @count pieces with @flags added, in as many descriptors. They are free. Returns the id. */
	uint16_t (*write)(struct ring *ring, const struct ring_piece *pieces, unsigned int count,
			  uint16_t flags);

	/* An entry of an indirect table; @next is the one behind it, 0 for none. */
	void (*fill)(void *entry, const struct ring_piece *piece, uint16_t next);

	void (*publish)(struct ring *ring, uint16_t id);

	/* What the device says about the next used buffer; false if there is none yet. */
	bool (*peek)(const struct ring *ring, uint32_t *id, uint32_t *length);

	/* Go on behind the used buffer, and give its descriptors back. */
	void (*retire)(struct ring *ring, uint16_t id);

	/* The same for an id that nobody knows. */
	void (*skip)(struct ring *ring);

	uint16_t (*pending)(const struct ring *ring);
	uint16_t (*position)(const struct ring *ring);
	bool (*wants_notification)(const struct ring *ring);
	void (*want_interrupt)(struct ring *ring, bool wanted);
};

extern const struct ring_format ring_split, ring_packed;

/* The first free id, which is taken. */
uint16_t ring_take_free(struct ring *ring);

/* Put @count ids that are linked by next[] behind the free ones. */
void ring_put_free(struct ring *ring, uint16_t first, uint16_t count);

/* Whether @event lies in what was passed on the way from @old to @now (2.7.10). */
static inline bool ring_passed(uint16_t event, uint16_t now, uint16_t old)
{
	return (uint16_t)(now - event - 1) < (uint16_t)(now - old);
}

#endif
