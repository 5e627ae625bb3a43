// SPDX-License-Identifier: BSD-3-Clause
#include "host/iommu/iotlb.h"
#include "host/bugs/mutant.h"

#define ENTRIES 64

static struct {
	bool valid;
	uint32_t endpoint;
	struct model_extent extent;
} entries[ENTRIES];
static unsigned int next;

static bool is_of(unsigned int i, uint32_t endpoint)
{
	return entries[i].endpoint == endpoint || mutant(MUTANT_CACHE_IGNORES_ENDPOINT);
}

static bool allows(const struct model_extent *extent, uint32_t access)
{
	return (extent->flags & access) || mutant(MUTANT_CACHE_IGNORES_PERMISSION);
}

bool iotlb_find(uint32_t endpoint, uint64_t address, uint32_t access, struct model_extent *extent)
{
	for (unsigned int i = 0; i < ENTRIES; i++) {
		*extent = entries[i].extent;
		if (entries[i].valid && is_of(i, endpoint) && address >= extent->start &&
		    address <= extent->end && allows(extent, access))
			return true;
	}
	return false;
}

void iotlb_add(uint32_t endpoint, const struct model_extent *extent)
{
	entries[next].valid = true;
	entries[next].endpoint = endpoint;
	entries[next].extent = *extent;
	next = (next + 1) % ENTRIES;
}

void iotlb_forget_all(void)
{
	for (unsigned int i = 0; i < ENTRIES; i++)
		entries[i].valid = false;
}

void iotlb_forget_endpoint(uint32_t endpoint)
{
	iotlb_forget_range(endpoint, 0, UINT64_MAX);
}

/* How many are forgotten at a time. UNMAP names no range that has no end. */
static unsigned int most(uint64_t end)
{
	if (mutant(end == UINT64_MAX ? MUTANT_ATTACH_FORGETS_8 : MUTANT_UNMAP_FORGETS_8))
		return 8;
	return ENTRIES;
}

void iotlb_forget_range(uint32_t endpoint, uint64_t start, uint64_t end)
{
	unsigned int left = most(end);

	for (unsigned int i = 0; i < ENTRIES && left; i++) {
		if (!entries[i].valid || entries[i].endpoint != endpoint ||
		    entries[i].extent.start > end || entries[i].extent.end < start)
			continue;
		entries[i].valid = false;
		left--;
	}
}
