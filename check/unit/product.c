// SPDX-License-Identifier: BSD-3-Clause
/*
 * The engine of products: which cells it plays. What a cell does and how it is judged is stubbed: played
 * cells are kept, with their names.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "judge/clean_up.h"
#include "judge/options.h"
#include "judge/product.h"
#include "judge/test_frame.h"
#include "memory.h"
#include "time.h"
#include "unit.h"
#include "util.h"

#define MOST_CELLS 1000
#define DIMENSIONS 4

static struct played {
	cell_t cell;
	char name[CELL_NAME];
} played[MOST_CELLS];
static unsigned int played_count;

static char only[CELL_NAME];		/* case=, "" for none */
static bool all, none;			/* products=all, products=none */
static bool slow;			/* no time is left after the first cell */
static bool cut;			/* cells were left out, and it was said */
static enum verdict outcome;		/* of each cell */
static unsigned int clean_ups;
static char skipped[CELL_NAME];		/* the reason, "" for none */

uint64_t test_option(const char *key, uint64_t otherwise)
{
	(void)key;
	return otherwise;
}

size_t arena_mark(void)
{
	return 0;
}

void arena_release(size_t mark)
{
	(void)mark;
}

void clean_up(void)
{
	clean_ups++;
}

bool read_option(const char *key, char *value, size_t size)
{
	CHECK(!strcmp(key, "case"));
	snprintf(value, size, "%s", only);
	return only[0];
}

bool test_plays_all_cells(void)
{
	return all;
}

bool test_plays_products(void)
{
	return !none;
}

struct deadline deadline_in(uint64_t microseconds)
{
	return (struct deadline){microseconds};
}

bool deadline_passed(const struct deadline *deadline)
{
	return deadline->end && slow && played_count;
}

bool test_case(const char *name)
{
	CHECK(strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-/") == strlen(name));
	snprintf(played[played_count].name, CELL_NAME, "%s", name);
	return !only[0] || !strcmp(name, only);
}

void verdict_cell_begin(const char *name)
{
	CHECK(!strcmp(name, played[played_count].name));
}

enum verdict verdict_cell_end(void)
{
	played_count++;
	return outcome;
}

void info(struct source_line at, const char *way, ...)
{
	CHECK(at.number && strstr(way, FOR_LACK_OF_TIME));
	cut = true;
}

void skip_because(enum skip_cause cause, const char *reason, ...)
{
	va_list args;

	CHECK_EQ(cause, SKIP_NOT_POSSIBLE);
	va_start(args, reason);
	vsnprintf(skipped, sizeof(skipped), reason, args);
	va_end(args);
}

static const struct source_line here = {"here", 1};

static void play(struct source_line at, const cell_t cell)
{
	CHECK(!strcmp(at.file, here.file) && at.number == here.number);
	memcpy(played[played_count].cell, cell, sizeof(cell_t));
}

/* The product that is tried. Names that begin alike, and one with dashes. */
enum { COLOUR, SHAPE, PLACE, SIZE };

static const char *const colours[] = {"red", "red and blue", "blue", "green"};
static const char *const shapes[] = {"round", "round-ish", "square"};
static const char *const places[] = {"here", "there", "nowhere", "anywhere", "first page"};
static const char *const sizes[] = {"1 page", "1 page and more"};

static uint32_t unmet_places;

static const char *place_unmet(unsigned int place)
{
	return unmet_places >> place & 1 ? "there is no such place" : NULL;
}

static const struct dimension dimensions[DIMENSIONS] = {
	[COLOUR] = {"colour", colours, ARRAY_SIZE(colours), NULL},
	[SHAPE] = {"shape", shapes, ARRAY_SIZE(shapes), NULL},
	[PLACE] = {"place", places, ARRAY_SIZE(places), place_unmet},
	[SIZE] = {"size", sizes, ARRAY_SIZE(sizes), NULL},
};

/* The last one leaves COLOUR 3 and SHAPE 2 no cell together, though no rule names just the two. */
static const struct product_rule rules[] = {
	{{{COLOUR, BIT(0)}, {SHAPE, BIT(1) | BIT(2)}}, "two"},
	{{{COLOUR, BIT(1)}, {PLACE, BIT(0)}, {SIZE, BIT(1)}}, "three"},
	{{{SHAPE, BIT(2)}, {PLACE, ~BIT(4)}}, "all but one"},
	{{{COLOUR, BIT(3)}, {SHAPE, BIT(2)}, {SIZE, BIT(0)}}, "with the next"},
	{{{COLOUR, BIT(3)}, {SHAPE, BIT(2)}, {SIZE, BIT(1)}}, "with the one before"},
};

static struct product product = {"product", dimensions, DIMENSIONS, rules, 0, 0, play};

/* What may be played, said in another way than the engine's. */
static unsigned int asked_dimension;
static uint32_t asked_values;

static bool is_broken(const uint8_t *cell, const struct product_rule *rule)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(rule->when); i++)
		if (rule->when[i].values && !(rule->when[i].values >> cell[rule->when[i].dimension] & 1))
			return false;
	return true;
}

static bool may_be(const uint8_t *cell)
{
	for (unsigned int i = 0; i < product.rule_count; i++)
		if (is_broken(cell, &rules[i]))
			return false;
	return !(unmet_places >> cell[PLACE] & 1) && (asked_values >> cell[asked_dimension] & 1);
}

/* Number @index of all combinations. Returns false past the last one. */
static bool combination(unsigned int index, cell_t cell)
{
	memset(cell, 0, sizeof(cell_t));
	for (unsigned int i = 0; i < DIMENSIONS; i++) {
		cell[i] = index % dimensions[i].count;
		index /= dimensions[i].count;
	}
	return !index;
}

static unsigned int possible_cells(void)
{
	unsigned int count = 0;
	cell_t cell;

	for (unsigned int i = 0; combination(i, cell); i++)
		count += may_be(cell);
	return count;
}

static bool has_pair(const uint8_t *cell, unsigned int a, unsigned int x, unsigned int b, unsigned int y)
{
	return cell[a] == x && cell[b] == y;
}

static bool pair_may_be(unsigned int a, unsigned int x, unsigned int b, unsigned int y)
{
	cell_t cell;

	for (unsigned int i = 0; combination(i, cell); i++)
		if (has_pair(cell, a, x, b, y) && may_be(cell))
			return true;
	return false;
}

static bool pair_was_played(unsigned int a, unsigned int x, unsigned int b, unsigned int y)
{
	for (unsigned int i = 0; i < played_count; i++)
		if (has_pair(played[i].cell, a, x, b, y))
			return true;
	return false;
}

static void check_pairs(unsigned int a, unsigned int b)
{
	for (unsigned int x = 0; x < dimensions[a].count; x++)
		for (unsigned int y = 0; y < dimensions[b].count; y++)
			CHECK_EQ(pair_was_played(a, x, b, y), pair_may_be(a, x, b, y));
}

static void run_values(unsigned int dimension, uint32_t values)
{
	asked_dimension = dimension;
	asked_values = values;
	played_count = clean_ups = 0;
	skipped[0] = '\0';
	cut = false;
	product_run(here, &product, dimension, values);
	CHECK_EQ(clean_ups, played_count);
	for (unsigned int i = 0; i < played_count; i++)
		CHECK(may_be(played[i].cell));
}

static void check_covering(unsigned int dimension, uint32_t values)
{
	run_values(dimension, values);
	for (unsigned int a = 0; a < DIMENSIONS; a++)
		for (unsigned int b = a + 1; b < DIMENSIONS; b++)
			check_pairs(a, b);
	for (unsigned int i = 0; i < played_count; i++)
		for (unsigned int k = 0; k < i; k++)
			CHECK(strcmp(played[i].name, played[k].name));
	CHECK(played_count <= possible_cells());
	CHECK_EQ(!!skipped[0], !played_count);
}

/*
 * Each pair that can be is in a cell, whatever rules, places and values there are; and few cells have to do.
 */
static void covering(void)
{
	static const uint32_t unmet[] = {0, BIT(0), BIT(4), BIT(0) | BIT(1) | BIT(2)};

	for (unsigned int count = 0; count <= ARRAY_SIZE(rules); count++)
		for (unsigned int i = 0; i < ARRAY_SIZE(unmet); i++) {
			product.rule_count = count;
			unmet_places = unmet[i];
			check_covering(EVERY_CELL);
			check_covering(COLOUR, BIT(0) | BIT(3));
			check_covering(PLACE, BIT(4));
		}
	product.rule_count = unmet_places = 0;
	run_values(EVERY_CELL);
	CHECK(played_count >= 20 && played_count <= 25);	/* 4 colours at 5 places */
}

static void the_same_each_time(void)
{
	static struct played first[MOST_CELLS];
	unsigned int count;

	product.rule_count = ARRAY_SIZE(rules);
	run_values(EVERY_CELL);
	count = played_count;
	memcpy(first, played, sizeof(first));
	run_values(EVERY_CELL);
	CHECK_EQ(played_count, count);
	for (unsigned int i = 0; i < count; i++)
		CHECK(!strcmp(first[i].name, played[i].name));
}

/* All cells, each once; and each alone, by its name. */
static void every_cell_by_its_name(void)
{
	static struct played every[MOST_CELLS];
	unsigned int count;

	all = true;
	product.rule_count = ARRAY_SIZE(rules);
	run_values(EVERY_CELL);
	all = false;
	count = played_count;
	CHECK_EQ(count, possible_cells());
	memcpy(every, played, sizeof(every));
	for (unsigned int i = 0; i < count; i++) {
		snprintf(only, sizeof(only), "%s", every[i].name);
		run_values(EVERY_CELL);
		CHECK_EQ(played_count, 1);
		CHECK(!memcmp(played[0].cell, every[i].cell, DIMENSIONS));
	}
	only[0] = '\0';
}

/* A name of another product, or of a cell that cannot be, is no pass. */
static void names_of_no_cell(void)
{
	static const char *const names[] = {
		"red", "red/round/here", "red/round/here/1-page/", "red/round/here/1-pag",
		"red/square/first-page/1-page",
		"/red/round/here/1-page", "red/round/here/1 page"};

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		snprintf(only, sizeof(only), "%s", names[i]);
		run_values(EVERY_CELL);
		CHECK_EQ(played_count, 0);
		CHECK(skipped[0]);
	}
	snprintf(only, sizeof(only), "red/round/here/1-page");
	run_values(COLOUR, BIT(1));
	CHECK_EQ(played_count, 0);
	only[0] = '\0';
}

static void nothing_to_play(void)
{
	unmet_places = BIT(5) - 1;
	run_values(EVERY_CELL);
	CHECK(!strcmp(skipped, "there is no such place"));
	unmet_places = 0;
	product.rule_count = ARRAY_SIZE(rules);
	run_values(SHAPE, 0);
	CHECK(skipped[0]);
}

/* Each red cell waits for what does not come: after some of them it is over. */
static void red_cells(void)
{
	product.rule_count = 0;
	outcome = VERDICT_FAIL;
	run_values(EVERY_CELL);
	CHECK_EQ(played_count, 8);
	all = true;
	run_values(EVERY_CELL);
	CHECK_EQ(played_count, 8);
	all = false;
	outcome = VERDICT_SKIP;
	run_values(EVERY_CELL);
	CHECK(played_count >= 20);
	outcome = VERDICT_PASS;
}

/* What time is left out for is no pass. */
static void no_time(void)
{
	product.rule_count = 0;
	slow = true;
	run_values(EVERY_CELL);
	CHECK_EQ(played_count, 1);
	CHECK(cut);
	slow = false;
	run_values(EVERY_CELL);
	CHECK(!cut);
}

static void left_to_another_run(void)
{
	none = true;
	run_values(EVERY_CELL);
	CHECK_EQ(played_count, 0);
	CHECK(skipped[0]);
	none = false;
}

int main(void)
{
	covering();
	the_same_each_time();
	every_cell_by_its_name();
	names_of_no_cell();
	nothing_to_play();
	red_cells();
	no_time();
	left_to_another_run();
	return unit_end("product");
}
