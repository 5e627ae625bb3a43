/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef GLOB_H
#define GLOB_H

#include <stdbool.h>

/*
 * Shell patterns: "*" any characters, "?" one character, everything else itself. The pattern ends
 * at @end.
 */
bool glob_match(const char *pattern, const char *end, const char *text);

/*
 * The comma-separated patterns in turn: one that matches takes @text in, one that matches behind a
 * '!' takes it out again.
 */
bool glob_match_any(const char *patterns, const char *text);

#endif
