/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A second CPU, which runs one function at a time.
 *
 * The image has one thread of its own, and nothing in it is locked. What runs on the second CPU may use a
 * master that the first one leaves alone meanwhile, memory that is volatile, and smp_barrier(). It may not
 * print, judge, trace, allocate or send requests.
 */
#ifndef LIB_SMP_H
#define LIB_SMP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Run @function(@argument) on the second CPU. Return false, with @error, if the machine has none, or does
 * not start it, or if it still runs what it was given before.
 */
bool smp_start(void (*function)(void *argument), void *argument, struct error *error);

/* Return true if the function has returned, or none was started. What it wrote can be read then. */
bool smp_ended(void);

/* Wait for at most @microseconds until smp_ended(). Return whether it has. */
bool smp_wait(uint64_t microseconds);

/* Order all memory accesses before against all behind, as the other CPU and devices see them. */
void smp_barrier(void);

/* Run what smp_start() was given: for the machine, on the second CPU. It is stopped behind that. */
void smp_run(void);

#endif
