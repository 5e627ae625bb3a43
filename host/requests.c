// SPDX-License-Identifier: BSD-3-Clause
/*
 * From buffers of the request queue to the model, and back (5.13.6).
 */
#include <string.h>

#include "access.h"
#include "iommu_parts.h"
#include "iotlb.h"
#include "mutant.h"
#include "personality.h"

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

/* Mutants that misread a request. */
static void misread(struct model_request *r)
{
	bool is_map = r->head.type == REQUEST_MAP;

	if (r->head.type != REQUEST_PROBE)
		r->attach.domain &= MUTATE(DOMAIN_ID_16_BITS, 0xffff, UINT32_MAX) &
				    MUTATE(DOMAIN_ID_31_BITS, 0x7fffffff, UINT32_MAX) &
				    MUTATE(DOMAIN_ID_8_BITS, 0xff, UINT32_MAX);
	if (r->head.type == REQUEST_ATTACH)
		r->attach.endpoint &= MUTATE(ATTACH_ENDPOINT_16_BITS, 0xffff, UINT32_MAX) &
				      MUTATE(ATTACH_ENDPOINT_24_BITS, 0xffffff, UINT32_MAX);
	if (r->head.type == REQUEST_DETACH)
		r->detach.endpoint &= MUTATE(DETACH_ENDPOINT_16_BITS, 0xffff, UINT32_MAX);
	if (r->head.type == REQUEST_PROBE)
		r->probe.endpoint &= MUTATE(PROBE_ENDPOINT_16_BITS, 0xffff, UINT32_MAX);
	if (is_map && mutant(MUTANT_MAP_VIRT_32_BITS)) {
		r->map.virt_start = (uint32_t)r->map.virt_start;
		r->map.virt_end = (uint32_t)r->map.virt_end;
	}
	if (is_map && mutant(MUTANT_MAP_ALWAYS_WRITABLE))
		r->map.flags |= MAP_WRITE;
	if (is_map && mutant(MUTANT_MAP_ALWAYS_READABLE))
		r->map.flags |= MAP_READ;
	if (is_map && mutant(MUTANT_MAP_FLAGS_8_BITS))
		r->map.flags &= 0xff;
	if (r->head.type == REQUEST_ATTACH && mutant(MUTANT_ATTACH_FLAGS_8_BITS))
		r->attach.flags &= 0xff;
	if (r->head.type == REQUEST_ATTACH && mutant(MUTANT_ATTACH_BYPASS_FLAG_IGNORED))
		r->attach.flags &= ~(uint32_t)ATTACH_BYPASS;
}

/* Nobody may use what was unmapped. */
static void forget_unmapped(const struct unmap_request *r)
{
	struct model *m = &reference.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		const struct model_endpoint *ep = &m->endpoints[i];

		if (!ep->attached || ep->domain != r->domain)
			continue;
		iotlb_forget_range(ep->id, r->virt_start, MUTATE(UNMAP_KEEPS_LAST_PAGE_CACHED,
								 r->virt_start, r->virt_end));
		if (mutant(MUTANT_UNMAP_CACHED_FOR_LATER_MEMBERS))
			return;
	}
}

static void act_attach(const struct model_request *r)
{
	struct model *m = &reference.model;
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	if (personality->attach_again_clears && ep && ep->attached && ep->domain == r->attach.domain)
		model_leave(m, ep->id);
	model_apply(m, r);
	if (!mutant(MUTANT_ATTACH_KEEPS_CACHE))
		iotlb_forget_endpoint(r->attach.endpoint);
}

/* Mappings that a mutant leaves to the next domain of the id. */
static void act_detach(const struct model_request *r)
{
	struct model *m = &reference.model;
	unsigned int mappings = m->mapping_count;

	model_apply(m, r);
	if (mutant(MUTANT_DETACH_KEEPS_MAPPINGS))
		m->mapping_count = mappings;
	if (mutant(MUTANT_DETACH_ENDS_DOMAIN))
		for (unsigned int i = 0; i < m->mapping_count; i++)
			if (m->mappings[i].domain == r->detach.domain)
				m->mappings[i--] = m->mappings[--m->mapping_count];
	if (!mutant(MUTANT_DETACH_KEEPS_CACHE))
		iotlb_forget_endpoint(r->detach.endpoint);
}

static void act_map(const struct model_request *r)
{
	struct model_request changed = *r;
	uint64_t granule = model_granule(&reference.model);

	if (mutant(MUTANT_MAP_FIRST_PAGE_ONLY))
		changed.map.virt_end = r->map.virt_start + granule - 1;
	if (mutant(MUTANT_MAP_PHYS_32_BITS))
		changed.map.phys_start = (uint32_t)r->map.phys_start;
	if (mutant(MUTANT_MAP_PHYS_IS_VIRT))
		changed.map.phys_start = r->map.virt_start;
	model_apply(&reference.model, &changed);
}

/* Of all that the range covers, only one. */
static void unmap_first(const struct unmap_request *r)
{
	struct model *m = &reference.model;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		if (m->mappings[i].domain != r->domain || m->mappings[i].start < r->virt_start ||
		    m->mappings[i].end > r->virt_end)
			continue;
		m->mappings[i] = m->mappings[--m->mapping_count];
		return;
	}
}

static void act_unmap(const struct model_request *r)
{
	struct model_request changed = *r;

	if (mutant(MUTANT_UNMAP_EVERYTHING)) {
		changed.unmap.virt_start = 0;
		changed.unmap.virt_end = UINT64_MAX;
	}
	if (mutant(MUTANT_UNMAP_FIRST_ONLY))
		unmap_first(&r->unmap);
	else
		model_apply(&reference.model, &changed);
	if (!mutant(MUTANT_UNMAP_KEEPS_CACHE))
		forget_unmapped(&changed.unmap);
}

static void act(const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		if (!mutant(MUTANT_ATTACH_DOES_NOTHING))
			act_attach(r);
		break;
	case REQUEST_DETACH:
		if (!mutant(MUTANT_DETACH_DOES_NOTHING))
			act_detach(r);
		break;
	case REQUEST_MAP:
		if (!mutant(MUTANT_MAP_DOES_NOTHING))
			act_map(r);
		break;
	case REQUEST_UNMAP:
		if (!mutant(MUTANT_UNMAP_DOES_NOTHING))
			act_unmap(r);
		break;
	}
}

/* The writable part: all zeroes but for properties and tail. */
static uint8_t reply[REPLY_MAX];

/* Where the tail is if the part is larger than asked for is not said (AMB-10). */
static uint32_t tail_offset(const struct model_request *r)
{
	uint32_t asked = model_reply_size(&reference.model, r->head.type);

	if (r->writable > REPLY_MAX || (personality->tail_where_expected && r->writable > asked))
		return asked - sizeof(struct request_tail);
	return r->writable - sizeof(struct request_tail);
}

static uint32_t fill_reply(const struct model_request *r, const struct decision *d)
{
	uint32_t at = tail_offset(r);
	struct request_tail tail = {.status = d->answer};

	memset(reply, 0, at);
	if (r->head.type == REQUEST_PROBE && d->answer == STATUS_OK)
		properties_write(r->probe.endpoint, reply, reference.model.config.probe_size);
	if (mutant(MUTANT_TAIL_RESERVED_DIRTY))
		memset(tail.reserved, 0xff, sizeof(tail.reserved));
	if (mutant(MUTANT_STATUS_ALWAYS_OK))
		tail.status = STATUS_OK;
	if (mutant(MUTANT_PROBE_STATUS_IN_FRONT) && at)
		reply[0] = tail.status;
	memcpy(reply + at, &tail, sizeof(tail));
	return at + sizeof(tail);
}

/* What the driver is told of how much was written. */
static uint32_t used_length(const struct model_request *r, uint32_t length)
{
	if (mutant(MUTANT_USED_LENGTH_0))
		return 0;
	if (mutant(MUTANT_USED_LENGTH_TOO_LARGE))
		return length + 1;
	if (mutant(MUTANT_PROBE_USED_LENGTH_4) && r->head.type == REQUEST_PROBE)
		return sizeof(struct request_tail);
	return length;
}

static void give_back(const struct chain *chain, uint32_t length)
{
	struct vdev *dev = &reference.vdev;

	vring_push(dev, &dev->queues[REQUEST_QUEUE],
		   MUTATE(USED_ID_WRONG, chain->head + 1, chain->head), length);
}

/* Mutants that write where nothing is to be written. */
static void overrun(const struct chain *chain)
{
	const struct chain_part *readable = &chain->readable, *writable = &chain->writable;
	uint8_t byte = 0xe7;

	if (mutant(MUTANT_READABLE_PART_WRITTEN) && readable->count)
		access_memory(&reference.vdev, readable->pieces[0].address + 1, &byte, 1, true);
	if (mutant(MUTANT_REPLY_RUNS_OVER) && writable->count)
		access_memory(&reference.vdev,
			      writable->pieces[writable->count - 1].address +
				      writable->pieces[writable->count - 1].length,
			      &byte, 1, true);
}

static void answer(const struct chain *chain, const struct model_request *r,
		   const struct decision *d)
{
	uint32_t length;

	overrun(chain);
	if (d->answer == ANSWER_UNWRITTEN) {
		give_back(chain, MUTATE(UNPARSED_USED_LENGTH_4, 4, 0));
		if (personality->unparsed_breaks)
			vdev_break(&reference.vdev);
		return;
	}
	length = fill_reply(r, d);
	if (chain_write(&reference.vdev, chain, 0, reply, length))
		give_back(chain, used_length(r, length));
}

void request_serve(const struct chain *chain)
{
	struct model_request r;
	struct decision d;
	static unsigned int served;

	if (!decode(chain, &r))
		return;
	if (mutant(MUTANT_REQUEST_LOST) && ++served % 256 == 0)
		return;
	misread(&r);
	d = decide(&r);
	if (mutant(MUTANT_HEAD_RESERVED_CHECKED) && r.head.reserved[0])
		d = (struct decision){STATUS_INVAL, false};
	if (mutant(MUTANT_DETACH_RESERVED_CHECKED) && r.head.type == REQUEST_DETACH &&
	    r.detach.reserved[7])
		d = (struct decision){STATUS_INVAL, false};
	if (mutant(MUTANT_PROBE_RESERVED_CHECKED) && r.head.type == REQUEST_PROBE &&
	    r.probe.reserved[63])
		d = (struct decision){STATUS_INVAL, false};
	if (d.acts)
		act(&r);
	answer(chain, &r, &d);
}
