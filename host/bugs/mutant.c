// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"

enum mutant_id active_mutant;

enum effect { NO_EFFECT, WITH_EFFECT };

static const struct {
	const char *name, *requirement, *under, *text;
	enum model_rule_id rule;
	uint8_t answer;
	enum effect effect;
} mutants[MUTANTS] = {
#define MUTANT(name, requirement, under, text)                                                    \
	[MUTANT_##name] = {#name, requirement, under, text, RULE_NONE, 0, NO_EFFECT},
#define WRONG_ANSWER(name, requirement, under, rule, answer, effect, text)                        \
	[MUTANT_##name] = {#name, requirement, under, text, rule, answer, effect},
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

bool mutant_use(const char *name)
{
	for (enum mutant_id id = NO_MUTANT + 1; id < MUTANTS; id++) {
		if (strcmp(mutants[id].name, name))
			continue;
		active_mutant = id;
		return personality_use(mutants[id].under);
	}
	return false;
}

void mutant_list(void)
{
	for (enum mutant_id id = NO_MUTANT + 1; id < MUTANTS; id++)
		fprintf(stdout, "%s\t%s\t%s\t%s\n", mutants[id].name, mutants[id].requirement,
			mutants[id].under, mutants[id].text);
}
