// SPDX-License-Identifier: BSD-3-Clause
#include "host/iommu/iotlb.h"

struct iotlb_entry iotlb[IOTLB_ENTRIES];
static unsigned int next;

bool iotlb_find(uint32_t endpoint, uint64_t address, uint32_t access, struct model_extent *extent)
{
	for (unsigned int i = 0; i < IOTLB_ENTRIES; i++) {
		*extent = iotlb[i].extent;
		if (iotlb[i].valid && iotlb[i].endpoint == endpoint && address >= extent->start &&
		    address <= extent->end && (extent->flags & access))
			return true;
	}
	return false;
}

void iotlb_add(uint32_t endpoint, const struct model_extent *extent)
{
	iotlb[next] = (struct iotlb_entry){true, endpoint, *extent};
	next = (next + 1) % IOTLB_ENTRIES;
}

void iotlb_forget_all(void)
{
	for (unsigned int i = 0; i < IOTLB_ENTRIES; i++)
		iotlb[i].valid = false;
}

void iotlb_forget_endpoint(uint32_t endpoint)
{
	iotlb_forget_range(endpoint, 0, UINT64_MAX);
}

void iotlb_forget_range(uint32_t endpoint, uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < IOTLB_ENTRIES; i++)
		if (iotlb[i].endpoint == endpoint && iotlb[i].extent.start <= end &&
		    iotlb[i].extent.end >= start)
			iotlb[i].valid = false;
}
