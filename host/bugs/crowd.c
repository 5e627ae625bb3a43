// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of how mappings are stored: they show with very many, or with the same memory twice.
 */
#include "host/bugs/bugs.h"
#include "host/iommu/iotlb.h"
#include "host/bugs/mutant.h"

#define CROWD 1024

static struct model *const m = &reference.model;

static void drop(unsigned int index)
{
	m->mappings[index] = m->mappings[--m->mapping_count];
	iotlb_forget_all();
}

static void drop_collisions(const struct map_request *r)
{
	uint64_t granule = model_granule(m);

	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain == r->domain &&
		    (m->mappings[i].start / granule - r->virt_start / granule) % CROWD == 0)
			drop(i);
}

static void drop_foreign(uint32_t domain)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain != domain)
			return drop(i);
}

bool bug_crowd(const struct map_request *r)
{
	if (mutant(MUTANT_MAP_REPLACES_COLLISION))
		drop_collisions(r);
	if (m->mapping_count < CROWD)
		return false;
	if (mutant(MUTANT_MAP_TAKES_FROM_OTHERS))
		drop_foreign(r->domain);
	return mutant(MUTANT_MAP_LOST_FROM_1024);
}

static bool is_removed(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->domain == r->domain && mapping->start >= r->virt_start &&
	       mapping->end <= r->virt_end;
}

static void drop_twins(const struct model_mapping *of)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain != of->domain && m->mappings[i].phys == of->phys)
			drop(i);
}

void bug_unmap_by_memory(const struct unmap_request *r)
{
	if (!mutant(MUTANT_UNMAP_BY_MEMORY))
		return;
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (is_removed(&m->mappings[i], r))
			drop_twins(&(struct model_mapping){.domain = r->domain, .phys = m->mappings[i].phys});
}
