/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that are in flight together, behind one notification, and requests whose bytes lie in memory as
 * the caller likes. Each byte around them is looked at afterwards, as with request_raw().
 */
#ifndef DRIVER_BATCH_H
#define DRIVER_BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/iommu.h"

/* Where the pieces of a part lie in memory. */
enum piece_order {
	PIECES_ADJACENT,	/* one after the other, without a gap */
	PIECES_APART,		/* with bytes in between that are not theirs */
	PIECES_BACKWARDS,	/* the same, the last one first */
};

/* A part of a request in memory; {0} is one descriptor. */
struct part_layout {
	struct cut cut;		/* into descriptors */
	enum piece_order order;
	uint16_t before_page_end;	/* bytes of the part in front of the end of a page; 0: wherever */
};

struct request_layout {
	struct part_layout readable, writable;
	bool direct;		/* in descriptors of the ring, though tables were accepted */
};

struct batch;

/* Return how many requests with one descriptor for each part the empty request queue takes. */
unsigned int batch_capacity(void);

/* Return an empty batch, on the arena. */
struct batch *batch_new(void);

/*
 * Write a request of @size readable and @writable writable bytes into the descriptors of the request queue.
 * @layout may be NULL: one descriptor for each part. Return false if the queue has no room for it.
 */
bool batch_add(struct batch *batch, const void *readable, uint32_t size, uint32_t writable,
	       const struct request_layout *layout);

/* Return the number of requests. */
unsigned int batch_count(const struct batch *batch);

/*
 * Make all available in the order in which they were added. Without a notification the device need not see
 * it.
 */
void batch_publish(struct batch *batch);

/*
 * Wait until all have come back. Return false, with iommu.dead set, if not all do within REPLY_TIMEOUT_US,
 * or the device asks for a reset.
 */
bool batch_wait(struct batch *batch);

/* Make all available, notify once, and wait: see batch_wait(). */
bool batch_send(struct batch *batch);

/* Like batch_send(), with a notification of each, whether those before have come back or not. */
bool batch_send_each(struct batch *batch);

/* Return the reply to request number @index, valid until the memory of the batch is released. */
const struct reply *batch_reply(const struct batch *batch, unsigned int index);

#endif
