// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/iommu/parts.h"
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"

static void remove_mapping(struct model *m, unsigned int index)
{
	m->mappings[index] = m->mappings[--m->mapping_count];
}

static void remove_domain(struct model *m, uint32_t domain)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain == domain)
			remove_mapping(m, i);
}

/* All members but one. */
static void turn_out_others(struct model *m, uint32_t domain, uint32_t except)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		struct model_endpoint *ep = &m->endpoints[i];

		if (ep->attached && ep->domain == domain && ep->id != except) {
			ep->attached = false;
			iotlb_forget_endpoint(ep->id);
		}
	}
}

static void hide_all(const struct model *m, uint32_t endpoint, uint32_t domain)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == domain)
			bug_hide(endpoint, m->mappings[i].start);
}

/* Copy the old domain's mappings to the new one. */
static void copy_mappings(struct model *m, uint32_t from, uint32_t to)
{
	for (unsigned int i = 0, end = m->mapping_count; i < end; i++)
		if (m->mappings[i].domain == from && m->mapping_count < MODEL_MAX_MAPPINGS) {
			m->mappings[m->mapping_count] = m->mappings[i];
			m->mappings[m->mapping_count++].domain = to;
		}
}

static void leave_everything(struct model *m, uint32_t endpoint)
{
	model_leave(m, endpoint);
	iotlb_forget_endpoint(endpoint);
}

static unsigned int members(const struct model *m, uint32_t domain)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		count += m->endpoints[i].attached && m->endpoints[i].domain == domain;
	return count;
}

bool bug_attach(struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);
	bool moves = ep && ep->attached && ep->domain != r->attach.domain;
	bool stays = ep && ep->attached && !moves;

	bug_note_bypass(m);
	bug_note_attach(r->attach.endpoint, stays);
	if (mutant(MUTANT_ATTACH_AGAIN_SHUTS_OUT) && stays) {
		remove_domain(m, r->attach.domain);
		iotlb_forget_endpoint(r->attach.endpoint);
		return true;
	}
	if (mutant(MUTANT_SHARE_DOES_NOTHING) && !stays && members(m, r->attach.domain))
		return true;
	if (mutant(MUTANT_ATTACH_AGAIN_LEAVES) && stays) {
		leave_everything(m, r->attach.endpoint);
		return true;
	}
	if (mutant(MUTANT_ATTACH_DOES_NOTHING))
		return true;
	if (mutant(MUTANT_MOVE_DOES_NOTHING) && moves)
		return true;
	if (mutant(MUTANT_MOVE_TAKES_MAPPINGS_ALONG) && moves)
		copy_mappings(m, ep->domain, r->attach.domain);
	if (mutant(MUTANT_ATTACH_TURNS_OUT_OTHERS))
		turn_out_others(m, r->attach.domain, r->attach.endpoint);
	if (mutant(MUTANT_JOINER_MISSES_MAPPINGS))
		hide_all(m, r->attach.endpoint, r->attach.domain);
	return false;
}

bool bug_detach(struct model *m, const struct model_request *r)
{
	unsigned int mappings = m->mapping_count;
	const struct model_endpoint *ep = model_endpoint(m, r->detach.endpoint);

	if (mutant(MUTANT_DETACH_DOES_NOTHING) ||
	    (mutant(MUTANT_DETACH_LEAVES_BYPASS_DOMAIN_ON) && ep && ep->bypass))
		return true;
	if (mutant(MUTANT_DETACH_ENDS_DOMAIN)) {
		model_apply(m, r);
		remove_domain(m, r->detach.domain);
		iotlb_forget_all();
		return true;
	}
	if (mutant(MUTANT_DETACH_TURNS_OUT_ALL))
		turn_out_others(m, r->detach.domain, r->detach.endpoint);
	if (!mutant(MUTANT_DETACH_KEEPS_MAPPINGS))
		return false;
	model_apply(m, r);
	m->mapping_count = mappings;
	iotlb_forget_endpoint(r->detach.endpoint);
	return true;
}

/* Adjacent mappings become one, whatever they lead to, or if their memory is adjacent, too. */
static bool merge(struct model *m, const struct map_request *r, bool contiguous)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		struct model_mapping *old = &m->mappings[i];

		if (old->domain != r->domain || old->flags != r->flags || old->end + 1 != r->virt_start)
			continue;
		if (contiguous && old->phys + (old->end - old->start) + 1 != r->phys_start)
			continue;
		old->end = r->virt_end;
		return true;
	}
	return false;
}

static void hide_from_later_members(const struct model *m, const struct map_request *r)
{
	bool first = true;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!m->endpoints[i].attached || m->endpoints[i].domain != r->domain)
			continue;
		if (!first)
			bug_hide(m->endpoints[i].id, r->virt_start);
		first = false;
	}
}

/* Old mappings that are in the way. */
static void replace(struct model *m, const struct map_request *r)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain == r->domain && m->mappings[i].start <= r->virt_end &&
		    m->mappings[i].end >= r->virt_start)
			remove_mapping(m, i);
}

static void change_map(const struct model *m, struct map_request *r)
{
	uint64_t granule = model_granule(m);

	if (mutant(MUTANT_MAP_WRITE_ALONE_IS_IDLE) && r->flags == MAP_WRITE)
		r->flags = 0;
	if (mutant(MUTANT_MAP_FIRST_PAGE_ONLY))
		r->virt_end = r->virt_start + granule - 1;
	if (mutant(MUTANT_MAP_SIZE_32_BITS))
		r->virt_end = r->virt_start + (uint32_t)(r->virt_end - r->virt_start);
	if (mutant(MUTANT_MAP_512_PAGES_AT_MOST) && r->virt_end - r->virt_start >= 512 * granule)
		r->virt_end = r->virt_start + 512 * granule - 1;
	if (mutant(MUTANT_MAP_END_EXCLUSIVE))
		r->virt_end--;
	if (mutant(MUTANT_MAP_ONE_PAGE_TOO_MANY) && r->virt_end != UINT64_MAX)
		r->virt_end += granule;
	if (mutant(MUTANT_MAP_ONE_PAGE_BEFORE)) {
		r->virt_start -= granule;
		r->phys_start -= granule;
	}
	if (mutant(MUTANT_MAP_PHYS_32_BITS))
		r->phys_start = (uint32_t)r->phys_start;
	if (mutant(MUTANT_MAP_PHYS_IS_VIRT))
		r->phys_start = r->virt_start;
}

bool bug_map(struct model *m, const struct model_request *r)
{
	struct model_request changed = *r;

	if (mutant(MUTANT_MAP_DOES_NOTHING) || bug_crowd(m, &r->map))
		return true;
	if (mutant(MUTANT_MAP_MERGES_NEIGHBOURS) && merge(m, &r->map, false))
		return true;
	if (mutant(MUTANT_MAP_MERGES_CONTIGUOUS) && merge(m, &r->map, true))
		return true;
	if (mutant(MUTANT_MERGES_WHEN_MANY) && bug_count_mappings(r->map.domain) >= mutant_number() &&
	    merge(m, &r->map, true))
		return true;
	if (mutant(MUTANT_MAP_OVERLAP_REPLACES))
		replace(m, &r->map);
	if (mutant(MUTANT_LATER_MEMBERS_MISS_MAPPINGS))
		hide_from_later_members(m, &r->map);
	change_map(m, &changed.map);
	bug_change_map(m, &changed.map);
	model_apply(m, &changed);
	return true;
}

static bool overlaps(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->start <= r->virt_end && mapping->end >= r->virt_start;
}

static bool covered(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->domain == r->domain && mapping->start >= r->virt_start &&
	       mapping->end <= r->virt_end;
}

/* Of all that the range covers, only one. */
static void unmap_first(struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (covered(&m->mappings[i], r))
			return remove_mapping(m, i);
}

static void unmap_overlapping(struct model *m, const struct unmap_request *r, bool all_domains)
{
	for (unsigned int i = m->mapping_count; i--;)
		if ((all_domains || m->mappings[i].domain == r->domain) && overlaps(&m->mappings[i], r))
			remove_mapping(m, i);
}

/* The part that is not covered lives on. */
static void unmap_cut(struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = m->mapping_count; i--;) {
		struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain != r->domain || !overlaps(mapping, r))
			continue;
		if (mapping->start < r->virt_start) {
			mapping->end = r->virt_start - 1;
		} else if (mapping->end > r->virt_end) {
			mapping->phys += r->virt_end + 1 - mapping->start;
			mapping->start = r->virt_end + 1;
		} else {
			remove_mapping(m, i);
		}
	}
}

static bool remove_at(struct model *m, uint32_t domain, uint64_t start, uint64_t last, uint64_t *next)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		if (m->mappings[i].domain != domain || m->mappings[i].start != start ||
		    m->mappings[i].end > last)
			continue;
		*next = m->mappings[i].end + 1;
		remove_mapping(m, i);
		return true;
	}
	return false;
}

static void unmap_up_to_gap(struct model *m, const struct unmap_request *r)
{
	uint64_t at = r->virt_start;

	while (remove_at(m, r->domain, at, r->virt_end, &at))
		;
}

static bool ends_in_a_mapping(const struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == r->domain && m->mappings[i].start <= r->virt_end &&
		    m->mappings[i].end >= r->virt_end)
			return true;
	return false;
}

bool bug_unmap(struct model *m, const struct model_request *r)
{
	if (mutant(MUTANT_UNMAP_BEYOND_LAST_IDLE) && !ends_in_a_mapping(m, &r->unmap))
		return true;
	if (mutant(MUTANT_UNMAP_DOES_NOTHING) || bug_unmap_walk(m, &r->unmap))
		return true;
	bug_unmap_by_memory(m, &r->unmap);
	if (mutant(MUTANT_UNMAP_FIRST_ONLY))
		unmap_first(m, &r->unmap);
	else if (mutant(MUTANT_UNMAP_EVERYTHING))
		remove_domain(m, r->unmap.domain);
	else if (mutant(MUTANT_UNMAP_ALL_DOMAINS))
		unmap_overlapping(m, &r->unmap, true);
	else if (mutant(MUTANT_UNMAP_SPLIT_REMOVES_WHOLE))
		unmap_overlapping(m, &r->unmap, false);
	else if (mutant(MUTANT_UNMAP_SPLIT_CUTS))
		unmap_cut(m, &r->unmap);
	else if (mutant(MUTANT_UNMAP_STOPS_AT_GAP))
		unmap_up_to_gap(m, &r->unmap);
	else
		return false;
	iotlb_forget_all();
	return true;
}

void bug_refused(struct model *m, const struct model_request *r, const struct decision *d)
{
	if (mutant(MUTANT_SHARE_REFUSED_ENDS_DOMAIN) && r->head.type == REQUEST_ATTACH)
		turn_out_others(m, r->attach.domain, r->attach.endpoint);
	if (mutant(MUTANT_ATTACH_REFUSED_DETACHES) && r->head.type == REQUEST_ATTACH)
		leave_everything(m, r->attach.endpoint);
	if (mutant(MUTANT_DETACH_WRONG_DOMAIN_DETACHES) && r->head.type == REQUEST_DETACH)
		leave_everything(m, r->detach.endpoint);
	if (mutant(MUTANT_MAP_REFUSED_REMOVES_OLD) && r->head.type == REQUEST_MAP)
		replace(m, &r->map);
	if (r->head.type == REQUEST_UNMAP)
		bug_refused_unmap(m, &r->unmap, d->answer);
}
