// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of a tree in which mappings are found by their addresses.
 */
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* Mappings that are not in the tree any more, but are mappings still to MAP and UNMAP. */

static struct {
	uint32_t domain;
	uint64_t start;
} lost[MODEL_MAX_MAPPINGS];
static unsigned int lost_count;

static bool is_lost(const struct model_mapping *mapping)
{
	for (unsigned int i = 0; i < lost_count; i++)
		if (lost[i].domain == mapping->domain && lost[i].start == mapping->start)
			return true;
	return false;
}

static void lose(const struct model_mapping *mapping)
{
	lost[lost_count].domain = mapping->domain;
	lost[lost_count++].start = mapping->start;
}

/* Those that were removed since the last request. */
static void forget_removed(void)
{
	for (unsigned int i = lost_count; i--;) {
		const struct model_mapping *mapping = bug_find_mapping(lost[i].domain, lost[i].start);

		if (!mapping || mapping->start != lost[i].start)
			lost[i] = lost[--lost_count];
	}
}

/* Returns the mapping that UNMAP removes, NULL if it is not exactly one. */
static const struct model_mapping *find_single(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;
	const struct model_mapping *single = NULL;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		if (!bug_is_covered(&m->mappings[i], r))
			continue;
		if (single)
			return NULL;
		single = &m->mappings[i];
	}
	return single;
}

/* Returns the nearest mapping of the tree above, or below; NULL if there is none. */
static const struct model_mapping *find_neighbour(const struct model_mapping *of, bool above)
{
	const struct model *m = &ref_iommu.model;
	const struct model_mapping *nearest = NULL;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *other = &m->mappings[i];

		if (other->domain != of->domain || other->start == of->start ||
		    (other->start > of->start) != above || is_lost(other))
			continue;
		if (!nearest || (other->start < nearest->start) == above)
			nearest = other;
	}
	return nearest;
}

static bool unmap_from_tree(const struct model_request *r)
{
	const struct model_mapping *single, *next;

	forget_removed();
	if (r->head.type != REQUEST_UNMAP)
		return false;
	single = find_single(&r->unmap);
	if (!single || is_lost(single) || bug_count_mappings(r->unmap.domain) < mutant_number())
		return false;
	next = find_neighbour(single, true);
	if (next && find_neighbour(single, false))
		lose(next);
	return false;
}

static bool lookup_in_tree(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	(void)extent;
	forget_removed();
	if (!mapping || !is_lost(mapping))
		return found;
	*reason = FAULT_MAPPING;
	return false;
}

static void reset_tree(struct vdev *dev)
{
	lost_count = 0;
	right_ops->reset(dev);
}

/* What continues a mapping becomes a part of it, within an aligned block of 2^N bytes. */
static bool map_into_block(const struct model_request *r)
{
	struct model *m = &ref_iommu.model;
	const struct model_mapping new = {r->map.domain, r->map.virt_start, r->map.virt_end,
					  r->map.phys_start, r->map.flags};

	for (unsigned int i = 0; i < m->mapping_count && r->head.type == REQUEST_MAP; i++) {
		if (m->mappings[i].flags != new.flags || !bug_continues(&m->mappings[i], &new) ||
		    (m->mappings[i].start ^ new.end) >> mutant_number())
			continue;
		m->mappings[i].end = new.end;
		return true;
	}
	return false;
}

bool tree_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_TREE_SUCCESSOR, {.request_execute = unmap_from_tree, .lookup = lookup_in_tree},
		 {.reset = reset_tree}},
		{MUTANT_MERGE_ADJACENT, {.request_execute = map_into_block}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
