// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/board/board.h"
#include "host/board/operator.h"
#include "host/board/restart.h"
#include "host/iommu/migration.h"
#include "host/machine/uart.h"
#include "util.h"

static char **arguments;
static char test[128];	/* that has begun last */

/* In the environment of the next process: the test that a reset belongs to, and its note. */
static const char variable[] = "VIRTIO_IOMMU_RESUME";

static void migrate(unsigned int number, const char *unused)
{
	(void)unused;
	virtio_iommu_migrate();
	uart_say("ok %u", number);
}

/* The next boot is the answer. */
static void reset(unsigned int number, const char *note)
{
	char text[512];

	(void)number;
	snprintf(text, sizeof(text), "%s %s", test, note);
	setenv(variable, text, 1);
	restart(arguments);
}

static void resume(unsigned int number, const char *unused)
{
	const char *text = getenv(variable);

	(void)unused;
	if (text)
		uart_say("ok %u: %s", number, text);
	else
		uart_say("ok %u", number);
	unsetenv(variable);
}

static void answer(unsigned int number, const char *refusal)
{
	if (refusal)
		uart_say("no %u: %s", number, refusal);
	else
		uart_say("ok %u", number);
}

static void plug(unsigned int number, const char *slot)
{
	answer(number, board_plug(atoi(slot)));
}

static void pull(unsigned int number, const char *slot)
{
	answer(number, board_pull(atoi(slot)));
}

static const struct {
	const char *verb;
	void (*act)(unsigned int number, const char *arguments);
} verbs[] = {
	{"migrate", migrate},
	{"plug", plug},
	{"pull", pull},
	{"reset", reset},
	{"resume", resume},
};

static void act(unsigned int number, const char *verb, const char *rest)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(verbs[i].verb, verb))
			return verbs[i].act(number, rest);
	uart_say("no %u: the host machine cannot %s", number, verb);
}

static void hear(const char *line)
{
	unsigned int number;
	char verb[16];
	int end = 0;

	sscanf(line, "# start %127s", test);
	if (sscanf(line, "# ask %u: %15s%n", &number, verb, &end) == 2)
		act(number, verb, line + end + (line[end] == ' '));
}

void operator_attend(char **argv)
{
	arguments = argv;
	uart_listen(hear);
}
