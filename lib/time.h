/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time and deadlines. There is no wait without a deadline.
 */
#ifndef LIB_TIME_H
#define LIB_TIME_H

#include <stdbool.h>
#include <stdint.h>

/* Long enough for a busy host, short enough for a person: 2 s, in microseconds. */
#define REPLY_TIMEOUT_US 2000000

/* Microseconds since some moment before the start of the image. */
uint64_t time_us(void);

struct deadline {
	uint64_t end;	/* in machine ticks */
};

struct deadline deadline_in(uint64_t microseconds);

/* Relaxes the CPU and tells whether the time is over: `while (!done() && !deadline_over(&d)) ;` */
bool deadline_over(const struct deadline *deadline);

#endif
