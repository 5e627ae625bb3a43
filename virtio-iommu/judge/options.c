// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the command line asks of the tests.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "boot.h"
#include "console.h"
#include "judge/options.h"
#include "judge/test_frame.h"

static const struct boot_info *command;

/* A list that was cut would select something else. */
bool read_option(const char *key, char *value, size_t size)
{
	value[0] = '\0';
	if (!boot_option(command, key, value, size))
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

static void read_spec(void)
{
	char value[8];

	if (!read_option("spec", value, sizeof(value)))
		return;
	if (strlen(value) != 3 || strncmp(value, "1.", 2) || value[2] < '2' || value[2] > '0' + SPEC_NEWEST)
		bail_out("command line: spec=%s is not 1.2 to 1.%u", value, SPEC_NEWEST);
	spec = value[2] - '0';
}

void options_init(const struct boot_info *boot)
{
	command = boot;
	read_spec();
}

uint64_t test_option(const char *key, uint64_t otherwise)
{
	char value[24], *end;
	uint64_t number;

	if (!read_option(key, value, sizeof(value)))
		return otherwise;
	number = strtoul(value, &end, 0);
	if (end == value || *end)
		bail_out("command line: %s=%s is no number", key, value);
	return number;
}

bool test_case(const char *name)
{
	char only[CELL_NAME];

	if (read_option("case", only, sizeof(only)) && strcmp(only, name))
		return false;
	printf("# try case=%s\n", name);
	return true;
}

/* products=all and products=none; else a covering selection of the cells. */
static bool products_are(const char *which)
{
	char value[8];

	return read_option("products", value, sizeof(value)) && !strcmp(value, which);
}

bool test_plays_all_cells(void)
{
	return products_are("all");
}

bool test_plays_products(void)
{
	return !products_are("none");
}

void test_round(uint64_t seed)
{
	printf("# try seed=%lu rounds=1\n", seed);
}
