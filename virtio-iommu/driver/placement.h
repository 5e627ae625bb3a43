/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where the memory of ours lies that the device reaches: anywhere in what the machine has.
 */
#ifndef PLACEMENT_H
#define PLACEMENT_H

#include <stdbool.h>
#include <stddef.h>

enum placed {
	PLACED_REQUEST_RING,	/* with its indirect tables */
	PLACED_TABLES,		/* these alone */
	PLACED_EVENT_RING,
	PLACED_REQUESTS,	/* readable parts: well-formed ones fit */
	PLACED_REPLIES,		/* writable parts: that of PROBE ends with the memory, but for a guard */
	PLACED_EVENTS,		/* event buffers */
	PLACED_COUNT
};

/* Return how many bytes of memory it takes. */
size_t placed_size(enum placed what);

/* Let it lie at @memory from the next restart of the device on; the caller's, aligned to 16 bytes. */
void placement_move(enum placed what, void *memory);

/* Let all of them lie where they were at start, from the next restart on. */
void placement_restore(void);
bool placement_is_changed(void);

/* For the driver itself: where it lies at start, and what it takes elsewhere. */
void placement_init(enum placed what, void *memory, size_t size);

/* Return where it lies now. PLACED_TABLES: NULL if that is beside the ring. */
void *placed_at(enum placed what);

#endif
