/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Statements about values, and conditions of a set-up.
 *
 * EXPECT_* is what the requirement says: if it does not hold, the requirement's level decides, and the test
 * goes on. The functions behind the macros return whether it held; helpers call them with the place of the
 * test's statement.
 */
#ifndef JUDGE_EXPECT_H
#define JUDGE_EXPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "judge/verdict.h"

/*
 * Compare @actual, which is looked at once, with what it should be. The rest names the value in printf form,
 * with loop indexes and sizes as context: "expected 0, got 0x80: device_status after reset".
 */
#define EXPECT_EQ(actual, expected, ...) expect_eq(AT, actual, expected, __VA_ARGS__)
#define EXPECT_NE(actual, unexpected, ...) expect_ne(AT, actual, unexpected, __VA_ARGS__)
#define EXPECT_LE(actual, most, ...) expect_le(AT, actual, most, __VA_ARGS__)
#define EXPECT_GE(actual, least, ...) expect_ge(AT, actual, least, __VA_ARGS__)

bool expect_eq(struct source_line at, uint64_t actual, uint64_t expected, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
bool expect_ne(struct source_line at, uint64_t actual, uint64_t unexpected, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
bool expect_le(struct source_line at, uint64_t actual, uint64_t most, const char *what, ...)
	__attribute__((format(printf, 4, 5)));
bool expect_ge(struct source_line at, uint64_t actual, uint64_t least, const char *what, ...)
	__attribute__((format(printf, 4, 5)));

/*
 * Compare @size bytes, which a device may write meanwhile, with what they should be, and show the first that
 * differs. The rest names them in printf form.
 */
bool expect_bytes(struct source_line at, const volatile void *actual, const void *expected, size_t size,
		  const char *what, ...) __attribute__((format(printf, 5, 6)));

/* Any other statement: @expected is the text's demand, the rest says in printf form what was seen. */
#define EXPECT(condition, expected, ...)                                                          \
	do {                                                                                      \
		if (!(condition))                                                                 \
			judge(BY_LEVEL, AT, expected, __VA_ARGS__);                               \
	} while (0)

/*
 * A set-up step, or a condition of one. If it fails, nothing can be said about the requirement: leave the
 * function. Where the step has said which requirement the device broke, that fail stands; else an error.
 */
#define REQUIRE(condition)                                                                        \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			set_up_failed(AT, #condition);                                            \
			return;                                                                   \
		}                                                                                 \
	} while (0)

void set_up_failed(struct source_line at, const char *condition);

#endif
