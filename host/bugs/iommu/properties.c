// SPDX-License-Identifier: BSD-3-Clause
/* Bugs of the list of properties: the right one is taken apart, and written anew. */
#include <string.h>

#include "host/bugs/iommu/parts.h"

struct list {
	uint8_t *bytes;
	uint32_t at, size;
	uint64_t last_end;	/* of the region in front; 0 if there is none */
};

/* A property that does not fit is left out. */
static void append(struct list *list, const void *property, uint32_t length)
{
	if (list->at + length > list->size)
		return;
	memcpy(list->bytes + list->at, property, length);
	list->at += length;
}

static void append_region(struct list *list, struct property_resv_mem property)
{
	const uint64_t end = property.end;

	if (mutant(MUTANT_PROPERTY_LENGTH_WITH_HEAD))
		property.head.length = sizeof(property);
	if (mutant(MUTANT_PROPERTY_TYPE_RESERVED_BITS))
		property.head.type |= 1 << 12;
	if (mutant(MUTANT_PROPERTY_RESERVED))
		property.reserved[2] = 1;
	if (mutant(MUTANT_PROPERTY_OVERLAPS) && list->last_end)
		property.start = list->last_end;
	append(list, &property, sizeof(property));
	if (mutant(MUTANT_PROPERTY_TWICE))
		append(list, &property, sizeof(property));
	if (mutant(MUTANT_PROPERTY_GAP))
		list->at += 4;
	list->last_end = end;
}

static void append_other(struct list *list, uint8_t *property, struct property_head head)
{
	uint32_t length = sizeof(head) + head.length;

	if (mutant(MUTANT_UNKNOWN_PROPERTY_LENGTH))
		head.length += sizeof(head);
	memcpy(property, &head, sizeof(head));
	append(list, property, length);
}

static void rewrite(struct list *list, uint8_t *property, struct property_head head)
{
	struct property_resv_mem region;

	if (head.type != PROPERTY_RESV_MEM)
		return append_other(list, property, head);
	memcpy(&region, property, sizeof(region));
	append_region(list, region);
}

void bug_properties(uint8_t *bytes, uint32_t size)
{
	static uint8_t right[REPLY_MAX];
	struct list list = {.bytes = bytes, .size = size};
	struct property_head head;

	memcpy(right, bytes, size);
	memset(bytes, 0, size);
	for (uint32_t at = 0; at + sizeof(head) <= size; at += sizeof(head) + head.length) {
		memcpy(&head, right + at, sizeof(head));
		if (!head.type)
			break;
		rewrite(&list, right + at, head);
	}
	if (mutant(MUTANT_PROPERTY_END_MARK) && list.at == size)
		memset(bytes + size - sizeof(head), 0, sizeof(head));
	if (mutant(MUTANT_PROPERTY_REST_UNCLEAN))
		memset(bytes + list.at, 0xee, size - list.at);
}
