// SPDX-License-Identifier: BSD-3-Clause
/* Bugs of PROBE, of its properties, and of the ranges and regions that a request must keep to. */
#include "host/bugs/iommu/parts.h"

static bool outside_input_range(const struct model *m, const struct unmap_request *r)
{
	return r->virt_start > m->config.input_end || r->virt_end < m->config.input_start;
}

void bug_misread_ranges(const struct model *m, struct model_request *r)
{
	const struct iommu_config *c = &m->config;

	if (mutant(MUTANT_UNMAP_OUTSIDE_EMPTIES) && r->head.type == REQUEST_UNMAP &&
	    outside_input_range(m, &r->unmap)) {
		r->unmap.virt_start = 0;
		r->unmap.virt_end = UINT64_MAX;
	}
	if (!mutant(MUTANT_DOMAIN_ID_CLAMPED) || r->head.type == REQUEST_PROBE ||
	    r->head.type == REQUEST_ATTACH)
		return;
	if (r->map.domain < c->domain_start)
		r->map.domain = c->domain_start;
	if (r->map.domain > c->domain_end)
		r->map.domain = c->domain_end;
}

static bool is_member(const struct model *m, uint32_t endpoint, uint32_t domain)
{
	const struct model_endpoint *ep = model_endpoint(m, endpoint);

	return ep && ep->attached && ep->domain == domain;
}

/* Whether a check that looks at less finds this region in the way. */
static bool sees(const struct model *m, unsigned int index, const struct map_request *r)
{
	const struct model_region *region = &m->regions[index];
	uint64_t end = MUTATE(REGION_LAST_PAGE_FREE, region->end & -model_granule(m), region->end);

	if (mutant(MUTANT_REGION_MSI_MAPPABLE) && region->subtype == RESV_MSI)
		return false;
	if (mutant(MUTANT_REGION_UNKNOWN_MAPPABLE) && region->subtype > RESV_MSI)
		return false;
	if (mutant(MUTANT_REGION_FIRST_ONLY) && index && region[-1].endpoint == region->endpoint)
		return false;
	if (mutant(MUTANT_REGION_START_ONLY))
		return region->start <= r->virt_start && region->end >= r->virt_start;
	return region->start <= r->virt_end && end > r->virt_start;
}

static bool sees_any(const struct model *m, const struct map_request *r)
{
	for (unsigned int i = 0; i < m->region_count; i++)
		if (is_member(m, m->regions[i].endpoint, r->domain) && sees(m, i, r))
			return true;
	return false;
}

static bool touches_any(const struct model *m, const struct map_request *r)
{
	for (unsigned int i = 0; i < m->region_count; i++)
		if (is_member(m, m->regions[i].endpoint, r->domain) &&
		    (m->regions[i].start == r->virt_end + 1 || m->regions[i].end + 1 == r->virt_start))
			return true;
	return false;
}

static bool looks_at_less(void)
{
	return mutant(MUTANT_REGION_LAST_PAGE_FREE) || mutant(MUTANT_REGION_MSI_MAPPABLE) ||
	       mutant(MUTANT_REGION_UNKNOWN_MAPPABLE) || mutant(MUTANT_REGION_FIRST_ONLY) ||
	       mutant(MUTANT_REGION_START_ONLY);
}

static void decide_map(const struct model *m, const struct model_request *r, struct decision *d)
{
	if (looks_at_less() && model_rule_applies(m, RULE_MAP_REGION, r) && !sees_any(m, &r->map))
		*d = (struct decision){STATUS_OK, true};
	if (mutant(MUTANT_REGION_TOUCHING_REFUSED) && touches_any(m, &r->map))
		*d = (struct decision){STATUS_INVAL, false};
}

/* Endpoints that were probed since the last reset. */
static uint32_t probed[MODEL_MAX_ENDPOINTS];
static unsigned int probed_count;

void bug_forget_probes(void)
{
	probed_count = 0;
}

static bool was_probed(uint32_t endpoint)
{
	for (unsigned int i = 0; i < probed_count; i++)
		if (probed[i] == endpoint)
			return true;
	return false;
}

/* Where each region is that of one endpoint only, any other member has other properties. */
static bool regions_differ(const struct model *m, const struct attach_request *r)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].id != r->endpoint && is_member(m, m->endpoints[i].id, r->domain))
			return true;
	return false;
}

static void decide_attach(const struct model *m, const struct attach_request *r, struct decision *d)
{
	if (d->answer != STATUS_OK)
		return;
	if (mutant(MUTANT_ATTACH_NEEDS_PROBE) && !was_probed(r->endpoint))
		*d = (struct decision){STATUS_UNSUPP, false};
	if (mutant(MUTANT_ATTACH_PROPERTIES_INVAL) && regions_differ(m, r))
		*d = (struct decision){STATUS_INVAL, false};
}

static uint32_t regions_of(const struct model *m, uint32_t endpoint)
{
	uint32_t count = 0;

	for (unsigned int i = 0; i < m->region_count; i++)
		count += m->regions[i].endpoint == endpoint;
	return count;
}

static void decide_probe(struct model *m, const struct model_request *r, struct decision *d)
{
	uint32_t id = r->probe.endpoint, size = m->config.probe_size;
	const struct model_endpoint *ep = model_endpoint(m, id);

	if (!was_probed(id) && probed_count < MODEL_MAX_ENDPOINTS)
		probed[probed_count++] = id;
	if (mutant(MUTANT_PROBE_ATTACHED_REFUSED) && ep && ep->attached)
		*d = (struct decision){STATUS_INVAL, false};
	if (mutant(MUTANT_PROBE_FULL_LIST_REFUSED) &&
	    regions_of(m, id) * sizeof(struct property_resv_mem) == size)
		*d = (struct decision){STATUS_NOMEM, false};
	if (mutant(MUTANT_PROBE_LARGER_UNWRITTEN) && r->writable > size + sizeof(struct request_tail))
		*d = (struct decision){ANSWER_UNWRITTEN, false};
	if (mutant(MUTANT_PROBE_DETACHES))
		model_leave(m, id);
}

void bug_decide_probe(struct model *m, const struct model_request *r, struct decision *d)
{
	if (d->answer == ANSWER_UNWRITTEN)
		return;
	if (r->head.type == REQUEST_ATTACH)
		decide_attach(m, &r->attach, d);
	if (r->head.type == REQUEST_MAP)
		decide_map(m, r, d);
	if (r->head.type == REQUEST_PROBE)
		decide_probe(m, r, d);
	if (mutant(MUTANT_UNMAP_OUTSIDE_IDLE) && r->head.type == REQUEST_UNMAP &&
	    (r->unmap.virt_end > m->config.input_end || r->unmap.virt_start < m->config.input_start))
		d->acts = false;
}

bool bug_in_region(const struct model *m, const struct access *a)
{
	for (unsigned int i = 0; i < m->region_count; i++)
		if (m->regions[i].endpoint == a->endpoint && a->address >= m->regions[i].start &&
		    a->address <= m->regions[i].end)
			return true;
	return false;
}

bool bug_region_passes(const struct model *m, const struct access *a)
{
	return mutant(MUTANT_REGION_SHOWS_MEMORY) && bug_in_region(m, a);
}
