/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statements about what DMA reaches (effect.h). A byte that changes where nothing is mapped to it is a fail
 * whatever the level: isolation is broken. Of a stand-in (driver/endpoint.h) all of them hold.
 */
#ifndef JUDGE_ACCESSES_H
#define JUDGE_ACCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/effect.h"
#include "judge/verdict.h"

/* What the requirement says. Each yields whether it held. */
#define EXPECT_WRITES(ep, iova, target, size) expect_writes(AT, BY_LEVEL, ep, iova, target, size)
#define EXPECT_READS(ep, iova, source, size) expect_reads(AT, BY_LEVEL, ep, iova, source, size)
#define EXPECT_WRITE_BLOCKED(ep, iova, size) expect_write_blocked(AT, ep, iova, size)
#define EXPECT_READ_BLOCKED(ep, iova, secret, size) expect_read_blocked(AT, ep, iova, secret, size)

/* Of a write of @size bytes nothing lands but, at most, the first @allowed ones at @target. */
#define EXPECT_WRITE_STAYS_IN(ep, iova, size, target, allowed)                                    \
	expect_write_stays_in(AT, ep, iova, size, target, allowed)

/*
 * A control: it must work for the rest to mean anything. Otherwise a fail of what reaches memory, or an error
 * if the endpoint has never worked yet; and leave the function.
 */
#define REQUIRE_WRITES(ep, iova, target, size)                                                    \
	do {                                                                                      \
		if (!expect_writes(AT, SET_UP, ep, iova, target, size))                           \
			return;                                                                   \
	} while (0)

/* The bytes of a write at @iova arrive at @target, and nowhere else; else judge with @otherwise. */
bool expect_writes(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		   void *target, size_t size);

/* A read at @iova sees the bytes at @source. A skip of the verdict for an endpoint that does not read. */
bool expect_reads(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		  const void *source, size_t size);

/* Nothing that is watched changes. */
bool expect_write_blocked(struct source_line at, struct endpoint *ep, uint64_t iova, size_t size);

bool expect_write_stays_in(struct source_line at, struct endpoint *ep, uint64_t iova, size_t size,
			   void *target, size_t allowed);

/* The device does not get to see the bytes at @secret, nor those at guest-physical @iova, if watched. */
bool expect_read_blocked(struct source_line at, struct endpoint *ep, uint64_t iova, const void *secret,
			 size_t size);

/*
 * Set how long the next access of @ep is waited for: all the time that a busy host may take, or what the like
 * has taken if it @may_be_blocked.
 */
void set_timeout(struct endpoint *ep, bool may_be_blocked);

/*
 * An access of several parts (watch.h), each of which gets as far as it may. No byte of a source of reads is
 * 0: filled_pages() are such. A blocked byte that is moved is a fail, whatever the level.
 */
bool expect_write_parts(struct source_line at, struct endpoint *ep, uint64_t iova, struct access_parts all);
bool expect_read_parts(struct source_line at, struct endpoint *ep, uint64_t iova, struct access_parts all);

/* Return true if the device sees the bytes at @source when it reads @iova. No verdict. */
bool can_read(struct endpoint *ep, uint64_t iova, const void *source, size_t size);

#endif
