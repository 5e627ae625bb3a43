// SPDX-License-Identifier: BSD-3-Clause
/*
 * The words are put together where something is wrong: a kept expectation costs no text, which is dear where
 * each instruction is emulated.
 */
#include <stdarg.h>
#include <stdio.h>

#include "judge/expect.h"

/* @relation says how the value should compare to @wanted. */
static void report(struct source_line at, const char *relation, uint64_t wanted, uint64_t actual,
		   const char *what, va_list args)
{
	char expected[48], name[128];

	snprintf(expected, sizeof(expected), "%s%#lx", relation, wanted);
	vsnprintf(name, sizeof(name), what, args);
	judge(BY_LEVEL, at, expected, "%#lx: %s", actual, name);
}

#define COMPARE(name, operator, relation)                                                         \
	bool name(struct source_line at, uint64_t actual, uint64_t wanted, const char *what, ...) \
	{                                                                                         \
		bool holds = actual operator wanted;                                              \
		va_list args;                                                                     \
                                                                                                  \
		va_start(args, what);                                                             \
		if (!holds)                                                                       \
			report(at, relation, wanted, actual, what, args);                         \
		va_end(args);                                                                     \
		return holds;                                                                     \
	}

COMPARE(expect_eq, ==, "")
COMPARE(expect_ne, !=, "not ")
COMPARE(expect_le, <=, "at most ")
COMPARE(expect_ge, >=, "at least ")

bool expect_bytes(struct source_line at, const volatile void *actual, const void *expected, size_t size,
		  const char *what, ...)
{
	const volatile uint8_t *now = actual;
	const uint8_t *wanted = expected;
	uint8_t seen = 0;
	char name[100];
	va_list args;
	size_t i = 0;

	while (i < size && (seen = now[i]) == wanted[i])
		i++;
	if (i == size)
		return true;
	va_start(args, what);
	vsnprintf(name, sizeof(name), what, args);
	va_end(args);
	return expect_eq(at, seen, wanted[i], "byte %zu of %s", i, name);
}

void set_up_failed(struct source_line at, const char *condition)
{
	judge(VERDICT_ERROR, at, condition, "this step or condition is false");
}
