// SPDX-License-Identifier: BSD-3-Clause
/*
 * Runs the tests and prints their verdicts as TAP 14. A comment names each test before it starts,
 * so that a crash can be attributed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "boot.h"
#include "console.h"
#include "exception.h"
#include "glob.h"
#include "message.h"
#include "steps.h"
#include "test.h"
#include "trace.h"

extern const struct test test_table_start[], test_table_end[];

static struct {
	const struct test *test;	/* NULL between tests */
	unsigned int number;
	char id[128];
	enum verdict verdict;
	bool unjudged;		/* from here on */
	const char *at;
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

bool still_good(void)
{
	return current.verdict <= VERDICT_INFO;
}

static void record(enum verdict verdict, const char *at, const char *expected, const char *actual,
		   va_list args)
{
	if (verdict == VERDICT_BY_LEVEL)
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

void leave_unjudged(const char *reason)
{
	skip("", "%s", reason);
	current.unjudged = true;
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

/* A place in a test, or the step outside of it that judged. */
static void print_place(const char *at)
{
	printf("  at: \"%s%s\"\n", strchr(at, ':') ? "virtio-iommu/tests/" : "", at);
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
	}
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

/* A dead device is found where it died, and does not spoil the next test. */
static void clean_up(void)
{
	bool died = iommu.dead || virtio_needs_reset(&iommu.dev);
	const char *breach = requests_breach();

	current.unjudged = false;
	if (breach)
		judge(VERDICT_FAIL, "after the test", "the device keeps to the buffers of its requests", "%s",
		      breach);
	if (died)
		judge(VERDICT_FAIL, "after the test", "the device goes on working",
		      iommu.dead ? "a request did not come back" : "it asks for a reset");
	endpoints_rest();
	messages_rest();
	if ((died || events_held() || iommu.dev.accepted != iommu.wanted || !iommu_is_up()) &&
	    !iommu_restart(iommu.wanted))
		judge(VERDICT_FAIL, "after the test", "the device comes back after a reset",
		      "it does not");
	iommu_detach_all();
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) && iommu_bypass() != iommu.initial_bypass)
		iommu_set_bypass(iommu.initial_bypass);
	event_drain();
	unwatch_all();
}

/* A list that was cut would select something else. */
static bool read_option(const struct boot_info *boot, const char *key, char *value, size_t size)
{
	value[0] = '\0';
	if (!boot_option(boot, key, value, size))
		return false;
	if (strlen(value) == size - 1)
		bail_out("command line: %s= has more than %zu characters", key, size - 2);
	return true;
}

static unsigned int spec = SPEC_NEWEST;

unsigned int spec_minor(void)
{
	return spec;
}

static void read_spec(const struct boot_info *boot)
{
	char value[8];

	if (!read_option(boot, "spec", value, sizeof(value)))
		return;
	if (strlen(value) != 3 || strncmp(value, "1.", 2) || value[2] < '2' || value[2] > '0' + SPEC_NEWEST)
		bail_out("command line: spec=%s is not 1.2 to 1.%u", value, SPEC_NEWEST);
	spec = value[2] - '0';
}

static void run_one(const struct test *test)
{
	const char *unmet = unmet_need(test->needs);
	size_t mark = arena_mark();
	uint64_t start = time_us();

	current.test = test;
	current.verdict = VERDICT_PASS;
	if (test->since > spec)
		skip("", "virtio 1.%u does not have this requirement", spec);
	else if (unmet)
		skip("", "%s", unmet);
	else {
		printf("# start %s\n", current.id);
		test->run();
		trace("clean-up");
		clean_up();
	}
	print_verdict(time_us() - start);
	arena_release(mark);
	current.test = NULL;
}

void exception_report(const char *summary)
{
	if (current.test) {
		judge(VERDICT_ERROR, "exception handler", "no exception", "%s", summary);
		print_verdict(0);
	}
	bail_out("%s", summary);
}

#define MAX_TESTS 4096

/* tests=PATTERN,... and after=ID on the command line. */
struct selection {
	char patterns[1024];	/* with '_' for '-', as ids are written in the table */
	char after[128];
	bool selected[MAX_TESTS];
};

static void spell_as_in_table(char *text)
{
	for (; *text; text++)
		if (*text == '-')
			*text = '_';
}

static void read_selection(const struct boot_info *boot, struct selection *selection)
{
	if (!read_option(boot, "tests", selection->patterns, sizeof(selection->patterns)))
		snprintf(selection->patterns, sizeof(selection->patterns), "*");
	read_option(boot, "after", selection->after, sizeof(selection->after));
	spell_as_in_table(selection->patterns);
	spell_as_in_table(selection->after);
}

/* The first test to be considered: behind @after, if that is given. */
static const struct test *first_test(const struct selection *selection)
{
	if (!selection->after[0])
		return test_table_start;
	for (const struct test *t = test_table_start; t < test_table_end; t++)
		if (!strcmp(t->id, selection->after))
			return t + 1;
	bail_out("command line: after=%s names no test", selection->after);
}

/* Each pattern is taken apart once, not for each test. */
static void select_tests(struct selection *selection)
{
	const struct test *first = first_test(selection);
	struct glob glob = glob_first(selection->patterns);

	if (test_table_end - test_table_start > MAX_TESTS)
		bail_out("more than %u tests", MAX_TESTS);
	do
		for (const struct test *t = first; t < test_table_end; t++)
			if (glob_match(glob.pattern, glob.end, t->id))
				selection->selected[t - test_table_start] = !glob.without;
	while (glob_next(&glob));
}

static unsigned int count_selected(const struct selection *selection)
{
	unsigned int count = 0;

	for (ptrdiff_t i = 0; i < test_table_end - test_table_start; i++)
		count += selection->selected[i];
	return count;
}

static const struct boot_info *command;

uint64_t test_option(const char *key, uint64_t otherwise)
{
	char value[24], *end;
	uint64_t number;

	if (!read_option(command, key, value, sizeof(value)))
		return otherwise;
	number = strtoul(value, &end, 0);
	if (end == value || *end)
		bail_out("command line: %s=%s is no number", key, value);
	return number;
}

bool test_case(const char *name)
{
	char only[48];

	if (read_option(command, "case", only, sizeof(only)) && strcmp(only, name))
		return false;
	printf("# try case=%s\n", name);
	return true;
}

void test_round(uint64_t seed)
{
	printf("# try seed=%lu rounds=1\n", seed);
}

void run_tests(const struct boot_info *boot)
{
	static struct selection selection;

	command = boot;
	read_selection(boot, &selection);
	read_spec(boot);
	if (boot_option(boot, "trace", NULL, 0))
		trace_enable();
	select_tests(&selection);
	harmless_learn();
	printf("1..%u\n", count_selected(&selection));
	for (const struct test *t = test_table_start; t < test_table_end; t++) {
		if (!selection.selected[t - test_table_start])
			continue;
		make_id(current.id, sizeof(current.id), t);
		current.number++;
		run_one(t);
	}
	printf("# end\n");
}
