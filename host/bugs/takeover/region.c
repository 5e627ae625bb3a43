// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of reserved regions: where they are kept, how they are compared, and what PROBE says of them.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* The first one that joined. */
static bool is_first_member(uint32_t endpoint, uint32_t domain)
{
	return bug_is_member(endpoint, domain) && !bug_joined_before(bug_find_attached(endpoint));
}

static bool is_in_first_region(const struct map_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++)
		if (is_first_member(m->regions[i].endpoint, r->domain) &&
		    m->regions[i].start <= r->virt_end && m->regions[i].end >= r->virt_start)
			return true;
	return false;
}

static void decide_by_first_member(const struct model_request *r, struct decision *d)
{
	bug_update_joined();
	if (model_rule_applies(&ref_iommu.model, RULE_MAP_REGION, r) && !is_in_first_region(&r->map))
		*d = bug_decide_without(RULE_MAP_REGION, r);
}

static bool is_in_low_region(const struct map_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++)
		if (bug_is_member(m->regions[i].endpoint, r->domain) &&
		    (uint32_t)m->regions[i].start <= (uint32_t)r->virt_end &&
		    (uint32_t)m->regions[i].end >= (uint32_t)r->virt_start)
			return true;
	return false;
}

static void decide_by_low_bits(const struct model_request *r, struct decision *d)
{
	if (r->head.type != REQUEST_MAP)
		return;
	*d = bug_decide_without(RULE_MAP_REGION, r);
	if (d->answer == STATUS_OK && is_in_low_region(&r->map))
		*d = decisions[RULE_MAP_REGION];
}

/* Regions that went with the first domain of their endpoint: only PROBE has them still. */

#define NOBODY 0x80000000	/* in the id of an endpoint: no endpoint has that */

static bool was_in[MODEL_MAX_ENDPOINTS], is_bare[MODEL_MAX_ENDPOINTS];
static uint32_t first_domain[MODEL_MAX_ENDPOINTS];

static bool is_region_of(const struct model_region *region, const struct model_endpoint *ep)
{
	return (region->endpoint & ~NOBODY) == ep->id;
}

static void hide_regions(bool hidden)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		for (unsigned int j = 0; j < m->region_count; j++)
			if (is_bare[i] && is_region_of(&m->regions[j], &m->endpoints[i]))
				m->regions[j].endpoint = m->endpoints[i].id | (hidden ? NOBODY : 0);
}

static void update_regions(void)
{
	for (unsigned int i = 0; i < ref_iommu.model.endpoint_count; i++) {
		const struct model_endpoint *ep = &ref_iommu.model.endpoints[i];

		if (!was_in[i])
			first_domain[i] = ep->domain;
		is_bare[i] |= was_in[i] && (!ep->attached || ep->domain != first_domain[i]);
		was_in[i] |= ep->attached;
	}
	hide_regions(true);
}

static bool read_with_regions(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	update_regions();
	hide_regions(r->head.type != REQUEST_PROBE);
	return false;
}

static bool access_with_regions(struct access *a, struct model_extent *extent)
{
	(void)a, (void)extent;
	update_regions();
	return false;
}

static void reset_with_regions(struct vdev *dev)
{
	update_regions();
	right_ops->reset(dev);
	update_regions();
}

/* PROBE. */

static bool is_list(const struct model_request *r, const struct decision *d)
{
	return r->head.type == REQUEST_PROBE && d->answer == STATUS_OK;
}

static void reply_with_next_end(const struct chain *chain, const struct model_request *r,
				const struct decision *d, struct iommu_reply *reply)
{
	struct property_resv_mem property;

	(void)chain;
	if (!is_list(r, d))
		return;
	for (uint32_t at = 0; at + sizeof(property) <= reply->tail;) {
		memcpy(&property, reply->bytes + at, sizeof(property));
		property.end++;
		if (property.head.type == PROPERTY_RESV_MEM)
			memcpy(reply->bytes + at, &property, sizeof(property));
		at += sizeof(property.head) + property.head.length;
	}
}

static void reply_empty(const struct chain *chain, const struct model_request *r, const struct decision *d,
			struct iommu_reply *reply)
{
	(void)chain;
	if (is_list(r, d) && bug_find_attached(r->probe.endpoint))
		memset(reply->bytes, 0, reply->tail);
}

bool region_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_REGIONS_OF_FIRST_MEMBER, {.request_decided = decide_by_first_member}, {0}},
		{MUTANT_REGION_COMPARED_32_BITS, {.request_decided = decide_by_low_bits}, {0}},
		{MUTANT_REGIONS_GONE_AFTER_DETACH,
		 {.request_read = read_with_regions, .access = access_with_regions},
		 {.reset = reset_with_regions}},
		{MUTANT_PROBE_END_EXCLUSIVE, {.reply_ready = reply_with_next_end}, {0}},
		{MUTANT_PROBE_EMPTY_WHILE_ATTACHED, {.reply_ready = reply_empty}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
