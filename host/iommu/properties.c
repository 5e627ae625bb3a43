// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/iommu/parts.h"
#include "host/machine/personality.h"

/* Returns the bytes it took; none if they do not fit. */
static uint32_t append(const struct model_region *region, uint8_t *bytes, uint32_t at, uint32_t size)
{
	struct property_resv_mem property = {
		.head = {PROPERTY_RESV_MEM, sizeof(property) - sizeof(property.head)},
		.subtype = region->subtype,
		.start = region->start,
		.end = region->end,
	};

	if (at + sizeof(property) > size)
		return 0;
	memcpy(bytes + at, &property, sizeof(property));
	return sizeof(property);
}

/* In front of each region one that no standard knows. */
static uint32_t append_unknown(uint8_t *bytes, uint32_t at, uint32_t size)
{
	const uint16_t value = 8;
	struct property_head head = {0xabc, value};

	if (!personality->unknown_properties || at + sizeof(head) + value > size)
		return 0;
	memcpy(bytes + at, &head, sizeof(head));
	memset(bytes + at + sizeof(head), 0xff, value);
	return sizeof(head) + value;
}

void properties_write(uint32_t endpoint, uint8_t *bytes, uint32_t size)
{
	const struct model *m = &ref_iommu.model;
	uint32_t at = 0;

	for (unsigned int i = 0; i < m->region_count; i++) {
		if (m->regions[i].endpoint != endpoint)
			continue;
		at += append_unknown(bytes, at, size);
		at += append(&m->regions[i], bytes, at, size);
	}
}
