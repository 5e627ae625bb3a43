// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "operator.h"
#include "time.h"

/* The operator has a deadline of its own, which comes first on any host. */
#define ANSWER_TIMEOUT_US 120000000

/* Read "ok N", "ok N: TEXT" or "no N: TEXT". Return false for any other line. */
static bool parse(struct operator_answer *answer, const char *line, unsigned long number)
{
	char *end;

	if (strncmp(line, "ok ", 3) && strncmp(line, "no ", 3))
		return false;
	if (strtoul(line + 3, &end, 10) != number)
		return false;
	answer->came = true;
	answer->ok = *line == 'o';
	snprintf(answer->text, sizeof(answer->text), "%s", strncmp(end, ": ", 2) ? end : end + 2);
	return true;
}

struct operator_answer operator_ask(const char *request, ...)
{
	static unsigned long number;
	struct deadline deadline = deadline_in(ANSWER_TIMEOUT_US);
	struct operator_answer answer = {0};
	char line[300];
	va_list args;

	va_start(args, request);
	vsnprintf(line, sizeof(line), request, args);
	va_end(args);
	printf("# ask %lu: %s\n", ++number, line);
	console_flush();
	while (console_read_line(line, sizeof(line), &deadline))
		if (parse(&answer, line, number))
			return answer;
	snprintf(answer.text, sizeof(answer.text), "no answer within %u s", ANSWER_TIMEOUT_US / 1000000);
	return answer;
}
