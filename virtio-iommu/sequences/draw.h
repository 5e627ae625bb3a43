/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Draws steps where the model says that they mean something, and more of what was rarely asked.
 */
#ifndef SEQUENCES_DRAW_H
#define SEQUENCES_DRAW_H

#include <stdbool.h>
#include <stdint.h>

#include "sequences/step.h"

/*
 * Begin to draw by @seed. @illegal: fields that other tests judge one by one, too: reserved bytes, unknown
 * flags, ids and ranges that cannot be.
 */
void draw_begin(uint64_t seed, bool illegal);

/* Draw the next step; it is marked to go together with the one before it where it can. */
struct step draw_step(void);

/* Draw whether another request goes together with the last one. */
bool draw_goes_on(void);

#endif
