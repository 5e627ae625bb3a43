// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of where endpoints are, and of the ids under which their accesses come.
 */
#include <string.h>

#include "host/board/board.h"
#include "host/bugs/takeover/takeover.h"
#include "host/pci/bus.h"
#include "util.h"

/* At the first reset. */
static void find_once(struct vdev *dev)
{
	static struct model_endpoint endpoints[MODEL_MAX_ENDPOINTS];
	static struct model_region regions[MODEL_MAX_REGIONS];
	static bool found;
	struct model *m = &ref_iommu.model;

	right_ops->reset(dev);
	if (!found) {
		memcpy(endpoints, m->endpoints, sizeof(endpoints));
		memcpy(regions, m->regions, sizeof(regions));
	}
	found = true;
	memcpy(m->endpoints, endpoints, sizeof(endpoints));
	memcpy(m->regions, regions, sizeof(regions));
}

/* Returns true if the id is that of a PCI function. */
static bool find_bdf(uint32_t id, uint16_t *bdf)
{
	for (unsigned int i = 0; i < BOARD_RANGES; i++) {
		const struct board_range *range = &board_ranges[i];

		*bdf = range->bdf_first + (id - range->endpoint_first);
		if (id >= range->endpoint_first &&
		    id - range->endpoint_first <= (uint32_t)(range->bdf_last - range->bdf_first))
			return true;
	}
	return false;
}

/* How many bridges are in front of it. */
static unsigned int depth_of(uint32_t id)
{
	const struct function *f = NULL;
	unsigned int depth = 0;
	uint16_t bdf;

	if (find_bdf(id, &bdf))
		f = bus_find(bdf);
	for (; f && f->bus->bridge; f = f->bus->bridge)
		depth++;
	return depth;
}

/* Whatever port it is behind. */
static bool access_by_first_port(struct access *a, struct model_extent *extent)
{
	const struct model *m = &ref_iommu.model;

	(void)extent;
	if (!depth_of(a->endpoint))
		return false;
	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!depth_of(m->endpoints[i].id))
			continue;
		a->endpoint = (m->endpoints[i].id & ~0xffu) | (a->endpoint & 0xff);
		return false;
	}
	return false;
}

static bool access_from_below(struct access *a, struct model_extent *extent)
{
	*extent = (struct model_extent){0, UINT64_MAX, 0, MAP_RW};
	return depth_of(a->endpoint) > 1;
}

static bool access_by_low_id(struct access *a, struct model_extent *extent)
{
	(void)extent;
	a->endpoint &= 0xffff;
	return false;
}

static bool access_by_device(struct access *a, struct model_extent *extent)
{
	uint16_t bdf;

	(void)extent;
	if (find_bdf(a->endpoint, &bdf))
		a->endpoint &= ~7u;
	return false;
}

static bool access_of_high_function(struct access *a, struct model_extent *extent)
{
	uint16_t bdf;

	(void)extent;
	if (find_bdf(a->endpoint, &bdf) && (bdf & 7) > mutant_number())
		a->endpoint -= bdf & 7;
	return false;
}

/* Which of those that are no PCI functions it is, from 1 on; 0: a function. */
static unsigned int number_beside_pci(uint32_t id)
{
	const struct model *m = &ref_iommu.model;
	unsigned int number = 0;
	uint16_t bdf;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		number += !find_bdf(m->endpoints[i].id, &bdf);
		if (m->endpoints[i].id == id)
			return find_bdf(id, &bdf) ? 0 : number;
	}
	return 0;
}

/* From the Nth one on they come as the functions that have their numbers. */
static bool access_by_number(struct access *a, struct model_extent *extent)
{
	unsigned int number = number_beside_pci(a->endpoint);

	(void)extent;
	if (number >= mutant_number())
		a->endpoint = number;
	return false;
}

/* Functions 4 apart share what the IOMMU knows of them. */
static uint32_t shared_id(uint32_t id)
{
	uint16_t bdf;

	return find_bdf(id, &bdf) && model_endpoint(&ref_iommu.model, id) &&
	       model_endpoint(&ref_iommu.model, id & ~4u) ? id & ~4u : id;
}

static bool access_by_shared_id(struct access *a, struct model_extent *extent)
{
	(void)extent;
	a->endpoint = shared_id(a->endpoint);
	return false;
}

static bool read_shared_id(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	if (r->head.type == REQUEST_ATTACH)
		r->attach.endpoint = shared_id(r->attach.endpoint);
	else if (r->head.type == REQUEST_DETACH)
		r->detach.endpoint = shared_id(r->detach.endpoint);
	else if (r->head.type == REQUEST_PROBE)
		r->probe.endpoint = shared_id(r->probe.endpoint);
	return false;
}

bool place_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_ENDPOINTS_FOUND_ONCE, {0}, {.reset = find_once}},
		{MUTANT_SECOND_PORT_AS_FIRST, {.access = access_by_first_port}, {0}},
		{MUTANT_NESTED_BRIDGE_BYPASSES, {.access = access_from_below}, {0}},
		{MUTANT_FUNCTION_MASK_3,
		 {.request_read = read_shared_id, .access = access_by_shared_id}, {0}},
		{MUTANT_HIGH_FUNCTIONS, {.access = access_of_high_function}, {0}},
		{MUTANT_PLATFORM_NUMBERS, {.access = access_by_number}, {0}},
		{MUTANT_FUNCTION_BITS, {.access = access_by_device}, {0}},
		{MUTANT_SECOND_ROOT_LOW_16, {.access = access_by_low_id}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
