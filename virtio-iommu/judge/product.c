// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which cells of a product are played, and playing them.
 *
 * The covering selection is greedy: a cell is grown around the first pair of values that no cell has yet,
 * and each further dimension takes the value that adds most new pairs and breaks no rule.
 */
#include <stdio.h>
#include <string.h>

#include "judge/clean_up.h"
#include "judge/options.h"
#include "judge/product.h"
#include "judge/test_frame.h"
#include "memory.h"
#include "time.h"
#include "util.h"

#define OPEN 0xff	/* a dimension that has no value yet */

struct run {
	struct source_line at;
	const struct product *product;
	uint32_t allowed[PRODUCT_DIMENSIONS];	/* values that can be had here and are asked for */
	const char *unmet;			/* why some that are asked for cannot, or NULL */
	/*
	 * By dimension and value: the values of later dimensions that a played cell had with it, or cannot
	 * have.
	 */
	uint32_t covered[PRODUCT_DIMENSIONS][PRODUCT_VALUES][PRODUCT_DIMENSIONS];
	unsigned int played, red;		/* cells */
	struct deadline deadline;
};

/* Cells after which the rest is left out: each one waits for what does not come. */
#define MOST_RED 8

/* Where all takes long, so do many cells: after this time the rest of them is left out, too. */
#define COVERING_US 5000000
#define ALL_US 40000000

static bool holds(const cell_t cell, unsigned int dimension, uint32_t values)
{
	return !values || (cell[dimension] != OPEN && (values >> cell[dimension] & 1));
}

/* Return why no cell with these values can be, NULL if one may. Dimensions may be open. */
static const char *broken_rule(const struct product *product, const cell_t cell)
{
	for (unsigned int i = 0; i < product->rule_count; i++) {
		const struct product_rule *rule = &product->rules[i];
		bool all = true;

		for (unsigned int j = 0; j < ARRAY_SIZE(rule->when); j++)
			all = all && holds(cell, rule->when[j].dimension, rule->when[j].values);
		if (all)
			return rule->reason;
	}
	return NULL;
}

static bool is_allowed(const struct run *run, unsigned int dimension, unsigned int value)
{
	return value < run->product->dimensions[dimension].count && (run->allowed[dimension] >> value & 1);
}

static uint32_t *pair(struct run *run, unsigned int a, unsigned int value, unsigned int b)
{
	return &run->covered[a][value][b];
}

/* Pairs of @dimension's @value with what the cell has already that no cell had yet. */
static unsigned int gain(struct run *run, const cell_t cell, unsigned int dimension, unsigned int value)
{
	unsigned int count = 0;

	for (unsigned int other = 0; other < run->product->dimension_count; other++)
		if (cell[other] != OPEN && other != dimension)
			count += !(*pair(run, dimension, value, other) >> cell[other] & 1);
	return count;
}

static void cover(struct run *run, const cell_t cell)
{
	for (unsigned int a = 0; a < run->product->dimension_count; a++)
		for (unsigned int b = 0; b < run->product->dimension_count; b++)
			if (a != b)
				*pair(run, a, cell[a], b) |= BIT(cell[b]);
}

/* Return the allowed value that adds most and is not in @tried, -1 if all are. */
static int best_value(struct run *run, const cell_t cell, unsigned int dimension, uint32_t tried)
{
	int best = -1;
	unsigned int most = 0;

	for (unsigned int value = 0; value < run->product->dimensions[dimension].count; value++) {
		unsigned int adds = gain(run, cell, dimension, value) + 1;

		if (!is_allowed(run, dimension, value) || (tried >> value & 1) || adds <= most)
			continue;
		most = adds;
		best = value;
	}
	return best;
}

/* Give each open dimension from @dimension on a value, so that no rule is broken. */
static bool complete(struct run *run, cell_t cell, unsigned int dimension)
{
	uint32_t tried = 0;

	if (broken_rule(run->product, cell))
		return false;
	while (dimension < run->product->dimension_count && cell[dimension] != OPEN)
		dimension++;
	if (dimension == run->product->dimension_count)
		return true;
	for (int value; (value = best_value(run, cell, dimension, tried)) >= 0; tried |= BIT(value)) {
		cell[dimension] = value;
		if (complete(run, cell, dimension + 1))
			return true;
		cell[dimension] = OPEN;
	}
	return false;
}

/* Grow a cell around a pair. A pair that no cell can have counts as covered. */
static bool grow(struct run *run, unsigned int a, unsigned int x, unsigned int b, unsigned int y,
		 cell_t cell)
{
	memset(cell, OPEN, sizeof(cell_t));
	cell[a] = x;
	cell[b] = y;
	if (complete(run, cell, 0))
		return true;
	*pair(run, a, x, b) |= BIT(y);
	return false;
}

/* Grow a cell around a pair of @a's value @x that is not covered. Return false if there is none. */
static bool grow_from(struct run *run, unsigned int a, unsigned int x, cell_t cell)
{
	const struct product *product = run->product;

	for (unsigned int b = a + 1; b < product->dimension_count; b++)
		for (unsigned int y = 0; y < product->dimensions[b].count; y++)
			if (is_allowed(run, b, y) && !(*pair(run, a, x, b) >> y & 1) &&
			    grow(run, a, x, b, y, cell))
				return true;
	return false;
}

/* Find a cell with a pair that is not covered. Return false if there is none. */
static bool next_cell(struct run *run, cell_t cell)
{
	const struct product *product = run->product;

	for (unsigned int a = 0; a < product->dimension_count; a++)
		for (unsigned int x = 0; x < product->dimensions[a].count; x++)
			if (is_allowed(run, a, x) && grow_from(run, a, x, cell))
				return true;
	return false;
}

/* Step to the next of all combinations, whatever the rules say. Return false after the last one. */
static bool count_up(const struct product *product, cell_t cell)
{
	for (unsigned int i = product->dimension_count; i--;) {
		if (++cell[i] < product->dimensions[i].count)
			return true;
		cell[i] = 0;
	}
	return false;
}

/* Words as a command line can have them. */
static size_t spell_value(const struct dimension *dimension, unsigned int value, char *name, size_t size)
{
	size_t length = snprintf(name, size, "%s", dimension->values[value]);

	for (char *c = name; size && *c; c++)
		if (*c == ' ')
			*c = '-';
	return min(length, size);
}

static void spell(const struct product *product, const cell_t cell, char *name, size_t size)
{
	size_t at = 0;

	for (unsigned int i = 0; i < product->dimension_count; i++) {
		if (i && at < size - 1)
			name[at++] = '/';
		at += spell_value(&product->dimensions[i], cell[i], name + at, size - at);
	}
}

/* Read what spell() has written. Return false if it is no cell of this product. */
static bool read_cell(const struct product *product, const char *name, cell_t cell)
{
	for (unsigned int i = 0; i < product->dimension_count; i++) {
		const struct dimension *dimension = &product->dimensions[i];
		char word[CELL_NAME];
		size_t length = 0;

		for (cell[i] = 0; cell[i] < dimension->count; cell[i]++) {
			length = spell_value(dimension, cell[i], word, sizeof(word));
			if (!strncmp(name, word, length) && (!name[length] || name[length] == '/'))
				break;
		}
		if (cell[i] == dimension->count)
			return false;
		name += length + (name[length] == '/');
	}
	return !*name;
}

static unsigned int most_red(const struct product *product)
{
	return product->most_red && !test_plays_all_cells() ? product->most_red : MOST_RED;
}

/* Return true if the next cell is not to be played. For lack of time that is no pass, but an info. */
static bool is_over(const struct run *run)
{
	if (run->red == most_red(run->product))
		return true;
	if (!deadline_passed(&run->deadline))
		return false;
	info(run->at, "product %s: cells are left out" FOR_LACK_OF_TIME, run->product->name);
	return true;
}

static void play(struct run *run, const cell_t cell)
{
	char name[CELL_NAME];
	size_t mark = arena_mark();

	spell(run->product, cell, name, sizeof(name));
	if (!test_case(name))
		return;
	run->played++;
	verdict_cell_begin(name);
	run->product->play(run->at, cell);
	clean_up();
	run->red += verdict_cell_end() > VERDICT_SKIP;
	arena_release(mark);
}

static bool is_asked_for(const struct run *run, const cell_t cell)
{
	for (unsigned int i = 0; i < run->product->dimension_count; i++)
		if (!is_allowed(run, i, cell[i]))
			return false;
	return !broken_rule(run->product, cell);
}

static void play_one(struct run *run, const char *name)
{
	cell_t cell;

	if (read_cell(run->product, name, cell) && is_asked_for(run, cell))
		play(run, cell);
}

static void play_all(struct run *run)
{
	cell_t cell = {0};

	do {
		if (!is_asked_for(run, cell))
			continue;
		if (is_over(run))
			return;
		play(run, cell);
	} while (count_up(run->product, cell));
}

static void play_covering(struct run *run)
{
	cell_t cell;

	while (next_cell(run, cell)) {
		if (is_over(run))
			return;
		cover(run, cell);
		play(run, cell);
	}
}

/* Return false if none of @values is left. */
static bool allow_values_of(struct run *run, unsigned int dimension, uint32_t values)
{
	const struct dimension *d = &run->product->dimensions[dimension];

	for (unsigned int value = 0; value < d->count; value++) {
		const char *unmet;

		if (!(values >> value & 1))
			continue;
		unmet = d->unmet ? d->unmet(value) : NULL;
		if (unmet)
			run->unmet = unmet;
		else
			run->allowed[dimension] |= BIT(value);
	}
	return run->allowed[dimension];
}

/* Return false if a dimension has no value left: then the reason is that of its last one. */
static bool allow_values(struct run *run, unsigned int dimension, uint32_t values)
{
	for (unsigned int i = 0; i < run->product->dimension_count; i++)
		if (!allow_values_of(run, i, i == dimension ? values : ~0u))
			return false;
	return true;
}

static uint64_t most_us(void)
{
	uint64_t budget = test_option("budget", 0);

	return budget ? budget * 1000000 : test_plays_all_cells() ? ALL_US : COVERING_US;
}

static void play_asked_for(struct run *run)
{
	char name[CELL_NAME];

	run->deadline = deadline_in(most_us());
	if (read_option("case", name, sizeof(name)))
		play_one(run, name);
	else if (test_plays_all_cells())
		play_all(run);
	else
		play_covering(run);
}

/* No cell is no pass. */
void product_run(struct source_line at, const struct product *product, unsigned int dimension,
		 uint32_t values)
{
	static struct run run;

	if (!test_plays_products())
		return skip("products are left to another run");
	run = (struct run){.at = at, .product = product};
	if (allow_values(&run, dimension, values))
		play_asked_for(&run);
	if (!run.played)
		skip("%s", run.unmet ? run.unmet : "no cell is asked for that can be");
}
