/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reset of the machine: the process starts again, and only the disks are what they were.
 */
#ifndef RESTART_H
#define RESTART_H

/* Start the process again, with the same arguments. */
void restart(char **argv) __attribute__((noreturn));

/* Give the board, once it is there, what a reset has left; nothing if this start is not after one. */
void restart_recover(void);

#endif
