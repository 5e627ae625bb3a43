/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a verdict shows of a sequence that fails.
 */
#ifndef SEQUENCES_REPORT_H
#define SEQUENCES_REPORT_H

#include "judge/verdict.h"
#include "sequences/step.h"

/*
 * Record what player_trouble() has of the last of @count steps, with the steps before it: all, or as many as
 * there is room for. @origin says where they come from.
 */
void sequence_report(struct source_line at, const char *origin, const struct step *steps, unsigned int count);

#endif
