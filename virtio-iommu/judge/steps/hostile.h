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

/* The watched memory: one area that the device is shown. Behind each table lie traps. */
struct hostile {
	uint8_t *area;
	volatile struct ring_desc *desc;
	volatile struct ring_avail *avail;
	volatile struct ring_used *used;
	uint8_t *readable;	/* a request that changes nothing */
	uint8_t *writable;	/* HOSTILE_ROOM bytes */
	volatile struct ring_desc *table;	/* room for 8 */
	uint8_t *forbidden;	/* where traps lead */
	uint16_t index, used_index;	/* of both rings when the case began */
};

extern struct hostile hostile;

/* The endpoint that looks on: attached to a domain of its own, with one page. */
struct victim {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;
};

/* Memory and victim, once in a test. */
void hostile_setup(struct victim *victim);

/*
 * From whatever state to a device that has served requests over the watched ring, with the victim
 * attached. False and a verdict if it does not come back from a reset.
 */
bool hostile_restart(struct source_line at, const char *name, uint64_t features, struct victim *victim);

/* A reset, and the negotiation; no queue is enabled. */
bool hostile_negotiate(uint64_t features);

/* Make heads [index, index + count) available, and notify. What the heads are is the caller's. */
void hostile_send(uint16_t count);

/*
 * Wait for what comes of it, and judge: at most @limit buffers are used, nothing outside of them has
 * changed, the victim reaches its page or nothing.
 */
void hostile_judge(struct source_line at, const char *name, uint16_t limit, struct victim *victim);

/*
 * Rings that lie elsewhere: the watched ones start afresh, with one good request that no index covers;
 * and the judgement when anything that was given to the device as a ring may have changed.
 */
void hostile_rings_open(void);
void hostile_judge_rings(struct source_line at, const char *name);

/* The victim reaches its page; a device that asks for a reset may block it. */
void victim_judge(struct source_line at, struct victim *victim);
bool victim_attach(struct source_line at, struct victim *victim);

/* After all: one reset, and the device works in every way. */
void hostile_check_recovery(struct source_line at, struct victim *victim);

/* A FAIL, whatever the level: what no device may do. */
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

uint64_t hostile_address(enum hostile_target place);

#endif
