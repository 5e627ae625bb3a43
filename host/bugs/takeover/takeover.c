// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/iommu/parts.h"
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"

const struct vdev_ops *right_ops;

static const struct takeover *active;

#define TAKE(to, from, member) ((to).member = (from).member ? (from).member : (to).member)

static void power_on(void)
{
	static struct vdev_ops ops;

	right_ops = ref_iommu.vdev.ops;
	ops = *right_ops;
	TAKE(ops, active->ops, reset);
	TAKE(ops, active->ops, features_ok);
	TAKE(ops, active->ops, notified);
	TAKE(ops, active->ops, config_write);
	ref_iommu.vdev.ops = &ops;
}

void takeover_install(const struct takeover *row)
{
	active = row;
	iommu_hooks.power_on = power_on;
	TAKE(iommu_hooks, row->hooks, request_read);
	TAKE(iommu_hooks, row->hooks, request_decided);
	TAKE(iommu_hooks, row->hooks, request_execute);
	TAKE(iommu_hooks, row->hooks, reply_ready);
	TAKE(iommu_hooks, row->hooks, fault);
	TAKE(iommu_hooks, row->hooks, event_lost);
	TAKE(iommu_hooks, row->hooks, event_ready);
	TAKE(iommu_hooks, row->hooks, access);
	TAKE(iommu_hooks, row->hooks, lookup);
	TAKE(iommu_hooks, row->hooks, translated);
	TAKE(iommu_hooks, row->hooks, message);
	TAKE(iommu_hooks, row->hooks, piece_lost);
	TAKE(iommu_hooks, row->hooks, migrated);
	TAKE(iommu_hooks, row->hooks, endpoint_came);
	TAKE(iommu_hooks, row->hooks, endpoint_goes);
	TAKE(iommu_hooks, row->hooks, endpoint_gone);
}

bool takeover_use(const struct takeover *rows, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!mutant(rows[i].mutant))
			continue;
		takeover_install(&rows[i]);
		return true;
	}
	return false;
}

const struct model_endpoint *bug_find_attached(uint32_t endpoint)
{
	const struct model_endpoint *ep = model_endpoint(&ref_iommu.model, endpoint);

	return ep && ep->attached ? ep : NULL;
}

const struct model_endpoint *bug_find_translated(uint32_t endpoint)
{
	const struct model_endpoint *ep = bug_find_attached(endpoint);

	return ep && !ep->bypass ? ep : NULL;
}

bool bug_is_member(uint32_t endpoint, uint32_t domain)
{
	const struct model_endpoint *ep = bug_find_attached(endpoint);

	return ep && ep->domain == domain;
}

unsigned int bug_count_members(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		count += m->endpoints[i].attached && m->endpoints[i].domain == domain;
	return count;
}

unsigned int bug_count_mappings(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		count += m->mappings[i].domain == domain;
	return count;
}

const struct model_mapping *bug_find_mapping(uint32_t domain, uint64_t address)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == domain && m->mappings[i].start <= address &&
		    m->mappings[i].end >= address)
			return &m->mappings[i];
	return NULL;
}

const struct model_mapping *bug_find_target(const struct access *a)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);

	return ep && !bug_in_region(&ref_iommu.model, a) ? bug_find_mapping(ep->domain, a->address) : NULL;
}

bool bug_is_covered(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->domain == r->domain && mapping->start >= r->virt_start &&
	       mapping->end <= r->virt_end;
}

bool bug_continues(const struct model_mapping *lower, const struct model_mapping *upper)
{
	return lower->domain == upper->domain && lower->end + 1 == upper->start &&
	       lower->phys + (lower->end - lower->start) + 1 == upper->phys;
}

uint64_t bug_count_pages(uint64_t start, uint64_t end)
{
	return (end - start) / model_granule(&ref_iommu.model) + 1;
}

void bug_drop_mapping(unsigned int index)
{
	struct model *m = &ref_iommu.model;

	m->mappings[index] = m->mappings[--m->mapping_count];
	iotlb_forget_all();
}

void bug_drop_domain(uint32_t domain)
{
	for (unsigned int i = ref_iommu.model.mapping_count; i--;)
		if (ref_iommu.model.mappings[i].domain == domain)
			bug_drop_mapping(i);
}

void bug_set_extent(struct model_extent *extent, const struct model_mapping *mapping)
{
	*extent = (struct model_extent){mapping->start, mapping->end, mapping->phys, mapping->flags & MAP_RW};
}

bool bug_access_uncached(struct access *a, struct model_extent *extent)
{
	(void)extent;
	iotlb_forget_endpoint(a->endpoint);
	return false;
}

bool bug_translate_as(const struct access *a, const struct model_endpoint *state,
		      struct model_extent *extent, uint8_t *reason)
{
	struct model *m = &ref_iommu.model;
	struct model_endpoint *ep = &m->endpoints[model_endpoint(m, a->endpoint) - m->endpoints], kept = *ep;
	bool found;

	*ep = *state;
	found = model_translate(m, a->endpoint, a->address, a->kind, extent, reason);
	*ep = kept;
	return found;
}

struct decision bug_decide_without(enum model_rule_id rule, const struct model_request *r)
{
	struct decision kept = decisions[rule], d;

	decisions[rule] = (struct decision){STATUS_OK, true};
	d = decide(r);
	decisions[rule] = kept;
	return d;
}
