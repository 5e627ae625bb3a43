/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From a sequence that fails to a short one that does.
 */
#ifndef SEQUENCES_SHRINK_H
#define SEQUENCES_SHRINK_H

#include <stdbool.h>

#include "sequences/step.h"

#define SEQUENCE_STEPS 512

/* Play a sequence from the beginning. Return true if one fails: *@count is that of the steps up to it. */
bool sequence_fails(const struct step *steps, unsigned int *count);

/* Leave out steps while time is left and the rest fails. Return false if it does not fail each time. */
bool sequence_shrink(struct step *steps, unsigned int *count);

#endif
