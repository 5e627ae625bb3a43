// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <string.h>

#include "glob.h"

/* Linear for each '*': on a mismatch only the last one takes one character more. */
bool glob_match(const char *pattern, const char *end, const char *text)
{
	const char *star = NULL, *resume = NULL;

	while (*text) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			resume = text;
		} else if (pattern < end && (*pattern == '?' || *pattern == *text)) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool glob_match_any(const char *patterns, const char *text)
{
	bool matched = false;
	const char *comma;

	for (;; patterns = comma + 1) {
		bool without = *patterns == '!';

		comma = strchr(patterns, ',');
		if (glob_match(patterns + without, comma ? comma : patterns + strlen(patterns), text))
			matched = !without;
		if (!comma)
			return matched;
	}
}
