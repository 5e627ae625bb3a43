// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <string.h>

#include "glob.h"

/* Linear for each '*': after a mismatch only the last '*' takes one character more. */
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

struct glob glob_first(const char *list)
{
	bool without = *list == '!';
	const char *comma = strchr(list, ',');

	return (struct glob){list + without, comma ? comma : list + strlen(list), without};
}

bool glob_next(struct glob *glob)
{
	if (!*glob->end)
		return false;
	*glob = glob_first(glob->end + 1);
	return true;
}
