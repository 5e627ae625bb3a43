// SPDX-License-Identifier: BSD-3-Clause
#include <stdbool.h>
#include <string.h>

#include "sequences/asked.h"
#include "standard/model.h"
#include "util.h"

static bool seen[MODEL_RULES][MODEL_RULES];
static uint16_t times[MODEL_RULES][MODEL_RULES];
static uint64_t last;

/* A request that no rule is about counts as RULE_NONE. */
static uint64_t or_none(uint64_t rules)
{
	return rules ? rules : 1 << RULE_NONE;
}

static void note_pair(unsigned int a, unsigned int b)
{
	seen[a][b] = true;
	times[a][b] += times[a][b] < UINT16_MAX;
}

void asked_note(uint64_t rules)
{
	rules = or_none(rules);
	for (unsigned int a = 0; a < MODEL_RULES; a++)
		for (unsigned int b = 0; rules >> a & 1 && b < MODEL_RULES; b++)
			if ((rules | last) >> b & 1)
				note_pair(a, b);
	last = rules;
}

void asked_begin(void)
{
	memset(times, 0, sizeof(times));
	last = 0;
}

unsigned int asked_times(uint64_t rules)
{
	unsigned int least = UINT16_MAX;

	rules = or_none(rules);
	for (unsigned int a = 0; a < MODEL_RULES; a++)
		for (unsigned int b = 0; rules >> a & 1 && b < MODEL_RULES; b++)
			if ((rules | last) >> b & 1)
				least = min(least, times[a][b]);
	return least;
}

unsigned int asked_rules(void)
{
	unsigned int count = 0;

	for (unsigned int a = RULE_NONE + 1; a < MODEL_RULES; a++)
		count += seen[a][a];
	return count;
}

unsigned int asked_pairs(void)
{
	unsigned int count = 0;

	for (unsigned int a = RULE_NONE + 1; a < MODEL_RULES; a++)
		for (unsigned int b = RULE_NONE + 1; b < MODEL_RULES; b++)
			count += a != b && seen[a][b];
	return count;
}
