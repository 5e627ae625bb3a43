// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of accesses to the window of messages, a region of subtype MSI.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

static const struct model_region *find_window(uint32_t endpoint, uint64_t address)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++)
		if (m->regions[i].endpoint == endpoint && m->regions[i].subtype == RESV_MSI &&
		    m->regions[i].start <= address && m->regions[i].end >= address)
			return &m->regions[i];
	return NULL;
}

uint64_t bug_bytes_in_window(uint32_t endpoint, uint64_t address)
{
	const struct model_region *window = find_window(endpoint, address);

	return window ? window->end - address + 1 : 0;
}

/* The upper half of an address is not compared. */
static void find_image(struct access *a)
{
	if (find_window(a->endpoint, (uint32_t)a->address))
		a->address = (uint32_t)a->address;
}

static bool access_by_low_half(struct access *a, struct model_extent *extent)
{
	(void)extent;
	find_image(a);
	return false;
}

static enum access_fate message_by_low_half(struct access *a, uint64_t *phys)
{
	find_image(a);
	*phys = a->address;
	return find_window(a->endpoint, a->address) ? ACCESS_PASSES : ACCESS_GOES_ON;
}

/* Each page is looked at. */
static void translated_page(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			    uint64_t *length)
{
	uint64_t granule = model_granule(&ref_iommu.model);

	(void)extent, (void)phys;
	*length = min(*length, granule - a->address % granule);
}

/* Whatever the access is, and whoever is attached where. */
static bool access_window(struct access *a, struct model_extent *extent)
{
	const struct model_region *window = find_window(a->endpoint, a->address);

	if (window)
		*extent = (struct model_extent){window->start, window->end, window->start, MAP_RW};
	return window;
}

bool window_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_MSI_WINDOW_LOW32,
		 {.access = access_by_low_half, .translated = translated_page,
		  .message = message_by_low_half}, {0}},
		{MUTANT_MSI_REGION_READS, {.access = access_window}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
