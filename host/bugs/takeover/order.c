// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of devices that keep mappings and domains in the order in which they were made.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

/* Of each mapping of the model: its number, or how often it was asked for again. */
static uint32_t notes[MODEL_MAX_MAPPINGS];

/* The order of the others stays. */
static void drop(unsigned int index)
{
	struct model *m = &ref_iommu.model;
	unsigned int behind = --m->mapping_count - index;

	memmove(&m->mappings[index], &m->mappings[index + 1], behind * sizeof(m->mappings[0]));
	memmove(&notes[index], &notes[index + 1], behind * sizeof(notes[0]));
	iotlb_forget_all();
}

static void drop_covered(const struct unmap_request *r)
{
	for (unsigned int i = ref_iommu.model.mapping_count; i--;)
		if (bug_is_covered(&ref_iommu.model.mappings[i], r))
			drop(i);
}

static void drop_first(uint32_t domain, uint64_t count)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count && count;) {
		if (m->mappings[i].domain != domain) {
			i++;
			continue;
		}
		drop(i);
		count--;
	}
}

/* Returns the endpoint that is about to leave its domain as the last one, or NULL. */
static const struct model_endpoint *leaving_last(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->attach.endpoint);
	bool moves = r->head.type == REQUEST_ATTACH && ep && ep->domain != r->attach.domain;
	bool leaves = r->head.type == REQUEST_DETACH && ep && ep->domain == r->detach.domain;

	return (moves || leaves) && bug_count_members(ep->domain) == 1 ? ep : NULL;
}

/* What the model would remove without keeping the order. Returns true if nothing is left to do. */
static bool remove_in_order(const struct model_request *r)
{
	const struct model_endpoint *last = leaving_last(r);

	if (last)
		drop_first(last->domain, MODEL_MAX_MAPPINGS);
	if (r->head.type == REQUEST_UNMAP)
		drop_covered(&r->unmap);
	return r->head.type == REQUEST_UNMAP;
}

/* What comes behind one that was removed takes its place, and is passed over. */
static bool unmap_forward(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	bool passes = false;

	if (r->head.type != REQUEST_UNMAP)
		return remove_in_order(r);
	for (unsigned int i = 0; i < m->mapping_count;) {
		if (m->mappings[i].domain != r->unmap.domain) {
			i++;
		} else if (passes || !bug_is_covered(&m->mappings[i], &r->unmap)) {
			passes = false;
			i++;
		} else {
			passes = true;
			drop(i);
		}
	}
	return true;
}

/* Domains in the order in which they were made, each with the number of MAPs. */

static struct {
	uint32_t domain, maps;
} domains[MODEL_MAX_ENDPOINTS];
static unsigned int domain_count;

static void forget_domain(unsigned int index)
{
	domain_count--;
	memmove(&domains[index], &domains[index + 1], (domain_count - index) * sizeof(domains[0]));
}

static void forget_ended_domains(void)
{
	for (unsigned int i = domain_count; i--;)
		if (!bug_count_members(domains[i].domain))
			forget_domain(i);
}

/* Returns its place. */
static unsigned int find_domain(uint32_t domain)
{
	for (unsigned int i = 0; i < domain_count; i++)
		if (domains[i].domain == domain)
			return i;
	domains[domain_count].domain = domain;
	domains[domain_count].maps = 0;
	return domain_count++;
}

/* The last mapping is in the slot of others, which then have its address. */
static void share_slot(void)
{
	struct model *m = &ref_iommu.model;
	unsigned int last = m->mapping_count - 1;
	uint32_t mask = (1u << mutant_number()) - 1;

	for (unsigned int i = 0; i < last; i++)
		if (m->mappings[i].domain == m->mappings[last].domain && !((notes[i] ^ notes[last]) & mask))
			m->mappings[i].phys = m->mappings[last].phys;
	iotlb_forget_all();
}

static bool execute_with_slots(const struct model_request *r)
{
	forget_ended_domains();
	if (r->head.type != REQUEST_MAP)
		return remove_in_order(r);
	request_execute(r);
	notes[ref_iommu.model.mapping_count - 1] = domains[find_domain(r->map.domain)].maps++;
	share_slot();
	return true;
}

/* The place of a mapping that is the same in all; the number of all if there is none. */
static unsigned int find_same(const struct map_request *r)
{
	const struct model *m = &ref_iommu.model;
	unsigned int i = 0;

	while (i < m->mapping_count &&
	       !(m->mappings[i].domain == r->domain && m->mappings[i].start == r->virt_start &&
		 m->mappings[i].end == r->virt_end && m->mappings[i].phys == r->phys_start &&
		 m->mappings[i].flags == r->flags))
		i++;
	return i;
}

static void decide_by_same(const struct model_request *r, struct decision *d)
{
	if (model_rule_applies(&ref_iommu.model, RULE_MAP_OVERLAP, r) &&
	    find_same(&r->map) < ref_iommu.model.mapping_count)
		*d = bug_decide_without(RULE_MAP_OVERLAP, r);
}

static void map_once_more(const struct model_request *r)
{
	unsigned int same = find_same(&r->map);

	if (same < ref_iommu.model.mapping_count) {
		notes[same]++;
		return;
	}
	request_execute(r);
	notes[same] = 0;
}

static void unmap_once(const struct unmap_request *r)
{
	for (unsigned int i = ref_iommu.model.mapping_count; i--;) {
		if (!bug_is_covered(&ref_iommu.model.mappings[i], r))
			continue;
		if (notes[i])
			notes[i]--;
		else
			drop(i);
	}
}

static bool execute_with_counts(const struct model_request *r)
{
	if (r->head.type == REQUEST_MAP)
		map_once_more(r);
	else if (r->head.type == REQUEST_UNMAP)
		unmap_once(&r->unmap);
	else
		return remove_in_order(r);
	return true;
}

/* Take an endpoint out of its domain, and leave the mappings of that alone. */
static void take_out(const struct model_endpoint *ep)
{
	ref_iommu.model.endpoints[ep - ref_iommu.model.endpoints].attached = false;
	iotlb_forget_endpoint(ep->id);
}

static bool execute_with_remains(const struct model_request *r)
{
	const struct model_endpoint *last = leaving_last(r);

	if (!last)
		return remove_in_order(r);
	drop_first(last->domain, mutant_number());
	take_out(last);
	return false;
}

static void evict_oldest(void)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!bug_is_member(m->endpoints[i].id, domains[0].domain))
			continue;
		iotlb_forget_endpoint(m->endpoints[i].id);
		model_leave(&ref_iommu.model, m->endpoints[i].id);
	}
	forget_domain(0);
}

/* Who moves to a new domain leaves the old one before there has to be room. */
static bool attach_in_room(const struct model_request *r)
{
	if (r->head.type != REQUEST_ATTACH || bug_count_members(r->attach.domain))
		return false;
	model_leave(&ref_iommu.model, r->attach.endpoint);
	forget_ended_domains();
	if (domain_count == mutant_number())
		evict_oldest();
	find_domain(r->attach.domain);
	return false;
}

bool order_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_UNMAP_SKIPS_EVERY_OTHER, {.request_execute = unmap_forward}, {0}},
		{MUTANT_SLOT_ID_BITS, {.request_execute = execute_with_slots}, {0}},
		{MUTANT_IDENTICAL_MAP_COUNTED,
		 {.request_decided = decide_by_same, .request_execute = execute_with_counts}, {0}},
		{MUTANT_LAST_DETACH_FREES, {.request_execute = execute_with_remains}, {0}},
		{MUTANT_DOMAIN_EVICT, {.request_execute = attach_in_room}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
