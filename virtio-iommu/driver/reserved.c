// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "console.h"

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/reserved.h"
#include "standard/property.h"

#define MAX_REGIONS 64

static struct reserved_region regions[MAX_REGIONS];
static unsigned int region_count;

static void add_region(uint32_t id, const struct property_resv_mem *property)
{
	if (region_count == MAX_REGIONS)
		return;
	regions[region_count++] = (struct reserved_region){
		.endpoint = id, .subtype = property->subtype,
		.start = property->start, .end = property->end,
	};
	printf("# reserved: endpoint %#x %#lx-%#lx subtype %u\n", id, property->start, property->end,
	       property->subtype);
}

static void print_others(uint32_t id, const uint8_t *properties)
{
	struct property_head head;
	uint32_t offset = 0, at;

	while (next_property(properties, iommu.config.probe_size, &offset, &head, &at))
		if (!property_is_resv_mem(&head))
			printf("# property: endpoint %#x type %#x, %u bytes\n", id, head.type,
			       head.length);
}

static void probe_endpoint(uint32_t id)
{
	struct property_resv_mem property;
	struct reply reply = probe(id);
	uint32_t offset = 0;

	if (!is_ok(&reply)) {
		printf("# probe: endpoint %#x PROBE is refused: %s\n", id,
		       reply.delivered ? status_name(reply.status) : "no status");
		return;
	}
	print_others(id, reply.bytes);
	while (next_resv_mem(reply.bytes, iommu.config.probe_size, &offset, &property))
		add_region(id, &property);
}

void reserved_init(void)
{
	region_count = 0;
	if (!(iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE)))
		return;
	for (unsigned int i = 0; i < endpoint_count(); i++)
		if (does_dma(endpoint(i)) || endpoint(i)->attachable)
			probe_endpoint(endpoint(i)->id);
}

const struct reserved_region *reserved_region(unsigned int index)
{
	return index < region_count ? &regions[index] : NULL;
}

bool reserved_overlaps(uint64_t start, uint64_t end)
{
	for (unsigned int i = 0; i < region_count; i++)
		if (regions[i].start <= end && regions[i].end >= start)
			return true;
	return false;
}
