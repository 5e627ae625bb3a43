// SPDX-License-Identifier: BSD-3-Clause
/* Bugs of the cache of translations: what stays in it, and who is let in. */
#include "host/bugs/iommu/parts.h"
#include "host/iommu/iotlb.h"

static bool drops_nothing(const struct model *m, const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		return mutant(MUTANT_ATTACH_KEEPS_CACHE);
	case REQUEST_DETACH:
		return mutant(MUTANT_DETACH_KEEPS_CACHE);
	case REQUEST_UNMAP:
		return mutant(MUTANT_UNMAP_KEEPS_CACHE) ||
		       (mutant(MUTANT_UNMAP_RESERVED_KEEPS_CACHE) &&
			model_rule_applies(m, RULE_UNMAP_RESERVED, r));
	}
	return false;
}

static bool drops_too_little(const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
	case REQUEST_DETACH:
		return mutant(MUTANT_ATTACH_FORGETS_8);
	case REQUEST_UNMAP:
		return mutant(MUTANT_UNMAP_FORGETS_8) ||
		       mutant(MUTANT_UNMAP_FORGETS_FIRST_MAPPING_ONLY) ||
		       mutant(MUTANT_UNMAP_FORGETS_FOR_FIRST_MEMBER_ONLY);
	}
	return false;
}

static void drop(uint32_t endpoint, uint64_t start, uint64_t end, unsigned int most)
{
	for (unsigned int i = 0; i < IOTLB_ENTRIES && most; i++) {
		if (!iotlb[i].valid || iotlb[i].endpoint != endpoint || iotlb[i].extent.start > end ||
		    iotlb[i].extent.end < start)
			continue;
		iotlb[i].valid = false;
		most--;
	}
}

static void drop_unmapped(const struct model *m, const struct unmap_request *r)
{
	uint64_t end = MUTATE(UNMAP_FORGETS_FIRST_MAPPING_ONLY, r->virt_start, r->virt_end);

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!m->endpoints[i].attached || m->endpoints[i].domain != r->domain)
			continue;
		drop(m->endpoints[i].id, r->virt_start, end, MUTATE(UNMAP_FORGETS_8, 8, IOTLB_ENTRIES));
		if (mutant(MUTANT_UNMAP_FORGETS_FOR_FIRST_MEMBER_ONLY))
			return;
	}
}

bool bug_keeps_cached(struct model *m, const struct model_request *r)
{
	bool keeps_all = drops_nothing(m, r);

	if (!keeps_all && !drops_too_little(r))
		return false;
	model_apply(m, r);
	if (keeps_all)
		return true;
	if (r->head.type == REQUEST_UNMAP)
		drop_unmapped(m, &r->unmap);
	else
		drop(r->attach.endpoint, 0, UINT64_MAX, 8);
	return true;
}

/* Ids that differ in the bus alone, on this board. */
static bool is_like(uint32_t one, uint32_t other)
{
	return one == other || (mutant(MUTANT_TLB_KEY_DEVFN) && !((one ^ other) & 0xff));
}

bool bug_finds_cached(const struct access *a, struct model_extent *extent)
{
	bool any_endpoint = mutant(MUTANT_CACHE_IGNORES_ENDPOINT);
	bool any_access = mutant(MUTANT_CACHE_IGNORES_PERMISSION), any_bus = mutant(MUTANT_TLB_KEY_DEVFN);

	for (unsigned int i = 0; i < IOTLB_ENTRIES && (any_endpoint || any_access || any_bus); i++) {
		if (!iotlb[i].valid || !(is_like(iotlb[i].endpoint, a->endpoint) || any_endpoint) ||
		    a->address < iotlb[i].extent.start || a->address > iotlb[i].extent.end ||
		    !((iotlb[i].extent.flags & a->kind) || any_access))
			continue;
		*extent = iotlb[i].extent;
		return true;
	}
	return false;
}
