/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of one test: from its begin to its end, what judge() and skip() record is its verdict. For
 * run.c.
 */
#ifndef JUDGE_VERDICT_H
#define JUDGE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/test.h"

/* Begin @test, with verdict pass. */
void verdict_begin(const struct test *test);

/* Return its id as reports have it: REQUIREMENT/name. */
const char *verdict_id(void);

/* Return true between verdict_begin() and verdict_end(). */
bool verdict_is_open(void);

/* Print the verdict as TAP, with its details; the test took @microseconds. */
void verdict_end(uint64_t microseconds);

/* Undo skip_rest(): what comes now counts again. */
void allow_verdicts(void);

#endif
