/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_GROWTH_H
#define COST_GROWTH_H

#include "master.h"

/*
 * Show how the times of mapping, of a first access and of unmapping grow with the number of mappings of a
 * domain. Print a line "# growth ..." for each number, of times in percent of those with one mapping. Return
 * false if something fails, with a comment.
 */
bool growth_run(struct master *master);

#endif
