// SPDX-License-Identifier: BSD-3-Clause
/*
 * Run the tests that the command line selects. A comment names each before it starts, so that the runner can
 * attribute a crash.
 */
#include <stddef.h>
#include <stdio.h>

#include "boot.h"
#include "console.h"
#include "driver/message.h"
#include "driver/trace.h"
#include "exception.h"
#include "glob.h"
#include "judge/clean_up.h"
#include "judge/needs.h"
#include "judge/options.h"
#include "judge/steps/machine_event.h"
#include "judge/test.h"
#include "judge/test_frame.h"
#include "judge/verdict.h"
#include "run.h"

extern const struct test test_table_start[], test_table_end[];

static void run_one(const struct test *test)
{
	enum skip_cause cause;
	const char *unmet = unmet_need(test->needs, &cause);
	size_t mark = arena_mark();
	uint64_t start = time_us();

	verdict_begin(test);
	if (test->since > spec_minor())
		not_applicable("virtio 1.%u does not have this requirement", spec_minor());
	else if (unmet)
		skip_because(cause, "%s", unmet);
	else {
		printf("# start %s\n", verdict_id());
		trace_begin();
		test->run();
		trace("clean-up ->");
		clean_up();
		trace("-> done");
	}
	verdict_end(time_us() - start);
	arena_release(mark);
}

void exception_report(const char *summary)
{
	if (verdict_is_open()) {
		judge(VERDICT_ERROR, (struct source_line){"exception handler", 0}, "no exception", "%s",
		      summary);
		verdict_end(0);
	}
	bail_out("%s", summary);
}

#define MAX_TESTS 4096

/* tests=PATTERN,... and after=ID on the command line. */
struct selection {
	char patterns[1024];	/* with '_' for '-', as ids are written in the table */
	char after[128], resumed[128];
	bool selected[MAX_TESTS];
};

static void spell_as_in_table(char *text)
{
	for (; *text; text++)
		if (*text == '-')
			*text = '_';
}

static void read_selection(struct selection *selection)
{
	if (!read_option("tests", selection->patterns, sizeof(selection->patterns)))
		snprintf(selection->patterns, sizeof(selection->patterns), "*");
	read_option("after", selection->after, sizeof(selection->after));
	spell_as_in_table(selection->patterns);
	snprintf(selection->resumed, sizeof(selection->resumed), "%s", resumed_test() ? resumed_test() : "");
	spell_as_in_table(selection->after);
	spell_as_in_table(selection->resumed);
}

/* @where: who names it. */
static const struct test *find_test(const char *where, const char *id)
{
	for (const struct test *t = test_table_start; t < test_table_end; t++)
		if (!strcmp(t->id, id))
			return t;
	bail_out("%s%s names no test", where, id);
}

/*
 * Return the first test to be considered: the one that has reset the machine, or the one after @after, if
 * that is given.
 */
static const struct test *first_test(const struct selection *selection)
{
	if (selection->resumed[0])
		return find_test("operator: ", selection->resumed);
	if (selection->after[0])
		return find_test("command line: after=", selection->after) + 1;
	return test_table_start;
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

void run_tests(const struct boot_info *boot)
{
	static struct selection selection;

	options_init(boot);
	read_selection(&selection);
	if (boot_option(boot, "trace", NULL, 0))
		trace_enable();
	select_tests(&selection);
	printf("1..%u\n", count_selected(&selection));
	for (const struct test *t = test_table_start; t < test_table_end; t++) {
		if (!selection.selected[t - test_table_start])
			continue;
		run_one(t);
		resume_done();
	}
	printf("# end\n");
}
