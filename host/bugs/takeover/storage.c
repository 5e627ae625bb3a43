// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what mappings are kept in, and of how they are found there.
 */
#include "host/bugs/takeover/takeover.h"
#include "util.h"

static unsigned int count_mappings(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		count += m->mappings[i].domain == domain;
	return count;
}

/* Domains whose array has grown already. */

#define MAX_GROWN 64

static uint32_t grown[MAX_GROWN];
static unsigned int grown_count;

static bool has_grown(uint32_t domain)
{
	for (unsigned int i = 0; i < grown_count; i++)
		if (grown[i] == domain)
			return true;
	return false;
}

static void forget_ended_domains(void)
{
	for (unsigned int i = grown_count; i--;)
		if (!bug_count_members(grown[i]))
			grown[i] = grown[--grown_count];
}

static void drop_lowest(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;
	unsigned int lowest = m->mapping_count;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == domain &&
		    (lowest == m->mapping_count || m->mappings[i].start < m->mappings[lowest].start))
			lowest = i;
	bug_drop_mapping(lowest);
}

/* The array is copied to a larger one from its second entry on. */
static bool map_and_grow(const struct model_request *r)
{
	forget_ended_domains();
	if (r->head.type != REQUEST_MAP)
		return false;
	request_execute(r);
	if (count_mappings(r->map.domain) < mutant_number() || has_grown(r->map.domain) ||
	    grown_count == MAX_GROWN)
		return true;
	grown[grown_count++] = r->map.domain;
	drop_lowest(r->map.domain);
	return true;
}

/* The place of a mapping among those of its domain, by address. */
static unsigned int rank_of(uint32_t domain, uint64_t start)
{
	const struct model *m = &ref_iommu.model;
	unsigned int rank = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		rank += m->mappings[i].domain == domain && m->mappings[i].start < start;
	return rank;
}

/* Each step leaves one half of those that are left. */
static bool lookup_in_steps(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	unsigned int from = 0, left, rank;

	if (!found || !ep)
		return found;
	rank = rank_of(ep->domain, extent->start);
	left = count_mappings(ep->domain);
	for (unsigned int step = 0; step < mutant_number() && left > 1; step++) {
		unsigned int half = left / 2;

		left = rank < from + half ? half : left - half;
		from += rank < from + half ? 0 : half;
	}
	*reason = FAULT_MAPPING;
	return left == 1;
}

static bool lookup_in_window(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	if (!found || !bug_find_translated(a->endpoint))
		return found;
	*reason = FAULT_MAPPING;
	return a->address - extent->start <= mutant_number();
}

static bool drop_lowest_covered(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;
	unsigned int lowest = m->mapping_count;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (bug_is_covered(&m->mappings[i], r) &&
		    (lowest == m->mapping_count || m->mappings[i].start < m->mappings[lowest].start))
			lowest = i;
	if (lowest == m->mapping_count)
		return false;
	bug_drop_mapping(lowest);
	return true;
}

static bool unmap_some(const struct model_request *r)
{
	if (r->head.type != REQUEST_UNMAP)
		return false;
	for (uint64_t left = mutant_number(); left && drop_lowest_covered(&r->unmap);)
		left--;
	return true;
}

/* What is mapped as MMIO is in a tree of its own. */

static bool is_in_tree(const struct model_mapping *mapping, uint32_t domain, uint32_t flags)
{
	return mapping->domain == domain && !((mapping->flags ^ flags) & MAP_MMIO);
}

static bool overlaps_in_tree(const struct map_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (is_in_tree(&m->mappings[i], r->domain, r->flags) &&
		    m->mappings[i].start <= r->virt_end && m->mappings[i].end >= r->virt_start)
			return true;
	return false;
}

static void decide_map_in_tree(const struct model_request *r, struct decision *d)
{
	if (r->head.type == REQUEST_MAP && d->answer != STATUS_OK && !overlaps_in_tree(&r->map))
		*d = bug_decide_without(RULE_MAP_OVERLAP, r);
}

static bool find_in_tree(const struct model_endpoint *ep, const struct access *a, uint32_t flags,
			 struct model_extent *extent)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		if (!is_in_tree(&m->mappings[i], ep->domain, flags) || m->mappings[i].start > a->address ||
		    m->mappings[i].end < a->address)
			continue;
		bug_set_extent(extent, &m->mappings[i]);
		return true;
	}
	return false;
}

static bool lookup_in_trees(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);

	(void)reason;
	if (!bug_find_target(a))
		return found;
	return (find_in_tree(ep, a, 0, extent) || find_in_tree(ep, a, MAP_MMIO, extent)) &&
	       (extent->flags & a->kind);
}

bool storage_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_GROW_LOSES_LOWEST, {.request_execute = map_and_grow}, {0}},
		{MUTANT_SEARCH_STEPS, {.lookup = lookup_in_steps}, {0}},
		{MUTANT_LOOKUP_WINDOW, {.lookup = lookup_in_window}, {0}},
		{MUTANT_UNMAP_MAX_PER_REQUEST, {.request_execute = unmap_some}, {0}},
		{MUTANT_MMIO_OVERLAP_UNSEEN,
		 {.request_decided = decide_map_in_tree, .access = bug_access_uncached,
		  .lookup = lookup_in_trees},
		 {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
