// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of who is attached, and how: a count that goes wrong, the kind of a domain, what is kept of
 * config.bypass, and what a reset leaves.
 */
#include <string.h>

#include "host/bugs/upkeep/upkeep.h"
#include "host/iommu/iotlb.h"
#include "util.h"

/* How many endpoints a domain has, as counted by requests. */

static unsigned int counts[MODEL_MAX_ENDPOINTS];

static unsigned int *count_of(uint32_t domain)
{
	bool fresh;
	unsigned int place = bug_place_of(domain, &fresh);

	if (fresh)
		counts[place] = 0;
	return &counts[place];
}

static void end_domain(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!bug_is_member(m->endpoints[i].id, domain))
			continue;
		model_leave(&ref_iommu.model, m->endpoints[i].id);
		iotlb_forget_endpoint(m->endpoints[i].id);
	}
}

static void count_down(uint32_t domain)
{
	if (--*count_of(domain))
		return;
	if (mutant(MUTANT_DETACH_WRONG_DOMAIN_EMPTIES))
		bug_drop_domain(domain);
	else
		end_domain(domain);
}

static bool execute_with_count(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_leaving(r);
	uint32_t old = ep ? ep->domain : 0;
	bool joins = bug_joins(r);

	bug_free_places();
	request_execute(r);
	if (ep && bug_count_members(old))
		count_down(old);
	if (joins)
		++*count_of(r->attach.domain);
	return true;
}

/* The count goes down before the endpoint is looked for in the domain. */
static void decide_with_count(const struct model_request *r, struct decision *d)
{
	(void)d;
	if (model_rule_applies(&ref_iommu.model, RULE_DETACH_DOMAIN, r) &&
	    bug_count_members(r->detach.domain))
		count_down(r->detach.domain);
}

/* The flag is stored before it is compared. */

static void store_kind(const struct attach_request *r)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (bug_is_member(m->endpoints[i].id, r->domain))
			m->endpoints[i].bypass = r->flags & ATTACH_BYPASS;
	iotlb_forget_all();
}

static void decide_and_store(const struct model_request *r, struct decision *d)
{
	static const enum model_rule_id rules[] = {RULE_ATTACH_KIND, RULE_ATTACH_FLIP};

	for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++)
		if (d->answer == STATUS_INVAL && model_rule_applies(&ref_iommu.model, rules[i], r) &&
		    bug_decide_without(rules[i], r).answer == STATUS_OK)
			return store_kind(&r->attach);
}

/* config.bypass as it was when an endpoint was detached, or at a reset. */

static struct {
	bool valid, bypass;
} copies[MODEL_MAX_ENDPOINTS];

static bool execute_with_copies(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = bug_find_leaving(r);

	if (r->head.type != REQUEST_DETACH || !ep)
		return false;
	copies[ep - m->endpoints].valid = true;
	copies[ep - m->endpoints].bypass = m->config.bypass;
	return false;
}

static bool lookup_copy(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, a->endpoint);

	if (!ep || ep->attached || !copies[ep - m->endpoints].valid)
		return found;
	*extent = (struct model_extent){0, UINT64_MAX, 0, MAP_RW};
	*reason = FAULT_DOMAIN;
	return copies[ep - m->endpoints].bypass;
}

/* Until now it was the same since the reset. */
static void write_behind_copies(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!copies[i].valid)
			copies[i].bypass = m->config.bypass;
		copies[i].valid = true;
	}
	right_ops->config_write(dev, offset, width, value);
}

static void reset_copies(struct vdev *dev)
{
	memset(copies, 0, sizeof(copies));
	right_ops->reset(dev);
}

/* A bypass domain has nothing to be freed. */
static void reset_normal_domains(struct vdev *dev)
{
	struct model *m = &ref_iommu.model;
	struct model_endpoint old[MODEL_MAX_ENDPOINTS];
	unsigned int count = m->endpoint_count;

	memcpy(old, m->endpoints, sizeof(old));
	right_ops->reset(dev);
	for (unsigned int i = 0; i < count; i++)
		for (unsigned int j = 0; j < m->endpoint_count; j++)
			if (old[i].attached && old[i].bypass && m->endpoints[j].id == old[i].id)
				m->endpoints[j] = old[i];
}

bool attachment_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_DETACH_FOREIGN_REFCOUNT,
		 {.request_decided = decide_with_count, .request_execute = execute_with_count}, {0}},
		{MUTANT_BYPASS_LATCHED_AT_DETACH,
		 {.request_execute = execute_with_copies, .lookup = lookup_copy}, {.reset = reset_copies}},
		{MUTANT_DETACH_WRONG_DOMAIN_EMPTIES,
		 {.request_decided = decide_with_count, .request_execute = execute_with_count}, {0}},
		{MUTANT_BYPASS_FLAG_OVERWRITTEN, {.request_decided = decide_and_store}, {0}},
		{MUTANT_BYPASS_LATCHED, {.request_execute = execute_with_copies, .lookup = lookup_copy},
		 {.reset = reset_copies, .config_write = write_behind_copies}},
		{MUTANT_RESET_SKIPS_BYPASS_DOMAIN, {0}, {.reset = reset_normal_domains}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
