// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what a mapping allows.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

static bool read_by_default(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	(void)reason;
	if (found || !mapping || mapping->flags || a->kind != MAP_READ)
		return found;
	bug_set_extent(extent, mapping);
	extent->flags = MAP_READ;
	return true;
}

static bool write_by_default(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	(void)reason;
	if (!mapping || (mapping->flags & MAP_RW))
		return found;
	bug_set_extent(extent, mapping);
	extent->flags = MAP_RW;
	return true;
}

static bool write_registers(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	(void)reason;
	if (found || !mapping || !(mapping->flags & MAP_MMIO) || a->kind != MAP_WRITE)
		return found;
	bug_set_extent(extent, mapping);
	extent->flags |= MAP_WRITE;
	return true;
}

static bool map_with_neighbours(const struct model_request *r)
{
	struct model *m = &ref_iommu.model;
	struct model_mapping *last;

	if (r->head.type != REQUEST_MAP)
		return false;
	request_execute(r);
	last = &m->mappings[m->mapping_count - 1];
	for (struct model_mapping *old = m->mappings; old < last; old++)
		if (bug_continues(old, last) || bug_continues(last, old))
			old->flags = last->flags = old->flags | last->flags;
	return true;
}

/* Flags by aligned blocks of N bytes, as the last MAP has set them. */

#define MAX_BLOCKS 4096

static struct {
	uint32_t domain, flags;
	uint64_t first, last;
} blocks[MAX_BLOCKS];
static unsigned int block_count;

static bool map_blocks(const struct model_request *r)
{
	if (r->head.type != REQUEST_MAP)
		return false;
	blocks[block_count % MAX_BLOCKS].domain = r->map.domain;
	blocks[block_count % MAX_BLOCKS].flags = r->map.flags & MAP_RW;
	blocks[block_count % MAX_BLOCKS].first = r->map.virt_start / mutant_number();
	blocks[block_count++ % MAX_BLOCKS].last = r->map.virt_end / mutant_number();
	iotlb_forget_all();
	return false;
}

static uint32_t block_flags(uint32_t domain, uint64_t block)
{
	for (unsigned int n = block_count; n && n + MAX_BLOCKS > block_count; n--) {
		unsigned int i = (n - 1) % MAX_BLOCKS;

		if (blocks[i].domain == domain && blocks[i].first <= block && blocks[i].last >= block)
			return blocks[i].flags;
	}
	return 0;
}

static bool lookup_block(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t block = a->address / mutant_number(), start = block * mutant_number();

	if (!mapping)
		return found;
	bug_set_extent(extent, mapping);
	if (start > extent->start) {
		extent->phys += start - extent->start;
		extent->start = start;
	}
	extent->end = min(extent->end, start + (mutant_number() - 1));
	extent->flags = block_flags(mapping->domain, block);
	*reason = FAULT_MAPPING;
	return extent->flags & a->kind;
}

/* The address of the first byte behind the access. */
static uint64_t access_end(void)
{
	return bug_whole_access.address + bug_whole_access.size;
}

static bool access_small(struct access *a, struct model_extent *extent)
{
	(void)extent;
	if (bug_whole_access.size <= mutant_number())
		a->kind = MAP_READ;
	return false;
}

/* An access that goes on into another mapping is looked at as a whole. */
static bool lookup_equal(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *first = bug_find_target(a), *next = first;

	(void)extent;
	while (found && next && next->end < access_end() - 1) {
		*reason = FAULT_MAPPING;
		next = bug_find_mapping(next->domain, next->end + 1);
		found = !next || next->flags == first->flags;
	}
	return found;
}

/* The flags of the last mapping that it touches are those of all. */
static bool lookup_by_last(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *first = bug_find_target(a), *last = first;

	while (last && last->end < access_end() - 1)
		last = bug_find_mapping(last->domain, last->end + 1);
	if (!last || last == first)
		return found;
	bug_set_extent(extent, first);
	extent->flags = last->flags & MAP_RW;
	*reason = FAULT_MAPPING;
	return extent->flags & a->kind;
}

/* What all mappings of a page of memory allow together. */
static uint32_t flags_of_memory(uint32_t domain, uint64_t phys)
{
	const struct model *m = &ref_iommu.model;
	uint32_t flags = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain == domain && mapping->phys <= phys &&
		    phys - mapping->phys <= mapping->end - mapping->start)
			flags |= mapping->flags & MAP_RW;
	}
	return flags;
}

static bool lookup_by_memory(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t granule = model_granule(&ref_iommu.model), page = a->address & -granule;

	if (!mapping)
		return found;
	*extent = (struct model_extent){page, page + (granule - 1), 0, 0};
	extent->phys = mapping->phys + (page - mapping->start);
	extent->flags = flags_of_memory(mapping->domain, extent->phys);
	*reason = FAULT_MAPPING;
	return extent->flags & a->kind;
}

/* Behind the first page READ is taken for "present". */
static bool lookup_present(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);

	if (!found || !mapping || (mapping->flags & MAP_RW) != MAP_WRITE)
		return found;
	extent->end = extent->start + (model_granule(&ref_iommu.model) - 1);
	*reason = FAULT_MAPPING;
	return a->address <= extent->end;
}

/* Where accesses of one direction go on, permissions are looked at on each Nth page only. */

static struct {
	uint64_t start, end;
} bursts[MODEL_MAX_ENDPOINTS][2];

static void note_burst(const struct access *a, uint64_t *page)
{
	const struct model *m = &ref_iommu.model;
	unsigned int i = model_endpoint(m, a->endpoint) - m->endpoints, write = a->kind == MAP_WRITE;

	if (a->address == bug_whole_access.address && a->address != bursts[i][write].end)
		bursts[i][write].start = a->address;
	bursts[i][write].end = access_end();
	*page = a->address / model_granule(m) - bursts[i][write].start / model_granule(m);
}

static bool access_in_burst(struct access *a, struct model_extent *extent)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t granule = model_granule(&ref_iommu.model), page;

	if (!mapping)
		return false;
	note_burst(a, &page);
	if (page % mutant_number() == 0)
		return false;
	bug_set_extent(extent, mapping);
	extent->end = min(extent->end, a->address | (granule - 1));
	return true;
}

/* A page is one translation, so that the next one is looked at. */
static void translated_page(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			    uint64_t *length)
{
	uint64_t granule = model_granule(&ref_iommu.model);

	(void)extent, (void)phys;
	*length = min(*length, granule - a->address % granule);
}

/* An access that is blocked ends its burst. */
static bool fault_in_burst(struct fault_record *record)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, record->endpoint);

	if (ep)
		bursts[ep - m->endpoints][!!(record->flags & FAULT_WRITE)].end = 0;
	return false;
}

bool permission_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_FLAGS0_READABLE, {.lookup = read_by_default}, {0}},
		{MUTANT_FLAGS_NONE_IS_RW, {.lookup = write_by_default}, {0}},
		{MUTANT_MERGED_NEIGHBOURS_OR_FLAGS, {.request_execute = map_with_neighbours}, {0}},
		{MUTANT_PERMISSION_PER_HOST_PAGE, {.request_execute = map_blocks, .lookup = lookup_block},
		 {0}},
		{MUTANT_MMIO_ALWAYS_WRITABLE, {.lookup = write_registers}, {0}},
		{MUTANT_SMALL_WRITES_UNCHECKED, {.access = access_small}, {0}},
		{MUTANT_CROSSING_NEEDS_EQUAL_FLAGS,
		 {.access = bug_access_uncached, .lookup = lookup_equal}, {0}},
		{MUTANT_PERM_OF_LAST_PAGE, {.access = bug_access_uncached, .lookup = lookup_by_last}, {0}},
		{MUTANT_PERM_BY_PHYS, {.access = bug_access_uncached, .lookup = lookup_by_memory}, {0}},
		{MUTANT_WRITE_ONLY_FIRST_GRANULE, {.lookup = lookup_present}, {0}},
		{MUTANT_PERM_ONCE_PER_BURST,
		 {.access = access_in_burst, .translated = translated_page, .fault = fault_in_burst},
		 {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
