/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the command line asks of the tests.
 */
#ifndef JUDGE_OPTIONS_H
#define JUDGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot.h"

/* ---- For tests ---- */

/* Return the N of the standard that counts, virtio 1.N: spec=1.N on the command line, else the newest. */
#define SPEC_NEWEST 4
unsigned int spec_minor(void);

/* Return the number that the command line has as KEY=N, or @otherwise. What is no number ends the run. */
uint64_t test_option(const char *key, uint64_t otherwise);

/*
 * Print that one of several cases in a test that may end the VMM is about to begin, as the words of a command
 * line that does it alone. Return false if case=NAME on the command line names another one.
 */
bool test_case(const char *name);

/* Like test_case(), for a case that is drawn from a seed: it prints the words, and all are done. */
void test_round(uint64_t seed);

/* ---- For run.c ---- */

/* Take the options from @boot, which stays the caller's. A spec= that is no version ends the run. */
void options_init(const struct boot_info *boot);

/*
 * Copy the value of KEY=VALUE to @value of @size bytes. Return false if it is not there. What does not fit
 * ends the run: a list that was cut would select something else.
 */
bool read_option(const char *key, char *value, size_t size);

/* Return true if products=all asks for all cells of products, and not for a covering selection. */
bool test_plays_all_cells(void);

/* Return false if products=none leaves them to another run. */
bool test_plays_products(void);

#endif
