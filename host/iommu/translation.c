// SPDX-License-Identifier: BSD-3-Clause
/*
 * What endpoints reach: the model, and the cache in front of it.
 */
#include "host/bugs/bugs.h"
#include "host/iommu/parts.h"
#include "host/iommu/iotlb.h"
#include "host/bugs/mutant.h"
#include "host/iommu/virtio_iommu.h"

static const struct model_extent identity = {0, UINT64_MAX, 0, MAP_RW};

static bool lookup(const struct access *a, struct model_extent *extent, uint8_t *reason)
{
	*reason = FAULT_UNKNOWN;
	if (bug_blocks(a))
		return false;
	if (!model_translate(&reference.model, a->endpoint, a->address, a->kind, extent, reason) &&
	    !bug_finds(a, extent))
		return false;
	return bug_extent(a, extent);
}

static bool resolve(const struct access *a, struct model_extent *extent, uint8_t *reason)
{
	*extent = identity;
	if (bug_passes(a) || bug_open_when_broken() || bug_region_passes(a) ||
	    iotlb_find(a->endpoint, a->address, a->kind, extent))
		return true;
	if (!lookup(a, extent, reason))
		return false;
	iotlb_add(a->endpoint, extent);
	return true;
}

bool virtio_iommu_translate(uint32_t endpoint, uint64_t address, bool write, uint64_t *phys,
			    uint64_t *length)
{
	struct access a = {endpoint, address, write ? MAP_WRITE : MAP_READ};
	struct model_extent extent;
	uint8_t reason;

	bug_access(&a);
	if (!resolve(&a, &extent, &reason)) {
		events_report(reason, endpoint, address, write);
		return false;
	}
	*phys = extent.phys + (a.address - extent.start);
	*length = extent.end - a.address;
	if (*length != UINT64_MAX)
		++*length;
	bug_result(&a, &extent, phys, length);
	bug_allowed(&a);
	return true;
}

static bool is_doorbell(uint32_t endpoint, uint64_t address)
{
	const struct model *m = &reference.model;

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
	uint64_t length;

	*phys = address;
	if (bug_message_passes(&a, phys))
		return true;
	if (bug_message_blocked(&a))
		return false;
	if (is_doorbell(endpoint, address) && !mutant(MUTANT_MSI_REGION_TRANSLATED))
		return true;
	if (!virtio_iommu_translate(a.endpoint, a.address, a.kind == MAP_WRITE, phys, &length))
		return false;
	bug_note_message(&a, *phys);
	return true;
}
