/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The model (model.h) beside the device: it says which answers to a request are right, and what
 * endpoints reach.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include "standard/model.h"
#include "judge/test.h"

/* Return a model, on the arena, of the device as it is without any attachment. */
struct model *oracle(void);

/* Well-formed requests. */
struct model_request attach_of(uint32_t domain, const struct endpoint *ep);
struct model_request detach_of(uint32_t domain, const struct endpoint *ep);
struct model_request map_of(uint32_t domain, uint64_t start, uint64_t end, const void *target,
			    uint32_t flags);
struct model_request unmap_of(uint32_t domain, uint64_t start, uint64_t end);

/* Write the answers that a request should have, "status NOENT (6)", into @text, and return it. */
const char *outcome_words(const struct model_outcome *outcome, char *text, size_t room);

/*
 * Send @r, and do to @m what the answer says. Return VERDICT_FAIL for an answer that no reading of the text
 * allows, or none at all; VERDICT_WARN for one that follows a MUST and not a SHOULD; else VERDICT_PASS. A
 * device that has no room for what is asked for makes the test a skip.
 */
enum verdict oracle_send(struct model *m, const struct model_request *r, struct reply *reply);

/*
 * Return true if @r should be refused, and @reply does so with another status than it should have: a matter
 * of the requirement that has it refused, and of no other.
 */
bool oracle_refused_otherwise(const struct model *m, const struct model_request *r,
			      const struct reply *reply);

#endif
