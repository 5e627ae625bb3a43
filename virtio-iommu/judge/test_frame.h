/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frame of one test: what judge() and skip() record between verdict_begin() and verdict_end() is its
 * verdict. For whoever runs tests and cells of products.
 */
#ifndef JUDGE_TEST_FRAME_H
#define JUDGE_TEST_FRAME_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/verdict.h"

struct test;

/* Begin @test, with verdict pass. */
void verdict_begin(const struct test *test);

/* Return the id of the running test as reports have it: REQUIREMENT/name. */
const char *verdict_id(void);

/* Return true between verdict_begin() and verdict_end(). */
bool verdict_is_open(void);

/* Print the verdict as TAP, with its details; the test took @microseconds. */
void verdict_end(uint64_t microseconds);

/* Undo silent_rest() and its like: what comes now counts again. */
void allow_verdicts(void);

/* The most bytes of a cell's name, with its end. */
#define CELL_NAME 256

/*
 * Begin a cell of a product (product.h), with verdict pass. @name is copied; it stands beside the verdict
 * if this cell makes it.
 */
void verdict_cell_begin(const char *name);

/*
 * End it, and return its verdict. The worst verdict of all cells is the test's; a skip stands only if no cell
 * was judged.
 */
enum verdict verdict_cell_end(void);

#endif
