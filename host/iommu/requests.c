// SPDX-License-Identifier: BSD-3-Clause
/*
 * From buffers of the request queue to the model, and back (5.13.6).
 */
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/iommu/parts.h"
#include "host/iommu/iotlb.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"

/* The longest readable part that a request calls for. */
#define LONGEST sizeof(struct probe_request)

/* A tail behind this is given up. */
#define REPLY_MAX 65536

static bool decode(const struct chain *chain, struct model_request *r)
{
	uint32_t size = chain->readable.size < LONGEST ? chain->readable.size : LONGEST;

	memset(r, 0, sizeof(*r));
	r->readable = chain->readable.size;
	r->writable = chain->writable.size;
	return chain_read(&reference.vdev, chain, 0, r, size);
}

/* Nobody may use what was unmapped. */
static void forget_unmapped(const struct unmap_request *r)
{
	const struct model *m = &reference.model;
	uint64_t end = MUTATE(UNMAP_FORGETS_FIRST_MAPPING_ONLY, r->virt_start, r->virt_end);

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		const struct model_endpoint *ep = &m->endpoints[i];

		if (!ep->attached || ep->domain != r->domain)
			continue;
		iotlb_forget_range(ep->id, r->virt_start, end);
		if (mutant(MUTANT_UNMAP_FORGETS_FOR_FIRST_MEMBER_ONLY))
			return;
	}
}

static void act_attach(const struct model_request *r)
{
	struct model *m = &reference.model;
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	bug_rings_forget(MUTANT_MOVE_KEEPS_RINGS);
	if (bug_attach(r))
		return;
	if (personality->attach_again_clears && ep && ep->attached && ep->domain == r->attach.domain)
		model_leave(m, ep->id);
	model_apply(m, r);
	if (!mutant(MUTANT_ATTACH_KEEPS_CACHE))
		iotlb_forget_endpoint(r->attach.endpoint);
}

static void act_detach(const struct model_request *r)
{
	bug_rings_forget(MUTANT_DETACH_KEEPS_RINGS);
	if (bug_detach(r))
		return;
	model_apply(&reference.model, r);
	if (!mutant(MUTANT_DETACH_KEEPS_CACHE))
		iotlb_forget_endpoint(r->detach.endpoint);
}

static void act_map(const struct model_request *r)
{
	if (!bug_map(r))
		model_apply(&reference.model, r);
}

static void act_unmap(const struct model_request *r)
{
	bug_rings_forget(MUTANT_UNMAP_KEEPS_RINGS);
	if (bug_unmap(r))
		return;
	model_apply(&reference.model, r);
	if (mutant(MUTANT_UNMAP_RESERVED_KEEPS_CACHE) &&
	    model_rule_applies(&reference.model, RULE_UNMAP_RESERVED, r))
		return;
	if (!mutant(MUTANT_UNMAP_KEEPS_CACHE))
		forget_unmapped(&r->unmap);
}

void request_execute(const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		return act_attach(r);
	case REQUEST_DETACH:
		return act_detach(r);
	case REQUEST_MAP:
		return act_map(r);
	case REQUEST_UNMAP:
		return act_unmap(r);
	}
}

/* The writable part: all zeroes but for properties and tail. */
static uint8_t reply[REPLY_MAX];

/* Where the tail is if the part is larger than asked for is not said (AMB-10). */
static uint32_t tail_offset(const struct model_request *r)
{
	uint32_t asked = model_reply_size(&reference.model, r->head.type);

	if (mutant(MUTANT_PROBE_TAIL_IN_BETWEEN))
		return (r->writable + asked + 1) / 2 - sizeof(struct request_tail);
	if (r->writable > REPLY_MAX || (personality->tail_where_expected && r->writable > asked))
		return asked - sizeof(struct request_tail);
	return r->writable - sizeof(struct request_tail);
}

static uint32_t fill_reply(const struct model_request *r, const struct decision *d)
{
	uint32_t at = tail_offset(r);
	struct request_tail tail = {.status = bug_batch_status(d->answer)};

	memset(reply, 0, at);
	if (r->head.type == REQUEST_PROBE && d->answer == STATUS_OK)
		properties_write(r->probe.endpoint, reply, reference.model.config.probe_size);
	memcpy(reply + at, &tail, sizeof(tail));
	bug_reply(r, reply, at);
	return at + sizeof(tail);
}

static void push_reply(const struct chain *chain, uint32_t length)
{
	struct vdev *dev = &reference.vdev;

	vring_push(dev, &dev->queues[REQUEST_QUEUE], chain, length);
}

static void answer(const struct chain *chain, const struct model_request *r,
		   const struct decision *d)
{
	uint32_t length;

	bug_overrun(chain);
	if (d->answer == ANSWER_UNWRITTEN) {
		bug_unwritten(chain, r);
		push_reply(chain, MUTATE(UNPARSED_USED_LENGTH_4, 4, 0));
		if (personality->unparsed_breaks &&
		    !model_rule_applies(&reference.model, RULE_UNKNOWN_TYPE, r))
			vdev_break(&reference.vdev);
		return;
	}
	length = fill_reply(r, d);
	if (chain_write(&reference.vdev, chain, 0, reply, MUTATE(TAIL_PARTLY_WRITTEN, length - 3, length)))
		push_reply(chain, bug_used_length(r, d, length));
}

void request_serve(const struct chain *chain)
{
	static unsigned int served;
	struct model_request r;
	struct decision d;

	if (bug_drops_long(chain) || !decode(chain, &r) ||
	    (mutant(MUTANT_REQUEST_LOST) && ++served % 256 == 0) || bug_loses(&r) || bug_is_stuck())
		return;
	bug_catch_up();
	if (bug_hostile_request(chain, &r))
		return;
	bug_misread(&r);
	bug_reads_writable(chain, &r);
	bug_misread_ranges(&r);
	d = decide(&r);
	bug_decide(&r, &d);
	bug_decide_probe(&r, &d);
	bug_decide_open(&r, &d);
	if (d.acts && !bug_postpone(&r))
		request_execute(&r);
	bug_refused(&r, &d);
	bug_refused_open(&r, &d);
	answer(chain, &r, &d);
}
