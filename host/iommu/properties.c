// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/iommu/parts.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"

static uint32_t write_region(const struct model_region *region, uint8_t *bytes)
{
	struct property_resv_mem property = {
		.head = {PROPERTY_RESV_MEM, sizeof(property) - sizeof(property.head)},
		.subtype = region->subtype,
		.start = region->start,
		.end = region->end,
	};
	uint32_t step = sizeof(property);

	if (mutant(MUTANT_PROPERTY_LENGTH_WITH_HEAD))
		property.head.length = sizeof(property);
	if (mutant(MUTANT_PROPERTY_TYPE_RESERVED_BITS))
		property.head.type |= 1 << 12;
	if (mutant(MUTANT_PROPERTY_GAP))
		step += 4;
	if (mutant(MUTANT_PROPERTY_RESERVED))
		property.reserved[2] = 1;
	memcpy(bytes, &property, sizeof(property));
	return step;
}

/* Returns the bytes it took; none if they do not fit. */
static uint32_t append(const struct model_region *region, uint8_t *bytes, uint32_t at,
		       uint32_t size)
{
	return at + sizeof(struct property_resv_mem) <= size ? write_region(region, bytes + at) : 0;
}

/* In front of each region one that no standard knows. */
static uint32_t append_unknown(uint8_t *bytes, uint32_t at, uint32_t size)
{
	const uint16_t value = 8;
	struct property_head head = {0xabc, value};

	if (!personality->unknown_properties || at + sizeof(head) + value > size)
		return 0;
	if (mutant(MUTANT_UNKNOWN_PROPERTY_LENGTH))
		head.length += sizeof(head);
	memcpy(bytes + at, &head, sizeof(head));
	memset(bytes + at + sizeof(head), 0xff, value);
	return sizeof(head) + value;
}

void properties_write(uint32_t endpoint, uint8_t *bytes, uint32_t size)
{
	const struct model *m = &reference.model;
	uint32_t at = 0;

	for (unsigned int i = 0; i < m->region_count; i++) {
		struct model_region region = m->regions[i];

		if (region.endpoint != endpoint)
			continue;
		if (mutant(MUTANT_PROPERTY_OVERLAPS) && at)
			region.start = m->regions[i - 1].end;
		at += append_unknown(bytes, at, size);
		at += append(&region, bytes, at, size);
		if (mutant(MUTANT_PROPERTY_TWICE))
			at += append(&region, bytes, at, size);
	}
	if (mutant(MUTANT_PROPERTY_END_MARK) && at == size)
		memset(bytes + at - sizeof(struct property_head), 0, sizeof(struct property_head));
	if (mutant(MUTANT_PROPERTY_REST_UNCLEAN))
		memset(bytes + at, 0xee, size - at);
}
