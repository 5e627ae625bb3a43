/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Endpoints without a domain, and in bypass domains: what they reach.
 */
#ifndef STEPS_BYPASS_H
#define STEPS_BYPASS_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/verdict.h"

/*
 * Choose what becomes of unattached endpoints: set config.bypass to @on where that can be done. Return false
 * if the device is of the other kind for good.
 */
bool set_unattached_bypass(bool on);

/* Write config.bypass, which has to read back: a step of a set-up, for use in REQUIRE(). */
bool write_bypass(struct source_line at, uint8_t value);

/* The endpoint, not attached or in a bypass domain, reaches memory at its own address. */
void expect_identity(struct source_line at, struct endpoint *ep);

/* The endpoint, without a domain, reaches nothing; it is alive, if the device is up to show that. */
void expect_blocked(struct source_line at, struct endpoint *ep);

/* expect_identity() or expect_blocked(), as config.bypass says, or BYPASS where there is no such field. */
void expect_unattached(struct source_line at, struct endpoint *ep);

/*
 * Require that the endpoint is alive: in a domain of its own it reaches what is mapped for it. There it can
 * tell, too, whether it has read the 8 bytes at @secret (or NULL), which it could not before.
 */
void require_alive(struct source_line at, struct endpoint *ep, const void *secret);

#endif
