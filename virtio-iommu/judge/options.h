/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line, for whoever runs the tests; tests have test_option() and what is beside it (test.h).
 */
#ifndef JUDGE_OPTIONS_H
#define JUDGE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "boot.h"

/*
 * Take the options from @boot, which stays the caller's. A version of the standard that is none ends the
 * run.
 */
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
