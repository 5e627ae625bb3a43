// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of numbers that are kept in too few bits, and of ends of ranges.
 */
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "host/machine/ram.h"
#include "util.h"

static uint64_t low_bits(uint64_t value)
{
	return value & ((1ull << mutant_number()) - 1);
}

static bool lookup_size(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	uint64_t size = low_bits(extent->end - extent->start + 1);

	if (!found || !bug_find_translated(a->endpoint))
		return found;
	*reason = FAULT_MAPPING;
	extent->end = extent->start + size - 1;
	return a->address - extent->start < size;
}

static bool access_low_address(struct access *a, struct model_extent *extent)
{
	(void)extent;
	if (bug_find_translated(a->endpoint))
		a->address = low_bits(a->address);
	return false;
}

static void translated_by_low_offset(const struct access *a, const struct model_extent *extent,
				     uint64_t *phys, uint64_t *length)
{
	uint64_t offset = low_bits(a->address - extent->start);

	if (!bug_find_translated(a->endpoint))
		return;
	*phys = extent->phys + offset;
	*length = min(*length, (1ull << mutant_number()) - offset);
}

static void translated_without_carry(const struct access *a, const struct model_extent *extent,
				     uint64_t *phys, uint64_t *length)
{
	if (!bug_find_translated(a->endpoint))
		return;
	*phys = (extent->phys & ~(uint64_t)UINT32_MAX) | (uint32_t)*phys;
	*length = min(*length, (1ull << 32) - (uint32_t)*phys);
}

/* The range is made half-open: its end is 0. */
static bool unmap_to_top(const struct model_request *r)
{
	return r->head.type == REQUEST_UNMAP && r->unmap.virt_end == UINT64_MAX;
}

static bool unmap_low_count(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	uint64_t count = low_bits(bug_count_pages(r->unmap.virt_start, r->unmap.virt_end));

	if (r->head.type != REQUEST_UNMAP)
		return false;
	for (unsigned int i = m->mapping_count; i--;)
		if (bug_is_covered(&m->mappings[i], &r->unmap) &&
		    bug_count_pages(r->unmap.virt_start, m->mappings[i].start) <= count)
			bug_drop_mapping(i);
	return true;
}

static bool read_detach(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	if (r->head.type == REQUEST_DETACH)
		r->detach.endpoint = low_bits(r->detach.endpoint);
	return false;
}

static bool read_type(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	r->head.type = low_bits(r->head.type);
	return false;
}

/* UNMAP compares a part of the id with the domain of the last MAP or UNMAP, as long as that exists. */
static bool read_unmap(const struct chain *chain, struct model_request *r)
{
	static uint32_t last;
	static bool valid;

	(void)chain;
	valid = valid && bug_count_members(last);
	if (r->head.type != REQUEST_MAP && r->head.type != REQUEST_UNMAP)
		return false;
	if (r->head.type == REQUEST_UNMAP && valid && !low_bits(r->unmap.domain ^ last))
		r->unmap.domain = last;
	if (!bug_count_members(r->map.domain))
		return false;
	last = r->map.domain;
	valid = true;
	return false;
}

/* The upper half of virt_end is that of virt_start. */
static bool read_map(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	if (r->head.type == REQUEST_MAP)
		r->map.virt_end = (r->map.virt_start & ~(uint64_t)UINT32_MAX) | (uint32_t)r->map.virt_end;
	return false;
}

static int32_t as_limit(uint32_t domain)
{
	return min(domain, (uint32_t)INT32_MAX);
}

static void decide_signed(const struct model_request *r, struct decision *d)
{
	const struct iommu_config *c = &ref_iommu.model.config;
	int32_t domain = r->attach.domain;

	if (r->head.type == REQUEST_ATTACH && d->answer == STATUS_OK &&
	    (domain < as_limit(c->domain_start) || domain > as_limit(c->domain_end)))
		*d = (struct decision){STATUS_RANGE, false};
}

static void decide_by_size(const struct model_request *r, struct decision *d)
{
	uint64_t count = bug_count_pages(r->map.virt_start, r->map.virt_end);

	if (r->head.type == REQUEST_MAP && d->answer == STATUS_OK && count > mutant_number() &&
	    (count & (count - 1)))
		*d = (struct decision){STATUS_RANGE, false};
}

/* The path for large mappings does not look at phys_start. */
static void decide_large(const struct model_request *r, struct decision *d)
{
	uint64_t virt = r->map.virt_start | (r->map.virt_end + 1);

	if (model_rule_applies(&ref_iommu.model, RULE_MAP_ALIGN, r) &&
	    !(virt & (model_granule(&ref_iommu.model) - 1)) &&
	    bug_count_pages(r->map.virt_start, r->map.virt_end) >= mutant_number())
		*d = bug_decide_without(RULE_MAP_ALIGN, r);
}

/* Whole blocks of N bytes have one entry each, whose physical address is a multiple of N. */
static void translated_by_blocks(const struct access *a, const struct model_extent *extent, uint64_t *phys,
				 uint64_t *length)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t size = mutant_number(), offset, block;

	(void)extent;
	if (!mapping || mapping->start % size)
		return;
	offset = (a->address - mapping->start) % size;
	block = a->address - offset;
	if (mapping->end - block < size - 1)
		return;
	*phys -= (*phys - offset) % size;
	*length = min(*length, size - offset);
}

/* The offset into a page is that into one of 4 KiB. */
static void translated_by_4k_offset(const struct access *a, const struct model_extent *extent,
				    uint64_t *phys, uint64_t *length)
{
	uint64_t offset = a->address & 0xfff;

	(void)extent;
	if (!bug_find_translated(a->endpoint))
		return;
	*phys = (*phys & -model_granule(&ref_iommu.model)) + offset;
	*length = min(*length, 0x1000 - offset);
}

static bool is_last_of_ram(uint64_t phys)
{
	uint64_t granule = model_granule(&ref_iommu.model);

	return ram_at(phys, granule) && !ram_at(phys + granule, 1);
}

/* Page by page. */
static bool lookup_ram(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	uint64_t granule = model_granule(&ref_iommu.model), page = a->address & -granule;

	if (!found || !bug_find_target(a))
		return found;
	extent->phys += page - extent->start;
	extent->start = page;
	extent->end = page + (granule - 1);
	*reason = FAULT_MAPPING;
	return !is_last_of_ram(extent->phys);
}

/* What comes next, up to the next page, is not looked up. */
static void translated_beyond(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			      uint64_t *length)
{
	(void)extent, (void)phys;
	if (bug_find_target(a))
		*length += min(mutant_number(), model_granule(&ref_iommu.model));
}

bool width_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_SIZE_BITS, {.lookup = lookup_size}, {0}},
		{MUTANT_IOVA_TRUNCATED_BITS, {.access = access_low_address}, {0}},
		{MUTANT_OFFSET_BITS, {.translated = translated_by_low_offset}, {0}},
		{MUTANT_PHYS_ADD_NO_CARRY, {.translated = translated_without_carry}, {0}},
		{MUTANT_UNMAP_TO_TOP_EMPTY, {.request_execute = unmap_to_top}, {0}},
		{MUTANT_PAGE_COUNT_BITS, {.request_execute = unmap_low_count}, {0}},
		{MUTANT_DETACH_ENDPOINT_BITS, {.request_read = read_detach}, {0}},
		{MUTANT_MAP_HALF_SHARED, {.request_read = read_map}, {0}},
		{MUTANT_TYPE_MASK_BITS, {.request_read = read_type}, {0}},
		{MUTANT_UNMAP_DOMAIN_KEY_BITS, {.request_read = read_unmap}, {0}},
		{MUTANT_PHYS_ALIGN_LARGE, {.request_decided = decide_large}, {0}},
		{MUTANT_DOMAIN_ID_SIGNED, {.request_decided = decide_signed}, {0}},
		{MUTANT_SIZE_POWER_OF_TWO_ABOVE, {.request_decided = decide_by_size}, {0}},
		{MUTANT_HUGE_PHYS_ROUNDED, {.translated = translated_by_blocks}, {0}},
		{MUTANT_PAGE_OFFSET_4K, {.translated = translated_by_4k_offset}, {0}},
		{MUTANT_LAST_PAGE_OF_RAM, {.lookup = lookup_ram}, {0}},
		{MUTANT_CROSSING_CONTINUES, {.translated = translated_beyond}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
