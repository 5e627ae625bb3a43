// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>

#include "boot.h"
#include "exception.h"
#include "host/machine/fatal.h"

static void end(const char *format, va_list args) __attribute__((format(printf, 1, 0), noreturn));

static void end(const char *format, va_list args)
{
	char text[200];

	vsnprintf(text, sizeof(text), format, args);
	fprintf(stderr, "host: %s\n", text);
	exception_report(text);
}

void fatal(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	end(format, args);
}

void broken_rule(const char *format, ...)
{
	va_list args;

	if (boot_is_hostile())
		return;
	va_start(args, format);
	end(format, args);
}
