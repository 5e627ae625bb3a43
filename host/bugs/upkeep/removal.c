// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what UNMAP removes: how far it walks, what it counts, and what is left of mappings that were made
 * one for translation.
 */
#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

/* Ranges that translation sees. The model has the mappings, for all that is decided. */

static struct model_mapping nodes[MODEL_MAX_MAPPINGS];
static unsigned int node_count;

static void remove_node(unsigned int index)
{
	nodes[index] = nodes[--node_count];
}

/* A node that goes on where @node ends, or the other way round, becomes a part of it. */
static bool absorb(struct model_mapping *node)
{
	for (unsigned int i = 0; i < node_count; i++) {
		const struct model_mapping old = nodes[i];

		if (old.flags != node->flags || !(bug_continues(&old, node) || bug_continues(node, &old)))
			continue;
		node->start = min(old.start, node->start);
		node->end = max(old.end, node->end);
		node->phys = min(old.phys, node->phys);
		remove_node(i);
		return true;
	}
	return false;
}

static void add_node(struct model_mapping node)
{
	if (node_count < MODEL_MAX_MAPPINGS)
		nodes[node_count++] = node;
}

static void map_node(const struct map_request *r)
{
	struct model_mapping node = {r->domain, r->virt_start, r->virt_end, r->phys_start, r->flags};

	while (absorb(&node))
		;
	add_node(node);
}

/* What is left above the range begins with the memory of the whole. */
static void cut_node(struct model_mapping node, const struct unmap_request *r)
{
	struct model_mapping lower = node, upper = node;

	if (node.start < r->virt_start) {
		lower.end = r->virt_start - 1;
		add_node(lower);
	}
	if (node.end > r->virt_end) {
		upper.start = r->virt_end + 1;
		add_node(upper);
	}
}

static void unmap_nodes(const struct unmap_request *r)
{
	for (unsigned int i = node_count; i--;) {
		struct model_mapping node = nodes[i];

		if (node.domain != r->domain || node.start > r->virt_end || node.end < r->virt_start)
			continue;
		remove_node(i);
		cut_node(node, r);
	}
}

static void forget_ended_domains(void)
{
	for (unsigned int i = node_count; i--;)
		if (!bug_count_members(nodes[i].domain))
			remove_node(i);
}

static bool execute_with_nodes(const struct model_request *r)
{
	request_execute(r);
	if (r->head.type == REQUEST_MAP)
		map_node(&r->map);
	if (r->head.type == REQUEST_UNMAP)
		unmap_nodes(&r->unmap);
	forget_ended_domains();
	return true;
}

static bool lookup_node(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	(void)reason;
	for (unsigned int i = 0; mapping && i < node_count; i++) {
		if (nodes[i].domain != mapping->domain || nodes[i].start > a->address ||
		    nodes[i].end < a->address)
			continue;
		bug_set_extent(extent, &nodes[i]);
		return extent->flags & a->kind;
	}
	return found;
}

static void reset_nodes(struct vdev *dev)
{
	node_count = 0;
	right_ops->reset(dev);
}

/* How many mappings a domain has, as counted by requests. */

static uint64_t counts[MODEL_MAX_ENDPOINTS];

static uint64_t *count_of(uint32_t domain)
{
	bool fresh;
	unsigned int place = bug_place_of(domain, &fresh);

	if (fresh)
		counts[place] = 0;
	return &counts[place];
}

static bool execute_with_count(const struct model_request *r)
{
	bool is_empty;

	bug_free_places();
	if (r->head.type == REQUEST_MAP)
		++*count_of(r->map.domain);
	if (r->head.type != REQUEST_UNMAP)
		return false;
	is_empty = !*count_of(r->unmap.domain);
	*count_of(r->unmap.domain) -= !is_empty;
	return is_empty;
}

/* The mapping of the range that starts lowest, or NULL. */
static struct model_mapping *find_lowest(const struct unmap_request *r)
{
	struct model *m = &ref_iommu.model;
	struct model_mapping *lowest = NULL;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (bug_is_covered(&m->mappings[i], r) && (!lowest || m->mappings[i].start < lowest->start))
			lowest = &m->mappings[i];
	return lowest;
}

static bool unmap_up_to_wide_gap(const struct model_request *r)
{
	const uint64_t widest = mutant_number() * model_granule(&ref_iommu.model);
	const struct model_mapping *mapping;
	uint64_t end;

	if (r->head.type != REQUEST_UNMAP)
		return false;
	mapping = find_lowest(&r->unmap);
	while (mapping) {
		end = mapping->end;
		bug_drop_mapping(mapping - ref_iommu.model.mappings);
		mapping = find_lowest(&r->unmap);
		if (mapping && mapping->start - end - 1 > widest)
			mapping = NULL;
	}
	return true;
}

/* Only the highest mapping is cut. All below it are gone by then. */
static void decide_and_remove(const struct model_request *r, struct decision *d)
{
	const struct model *m = &ref_iommu.model;
	const struct model_mapping *first = bug_find_mapping(r->unmap.domain, r->unmap.virt_start);

	if (d->answer != STATUS_RANGE || !model_rule_applies(m, RULE_UNMAP_SPLIT, r) ||
	    bug_decide_without(RULE_UNMAP_SPLIT, r).answer != STATUS_OK ||
	    (first && first->start < r->unmap.virt_start))
		return;
	for (unsigned int i = m->mapping_count; i--;)
		if (bug_is_covered(&m->mappings[i], &r->unmap))
			bug_drop_mapping(i);
}

bool removal_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_MERGE_THEN_SPLIT_PHYS,
		 {.request_execute = execute_with_nodes, .access = bug_access_uncached,
		  .lookup = lookup_node}, {.reset = reset_nodes}},
		{MUTANT_UNMAP_COUNT_SHORTCUT, {.request_execute = execute_with_count}, {0}},
		{MUTANT_UNMAP_STOPS_AT_WIDE_GAP, {.request_execute = unmap_up_to_wide_gap}, {0}},
		{MUTANT_UNMAP_REMOVES_THEN_RANGE, {.request_decided = decide_and_remove}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
