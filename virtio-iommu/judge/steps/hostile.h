/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A driver that breaks rules: a request queue over memory of which every byte is watched, and what a
 * device owes such a driver all the same.
 *
 * The device may use a buffer, ask for a reset, or do nothing; it writes nowhere else, what other
 * endpoints reach stays within what it was, and a device reset makes it work again.
 */
#ifndef STEPS_HOSTILE_H
#define STEPS_HOSTILE_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/verdict.h"
#include "virtio/ring.h"

/* Descriptors of the queue, and bytes that may be written for the first of them. */
#define HOSTILE_SIZE 8
#define HOSTILE_ROOM 64

/* Descriptors that a table in the watched memory has, traps included. */
#define HOSTILE_TABLE 64

/* The watched memory, 4096 bytes. The device may write @used and @writable. */
struct hostile_area {
	struct ring_desc desc[HOSTILE_TABLE];	/* HOSTILE_SIZE of the queue, then traps */
	struct {
		uint8_t avail[128], used[128], behind_used[256];
	} rings;
	uint8_t readable[128];			/* a request that changes nothing */
	uint8_t writable[HOSTILE_ROOM], behind_writable[320];
	struct ring_desc table[HOSTILE_TABLE];	/* for an indirect table: traps to begin with */
	uint8_t forbidden[1024];		/* where traps lead */
};

/* The endpoint that looks on: attached to a domain of its own, with one page. */
struct victim {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;
};

/* The state of a test. */
struct hostile {
	/* What the device is shown, with a copy from before; and what it was shown before the last reset. */
	struct hostile_area *area, *shadow, *old_area, *old_shadow;
	/* Parts of the area, as the device sees them. */
	volatile struct ring_desc *desc, *table;
	volatile struct ring_avail *avail;
	volatile struct ring_used *used;
	uint16_t index, used_index;		/* of both rings when the case began */
	void *event_memory;			/* for the event queue, which has no buffers */
	struct victim victim;
};

/* Allocate memory for @h, which lives until the end of the test, and choose the victim. */
void hostile_setup(struct hostile *h);

/*
 * From whatever state to a device that has served requests over the watched ring, with the victim
 * attached. Return false, with a verdict, if it does not come back from a reset. @name: of the case.
 */
bool hostile_restart(struct source_line at, struct hostile *h, const char *name, uint64_t features);

/* Reset the device and negotiate @features; no queue is enabled. Return true if FEATURES_OK sticks. */
bool hostile_negotiate(uint64_t features);

/* Make @count heads from h->index on available, and notify. What the heads are is the caller's. */
void hostile_send(struct hostile *h, uint16_t count);

/*
 * Wait for what comes of it, and judge: at most @limit buffers are used, nothing outside of them has
 * changed, the victim reaches its page or nothing.
 */
void hostile_judge(struct source_line at, struct hostile *h, const char *name, uint16_t limit);

/*
 * Begin anew with the watched rings, for rings that lie elsewhere: there is one good request that no index
 * covers.
 */
void hostile_clear_rings(struct hostile *h);

/* Judge when anything that was given to the device as a ring may have changed. */
void hostile_judge_rings(struct source_line at, struct hostile *h, const char *name);

/* Attach the victim to a domain of its own, and map its page. Return true if that worked. */
bool victim_attach(struct source_line at, struct victim *victim);

/* The victim reaches its page; a device that asks for a reset may block it. */
void victim_judge(struct source_line at, struct victim *victim);

/* After all cases: one reset, and the device works in every way. */
void hostile_check_recovery(struct source_line at, struct hostile *h);

/* Record a fail, whatever the level: what no device may do in the case @name. */
void fail_case(struct source_line at, const char *name, const char *expected, const char *actual);

/* Where a wrong address may point. */
enum hostile_target {
	TARGET_READABLE = 1,
	TARGET_WRITABLE,
	TARGET_TABLE,
	TARGET_FORBIDDEN,
	TARGET_DESC,		/* the ring itself */
	TARGET_AVAIL,
	TARGET_USED,
	TARGET_ZERO,
	TARGET_OUTSIDE,		/* no memory of any kind */
	TARGET_HIGH,		/* past what any CPU addresses */
	TARGET_WRAP,		/* the last 16 bytes of 2^64 */
	TARGET_END,		/* the last 8 bytes of memory */
	TARGET_FEATURE_SELECT,	/* registers of the device itself */
	TARGET_STATUS,
	TARGET_DOORBELL,
};

/* Return the guest-physical address of @target. */
uint64_t hostile_address(const struct hostile *h, enum hostile_target target);

#endif
