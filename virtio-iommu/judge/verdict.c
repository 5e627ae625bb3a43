// SPDX-License-Identifier: BSD-3-Clause
/*
 * Record the verdict of the running test and print it as TAP 14.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "console.h"
#include "judge/test.h"
#include "judge/verdict.h"
#include "util.h"

static struct running {
	const struct test *test;	/* NULL between tests */
	unsigned int number;
	char id[128];
	enum verdict verdict;
	bool unjudged;		/* from here on */
	const char *at;
	char cell[CELL_NAME];	/* of a product; "" outside of any */
	unsigned int cells;	/* that were judged */
	char expected[128], actual[160];	/* of a skip: actual holds the reason */
} current;

static const char *const verdict_names[] = {
	[VERDICT_PASS] = "pass", [VERDICT_INFO] = "info", [VERDICT_SKIP] = "skip",
	[VERDICT_WARN] = "warn", [VERDICT_FAIL] = "fail", [VERDICT_ERROR] = "error",
};

static enum verdict verdict_by_level(void)
{
	enum level level = current.test->level;

	return level == LEVEL_MUST || level == LEVEL_ISOLATION ? VERDICT_FAIL : VERDICT_WARN;
}

bool no_defect_so_far(void)
{
	return current.verdict <= VERDICT_INFO;
}

static void record(enum verdict verdict, const char *at, const char *expected, const char *actual,
		   va_list args)
{
	if (verdict == BY_LEVEL)
		verdict = verdict_by_level();
	if (verdict <= current.verdict || current.unjudged)
		return;
	current.verdict = verdict;
	current.at = at;
	snprintf(current.expected, sizeof(current.expected), "%s%s",
		 verdict == VERDICT_ERROR ? "set-up: " : "", expected);
	vsnprintf(current.actual, sizeof(current.actual), actual, args);
}

void judge(enum verdict verdict, const char *at, const char *expected, const char *actual, ...)
{
	va_list args;

	va_start(args, actual);
	record(verdict, at, expected, actual, args);
	va_end(args);
}

void skip(const char *at, const char *reason, ...)
{
	va_list args;

	va_start(args, reason);
	record(VERDICT_SKIP, at, "", reason, args);
	va_end(args);
}

void skip_rest(const char *reason)
{
	skip("", "%s", reason);
	current.unjudged = true;
}

void allow_verdicts(void)
{
	current.unjudged = false;
}

static void make_id(char *id, size_t size, const struct test *test)
{
	bool requirement = true;
	const char *from = test->id;

	for (const char *last = id + size - 1; id < last && *from; from++) {
		requirement = requirement && *from != '/';
		*id++ = requirement && *from == '_' ? '-' : *from;
	}
	*id = '\0';
}

static void print_quoted(const char *key, const char *text)
{
	printf("  %s: \"", key);
	for (; *text; text++)
		console_puts((char[]){'\\', *text, '\0'} + (*text != '"' && *text != '\\'));
	console_puts("\"\n");
}

/* Below virtio-iommu/tests/. AT has no folders: it stands in the image a thousand times. */
static const char *const test_files[] = {
#include "test_files.h"
};

/* Return the folder of what begins with the name of one of these files, with its '/', and its length. */
static const char *folder_of(const char *at, size_t *length)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(test_files); i++) {
		const char *name = strrchr(test_files[i], '/') + 1;

		*length = name - test_files[i];
		if (!strncmp(name, at, strlen(name)))
			return test_files[i];
	}
	*length = 0;
	return "";
}

/* A place in a test, or the step outside of it that judged. */
static void print_place(const char *at)
{
	size_t length;
	const char *folder = folder_of(at, &length);

	printf("  at: \"%s%.*s%s\"\n", length ? "virtio-iommu/tests/" : "", (int)length, folder, at);
}

static void print_details(uint64_t microseconds)
{
	printf("  ---\n  verdict: %s\n", verdict_names[current.verdict]);
	if (current.verdict == VERDICT_SKIP) {
		print_quoted("reason", current.actual);
	} else if (current.verdict != VERDICT_PASS) {
		print_quoted("expected", current.expected);
		print_quoted("actual", current.actual);
		print_place(current.at);
		if (current.cell[0])
			print_quoted("cell", current.cell);
	}
	if (current.cells)
		printf("  cells: %u\n", current.cells);
	printf("  microseconds: %lu\n  ...\n", microseconds);
}

static void print_verdict(uint64_t microseconds)
{
	bool ok = current.verdict <= VERDICT_SKIP;

	printf("%sok %u - %s", ok ? "" : "not ", current.number, current.id);
	if (current.verdict == VERDICT_SKIP)
		printf(" # SKIP %s", current.actual);
	if (current.verdict == VERDICT_WARN)
		printf(" # TODO not followed, and not a MUST");
	printf("\n");
	print_details(microseconds);
}

void verdict_begin(const struct test *test)
{
	current.test = test;
	current.number++;
	current.verdict = VERDICT_PASS;
	current.cell[0] = '\0';
	current.cells = 0;
	make_id(current.id, sizeof(current.id), test);
}

const char *verdict_id(void)
{
	return current.id;
}

bool verdict_is_open(void)
{
	return current.test;
}

void verdict_end(uint64_t microseconds)
{
	print_verdict(microseconds);
	current.test = NULL;
}

/* What was recorded before the cell. */
static struct running before;

void verdict_cell_begin(const char *name)
{
	before = current;
	current.verdict = VERDICT_PASS;
	snprintf(current.cell, sizeof(current.cell), "%s", name);
}

/* A skip stands only as long as no cell was judged. */
static bool cell_stands(void)
{
	bool first = !before.cells;

	if (current.verdict == VERDICT_SKIP)
		return first && before.verdict != VERDICT_SKIP;
	return current.verdict > before.verdict || (first && before.verdict == VERDICT_SKIP);
}

enum verdict verdict_cell_end(void)
{
	enum verdict verdict = current.verdict;

	if (!cell_stands())
		current = before;
	current.cells = before.cells + (verdict != VERDICT_SKIP);
	return verdict;
}
