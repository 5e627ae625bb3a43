// SPDX-License-Identifier: BSD-3-Clause
/*
 * What endpoints reach: the model, and the cache in front of it.
 */
#include "iommu_parts.h"
#include "iotlb.h"
#include "mutant.h"
#include "virtio_iommu.h"

static const struct model_extent identity = {0, UINT64_MAX, 0, MAP_RW};

struct request_of_endpoint {
	uint32_t endpoint;
	uint64_t address;
	uint32_t access;
};

/* Mutants that let everything pass, and when. */
static bool passes_wrongly(uint32_t endpoint)
{
	const struct model *m = &reference.model;
	const struct model_endpoint *ep = model_endpoint(m, endpoint);
	bool attached = ep && ep->attached;

	if (mutant(MUTANT_UNATTACHED_BYPASSES))
		return !attached;
	if (mutant(MUTANT_CONFIG_BYPASS_BEATS_DOMAIN))
		return m->config.bypass;
	if (mutant(MUTANT_EMPTY_DOMAIN_BYPASSES))
		return attached && !m->mapping_count;
	return false;
}

/* Mutants that block what is to pass. */
static bool blocked_wrongly(uint32_t endpoint)
{
	const struct model *m = &reference.model;
	const struct model_endpoint *ep = model_endpoint(m, endpoint);
	bool attached = ep && ep->attached;

	if (mutant(MUTANT_BYPASS_DOMAIN_NEEDS_CONFIG))
		return attached && ep->bypass && !m->config.bypass;
	if (mutant(MUTANT_BYPASS_NEEDS_FEATURE))
		return !attached && !vdev_has(&reference.vdev, VIRTIO_IOMMU_F_BYPASS_CONFIG);
	if (mutant(MUTANT_BYPASS_NEEDS_DRIVER))
		return !attached && !(reference.vdev.status & VIRTIO_DRIVER_OK);
	return false;
}

/* Mutants of the limits of a mapping. */
static bool beyond_limits(const struct request_of_endpoint *r, struct model_extent *extent)
{
	uint8_t ignored;

	if (mutant(MUTANT_BYTE_BEFORE_MAPPING_PASSES) &&
	    model_translate(&reference.model, r->endpoint, r->address + 1, r->access, extent, &ignored)) {
		extent->start--;
		extent->phys--;
		return true;
	}
	if (mutant(MUTANT_BYTE_BEHIND_MAPPING_PASSES) &&
	    model_translate(&reference.model, r->endpoint, r->address - 1, r->access, extent, &ignored)) {
		extent->end++;
		return true;
	}
	return false;
}

/* Mutants that take another mapping than the endpoint's. */
static bool finds_foreign(const struct request_of_endpoint *r, struct model_extent *extent)
{
	const struct model *m = &reference.model;
	uint8_t ignored;

	if (!mutant(MUTANT_DOMAINS_SHARE_MAPPINGS))
		return false;
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached &&
		    model_translate(m, m->endpoints[i].id, r->address, r->access, extent, &ignored))
			return true;
	return false;
}

static bool lookup(const struct request_of_endpoint *r, struct model_extent *extent, uint8_t *reason)
{
	const struct model *m = &reference.model;

	*reason = FAULT_UNKNOWN;
	if (blocked_wrongly(r->endpoint))
		return false;
	if (model_translate(m, r->endpoint, r->address, r->access, extent, reason))
		return true;
	if (mutant(MUTANT_WRITE_NOT_CHECKED) && (r->access & MAP_WRITE) &&
	    model_translate(m, r->endpoint, r->address, MAP_READ, extent, reason)) {
		extent->flags = MAP_RW;
		return true;
	}
	return beyond_limits(r, extent) || finds_foreign(r, extent);
}

/* Mutants of the arithmetic. */
static void miscalculate(uint64_t address, const struct model_extent *extent, uint64_t *phys,
			 uint64_t *length)
{
	uint64_t size = extent->end - extent->start + 1;

	if (mutant(MUTANT_OFFSET_WITHIN_PAGE_ONLY) && size)
		*phys = extent->phys + (address - extent->start) % 4096;
	if (mutant(MUTANT_ACCESS_RUNS_OVER_END))
		*length = UINT64_MAX;
	if (mutant(MUTANT_LAST_BYTE_MISPLACED) && address == extent->end)
		*phys = extent->phys;
}

bool virtio_iommu_translate(uint32_t endpoint, uint64_t address, bool write, uint64_t *phys,
			    uint64_t *length)
{
	struct request_of_endpoint r = {
		.endpoint = MUTATE(DMA_IDS_8_BITS, endpoint & ~0xff00u, endpoint),
		.address = MUTATE(DMA_ADDRESS_32_BITS, (uint32_t)address, address),
		.access = write ? MAP_WRITE : MAP_READ,
	};
	struct model_extent extent = identity;
	uint8_t reason;

	if (!passes_wrongly(r.endpoint) && !iotlb_find(r.endpoint, r.address, r.access, &extent)) {
		if (!lookup(&r, &extent, &reason)) {
			events_report(reason, endpoint, address, write);
			return false;
		}
		iotlb_add(r.endpoint, &extent);
	}
	*phys = extent.phys + (r.address - extent.start);
	*length = extent.end - r.address;
	if (*length != UINT64_MAX)
		++*length;
	miscalculate(r.address, &extent, phys, length);
	return true;
}
