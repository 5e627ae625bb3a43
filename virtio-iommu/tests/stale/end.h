/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ends of what was reached (cells.h), and from where it is tried again.
 */
#ifndef STALE_END_H
#define STALE_END_H

#include "tests/stale/scene.h"

/*
 * Bring the device to where the cell begins: config.bypass, and where it matters what was before, a reset.
 * Return false, and the cell is skipped or judged, if that cannot be.
 */
bool scene_prepare(struct source_line at, const struct scene *s);

/* End what @s->who reaches, as @s->end says. False, and the cell is judged, if that has not happened. */
bool scene_end(struct source_line at, struct scene *s);

/* Bring @s->who to where it is to try again, as @s->from says. */
bool scene_approach(struct source_line at, struct scene *s);

#endif
