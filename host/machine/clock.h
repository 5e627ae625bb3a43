/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time of the machine, and what is to happen at a later time.
 *
 * Devices work inside of register accesses. So a guest that waits has nothing to wait for but a timer: the
 * time until then is skipped, and a device may be slow without making anybody wait.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Return the time in nanoseconds. */
uint64_t clock_ns(void);

/* Skip what is left until @ns or until the next timer is due, whichever is earlier. */
void clock_skip(uint64_t ns);

/* Let @ns pass, as if the machine had been at work. */
void clock_pass(uint64_t ns);

/* To be zeroed, but for @expire, @owner and @is_access, before it is used. */
struct timer {
	void (*expire)(void *owner);
	void *owner;
	bool is_access;		/* what is due is the work of an endpoint */
	uint64_t due;		/* ns, while running */
	bool running;
	struct timer *next;	/* of all that run */
};

/* Let the timer expire @microseconds from now. One that runs already goes on as it is. */
void timer_start(struct timer *timer, uint64_t microseconds);

void timer_stop(struct timer *timer);

/* Let the time pass until no endpoint has any work left, and the endpoints do it. */
void accesses_finish(void);

/* Stop the timers that are due, and call what they are for. Return true if there was any. */
bool timers_expire(void);

#endif
