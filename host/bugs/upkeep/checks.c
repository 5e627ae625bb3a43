// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what a range, a flag or a field of the configuration is compared with.
 */
#include <string.h>

#include "host/bugs/upkeep/upkeep.h"
#include "host/iommu/iotlb.h"
#include "util.h"

/* input_range counts for endpoints in bypass mode, too. */
static bool lookup_in_range(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct iommu_config *c = &ref_iommu.model.config;

	(void)extent;
	if (a->address >= c->input_start && a->address <= c->input_end)
		return found;
	*reason = FAULT_MAPPING;
	return false;
}

/* Starts of mappings are compared by the lower half of their difference. */
static void decide_by_int(const struct model_request *r, struct decision *d)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count && r->head.type == REQUEST_MAP; i++)
		if (m->mappings[i].domain == r->map.domain && d->answer == STATUS_OK &&
		    (uint32_t)(m->mappings[i].start - r->map.virt_start) == 0)
			*d = (struct decision){STATUS_INVAL, false};
}

/* Large mappings have to be aligned alike on both sides. */
static void decide_by_block(const struct model_request *r, struct decision *d)
{
	const uint64_t block = 2 << 20;

	if (r->head.type == REQUEST_MAP && d->answer == STATUS_OK &&
	    r->map.virt_end - r->map.virt_start >= block - 1 &&
	    (r->map.virt_start - r->map.phys_start) % block)
		*d = (struct decision){STATUS_RANGE, false};
}

/* The same MAP once more is OK, and its flags are the new ones. */
static void decide_repeat(const struct model_request *r, struct decision *d)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count && r->head.type == REQUEST_MAP; i++) {
		struct model_mapping *old = &m->mappings[i];

		if (old->domain != r->map.domain || old->start != r->map.virt_start ||
		    old->end != r->map.virt_end || old->phys != r->map.phys_start ||
		    model_rule_applies(m, RULE_MAP_FLAGS, r))
			continue;
		old->flags = r->map.flags;
		iotlb_forget_all();
		*d = (struct decision){STATUS_OK, false};
	}
}

/* A mapping has a number of granules of N bits. */
static bool lookup_counted(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = found ? bug_find_target(a) : NULL;
	uint64_t pages;

	if (!mapping)
		return found;
	pages = bug_count_pages(mapping->start, mapping->end) % (1ull << mutant_number());
	if (bug_count_pages(mapping->start, a->address) <= pages)
		extent->end = min(extent->end, mapping->start + pages * model_granule(&ref_iommu.model) - 1);
	else
		found = false;
	*reason = FAULT_MAPPING;
	return found;
}

/* What can be written in a block of N bits can be written all over it, where it can be read. */
static bool lookup_block(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model *m = &ref_iommu.model;
	const struct model_mapping *target = found ? NULL : bug_find_target(a);
	unsigned int bits = mutant_number();

	(void)reason;
	for (unsigned int i = 0; target && a->kind == MAP_WRITE && i < m->mapping_count; i++) {
		const struct model_mapping *other = &m->mappings[i];

		if (other->domain != target->domain || !(other->flags & MAP_WRITE) ||
		    other->start >> bits > a->address >> bits || other->end >> bits < a->address >> bits)
			continue;
		bug_set_extent(extent, target);
		return true;
	}
	return found;
}

/* The offset is put into the lower bits. */
static void translated_or(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			  uint64_t *length)
{
	uint64_t granule = model_granule(&ref_iommu.model);

	*phys = extent->phys | (a->address - extent->start);
	*length = min(*length, granule - a->address % granule);
}

static bool unmap_but_all(const struct model_request *r)
{
	return r->head.type == REQUEST_UNMAP && r->unmap.virt_end - r->unmap.virt_start == UINT64_MAX;
}

static bool read_rounded(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	if (r->head.type == REQUEST_UNMAP)
		r->unmap.virt_end |= model_granule(&ref_iommu.model) - 1;
	return false;
}

/* A mapping that ends where another one begins, which continues it, becomes one with it. */
static bool coalesce_below(const struct model_request *r)
{
	struct model *m = &ref_iommu.model;
	struct model_mapping lower = {r->map.domain, r->map.virt_start, r->map.virt_end, r->map.phys_start,
				      r->map.flags};

	for (unsigned int i = 0; i < m->mapping_count && r->head.type == REQUEST_MAP; i++) {
		if (!bug_continues(&lower, &m->mappings[i]) || m->mappings[i].flags != lower.flags)
			continue;
		m->mappings[i].start = lower.start;
		m->mappings[i].phys = lower.phys;
		return true;
	}
	return false;
}

/* Nothing is translated in front of DRIVER_OK. */
static bool access_early(struct access *a, struct model_extent *extent)
{
	(void)a;
	*extent = (struct model_extent){0, UINT64_MAX, 0, MAP_RW};
	return !(ref_iommu.vdev.status & VIRTIO_DRIVER_OK);
}

bool checks_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_BYPASS_WITHIN_INPUT_RANGE,
		 {.access = bug_access_uncached, .lookup = lookup_in_range}, {0}},
		{MUTANT_COMPARE_INT, {.request_decided = decide_by_int}, {0}},
		{MUTANT_MAP_BIG_ALIGN, {.request_decided = decide_by_block}, {0}},
		{MUTANT_MAP_REPEAT_OK, {.request_decided = decide_repeat}, {0}},
		{MUTANT_MAP_GRANULES_BITS, {.access = bug_access_uncached, .lookup = lookup_counted}, {0}},
		{MUTANT_WRITE_BLOCK_BITS, {.access = bug_access_uncached, .lookup = lookup_block}, {0}},
		{MUTANT_OFFSET_ORED, {.translated = translated_or}, {0}},
		{MUTANT_UNMAP_ALL_IDLE, {.request_execute = unmap_but_all}, {0}},
		{MUTANT_UNMAP_END_ROUNDED, {.request_read = read_rounded}, {0}},
		{MUTANT_MAP_COALESCES_BELOW, {.request_execute = coalesce_below}, {0}},
		{MUTANT_OPEN_BEFORE_DRIVER_OK, {.access = access_early}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
