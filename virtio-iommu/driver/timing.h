/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long this VMM takes, as it was seen in this boot. No standard says how long anything may take: a wait
 * for what has to come is as long as REPLY_TIMEOUT_US, and one for what should not come is several times what
 * the like has taken.
 */
#ifndef DRIVER_TIMING_H
#define DRIVER_TIMING_H

#include <stdint.h>

#include "virtio/virtio.h"

enum timed {
	TIMED_REQUEST,		/* from the notification to the used buffer */
	TIMED_REPORT,		/* from an access that is blocked to the report of it */
	TIMED_NOTIFICATION,	/* to the interrupt or message of it */
	TIMED_KINDS,
};

/*
 * Note that one came after a wait that began at @start (time_us()). A comment on the console says now and
 * then that the test in progress gets on.
 */
void timing_note_since(enum timed kind, uint64_t start);

/*
 * Return the microseconds after which one that has not come will not come: several times what the second
 * slowest of the last ones took. Long until one was seen; at most REPLY_TIMEOUT_US.
 */
uint64_t timing_quiet_us(enum timed kind);

/*
 * Return the microseconds after which one that has to come is given up, although much may be slower than
 * usual: after a start, or on a host that is busy.
 */
uint64_t timing_patience_us(enum timed kind);

/* Times of one kind; those of each endpoint are its own. */
struct timing {
	uint64_t slowest, second;	/* microseconds, of those counted now */
	uint64_t before;		/* the same as the second, of the last full count */
	unsigned int count;
};

/* Count one that came after @microseconds. */
void timing_add(struct timing *timing, uint64_t microseconds);

/* Return what the second slowest of the last ones took, in microseconds; 0 if there was none. */
uint64_t timing_slow(const struct timing *timing);

/* Like virtio_wait(), for a buffer of a queue of the IOMMU; a trace tells how the wait ended. */
enum virtio_wait iommu_wait(struct ring *ring, struct ring_reply *reply, uint64_t microseconds);

#endif
