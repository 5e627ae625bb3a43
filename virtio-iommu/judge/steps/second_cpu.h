/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the second CPU does while a test goes on with the first one (lib/smp.h). Nothing is traced meanwhile:
 * the trace is one CPU's.
 */
#ifndef STEPS_SECOND_CPU_H
#define STEPS_SECOND_CPU_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/verdict.h"

/* What both CPUs look at and change. */
uint32_t shared_read(const uint32_t *value);
void shared_write(uint32_t *value, uint32_t to);

/* Return how many rounds a race has: more in a run that plays all cells of products. */
unsigned int race_rounds(void);

/* Let the second CPU begin. Return false, with a verdict or a skip, if it does not. */
bool second_cpu_start(struct source_line at, void (*function)(void *argument), void *argument);

/* Set *@stop, and wait until the function has returned. Return false, with a verdict, if it does not. */
bool second_cpu_stop(struct source_line at, uint32_t *stop);

/* The accesses under way at an endpoint, and the bytes of each: what fits into a small ring. */
#define BUSY_UNDER_WAY 3
#define BUSY_BYTES 8

/*
 * An endpoint that the second CPU keeps busy: it begins accesses to @iova, waits until all have ended, and so
 * on until one fails. With @again it begins one at a time, and goes on whatever comes of it, if need be
 * behind a reset of the endpoint and after @patience_us, until @tries is @most_ahead larger than @noted. The
 * first CPU leaves the endpoint alone meanwhile.
 */
struct busy_endpoint {
	struct endpoint *ep;
	uint64_t iova;
	bool write, again;
	uint64_t patience_us;
	uint32_t most_ahead, noted;
	uint32_t rounds;	/* of accesses that have all ended well */
	uint32_t tries;		/* with @again */
	uint32_t idle;		/* it begins no more */
	uint32_t stop;
};

bool busy_start(struct source_line at, struct busy_endpoint *b);
bool busy_stop(struct source_line at, struct busy_endpoint *b);

/* Wait until @count more rounds have ended well. Return false if they do not. */
bool busy_wait(const struct busy_endpoint *b, uint32_t count);

#endif
