// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what a mapping allows.
 */
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

/* In both address spaces. */
static bool continues(const struct model_mapping *lower, const struct model_mapping *upper)
{
	return lower->domain == upper->domain && lower->end + 1 == upper->start &&
	       lower->phys + (lower->end - lower->start) + 1 == upper->phys;
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
		if (continues(old, last) || continues(last, old))
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

bool permission_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_FLAGS0_READABLE, {.lookup = read_by_default}, {0}},
		{MUTANT_MERGED_NEIGHBOURS_OR_FLAGS, {.request_execute = map_with_neighbours}, {0}},
		{MUTANT_PERMISSION_PER_HOST_PAGE, {.request_execute = map_blocks, .lookup = lookup_block},
		 {0}},
		{MUTANT_MMIO_ALWAYS_WRITABLE, {.lookup = write_registers}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
