// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of an access as a whole: how long it is, and where it ends.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

static uint64_t input_end(void)
{
	const struct model *m = &ref_iommu.model;

	return m->offered >> VIRTIO_IOMMU_F_INPUT_RANGE & 1 ? m->config.input_end : UINT64_MAX;
}

static bool lookup_below_end(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	(void)extent;
	if (!bug_find_translated(a->endpoint))
		return found;
	*reason = FAULT_MAPPING;
	return found && bug_whole_access.address + (bug_whole_access.size - 1) < input_end();
}

/* Whatever comes behind the first byte. */
static void translated_first_byte(const struct access *a, const struct model_extent *extent, uint64_t *phys,
				  uint64_t *length)
{
	(void)extent, (void)phys;
	if (bug_find_translated(a->endpoint) && bug_whole_access.size < mutant_number())
		*length = UINT64_MAX;
}

/* Whatever comes behind the Nth page. */
static void translated_first_pages(const struct access *a, const struct model_extent *extent, uint64_t *phys,
				   uint64_t *length)
{
	uint64_t granule = model_granule(&ref_iommu.model);
	uint64_t pages = a->address / granule - bug_whole_access.address / granule + 1;

	(void)extent, (void)phys;
	if (!bug_find_translated(a->endpoint))
		return;
	*length = pages < mutant_number() ? min(*length, granule - a->address % granule) : UINT64_MAX;
}

/* The endpoint's region from whose front the access comes, and what is behind the front follows it. */
static void translated_into_region(const struct access *a, const struct model_extent *extent, uint64_t *phys,
				   uint64_t *length)
{
	const struct model *m = &ref_iommu.model;

	(void)extent, (void)phys;
	for (unsigned int i = 0; i < m->region_count && bug_find_translated(a->endpoint); i++)
		if (m->regions[i].endpoint == a->endpoint && a->address < m->regions[i].start &&
		    bug_whole_access.address + (bug_whole_access.size - 1) >= m->regions[i].start &&
		    extent->end + 1 == m->regions[i].start)
			*length = UINT64_MAX;
}

/* What is longer than N pages is one access if both of its ends may be reached, and lie as far apart. */
static void translated_ends(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			    uint64_t *length)
{
	uint64_t granule = model_granule(&ref_iommu.model), size = bug_whole_access.size;
	uint64_t last = bug_whole_access.address + (size - 1);
	struct model_extent end;
	uint8_t reason;

	(void)extent;
	if (!bug_find_translated(a->endpoint) || a->address != bug_whole_access.address ||
	    last / granule - a->address / granule < mutant_number())
		return;
	if (model_translate(&ref_iommu.model, a->endpoint, last, a->kind, &end, &reason) &&
	    end.phys + (last - end.start) - *phys == size - 1)
		*length = UINT64_MAX;
}

bool span_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_INPUT_END_CLIPPED, {.access = bug_access_uncached, .lookup = lookup_below_end}, {0}},
		{MUTANT_SMALL_DMA_FIRST_BYTE, {.translated = translated_first_byte}, {0}},
		{MUTANT_RESV_START_ONLY, {.translated = translated_into_region}, {0}},
		{MUTANT_LONG_ACCESS_CHECKS_ENDS, {.translated = translated_ends}, {0}},
		{MUTANT_LONG_DMA_TAIL_UNCHECKED, {.translated = translated_first_pages}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
