/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends of what was reached (cells.h), and from where it is tried again.
 */
#ifndef STALE_END_H
#define STALE_END_H

#include "tests/stale/scene.h"

/* Write config.bypass as the cell wants it. False, and the cell is skipped, if that cannot be. */
bool scene_set_bypass(const struct scene *s);

/* End what @s->who reaches, as @s->end says. False, and the cell is judged, if that has not happened. */
bool scene_end(struct source_line at, struct scene *s);

/* Bring @s->who to where it is to try again, as @s->from says. */
bool scene_approach(struct source_line at, struct scene *s);

#endif
