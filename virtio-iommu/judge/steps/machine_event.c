// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "driver/trace.h"
#include "judge/steps/machine_event.h"
#include "operator.h"

/* Record why it was not done. */
static void judge_answer(struct source_line at, const struct operator_answer *answer)
{
	if (answer->came)
		skip("%s", answer->text);
	else
		judge(VERDICT_ERROR, at, "the operator of the machine answers", "%s", answer->text);
}

/* Return true if it was done. */
static bool is_done(struct source_line at, struct operator_answer answer)
{
	trace("-> %s", answer.ok ? "done" : answer.text);
	if (!answer.ok)
		judge_answer(at, &answer);
	return answer.ok;
}

bool migrate_machine(struct source_line at)
{
	trace("migrate the machine ->");
	return is_done(at, operator_ask("migrate"));
}

bool plug_into_slot(struct source_line at, unsigned int slot)
{
	trace("have the device of slot %u plugged in ->", slot);
	return is_done(at, operator_ask("plug %u", slot));
}

bool pull_from_slot(struct source_line at, unsigned int slot)
{
	trace("have the attention button of slot %u pressed ->", slot);
	return is_done(at, operator_ask("pull %u", slot));
}

void reset_by_operator(struct source_line at, const char *note, ...)
{
	struct operator_answer answer;
	char text[128];
	va_list args;

	va_start(args, note);
	vsnprintf(text, sizeof(text), note, args);
	va_end(args);
	trace("reset the machine ->");
	answer = operator_ask("reset %s", text);
	judge_answer(at, &answer);
}

static struct {
	char test[128];
	const char *note;	/* NULL: this boot comes after no reset, or the test is over */
} resumed;

void resume_init(void)
{
	static struct operator_answer answer;
	const char *blank;

	if (!boot_has_operator())
		return;
	answer = operator_ask("resume");
	if (!answer.ok)
		bail_out("the operator of the machine: %s", answer.text);
	blank = strchr(answer.text, ' ');
	if (!blank)
		return;
	snprintf(resumed.test, sizeof(resumed.test), "%.*s", (int)(blank - answer.text), answer.text);
	resumed.note = blank + 1;
}

const char *resumed_test(void)
{
	return resumed.note ? resumed.test : NULL;
}

const char *resumed_note(void)
{
	return resumed.note;
}

enum pci_numbering resumed_numbering(void)
{
	if (!resumed.note)
		return PCI_KEEP_NUMBERS;
	if (!strncmp(resumed.note, "up ", 3))
		return PCI_NUMBER_UP;
	return strncmp(resumed.note, "down ", 5) ? PCI_KEEP_NUMBERS : PCI_NUMBER_DOWN;
}

void resume_done(void)
{
	resumed.note = NULL;
}
