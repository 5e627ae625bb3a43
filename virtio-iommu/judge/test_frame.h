/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of one test: what judge() and skip() record between verdict_begin() and verdict_end() is its
 * verdict. For run.c, which runs the tests.
 */
#ifndef JUDGE_TEST_FRAME_H
#define JUDGE_TEST_FRAME_H

#include <stdbool.h>
#include <stdint.h>

struct test;

/* Begin @test, with verdict pass. */
void verdict_begin(const struct test *test);

/* Return the id of the running test as reports have it: REQUIREMENT/name. */
const char *verdict_id(void);

/* Return true between verdict_begin() and verdict_end(). */
bool verdict_is_open(void);

/* Print the verdict as TAP, with its details; the test took @microseconds. */
void verdict_end(uint64_t microseconds);

/* Undo skip_rest(): what comes now counts again. */
void allow_verdicts(void);

#endif
