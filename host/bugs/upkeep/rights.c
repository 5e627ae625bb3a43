// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of how rights are kept and looked at, and of how a field is compared with zero.
 */
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/bugs/takeover/page_cache.h"
#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

static bool holds(const struct model_mapping *mapping, uint64_t address)
{
	return mapping->start <= address && mapping->end >= address;
}

/* What a long access touches between its first and its last mapping only has to be there. */
static bool lookup_by_ends(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);
	const struct whole_access *whole = &bug_whole_access;

	(void)reason;
	if (found || !mapping || whole->size <= model_granule(&ref_iommu.model) ||
	    holds(mapping, whole->address) || holds(mapping, whole->address + whole->size - 1))
		return found;
	bug_set_extent(extent, mapping);
	return true;
}

/* A bit for each page whose number is the same modulo N. */

#define MAX_BITS 65536

static bool writable[MODEL_MAX_ENDPOINTS][MAX_BITS];

static bool *bits_of(uint32_t domain)
{
	bool fresh;
	unsigned int place = bug_place_of(domain, &fresh);

	if (fresh)
		memset(writable[place], 0, sizeof(writable[place]));
	return writable[place];
}

static bool execute_with_bits(const struct model_request *r)
{
	uint64_t count, first;
	bool *bits;

	bug_free_places();
	if (r->head.type != REQUEST_MAP)
		return false;
	bits = bits_of(r->map.domain);
	first = r->map.virt_start / model_granule(&ref_iommu.model);
	count = min(bug_count_pages(r->map.virt_start, r->map.virt_end), mutant_number());
	for (uint64_t i = 0; i < count; i++)
		bits[(first + i) % mutant_number()] = r->map.flags & MAP_WRITE;
	return false;
}

static bool lookup_bit(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_mapping *mapping = bug_find_target(a);
	uint64_t granule = model_granule(&ref_iommu.model), page = bug_page_of(a->address);

	if (!mapping || a->kind != MAP_WRITE)
		return found;
	*extent = (struct model_extent){page, page + (granule - 1), 0, 0};
	extent->phys = mapping->phys + (page - mapping->start);
	if (bits_of(mapping->domain)[page / granule % mutant_number()])
		extent->flags = MAP_WRITE;
	*reason = FAULT_MAPPING;
	return extent->flags;
}

/* What was removed last from a domain is taken again for the same range, with its flags. */

static struct {
	bool valid;
	struct model_mapping node;
} spares[MODEL_MAX_ENDPOINTS];

static void map_spare(const struct model_request *r, unsigned int place)
{
	struct model_mapping *node = &spares[place].node;
	struct model_request changed = *r;

	if (spares[place].valid && node->start == r->map.virt_start && node->end == r->map.virt_end &&
	    node->phys == r->map.phys_start)
		changed.map.flags = node->flags;
	spares[place].valid = false;
	request_execute(&changed);
}

/* The mappings of the range are removed from the lowest on. */
static void keep_spare(const struct unmap_request *r, unsigned int place)
{
	const struct model *m = &ref_iommu.model;

	spares[place].valid = false;
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		if (!bug_is_covered(&m->mappings[i], r) ||
		    (spares[place].valid && spares[place].node.start > m->mappings[i].start))
			continue;
		spares[place].valid = true;
		spares[place].node = m->mappings[i];
	}
}

static bool execute_with_spares(const struct model_request *r)
{
	unsigned int place;
	bool fresh;

	bug_free_places();
	if (r->head.type != REQUEST_MAP && r->head.type != REQUEST_UNMAP)
		return false;
	place = bug_place_of(r->map.domain, &fresh);
	if (fresh)
		spares[place].valid = false;
	if (r->head.type == REQUEST_UNMAP)
		return keep_spare(&r->unmap, place), false;
	map_spare(r, place);
	return true;
}

static void decide_by_sum(const struct model_request *r, struct decision *d)
{
	uint8_t sum = 0;

	if (!model_rule_applies(&ref_iommu.model, RULE_ATTACH_RESERVED, r))
		return;
	for (unsigned int i = 0; i < sizeof(r->attach.reserved); i++)
		sum += r->attach.reserved[i];
	if (!sum)
		*d = bug_decide_without(RULE_ATTACH_RESERVED, r);
}

bool rights_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_PERMISSION_AT_ENDS_ONLY, {.access = bug_access_uncached, .lookup = lookup_by_ends},
		 {0}},
		{MUTANT_WRITE_BITMAP_MODULO,
		 {.request_execute = execute_with_bits, .access = bug_access_uncached, .lookup = lookup_bit},
		 {0}},
		{MUTANT_PERM_REUSE, {.request_execute = execute_with_spares}, {0}},
		{MUTANT_ATTACH_RESERVED_SUM, {.request_decided = decide_by_sum}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
