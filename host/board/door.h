/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The board's door: the devices are driven by one CPU at a time.
 */
#ifndef BOARD_DOOR_H
#define BOARD_DOOR_H

/* Enter, after the other CPU has left. Whoever is inside may enter once more. */
void door_lock(void);
void door_unlock(void);

#endif
