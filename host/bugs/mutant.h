/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs of the reference device that can be switched on, one at a time (mutants.def).
 *
 * A new one is a row in mutants.def and the place of the bug in this room, below a hook of the device that
 * is right: MUTATE(NAME, wrong, right), or if (mutant(MUTANT_NAME)), or the functions that take over from the
 * device (iommu/takeover.h). For a wrong answer to a rule of the model the row is all.
 */
#ifndef MUTANT_H
#define MUTANT_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/model.h"

enum mutant_id {
	NO_MUTANT,
#define MUTANT(name, requirement, under, text) MUTANT_##name,
#define MUTANT_N(name, requirement, under, n, low, high, text) MUTANT_##name,
#define WRONG_ANSWER(name, requirement, under, rule, answer, effect, text) MUTANT_##name,
#include "host/bugs/mutants.def"
#undef MUTANT
#undef MUTANT_N
#undef WRONG_ANSWER
	MUTANTS
};

extern enum mutant_id active_mutant;

static inline bool mutant(enum mutant_id id)
{
	return active_mutant == id;
}

#define MUTATE(name, wrong, right) (mutant(MUTANT_##name) ? (wrong) : (right))

/* Put the active mutant's wrong answer to a rule in place of the right one. Returns false if it has none. */
bool mutant_answer(enum model_rule_id rule, uint8_t *answer, bool *acts);

/*
 * Switch on what @text names, together with the personality that it needs: NAME, or NAME=N for a mutant that
 * takes a number. Returns false if there is none of this name. A wrong number ends the process.
 */
bool mutant_use(const char *text);

/* Return the N of the active mutant, which takes a number. */
uint64_t mutant_number(void);

/*
 * Print all to stdout, one in a line: name, requirement, personality, text, and of those that take a number
 * its default, least and greatest value, separated by tabs.
 */
void mutant_list(void);

#endif
