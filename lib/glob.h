/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LIB_GLOB_H
#define LIB_GLOB_H

#include <stdbool.h>

/*
 * Return true if the pattern [@pattern, @end) matches all of @text: "*" stands for any characters, "?" for
 * one, everything else for itself.
 */
bool glob_match(const char *pattern, const char *end, const char *text);

/* A pattern of a comma-separated list. It selects what matches; with a '!' in front it deselects. */
struct glob {
	const char *pattern, *end;
	bool without;	/* there was a '!', which is not part of the pattern */
};

/* Return the first pattern of @list, which has at least one and must outlive it. */
struct glob glob_first(const char *list);

/* Go on to the next pattern of the list. Return false if @glob was the last. */
bool glob_next(struct glob *glob);

#endif
