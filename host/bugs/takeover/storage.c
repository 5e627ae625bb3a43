// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what mappings are kept in, and of how they are found there.
 */
#include "host/bugs/takeover/takeover.h"
#include "util.h"

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
	if (bug_count_mappings(r->map.domain) < mutant_number() || has_grown(r->map.domain) ||
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
	left = bug_count_mappings(ep->domain);
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

/* A mapping that the new one touches becomes a part of it. */
static bool absorb(struct map_request *r)
{
	const struct model *m = &ref_iommu.model;
	struct model_mapping new = {r->domain, r->virt_start, r->virt_end, r->phys_start, r->flags};

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *old = &m->mappings[i];

		if (old->flags != new.flags || !(bug_continues(old, &new) || bug_continues(&new, old)))
			continue;
		r->virt_start = min(old->start, new.start);
		r->virt_end = max(old->end, new.end);
		r->phys_start = min(old->phys, new.phys);
		bug_drop_mapping(i);
		return true;
	}
	return false;
}

static bool map_and_join(const struct model_request *r)
{
	struct model_request joined = *r;

	if (r->head.type != REQUEST_MAP)
		return false;
	while (absorb(&joined.map))
		;
	request_execute(&joined);
	return true;
}

/* The mapping that starts highest at or below @address. */
static const struct model_mapping *find_below(uint32_t domain, uint64_t address)
{
	const struct model *m = &ref_iommu.model;
	const struct model_mapping *found = NULL;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == domain && m->mappings[i].start <= address &&
		    (!found || m->mappings[i].start > found->start))
			found = &m->mappings[i];
	return found;
}

static void decide_by_below(const struct model_request *r, struct decision *d)
{
	const struct model_mapping *below;

	if (!model_rule_applies(&ref_iommu.model, RULE_MAP_OVERLAP, r))
		return;
	below = find_below(r->map.domain, r->map.virt_start);
	if (!below || below->end < r->map.virt_start)
		*d = bug_decide_without(RULE_MAP_OVERLAP, r);
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

/* Without a table an endpoint is one without a domain. */
static bool lookup_table(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	struct model *m = &ref_iommu.model;
	bool *attached;

	if (!ep || bug_count_mappings(ep->domain))
		return found;
	attached = &m->endpoints[ep - m->endpoints].attached;
	*attached = false;
	found = model_translate(m, a->endpoint, a->address, a->kind, extent, reason);
	*attached = true;
	return found;
}

static bool is_touched(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->domain == r->domain && mapping->start <= r->virt_end &&
	       mapping->end >= r->virt_start;
}

/* Returns true if one of the first mappings of the range would be cut. */
static bool sees_cut(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;
	unsigned int below = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		below += m->mappings[i].domain == r->domain && m->mappings[i].end < r->virt_start;
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (is_touched(&m->mappings[i], r) && !bug_is_covered(&m->mappings[i], r) &&
		    rank_of(r->domain, m->mappings[i].start) - below < mutant_number())
			return true;
	return false;
}

static void decide_by_first(const struct model_request *r, struct decision *d)
{
	if (model_rule_applies(&ref_iommu.model, RULE_UNMAP_SPLIT, r) && !sees_cut(&r->unmap))
		*d = bug_decide_without(RULE_UNMAP_SPLIT, r);
}

static bool unmap_touched(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;

	if (r->head.type != REQUEST_UNMAP)
		return false;
	for (unsigned int i = m->mapping_count; i--;)
		if (is_touched(&m->mappings[i], &r->unmap))
			bug_drop_mapping(i);
	return true;
}

/*
 * A table for each member. Here are mappings that are not as they should be in that of an endpoint, which has
 * joined the domain after they were made.
 */

#define MAX_REPLAYED (4 * MODEL_MAX_MAPPINGS)

static struct {
	uint32_t endpoint;
	uint64_t start;
} replayed[MAX_REPLAYED];
static unsigned int replayed_count;

static void forget_replayed(uint32_t endpoint, uint64_t start, uint64_t end)
{
	for (unsigned int i = replayed_count; i--;)
		if (replayed[i].endpoint == endpoint && replayed[i].start >= start &&
		    replayed[i].start <= end)
			replayed[i] = replayed[--replayed_count];
}

static void unmap_replayed(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (bug_is_member(m->endpoints[i].id, r->domain))
			forget_replayed(m->endpoints[i].id, r->virt_start, r->virt_end);
}

/* All but the @first lowest. */
static void replay(const struct attach_request *r, uint64_t first)
{
	const struct model *m = &ref_iommu.model;

	forget_replayed(r->endpoint, 0, UINT64_MAX);
	for (unsigned int i = 0; i < m->mapping_count && replayed_count < MAX_REPLAYED; i++) {
		if (m->mappings[i].domain != r->domain || rank_of(r->domain, m->mappings[i].start) < first)
			continue;
		replayed[replayed_count].endpoint = r->endpoint;
		replayed[replayed_count++].start = m->mappings[i].start;
	}
}

static void follow(const struct model_request *r, uint64_t first)
{
	if (r->head.type == REQUEST_ATTACH && !bug_is_member(r->attach.endpoint, r->attach.domain))
		replay(&r->attach, first);
	if (r->head.type == REQUEST_UNMAP)
		unmap_replayed(&r->unmap);
}

static bool is_replayed(uint32_t endpoint, const struct model_mapping *mapping)
{
	for (unsigned int i = 0; i < replayed_count && mapping; i++)
		if (replayed[i].endpoint == endpoint && replayed[i].start == mapping->start)
			return true;
	return false;
}

static bool replay_all(const struct model_request *r)
{
	follow(r, 0);
	return false;
}

static bool replay_some(const struct model_request *r)
{
	follow(r, mutant_number());
	return false;
}

static bool lookup_replayed(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	(void)reason;
	if (!is_replayed(a->endpoint, mapping))
		return found;
	bug_set_extent(extent, mapping);
	extent->flags = MAP_RW;
	return true;
}

static bool lookup_unless_left_out(const struct access *a, bool found, struct model_extent *extent,
				   uint8_t *reason)
{
	(void)extent;
	if (!is_replayed(a->endpoint, bug_find_target(a)))
		return found;
	*reason = FAULT_MAPPING;
	return false;
}

bool storage_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_GROW_LOSES_LOWEST, {.request_execute = map_and_grow}, {0}},
		{MUTANT_SEARCH_STEPS, {.lookup = lookup_in_steps}, {0}},
		{MUTANT_LOOKUP_WINDOW, {.lookup = lookup_in_window}, {0}},
		{MUTANT_UNMAP_MAX_PER_REQUEST, {.request_execute = unmap_some}, {0}},
		{MUTANT_UNMAP_BATCH_CAP, {.request_execute = unmap_some}, {0}},
		{MUTANT_MERGED_NEIGHBOURS_ARE_ONE, {.request_execute = map_and_join}, {0}},
		{MUTANT_EMPTY_DOMAIN_AS_UNATTACHED,
		 {.access = bug_access_uncached, .lookup = lookup_table}, {0}},
		{MUTANT_SPLIT_CHECK_LIMIT,
		 {.request_decided = decide_by_first, .request_execute = unmap_touched}, {0}},
		{MUTANT_JOIN_REPLAY_RW, {.request_execute = replay_all, .lookup = lookup_replayed}, {0}},
		{MUTANT_REPLAY_LIMIT,
		 {.request_execute = replay_some, .lookup = lookup_unless_left_out}, {0}},
		{MUTANT_OVERLAP_CHECKS_BELOW_ONLY, {.request_decided = decide_by_below}, {0}},
		{MUTANT_MMIO_OVERLAP_UNSEEN,
		 {.request_decided = decide_map_in_tree, .access = bug_access_uncached,
		  .lookup = lookup_in_trees},
		 {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
