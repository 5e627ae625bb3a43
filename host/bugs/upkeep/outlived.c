// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what outlives a domain, a session, or a DETACH.
 */
#include <string.h>

#include "host/bugs/upkeep/upkeep.h"
#include "host/iommu/iotlb.h"
#include "host/machine/clock.h"
#include "util.h"

/* The place of a domain keeps the kind of bypass domains. */

static bool bypasses[MODEL_MAX_ENDPOINTS];

static bool execute_in_place(const struct model_request *r)
{
	struct model_request changed = *r;
	unsigned int place;
	bool fresh;

	if (r->head.type != REQUEST_ATTACH)
		return false;
	bug_free_places();
	place = bug_place_of(r->attach.domain, &fresh);
	bypasses[place] |= r->attach.flags & ATTACH_BYPASS;
	changed.attach.flags |= bypasses[place] ? ATTACH_BYPASS : 0;
	request_execute(&changed);
	return true;
}

static void reset_kinds(struct vdev *dev)
{
	memset(bypasses, 0, sizeof(bypasses));
	right_ops->reset(dev);
}

/* What there was before the reset is dropped when the next driver has agreed on features. */

static bool is_pending;

static void reset_later(struct vdev *dev)
{
	struct model *m = &ref_iommu.model;
	struct model_endpoint endpoints[MODEL_MAX_ENDPOINTS];
	unsigned int count = m->endpoint_count, kept = m->mapping_count;

	memcpy(endpoints, m->endpoints, sizeof(endpoints));
	right_ops->reset(dev);
	if (count != m->endpoint_count)
		return;
	memcpy(m->endpoints, endpoints, sizeof(endpoints));
	m->mapping_count = kept;
	is_pending = true;
}

static void drop_at_features_ok(struct vdev *dev)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count && is_pending; i++)
		m->endpoints[i].attached = false;
	if (is_pending)
		m->mapping_count = 0;
	is_pending = false;
	iotlb_forget_all();
	right_ops->features_ok(dev);
}

/* An endpoint that was detached has what its domain had, for a while. */

static struct {
	struct model_endpoint state;
	uint64_t until;
} late[MODEL_MAX_ENDPOINTS];
static struct model_mapping late_mappings[MODEL_MAX_MAPPINGS];
static unsigned int late_count;

static bool detach_late(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = bug_find_leaving(r);

	if (r->head.type == REQUEST_ATTACH && model_endpoint(m, r->attach.endpoint))
		late[model_endpoint(m, r->attach.endpoint) - m->endpoints].until = 0;
	if (r->head.type != REQUEST_DETACH || !ep)
		return false;
	late[ep - m->endpoints].state = *ep;
	late[ep - m->endpoints].until = clock_ns() + mutant_number() * 1000000;
	memcpy(late_mappings, m->mappings, m->mapping_count * sizeof(late_mappings[0]));
	late_count = m->mapping_count;
	return false;
}

static bool lookup_late(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, a->endpoint);

	(void)reason;
	if (found || !ep || late[ep - m->endpoints].until < clock_ns())
		return found;
	for (unsigned int i = 0; i < late_count; i++) {
		const struct model_mapping *mapping = &late_mappings[i];

		if (mapping->domain != late[ep - m->endpoints].state.domain || mapping->start > a->address ||
		    mapping->end < a->address || !(mapping->flags & a->kind))
			continue;
		bug_set_extent(extent, mapping);
		return true;
	}
	return false;
}

/* Translations are cached by the id of their domain and by how many domains it was the id of. */

#define KEPT 256

static struct {
	bool valid;
	uint32_t domain;
	uint64_t generation;
	struct model_extent extent;
} kept[KEPT];

#define MOST_IDS 65536

static struct {
	uint32_t domain;
	uint64_t generation;
} generations[MOST_IDS];
static unsigned int id_count;

static uint64_t *generation_of(uint32_t domain)
{
	static unsigned int last;
	unsigned int i = last < id_count && generations[last].domain == domain ? last : 0;

	while (i < id_count && generations[i].domain != domain)
		i++;
	if (i == id_count)
		generations[id_count < MOST_IDS ? id_count++ : --i].domain = domain;
	last = i;
	return &generations[i].generation;
}

static void count_generation(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_leaving(r);

	if (ep && bug_count_members(ep->domain) == 1)
		*generation_of(ep->domain) = (*generation_of(ep->domain) + 1) % (1ull << mutant_number());
}

static bool execute_with_generations(const struct model_request *r)
{
	count_generation(r);
	for (unsigned int i = 0; i < KEPT && r->head.type == REQUEST_UNMAP; i++)
		if (kept[i].domain == r->unmap.domain && kept[i].extent.start <= r->unmap.virt_end &&
		    kept[i].extent.end >= r->unmap.virt_start &&
		    kept[i].generation == *generation_of(r->unmap.domain))
			kept[i].valid = false;
	return false;
}

static bool lookup_kept(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	static unsigned int next;
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);

	(void)reason;
	for (unsigned int i = 0; ep && i < KEPT; i++) {
		if (!kept[i].valid || kept[i].domain != ep->domain || kept[i].extent.start > a->address ||
		    kept[i].generation != *generation_of(ep->domain) || kept[i].extent.end < a->address ||
		    !(kept[i].extent.flags & a->kind))
			continue;
		*extent = kept[i].extent;
		return true;
	}
	if (!ep || !found)
		return found;
	kept[next].valid = true;
	kept[next].domain = ep->domain;
	kept[next].generation = *generation_of(ep->domain);
	kept[next].extent = *extent;
	next = (next + 1) % KEPT;
	return found;
}

static void reset_kept(struct vdev *dev)
{
	memset(kept, 0, sizeof(kept));
	right_ops->reset(dev);
}

/* Endpoints keep the number of their domain over a reset: an ATTACH to that is none. */
static struct {
	uint32_t domain;
	bool counts;
} numbers[MODEL_MAX_ENDPOINTS];

static void reset_keeping_numbers(struct vdev *dev)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached) {
			numbers[i].domain = m->endpoints[i].domain;
			numbers[i].counts = true;
		}
	right_ops->reset(dev);
}

static bool attach_unless_kept(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);
	unsigned int i = ep ? ep - m->endpoints : 0;

	if (r->head.type != REQUEST_ATTACH || !ep || !numbers[i].counts)
		return false;
	numbers[i].counts = numbers[i].domain == r->attach.domain;
	return numbers[i].counts;
}

bool outlived_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_BYPASS_STICKS_TO_PLACE, {.request_execute = execute_in_place},
		 {.reset = reset_kinds}},
		{MUTANT_RESET_KEEPS_DOMAIN_NUMBER, {.request_execute = attach_unless_kept},
		 {.reset = reset_keeping_numbers}},
		{MUTANT_RESET_LAZY, {0}, {.reset = reset_later, .features_ok = drop_at_features_ok}},
		{MUTANT_DETACH_ASYNC_MS, {.request_execute = detach_late, .access = bug_access_uncached,
					  .lookup = lookup_late}, {0}},
		{MUTANT_DOMAIN_GENERATION_BITS,
		 {.request_execute = execute_with_generations, .access = bug_access_uncached,
		  .lookup = lookup_kept}, {.reset = reset_kept}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
