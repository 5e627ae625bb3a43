/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIB_GLOB_H
#define LIB_GLOB_H

#include <stdbool.h>

/*
 * Shell patterns: "*" any characters, "?" one character, everything else itself. The pattern ends
 * at @end.
 */
bool glob_match(const char *pattern, const char *end, const char *text);

/* One of a comma-separated list. It takes in what matches, or behind a '!' takes it out again. */
struct glob {
	const char *pattern, *end;
	bool without;
};

/* The first pattern of @list, which has at least one; then the next ones. False behind the last. */
struct glob glob_first(const char *list);
bool glob_next(struct glob *glob);

#endif
