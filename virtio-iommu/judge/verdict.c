// SPDX-License-Identifier: BSD-3-Clause
/*
 * Record the verdict of the running test and print it as TAP 14.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "console.h"
#include "driver/iommu.h"
#include "driver/trace.h"
#include "judge/test.h"
#include "judge/test_frame.h"
#include "util.h"

static struct running {
	const struct test *test;	/* NULL between tests */
	unsigned int number;
	char id[128];
	enum verdict verdict;
	enum skip_cause cause;	/* of a skip */
	bool unjudged;		/* from here on */
	struct source_line at;
	char cell[CELL_NAME];	/* of a product; "" outside of any */
	unsigned int cells;	/* that were judged */
	char expected[128], actual[640];	/* of a skip: actual holds the reason */
} current;

static const char *const verdict_names[] = {
	[VERDICT_PASS] = "pass", [VERDICT_INFO] = "info", [VERDICT_SKIP] = "skip",
	[VERDICT_WARN] = "warn", [VERDICT_FAIL] = "fail", [VERDICT_ERROR] = "error",
};

static const char *const cause_names[] = {
	[SKIP_NOT_APPLICABLE] = "not-applicable", [SKIP_NOT_POSSIBLE] = "not-possible",
	[SKIP_SILENT] = "silent",
};

static enum verdict verdict_by_level(void)
{
	enum level level = current.test->level;

	return level >= LEVEL_MUST ? VERDICT_FAIL : VERDICT_WARN;
}

bool no_defect_so_far(void)
{
	return current.verdict <= VERDICT_INFO;
}

static void record(enum verdict verdict, struct source_line at, const char *expected, const char *actual,
		   va_list args)
{
	bool set_up = verdict == SET_UP || verdict == VERDICT_ERROR;

	if (verdict == BY_LEVEL)
		verdict = verdict_by_level();
	if (verdict == SET_UP)
		verdict = VERDICT_FAIL;
	if (verdict <= current.verdict || current.unjudged)
		return;
	current.verdict = verdict;
	current.at = at;
	snprintf(current.expected, sizeof(current.expected), "%s%s",
		 set_up ? "set-up: " : "", expected);
	vsnprintf(current.actual, sizeof(current.actual), actual, args);
	if (verdict >= VERDICT_WARN)
		trace("!! expected %s, got %s (%s:%lu)", current.expected, current.actual, at.file,
		      at.number);
}

/* Sent what a driver MUST NOT send, a device may ask for a reset, and do nothing more until then (2.1.2). */
static bool is_provoked(void)
{
	return iommu.broke_rules && virtio_needs_reset(&iommu.dev);
}

void judge(enum verdict verdict, struct source_line at, const char *expected, const char *actual, ...)
{
	va_list args;

	if (verdict >= VERDICT_WARN && is_provoked())
		return info(at, "the device asks for a reset, as it was sent what a driver must not send");
	va_start(args, actual);
	record(verdict, at, expected, actual, args);
	va_end(args);
}

void judge_harm(struct source_line at, const char *expected, const char *actual, ...)
{
	va_list args;

	va_start(args, actual);
	record(VERDICT_FAIL, at, expected, actual, args);
	va_end(args);
}

void info(struct source_line at, const char *way, ...)
{
	va_list args;

	va_start(args, way);
	record(VERDICT_INFO, at, "", way, args);
	va_end(args);
}

void skip_because(enum skip_cause cause, const char *reason, ...)
{
	enum verdict before = current.verdict;
	va_list args;

	va_start(args, reason);
	record(VERDICT_SKIP, (struct source_line){0}, "", reason, args);
	va_end(args);
	if (current.verdict != before)
		current.cause = cause;
}

void not_applicable_rest(const char *reason)
{
	not_applicable("%s", reason);
	current.unjudged = true;
}

void silent_rest(const char *reason)
{
	silent("%s", reason);
	current.unjudged = true;
}

bool rest_is_skipped(void)
{
	return current.unjudged;
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

/* Below virtio-iommu/tests/. A source_line has no folders: file names stand in the image many times. */
static const char *const test_files[] = {
#include "test_files.h"
};

/* Return the path of the test's file of that name below virtio-iommu/tests/. */
static const char *path_of(const char *file)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(test_files); i++)
		if (!strcmp(strrchr(test_files[i], '/') + 1, file))
			return test_files[i];
	return file;
}

static void print_place(struct source_line at)
{
	if (at.number)
		printf("  at: \"virtio-iommu/tests/%s:%lu\"\n", path_of(at.file), at.number);
	else
		printf("  at: \"%s\"\n", at.file);
}

static void print_details(uint64_t microseconds)
{
	printf("  ---\n  verdict: %s\n", verdict_names[current.verdict]);
	if (current.verdict == VERDICT_SKIP) {
		print_quoted("reason", current.actual);
		printf("  cause: %s\n", cause_names[current.cause]);
	} else if (current.verdict != VERDICT_PASS) {
		if (current.verdict != VERDICT_INFO)
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

/* A skip stands only as long as no cell was judged, and the first one of the gravest cause. */
static bool cell_stands(void)
{
	bool first = !before.cells;

	if (current.verdict == VERDICT_SKIP)
		return first && (before.verdict != VERDICT_SKIP || current.cause > before.cause);
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
