// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "sequences/player.h"
#include "sequences/report.h"

void sequence_report(struct source_line at, const char *origin, const struct step *steps, unsigned int count)
{
	const struct trouble *trouble = player_trouble();
	char expected[180], text[520] = "", one[STEP_WORDS];
	unsigned int from = count, length = 0;

	snprintf(expected, sizeof(expected), "%s, at the last of %u steps: %s", origin, count,
		 trouble->expected);
	while (from && length + strlen(step_words(&steps[from - 1], player_memory(), one, sizeof(one))) <
			       sizeof(text) - 10) {
		length += strlen(one) + 3;
		from--;
	}
	length = snprintf(text, sizeof(text), "%s", from ? "...; " : "");
	for (unsigned int i = from; i < count; i++)
		length += snprintf(text + length, sizeof(text) - length, "%s%s",
				   i > from ? step_separator(&steps[i]) : "",
				   step_words(&steps[i], player_memory(), one, sizeof(one)));
	judge(trouble->verdict, at, expected, "%s, after %s", trouble->seen, text);
}
