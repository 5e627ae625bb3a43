// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"
#include "host/machine/options.h"
#include "host/machine/personality.h"

enum mutant_id active_mutant;

enum effect { NO_EFFECT, WITH_EFFECT };

static const struct {
	const char *name, *requirement, *under, *text;
	enum model_rule_id rule;
	uint8_t answer;
	enum effect effect;
	uint64_t number, low, high;	/* default and range; 0: takes none */
} mutants[MUTANTS] = {
#define MUTANT(name, requirement, under, text)                                                    \
	[MUTANT_##name] = {#name, requirement, under, text, RULE_NONE, 0, NO_EFFECT, 0, 0, 0},
#define MUTANT_N(name, requirement, under, number, low, high, text)                               \
	[MUTANT_##name] = {#name, requirement, under, text, RULE_NONE, 0, NO_EFFECT, number, low, high},
#define WRONG_ANSWER(name, requirement, under, rule, answer, effect, text)                        \
	[MUTANT_##name] = {#name, requirement, under, text, rule, answer, effect, 0, 0, 0},
#include "host/bugs/mutants.def"
};

bool mutant_answer(enum model_rule_id rule, uint8_t *answer, bool *acts)
{
	if (!rule || mutants[active_mutant].rule != rule)
		return false;
	*answer = mutants[active_mutant].answer;
	*acts = mutants[active_mutant].effect == WITH_EFFECT;
	return true;
}

static uint64_t number;

uint64_t mutant_number(void)
{
	return number;
}

/* @text is what comes after the name: nothing, or a number. */
static void use_number(const char *text)
{
	number = mutants[active_mutant].number;
	if (!*text)
		return;
	if (!number)
		options_die("--mutant: %s takes no number", mutants[active_mutant].name);
	number = options_number("mutant", text + 1, mutants[active_mutant].low, mutants[active_mutant].high);
}

bool mutant_use(const char *text)
{
	size_t length = strcspn(text, "=");

	for (enum mutant_id id = NO_MUTANT + 1; id < MUTANTS; id++) {
		if (strlen(mutants[id].name) != length || strncmp(mutants[id].name, text, length))
			continue;
		active_mutant = id;
		use_number(text + length);
		return personality_use(mutants[id].under);
	}
	return false;
}

void mutant_list(void)
{
	for (enum mutant_id id = NO_MUTANT + 1; id < MUTANTS; id++) {
		fprintf(stdout, "%s\t%s\t%s\t%s", mutants[id].name, mutants[id].requirement,
			mutants[id].under, mutants[id].text);
		if (mutants[id].number)
			fprintf(stdout, "\t%lu\t%lu\t%lu", mutants[id].number, mutants[id].low,
				mutants[id].high);
		putc('\n', stdout);
	}
}
