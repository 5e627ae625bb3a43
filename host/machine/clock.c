// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>
#include <time.h>

#include "host/machine/clock.h"

#define NS_PER_S  1000000000ull
#define NS_PER_US 1000ull

static uint64_t skipped;	/* ns; each CPU may ask for the time */
static struct timer *first;	/* of those that run, in no order */

uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec + __atomic_load_n(&skipped, __ATOMIC_RELAXED);
}

static struct timer *next_due(void)
{
	struct timer *next = first;

	for (struct timer *t = first; t; t = t->next)
		if (t->due < next->due)
			next = t;
	return next;
}

void clock_skip(uint64_t ns)
{
	const struct timer *next = next_due();
	uint64_t now = clock_ns();

	if (next && next->due < ns)
		ns = next->due;
	if (ns > now)
		clock_pass(ns - now);
}

void clock_pass(uint64_t ns)
{
	__atomic_fetch_add(&skipped, ns, __ATOMIC_RELAXED);
}

void timer_start(struct timer *timer, uint64_t microseconds)
{
	if (timer->running)
		return;
	timer->running = true;
	timer->due = clock_ns() + microseconds * NS_PER_US;
	timer->next = first;
	first = timer;
}

void timer_stop(struct timer *timer)
{
	struct timer **at = &first;

	while (*at && *at != timer)
		at = &(*at)->next;
	if (*at)
		*at = timer->next;
	timer->running = false;
}

static struct timer *next_access(void)
{
	struct timer *next = NULL;

	for (struct timer *t = first; t; t = t->next)
		if (t->is_access && (!next || t->due < next->due))
			next = t;
	return next;
}

void accesses_finish(void)
{
	for (struct timer *t; (t = next_access());) {
		uint64_t now = clock_ns();

		if (t->due > now)
			clock_pass(t->due - now);
		timer_stop(t);
		t->expire(t->owner);
	}
}

bool timers_expire(void)
{
	uint64_t now = clock_ns();
	bool any = false;

	for (struct timer *t; (t = next_due()) && t->due <= now; any = true) {
		timer_stop(t);
		t->expire(t->owner);
	}
	return any;
}
