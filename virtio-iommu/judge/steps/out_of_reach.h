/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an endpoint has lost together with its rings, which lie in memory too: without them it tries nothing,
 * so that a translation that lives on would not be seen.
 */
#ifndef STEPS_OUT_OF_REACH_H
#define STEPS_OUT_OF_REACH_H

#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/verdict.h"

/*
 * @ep, which is not attached now, does not reach the page at @iova, @target so far, in a fresh domain that
 * maps its rings and nothing else. Mapped there, it is reached. Where no second domain can be had nothing is
 * said.
 */
#define EXPECT_OUT_OF_REACH(ep, iova, target) expect_out_of_reach(AT, ep, iova, target)
void expect_out_of_reach(struct source_line at, struct endpoint *ep, uint64_t iova, uint8_t *target);

#endif
