// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what mappings are kept in. They show with certain neighbours, or in a certain order in which
 * mappings were made: the model appends each to its list, so that the list has that order.
 */
#include "host/bugs/iommu/parts.h"
#include "host/iommu/iotlb.h"

static bool touched(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->domain == r->domain && mapping->start <= r->virt_end &&
	       mapping->end >= r->virt_start;
}

static bool covered(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return touched(mapping, r) && mapping->start >= r->virt_start && mapping->end <= r->virt_end;
}

/* The order stays. */
static void remove_mapping(struct model *m, unsigned int index)
{
	m->mapping_count--;
	for (unsigned int i = index; i < m->mapping_count; i++)
		m->mappings[i] = m->mappings[i + 1];
}

/* The oldest one that the range touches: in a tree it is nearest to the root. NULL if there is none. */
static const struct model_mapping *topmost(const struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (touched(&m->mappings[i], r))
			return &m->mappings[i];
	return NULL;
}

static bool touches(const struct model_mapping *lower, const struct model_mapping *upper)
{
	return lower->domain == upper->domain && lower->end + 1 == upper->start;
}

static bool has_neighbour(const struct model *m, const struct model_mapping *mapping, bool below)
{
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (below ? touches(&m->mappings[i], mapping) : touches(mapping, &m->mappings[i]))
			return true;
	return false;
}

/* Cuts that a worse search does not see. */
static bool overlooks_cut(const struct model *m, const struct model_mapping *mapping,
			  const struct unmap_request *r)
{
	if (mutant(MUTANT_UNMAP_CUT_BEHIND_NEIGHBOUR_OK))
		return mapping->start < r->virt_start && has_neighbour(m, mapping, true);
	if (mutant(MUTANT_UNMAP_CUT_BEFORE_NEIGHBOUR_OK))
		return mapping->end > r->virt_end && has_neighbour(m, mapping, false);
	if (mutant(MUTANT_UNMAP_CUT_SEEN_AT_TOP_ONLY))
		return mapping != topmost(m, r);
	return false;
}

bool bug_misses_cut(const struct model *m, const struct unmap_request *r)
{
	bool missed = false;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (!touched(mapping, r) || covered(mapping, r))
			continue;
		if (!overlooks_cut(m, mapping, r))
			return false;
		missed = true;
	}
	return missed;
}

/* What a walk removes that starts at the top, and turns to one side only. */
static void walk_up(struct model *m, const struct unmap_request *r)
{
	const struct model_mapping *top = topmost(m, r);
	uint64_t from = top ? top->start : 0;

	for (unsigned int i = m->mapping_count; i--;)
		if (covered(&m->mappings[i], r) && m->mappings[i].start >= from)
			remove_mapping(m, i);
}

/* As if the list were sorted, from its newest end: the first one above the range ends the search. */
static void walk_as_sorted(struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = m->mapping_count; i-- && m->mappings[i].start <= r->virt_end;)
		if (covered(&m->mappings[i], r))
			remove_mapping(m, i);
}

/* With a mapping goes the one made next, if it lies below: a child that is lost. */
static void lose_child(struct model *m, const struct unmap_request *r)
{
	for (unsigned int i = m->mapping_count; i--;) {
		if (!covered(&m->mappings[i], r))
			continue;
		if (i + 1 < m->mapping_count && m->mappings[i + 1].domain == r->domain &&
		    m->mappings[i + 1].start < m->mappings[i].start)
			remove_mapping(m, i + 1);
		remove_mapping(m, i);
	}
}

/* The last mapping of a domain stays. */
static void leave_last(struct model *m, const struct unmap_request *r)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		left += m->mappings[i].domain == r->domain;
	for (unsigned int i = m->mapping_count; i--;)
		if (covered(&m->mappings[i], r) && left > 1) {
			remove_mapping(m, i);
			left--;
		}
}

bool bug_unmap_walk(struct model *m, const struct unmap_request *r)
{
	if (mutant(MUTANT_UNMAP_WALKS_UP_ONLY))
		walk_up(m, r);
	else if (mutant(MUTANT_UNMAP_TAKES_LIST_FOR_SORTED))
		walk_as_sorted(m, r);
	else if (mutant(MUTANT_UNMAP_LOSES_CHILD))
		lose_child(m, r);
	else if (mutant(MUTANT_UNMAP_LEAVES_LAST))
		leave_last(m, r);
	else
		return false;
	iotlb_forget_all();
	return true;
}

/* RANGE: all that lay on the way to the first cut has gone already. */
static void remove_up_to_cut(struct model *m, const struct unmap_request *r, bool newest_first)
{
	for (unsigned int n = m->mapping_count, at = 0; n--;) {
		unsigned int i = newest_first ? n : at;

		if (touched(&m->mappings[i], r) && !covered(&m->mappings[i], r))
			return;
		if (covered(&m->mappings[i], r))
			remove_mapping(m, i);
		else
			at++;
	}
}

void bug_refused_unmap(struct model *m, const struct unmap_request *r, uint8_t answer)
{
	if (answer != STATUS_RANGE)
		return;
	if (mutant(MUTANT_UNMAP_SPLIT_SEEN_LATE_OLDEST_FIRST))
		remove_up_to_cut(m, r, false);
	else if (mutant(MUTANT_UNMAP_SPLIT_SEEN_LATE_NEWEST_FIRST))
		remove_up_to_cut(m, r, true);
	else
		return;
	iotlb_forget_all();
}
