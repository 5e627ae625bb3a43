// SPDX-License-Identifier: BSD-3-Clause
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exception.h"
#include "host/machine/signals.h"
#include "util.h"

static void report(int number, siginfo_t *info, void *context)
{
	static volatile sig_atomic_t entered;
	char summary[96];

	(void)context;
	if (entered)
		_Exit(1);
	entered = 1;
	snprintf(summary, sizeof(summary), "signal %d (%s) at %p", number, strsignal(number),
		 info->si_addr);
	exception_report(summary);
}

void signals_init(void)
{
	static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
	struct sigaction action = {.sa_sigaction = report, .sa_flags = SA_SIGINFO | SA_NODEFER};

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++)
		sigaction(numbers[i], &action, NULL);
}
