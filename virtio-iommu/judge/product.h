/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Products: a statement is judged at every combination of what may matter to it, not at one point.
 *
 * A product is a table of dimensions, each a list of named values, rules that say which combinations cannot
 * be, and one body that plays a combination (a cell) and judges it. A test plays the cells of one product,
 * or those in which one dimension has certain values:
 *
 *	TEST(DEV_UNMAP_7, what_was_reached_is_out_of_reach, NEEDS_DMA)
 *	{
 *		PRODUCT(&stale, STALE_END, BIT(END_UNMAP_EXACT) | BIT(END_UNMAP_ALL));
 *	}
 *
 * By default a covering selection is played: each pair of values that can be at least once. products=all on
 * the command line plays all cells, products=none none; case=NAME plays one, by the name that is printed
 * before each.
 */
#ifndef JUDGE_PRODUCT_H
#define JUDGE_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/test.h"

#define PRODUCT_DIMENSIONS 10
#define PRODUCT_VALUES 32

#define BIT(value) (1u << (value))

/* For PRODUCT(): no dimension is restricted. */
#define EVERY_CELL 0, ~0u

struct dimension {
	const char *name;	/* what the values are values of: "ended by" */

	/*
	 * At most PRODUCT_VALUES words, by value. Small letters, digits, dashes and spaces, so that a cell
	 * can be named on a command line.
	 */
	const char *const *values;
	unsigned int count;

	/* Why @value cannot be had on this machine or device, or NULL. Itself NULL: all can. */
	const char *(*unmet)(unsigned int value);
};

/* A cell gives each dimension a value, by the dimension's place in the product's table. */
typedef uint8_t cell_t[PRODUCT_DIMENSIONS];

/* Cells in which all of @when hold cannot be, for @reason. A condition with no values holds always. */
struct product_rule {
	struct {
		uint8_t dimension;
		uint32_t values;	/* BIT(value) | ... */
	} when[3];
	const char *reason;
};

struct product {
	const char *name;
	const struct dimension *dimensions;
	unsigned int dimension_count;
	const struct product_rule *rules;
	unsigned int rule_count;

	/* Of a covering selection that takes long: red cells after which the rest is left out; or 0. */
	unsigned int most_red;

	/* Play the cell and judge it, by judge(), EXPECT_...() and so on, with @at as the place. */
	void (*play)(struct source_line at, const cell_t cell);
};

/* Both tables of a product, with their sizes; rules may be missing. */
#define DIMENSION_TABLE(table) .dimensions = table, .dimension_count = ARRAY_SIZE(table)
#define RULE_TABLE(table) .rules = table, .rule_count = ARRAY_SIZE(table)

/* Play the cells of the product in which @dimension has one of @values. */
#define PRODUCT(product, ...) product_run(AT, product, __VA_ARGS__)
void product_run(struct source_line at, const struct product *product, unsigned int dimension,
		 uint32_t values);

#endif
