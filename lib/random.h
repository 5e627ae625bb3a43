/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that look random, and are the same again from the same seed: xorshift64 (Marsaglia 2003).
 */
#ifndef LIB_RANDOM_H
#define LIB_RANDOM_H

#include <stdint.h>

/* Return the state that a seed begins with; it is never 0, which would stay 0. */
static inline uint64_t random_state(uint64_t seed)
{
	uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15ull;

	return state ? state : 1;
}

/* Step on, and return the new state, which is the number. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

#endif
