/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statements about the answers to requests. A status counts only if the used length covers it. A request that
 * did not come back, or one beside whose buffers the device wrote, is a fail whatever the level.
 */
#ifndef JUDGE_REPLIES_H
#define JUDGE_REPLIES_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/iommu.h"
#include "judge/verdict.h"

/* What the requirement says. Each yields whether it held. */
#define EXPECT_STATUS(reply, expected) expect_status(AT, BY_LEVEL, &(reply), expected)
#define EXPECT_OK(reply) EXPECT_STATUS(reply, STATUS_OK)

/*
 * A step of a set-up: `REQUIRE_OK(map(...));`. If it is not OK, a fail that names what is broken, and leave
 * the function.
 */
#define REQUIRE_OK(call)                                                                          \
	do {                                                                                      \
		struct reply reply_ = call;                                                       \
                                                                                                  \
		if (!expect_status(AT, SET_UP, &reply_, STATUS_OK))                               \
			return;                                                                   \
	} while (0)

/* Like REQUIRE_OK() for a MAP, whose combination of flags a device need not have (5.13.6.5): a skip. */
#define MAP_OR_SKIP(call)                                                                         \
	do {                                                                                      \
		struct reply reply_ = call;                                                       \
                                                                                                  \
		if (is_refusal(&reply_))                                                          \
			SILENT("the device has no mappings with these permissions");              \
		if (!expect_status(AT, SET_UP, &reply_, STATUS_OK))                               \
			return;                                                                   \
	} while (0)

/*
 * Skip the rest of the test if the answer is NOMEM, and the device never had room for as much. Return true if
 * so.
 */
bool skip_if_no_room(const struct reply *reply);

/*
 * Judge with @otherwise if the answer is not @status. Return true if it is. NOMEM in place of OK is a skip
 * where the device never had room for as much.
 */
bool expect_status(struct source_line at, enum verdict otherwise, const struct reply *reply,
		   uint8_t status);

/* The request came back with used length 0, and nothing was written. Return true if so. */
bool expect_unwritten(struct source_line at, const struct reply *reply);

/* Judge with @otherwise if the request did not come back, or the reserved bytes of its tail are not 0. */
void expect_zero_tail(struct source_line at, enum verdict otherwise, const struct reply *reply);

#endif
