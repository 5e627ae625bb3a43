// SPDX-License-Identifier: BSD-3-Clause
/*
 * What endpoints reach: the model, and the cache in front of it.
 */
#include "host/iommu/hooks.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/virtio_iommu.h"

static bool resolve(const struct access *a, struct model_extent *extent, uint8_t *reason)
{
	bool found;

	if (iotlb_find(a->endpoint, a->address, a->kind, extent))
		return true;
	found = model_translate(&ref_iommu.model, a->endpoint, a->address, a->kind, extent, reason);
	found = iommu_hooks.lookup(a, found, extent, reason);
	if (found)
		iotlb_add(a->endpoint, extent);
	return found;
}

bool virtio_iommu_translate(uint32_t endpoint, uint64_t address, bool write, uint64_t *phys,
			    uint64_t *length)
{
	struct access a = {endpoint, address, write ? MAP_WRITE : MAP_READ};
	struct model_extent extent;
	uint8_t reason;

	if (!iommu_hooks.access(&a, &extent) && !resolve(&a, &extent, &reason)) {
		events_report(reason, endpoint, address, write);
		return false;
	}
	*phys = extent.phys + (a.address - extent.start);
	*length = extent.end - a.address;
	if (*length != UINT64_MAX)
		++*length;
	iommu_hooks.translated(&a, &extent, phys, length);
	return true;
}

static bool is_doorbell(uint32_t endpoint, uint64_t address)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++) {
		const struct model_region *r = &m->regions[i];

		if (r->endpoint == endpoint && r->subtype == RESV_MSI && address >= r->start &&
		    address <= r->end)
			return true;
	}
	return false;
}

bool virtio_iommu_message(uint32_t endpoint, uint64_t address, uint64_t *phys)
{
	struct access a = {endpoint, address, MAP_WRITE};
	enum access_fate fate;
	uint64_t length;

	*phys = address;
	fate = iommu_hooks.message(&a, phys);
	if (fate != ACCESS_GOES_ON)
		return fate == ACCESS_PASSES;
	return is_doorbell(endpoint, address) ||
	       virtio_iommu_translate(a.endpoint, a.address, a.kind == MAP_WRITE, phys, &length);
}
