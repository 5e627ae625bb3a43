/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_WORKLOAD_H
#define COST_WORKLOAD_H

#include "master.h"

/*
 * Run all workloads with all strategies that fit the unit, in rounds in which these take turns. Print a line
 * "# cost ..." of counts and one "# time ..." of ratios to "none" in the same round for each. Return false if
 * a DMA went wrong, or a strategy left in reach what it says is not.
 */
bool workloads_run(struct master *master);

#endif
