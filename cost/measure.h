/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_MEASURE_H
#define COST_MEASURE_H

#include "workload.h"

/* What is measured: times, or the guest's instructions where the machine's cycles are these. */
enum measure { MEASURE_TIMES, MEASURE_INSTRUCTIONS };

/*
 * Run the workloads that are asked for with all strategies that fit the unit, in rounds in which these take
 * turns. Print a line "# cost ..." of counts for each; one "# time ..." of ratios to "none" in each
 * round, and marks around stretches of many I/Os; or one "# instructions ...". Return false if a DMA went
 * wrong, or a strategy left in reach what it says is not.
 */
bool measure_run(struct master *masters, unsigned int count, const char *names, enum measure measure);

#endif
