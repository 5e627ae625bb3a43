// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of tables and blocks that mappings are stored in.
 */
#include "host/bugs/iommu/parts.h"
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* The part of an extent that is within a range, which shares a byte with it. */
static void cut_extent(struct model_extent *extent, uint64_t start, uint64_t end)
{
	if (start > extent->start) {
		extent->phys += start - extent->start;
		extent->start = start;
	}
	extent->end = min(extent->end, end);
}

/* A table has an entry for each page of an aligned block, and counts those in use. */

#define TABLE_ENTRIES 512

static bool is_whole(const struct model_mapping *mapping, uint64_t start, uint64_t end)
{
	return mapping->start <= start && mapping->end >= end;
}

static uint64_t count_entries(uint32_t domain, uint64_t start, uint64_t end)
{
	const struct model *m = &ref_iommu.model;
	uint64_t count = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain == domain && mapping->start <= end && mapping->end >= start)
			count += bug_count_pages(max(mapping->start, start), min(mapping->end, end));
	}
	return count;
}

/* One entry more than the counter holds: the table seems to be empty. */
static bool lookup_in_tables(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t size = TABLE_ENTRIES * model_granule(&ref_iommu.model);
	uint64_t start = a->address & -size, end = start + (size - 1);

	if (!found || !mapping)
		return found;
	cut_extent(extent, start, end);
	*reason = FAULT_MAPPING;
	return is_whole(mapping, start, end) ||
	       count_entries(mapping->domain, start, end) != TABLE_ENTRIES;
}

/* An aligned block that is mapped whole has one entry, whose physical address is taken to be aligned, too. */

#define LEAF_SIZE (2ull << 20)

static void translated_by_leaf(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			       uint64_t *length)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t offset = a->address % LEAF_SIZE, start = a->address - offset;

	(void)extent;
	if (!mapping)
		return;
	*length = min(*length, LEAF_SIZE - offset);
	if (is_whole(mapping, start, start + (LEAF_SIZE - 1)))
		*phys = ((*phys - offset) & -LEAF_SIZE) + offset;
}

/* What is cached of a large mapping is the aligned block, also where the mapping does not fill it. */
static bool lookup_block(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t size = 1ull << mutant_number(), start = a->address & -size;

	(void)reason;
	if (!found || !mapping || mapping->end - mapping->start < size - 1)
		return found;
	extent->phys += start - extent->start;
	extent->start = start;
	extent->end = start + (size - 1);
	return true;
}

/* What is cached of a mapping that fills more than half of an aligned block is the block. */

static struct model_mapping overreach;	/* linear over the block; @end 0: nothing is cached */
static struct model_mapping overreached;	/* the mapping */

static uint64_t overreach_size(void)
{
	uint64_t size = model_granule(&ref_iommu.model);

	while (size < mutant_number() * model_granule(&ref_iommu.model))
		size *= 2;
	return size;
}

static void translated_overreaching(const struct access *a, const struct model_extent *extent, uint64_t *phys,
				    uint64_t *length)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t size = overreach_size(), start = a->address & -size, end = start + (size - 1);

	(void)extent, (void)length;
	if (!mapping || min(mapping->end, end) - max(mapping->start, start) < size / 2)
		return;
	overreached = *mapping;
	overreach = (struct model_mapping){mapping->domain, start, end, *phys - (a->address - start),
					   mapping->flags};
}

static bool still_maps(const struct model_mapping *mapping)
{
	const struct model_mapping *now = bug_find_mapping(mapping->domain, mapping->start);

	return now && now->start == mapping->start && now->end == mapping->end && now->phys == mapping->phys;
}

static bool lookup_overreaching(const struct access *a, bool found, struct model_extent *extent,
				uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);

	(void)reason;
	if (found || !ep || !overreach.end || ep->domain != overreach.domain ||
	    !(overreach.flags & a->kind) || a->address < overreach.start || a->address > overreach.end ||
	    !still_maps(&overreached))
		return found;
	bug_set_extent(extent, &overreach);
	return true;
}

static void reset_overreach(struct vdev *dev)
{
	overreach.end = 0;
	right_ops->reset(dev);
}

/* A mapping is stored as naturally aligned blocks. Parts are what is left of MAPs that found no room. */

#define MAX_PARTS 1024

static struct model_mapping parts[MAX_PARTS];
static unsigned int part_count;

/* Returns the last byte of the largest block from @start on that ends at @end or before. */
static uint64_t block_end(uint64_t start, uint64_t end)
{
	uint64_t size = model_granule(&ref_iommu.model);

	while (size < 1ull << 63 && !(start & (2 * size - 1)) && end - start >= 2 * size - 1)
		size *= 2;
	return min(start + (size - 1), end);
}

static uint64_t count_blocks(uint64_t start, uint64_t end)
{
	uint64_t count = 1;

	for (uint64_t last = block_end(start, end); last != end; last = block_end(last + 1, end))
		count++;
	return count;
}

static uint64_t count_blocks_of(const struct model_mapping *mappings, unsigned int mapping_count,
				uint32_t domain)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < mapping_count; i++)
		if (mappings[i].domain == domain)
			count += count_blocks(mappings[i].start, mappings[i].end);
	return count;
}

static uint64_t count_free_blocks(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;

	return mutant_number() - count_blocks_of(m->mappings, m->mapping_count, domain) -
	       count_blocks_of(parts, part_count, domain);
}

/* The blocks that there was room for. */
static void leave_part(const struct map_request *r, uint64_t count)
{
	uint64_t end = r->virt_start - 1;

	while (count--)
		end = block_end(end + 1, r->virt_end);
	if (end != r->virt_start - 1 && part_count < MAX_PARTS)
		parts[part_count++] =
			(struct model_mapping){r->domain, r->virt_start, end, r->phys_start, r->flags};
}

static void decide_by_blocks(const struct model_request *r, struct decision *d)
{
	uint64_t left;

	if (r->head.type != REQUEST_MAP || d->answer != STATUS_OK)
		return;
	left = count_free_blocks(r->map.domain);
	if (count_blocks(r->map.virt_start, r->map.virt_end) <= left)
		return;
	leave_part(&r->map, left);
	*d = (struct decision){STATUS_NOMEM, false};
}

/* The order of those that stay is that in which they are found. */
static bool forget_ended_domains(const struct chain *chain, struct model_request *r)
{
	unsigned int kept = 0;

	(void)chain, (void)r;
	for (unsigned int i = 0; i < part_count; i++)
		if (bug_count_members(parts[i].domain))
			parts[kept++] = parts[i];
	part_count = kept;
	return false;
}

static const struct model_mapping *find_part(const struct access *a)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);

	for (unsigned int i = 0; ep && i < part_count; i++)
		if (parts[i].domain == ep->domain && parts[i].start <= a->address &&
		    parts[i].end >= a->address)
			return &parts[i];
	return NULL;
}

/* A part may lie in the midst of a mapping, or of another part. */
static bool lookup_part(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	uint64_t granule = model_granule(&ref_iommu.model), page = a->address & -granule;
	const struct model_mapping *part = find_part(a);

	if (part && !bug_in_region(&ref_iommu.model, a)) {
		bug_set_extent(extent, part);
		*reason = FAULT_MAPPING;
		found = extent->flags & a->kind;
	}
	if (part_count && found && bug_find_translated(a->endpoint))
		cut_extent(extent, page, page + (granule - 1));
	return found;
}

/* Page by page up to the first one that is there already; nobody looks for them in UNMAP. */
static void decide_by_pages(const struct model_request *r, struct decision *d)
{
	uint64_t granule = model_granule(&ref_iommu.model), first = UINT64_MAX;
	const struct model *m = &ref_iommu.model;

	if (r->head.type != REQUEST_MAP || d->answer != STATUS_INVAL ||
	    !model_rule_applies(m, RULE_MAP_OVERLAP, r))
		return;
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (m->mappings[i].domain == r->map.domain && m->mappings[i].end >= r->map.virt_start)
			first = min(first, m->mappings[i].start);
	if (first > r->map.virt_start && first <= r->map.virt_end && part_count < MAX_PARTS &&
	    !(r->map.virt_start % granule))
		parts[part_count++] = (struct model_mapping){r->map.domain, r->map.virt_start, first - 1,
							     r->map.phys_start, r->map.flags};
}

static void reset_parts(struct vdev *dev)
{
	part_count = 0;
	right_ops->reset(dev);
}

bool tables_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_LEAF_TABLE_COUNT_9_BITS,
		 {.access = bug_access_uncached, .lookup = lookup_in_tables}, {0}},
		{MUTANT_HUGE_LEAF_PHYS, {.translated = translated_by_leaf}, {0}},
		{MUTANT_HUGE_ENTRY_OVERRUN, {.lookup = lookup_block}, {0}},
		{MUTANT_IOTLB_OVERREACH,
		 {.access = bug_access_uncached, .lookup = lookup_overreaching,
		  .translated = translated_overreaching}, {.reset = reset_overreach}},
		{MUTANT_MAP_FAILS_HALF_DONE,
		 {.request_read = forget_ended_domains, .request_decided = decide_by_pages,
		  .access = bug_access_uncached, .lookup = lookup_part}, {.reset = reset_parts}},
		{MUTANT_NOMEM_LEAVES_PART,
		 {.request_read = forget_ended_domains, .request_decided = decide_by_blocks,
		  .access = bug_access_uncached, .lookup = lookup_part}, {.reset = reset_parts}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
