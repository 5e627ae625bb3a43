// SPDX-License-Identifier: BSD-3-Clause
/*
 * From buffers of the request queue to the model, and back (5.13.6).
 */
#include <string.h>

#include "host/iommu/hooks.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/parts.h"
#include "host/machine/clock.h"
#include "host/machine/personality.h"
#include "util.h"

/* The longest readable part that a request calls for. */
#define LONGEST sizeof(struct probe_request)

static bool decode(const struct chain *chain, struct model_request *r)
{
	memset(r, 0, sizeof(*r));
	r->readable = chain->readable.size;
	r->writable = chain->writable.size;
	return chain_read(&ref_iommu.vdev, chain, 0, r, min(chain->readable.size, LONGEST));
}

/* Nobody may use what was unmapped. */
static void forget_unmapped(const struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached && m->endpoints[i].domain == r->domain)
			iotlb_forget_range(m->endpoints[i].id, r->virt_start, r->virt_end);
}

static void execute_attach(struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	if (personality->attach_again_clears && ep && ep->attached && ep->domain == r->attach.domain)
		model_leave(m, ep->id);
	model_apply(m, r);
	iotlb_forget_endpoint(r->attach.endpoint);
	events_attached(r->attach.endpoint);
}

static void execute_detach(struct model *m, const struct model_request *r)
{
	if (personality->detach_any)
		model_leave(m, r->detach.endpoint);
	model_apply(m, r);
	iotlb_forget_endpoint(r->detach.endpoint);
}

static void execute_unmap(struct model *m, const struct model_request *r)
{
	model_apply(m, r);
	forget_unmapped(m, &r->unmap);
}

void request_execute(const struct model_request *r)
{
	struct model *m = &ref_iommu.model;

	switch (r->head.type) {
	case REQUEST_ATTACH:
		return execute_attach(m, r);
	case REQUEST_DETACH:
		return execute_detach(m, r);
	case REQUEST_MAP:
		return model_apply(m, r);
	case REQUEST_UNMAP:
		return execute_unmap(m, r);
	}
}

/* Where the tail is if the part is larger than asked for is not said (AMB-10). */
static uint32_t tail_offset(const struct model_request *r)
{
	uint32_t asked = model_reply_size(&ref_iommu.model, r->head.type);

	if (r->writable > REPLY_MAX || (personality->tail_where_expected && r->writable > asked))
		return asked - sizeof(struct request_tail);
	return r->writable - sizeof(struct request_tail);
}

static void fill_reply(const struct model_request *r, const struct decision *d,
		       struct iommu_reply *reply)
{
	struct request_tail tail = {.status = d->answer};

	if (personality->reserved_set)
		memset(tail.reserved, 0xff, sizeof(tail.reserved));
	reply->tail = tail_offset(r);
	reply->length = reply->tail + sizeof(tail);
	reply->used = personality->short_used ? reply->tail + sizeof(tail.status) : reply->length;
	memset(reply->bytes, 0, reply->tail);
	if (r->head.type == REQUEST_PROBE && d->answer == STATUS_OK)
		properties_write(r->probe.endpoint, reply->bytes, ref_iommu.model.config.probe_size);
	memcpy(reply->bytes + reply->tail, &tail, sizeof(tail));
}

static void push_reply(const struct chain *chain, uint32_t length)
{
	struct vdev *dev = &ref_iommu.vdev;

	vring_push(dev, &dev->queues[REQUEST_QUEUE], chain, length);
}

static void answer(const struct chain *chain, const struct model_request *r,
		   const struct decision *d)
{
	static struct iommu_reply reply;
	struct vdev *dev = &ref_iommu.vdev;
	bool unwritten = d->answer == ANSWER_UNWRITTEN || r->writable < sizeof(struct request_tail);

	reply.tail = reply.length = reply.used = 0;
	if (!unwritten)
		fill_reply(r, d, &reply);
	iommu_hooks.reply_ready(chain, r, d, &reply);
	if (chain_write(dev, chain, 0, reply.bytes, reply.length))
		push_reply(chain, reply.used);
	if (unwritten && personality->unparsed_breaks &&
	    !model_rule_applies(&ref_iommu.model, RULE_UNKNOWN_TYPE, r))
		vdev_break(dev);
}

void meet_accesses(enum under_way how)
{
	if (personality->under_way == how)
		accesses_finish();
}

static bool takes_away(const struct model_request *r)
{
	return r->head.type != REQUEST_MAP && r->head.type != REQUEST_PROBE;
}

static void execute(const struct model_request *r)
{
	if (takes_away(r))
		meet_accesses(UNDER_WAY_AWAITED);
	if (!iommu_hooks.request_execute(r))
		request_execute(r);
	if (takes_away(r))
		meet_accesses(UNDER_WAY_CUT_OFF);
}

void request_process(const struct chain *chain, const struct model_request *r)
{
	struct decision d = decide(r);

	iommu_hooks.request_decided(r, &d);
	if (d.acts)
		execute(r);
	answer(chain, r, &d);
}

/* A device may need a reset once the driver did what it MUST NOT, and then may or may not answer (2.1.2). */
static void request_is_a_breach(const struct chain *chain, const struct model_request *r)
{
	if (personality->breach != BREACH_BREAKS_UNUSED)
		request_process(chain, r);
	vdev_break(&ref_iommu.vdev);
}

void request_serve(const struct chain *chain)
{
	struct model_request r;

	if (!decode(chain, &r) || iommu_hooks.request_read(chain, &r))
		return;
	if (personality->breach && breach_of_request(&r))
		request_is_a_breach(chain, &r);
	else
		request_process(chain, &r);
}
