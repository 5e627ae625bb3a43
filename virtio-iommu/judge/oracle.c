// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "memory.h"
#include "judge/oracle.h"
#include "driver/reserved.h"

static void copy_regions(struct model *m)
{
	const struct reserved_region *region;

	while (m->region_count < MODEL_MAX_REGIONS &&
	       (region = reserved_region(m->region_count)) != NULL)
		m->regions[m->region_count++] = (struct model_region){
			.endpoint = region->endpoint, .subtype = region->subtype,
			.start = region->start, .end = region->end};
}

/* The mappings are many, and need no initial value. */
struct model *oracle(void)
{
	struct model *m = arena_alloc(sizeof(*m), 8);

	m->offered = iommu.offered;
	m->accepted = iommu.dev.accepted;
	m->config = iommu.config;
	m->write_implies_read = false;
	m->region_count = m->endpoint_count = m->mapping_count = 0;
	copy_regions(m);
	for (unsigned int i = 0; i < endpoint_count(); i++)
		m->endpoints[m->endpoint_count++] = (struct model_endpoint){.id = endpoint(i)->id};
	return m;
}

_Static_assert(MAX_ENDPOINTS <= MODEL_MAX_ENDPOINTS, "the model holds all endpoints");

struct model_request attach_of(uint32_t domain, const struct endpoint *ep)
{
	return (struct model_request){.attach = {{.type = REQUEST_ATTACH}, domain, ep->id, 0, {0}},
				      .readable = sizeof(struct attach_request), .writable = TAIL_SIZE};
}

struct model_request detach_of(uint32_t domain, const struct endpoint *ep)
{
	return (struct model_request){.detach = {{.type = REQUEST_DETACH}, domain, ep->id, {0}},
				      .readable = sizeof(struct detach_request), .writable = TAIL_SIZE};
}

struct model_request map_of(uint32_t domain, uint64_t start, uint64_t end, const void *target,
			    uint32_t flags)
{
	return (struct model_request){
		.map = {{.type = REQUEST_MAP}, domain, start, end, phys(target), flags},
		.readable = sizeof(struct map_request), .writable = TAIL_SIZE};
}

struct model_request unmap_of(uint32_t domain, uint64_t start, uint64_t end)
{
	return (struct model_request){.unmap = {{.type = REQUEST_UNMAP}, domain, start, end, {0}},
				      .readable = sizeof(struct unmap_request), .writable = TAIL_SIZE};
}

/* A status that the standard does not define is in no set. */
static uint32_t answer_to(const struct reply *reply)
{
	if (!reply->used || reply->breach || (reply->delivered && reply->status > STATUS_NOMEM))
		return 0;
	return reply->delivered ? ANSWER(reply->status) : ANSWER(ANSWER_UNWRITTEN);
}

const char *outcome_words(const struct model_outcome *outcome, char *text, size_t room)
{
	size_t length = 0;

	*text = '\0';
	for (unsigned int i = 0; i <= ANSWER_UNWRITTEN && length < room; i++)
		if (outcome->expected & ANSWER(i))
			length += snprintf(text + length, room - length, "%s%s", length ? " or " : "status ",
					   i == ANSWER_UNWRITTEN ? "none written" : status_name(i));
	return text;
}

enum verdict oracle_send(struct model *m, const struct model_request *r, struct reply *reply)
{
	struct model_outcome outcome = model_outcome(m, r);
	uint32_t answer;

	*reply = request_raw(r, r->readable, r->writable);
	if (skip_if_no_room(reply))
		return VERDICT_PASS;
	answer = answer_to(reply);
	if (is_ok(reply))
		model_apply(m, r);
	if (!(outcome.allowed & answer))
		return VERDICT_FAIL;
	return outcome.expected & answer ? VERDICT_PASS : VERDICT_WARN;
}

bool oracle_refused_otherwise(const struct model *m, const struct model_request *r, const struct reply *reply)
{
	struct model_outcome outcome = model_outcome(m, r);

	return is_refusal(reply) && (outcome.allowed & answer_to(reply)) &&
	       (outcome.expected & ANSWER_REFUSED);
}
