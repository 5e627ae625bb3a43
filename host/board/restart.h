/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reset of the machine: the process starts anew, and only the disks are what they were.
 */
#ifndef RESTART_H
#define RESTART_H

/* Does not return. */
void restart(char **argv) __attribute__((noreturn));

/* After the board is there: give it what a reset has left, if this start is one. */
void restart_recover(void);

#endif
