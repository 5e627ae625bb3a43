/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time and deadlines: each wait has one.
 */
#ifndef LIB_TIME_H
#define LIB_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Long enough for a busy host, short enough for a person: 2 s, in microseconds. */
#define REPLY_TIMEOUT_US 2000000

/* Return microseconds since a fixed moment before the start of the image. */
uint64_t time_us(void);

struct deadline {
	uint64_t end;	/* in machine ticks */
};

/* Return the moment that is @microseconds from now. */
struct deadline deadline_in(uint64_t microseconds);

/* Relax the CPU. Return true if the deadline has passed: `while (!done() && !deadline_over(&d)) ;` */
bool deadline_over(const struct deadline *deadline);

/* Like deadline_over(), for one who is at work and does not wait. */
bool deadline_passed(const struct deadline *deadline);

#endif
