/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Domains and their members: ATTACH and DETACH as steps of a set-up, and what shows that a domain is gone.
 *
 * Steps return whether they worked, and record which requirement is broken if not: for use in REQUIRE().
 */
#ifndef STEPS_ATTACH_H
#define STEPS_ATTACH_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "judge/verdict.h"

/* Return a domain id as take_domain() does. If there is none left, the rest of the test is skipped. */
uint32_t fresh_domain(void);

/* ATTACH, and map the endpoint's own rings, without which it can do no DMA. */
bool attach_with_dma(struct source_line at, struct endpoint *ep, uint32_t domain);

/* ATTACH alone. */
bool attach_endpoint(struct source_line at, struct endpoint *ep, uint32_t domain);

/* ATTACH with flag BYPASS: the endpoint is addressed by guest-physical addresses. */
bool attach_bypass(struct source_line at, struct endpoint *ep, uint32_t domain);

/* DETACH; the endpoint is then addressed by guest-physical addresses again. */
bool detach_endpoint(struct source_line at, struct endpoint *ep, uint32_t domain);

/* Map the private page of @ep, which the test has attached to @domain by itself, to make DMA possible. */
bool enable_dma(struct source_line at, struct endpoint *ep, uint32_t domain);

/*
 * ATTACH to a domain that has a member already, or of an endpoint that has a domain already: a
 * device may refuse both with UNSUPP (DEV-ATTACH-4, -9), and the test is skipped.
 */
#define SHARE(ep, domain) ATTACH_OR_SKIP(ep, domain, "the device does not let endpoints share a domain")
#define MOVE(ep, domain) ATTACH_OR_SKIP(ep, domain, "the device does not move endpoints")
#define ATTACH_OR_SKIP(ep, domain, reason)                                                        \
	do {                                                                                      \
		if (!attach_or_skip(AT, ep, domain, reason))                                      \
			return;                                                                   \
	} while (0)
bool attach_or_skip(struct source_line at, const struct endpoint *ep, uint32_t domain, const char *reason);

/*
 * UNMAP in a domain that does not exist gives NOENT (DEV-UNMAP-3), which is no MUST: what this device
 * says of one that never was is as good.
 */
#define EXPECT_NO_DOMAIN(domain) expect_no_domain(AT, domain)
bool expect_no_domain(struct source_line at, uint32_t domain);

/* Set *@alias to number @index of the ids that share bits with @id. Return false past the last one. */
bool alias_id(uint32_t id, unsigned int index, uint32_t *alias);

#endif
