// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of how mappings are stored: they show with very many, or with the same memory twice.
 */
#include "host/bugs/iommu/parts.h"
#include "host/iommu/iotlb.h"

#define CROWD 1024

static void drop(struct model *m, unsigned int index)
{
	m->mappings[index] = m->mappings[--m->mapping_count];
	iotlb_forget_all();
}

static void drop_collisions(struct model *m, const struct map_request *r)
{
	uint64_t granule = model_granule(m);

	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain == r->domain &&
		    (m->mappings[i].start / granule - r->virt_start / granule) % CROWD == 0)
			drop(m, i);
}

static void drop_foreign(struct model *m, uint32_t domain)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain != domain)
			return drop(m, i);
}

bool bug_crowd(struct model *m, const struct map_request *r)
{
	if (mutant(MUTANT_MAP_REPLACES_COLLISION))
		drop_collisions(m, r);
	if (mutant(MUTANT_MAP_POOL_SILENT))
		return m->mapping_count >= mutant_number();
	if (m->mapping_count < CROWD)
		return false;
	if (mutant(MUTANT_MAP_TAKES_FROM_OTHERS))
		drop_foreign(m, r->domain);
	return mutant(MUTANT_MAP_LOST_FROM_1024);
}

static bool is_removed(const struct model_mapping *mapping, const struct unmap_request *r)
{
	return mapping->domain == r->domain && mapping->start >= r->virt_start &&
	       mapping->end <= r->virt_end;
}

static void drop_twins(struct model *m, uint32_t domain, uint64_t phys)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain != domain && m->mappings[i].phys == phys)
			drop(m, i);
}

void bug_unmap_by_memory(struct model *m, const struct unmap_request *r)
{
	if (!mutant(MUTANT_UNMAP_BY_MEMORY))
		return;
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (is_removed(&m->mappings[i], r))
			drop_twins(m, r->domain, m->mappings[i].phys);
}
