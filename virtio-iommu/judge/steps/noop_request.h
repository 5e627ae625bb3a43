/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that change nothing, for tests of the request queue: DETACH of an endpoint that does not exist.
 */
#ifndef STEPS_NOOP_REQUEST_H
#define STEPS_NOOP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/iommu.h"
#include "judge/verdict.h"

/* ---- A request of which only that it comes back counts ---- */

/* Write one into the descriptors of the request queue. Return its id, to be published; -1 if it is full. */
int queue_noop(void);

/* Wait for the next buffer of the request queue. Return false if none comes back within @microseconds. */
bool wait_request_used(uint64_t microseconds);

/* Return true if no buffer comes back, for as long as one may take. */
bool request_stays_unused(void);

/*
 * Wait until @count buffers are used, each within REPLY_TIMEOUT_US after the last one, and do not take them.
 * Return how many are.
 */
uint16_t wait_requests_pending(uint16_t count);

/* Wait for @count buffers. Return how many came back in time; if not all did, the device is dead. */
unsigned int wait_requests_used(unsigned int count);

/* ---- A request whose answer counts ---- */

/* At an address of the test's own, in arena memory. */
struct noop_request {
	struct detach_request *request;
	struct request_tail *tail;
};

struct noop_request noop_request(void);

/* Describe it in two descriptors. */
void noop_pieces(const struct noop_request *noop, struct ring_piece pieces[2]);

/* Write it into the descriptors of the request queue. Return its id, -1 if the queue is full. */
int noop_add(const struct noop_request *noop);

/*
 * Make the buffer @id with it available, alone. It comes back with the status that the device has for such
 * requests. Return true if so. @when: the circumstances, in printf form.
 */
bool expect_noop_answered(struct source_line at, int id, const struct noop_request *noop, const char *when,
			  ...) __attribute__((format(printf, 4, 5)));

/* Send a new one, and expect its answer: the queue works. @when: the circumstances. */
bool expect_queue_works(struct source_line at, const char *when);

/*
 * Make one available to a device that must not look at it, and notify all the same: it does not come back,
 * and neither it nor the ring is written. @when: the circumstances.
 */
void expect_noop_left_alone(struct source_line at, const char *when);

/*
 * Ask once by a MAP in a domain that does not exist, each byte of which has a descriptor of its own. Return
 * false if it is refused for that, as it may (GEN-FRAME-2, GEN-PKD-9): unwritten, or by a reset, which is
 * then done; or if the queue is too short to ask.
 */
bool takes_long_buffers(void);

/* ---- Any request ---- */

/* Copy a request into the descriptors of the request queue; published, but not notified. */
void queue_raw(const void *request, uint32_t size, struct request_tail *tail);

#endif
