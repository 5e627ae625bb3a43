// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "standard/property.h"

bool next_property(const uint8_t *properties, uint32_t size, uint32_t *offset,
			  struct property_head *head, uint32_t *at)
{
	*at = *offset;
	if (*offset + sizeof(*head) > size)
		return false;
	memcpy(head, properties + *at, sizeof(*head));
	if (head->type == PROPERTY_NONE || head->length > size - *at - sizeof(*head))
		return false;
	*offset += sizeof(*head) + head->length;
	return true;
}

bool property_is_resv_mem(const struct property_head *head)
{
	return head->type == PROPERTY_RESV_MEM &&
	       sizeof(*head) + head->length >= sizeof(struct property_resv_mem);
}

bool next_resv_mem(const uint8_t *properties, uint32_t size, uint32_t *offset,
		   struct property_resv_mem *property)
{
	struct property_head head;
	uint32_t at;

	while (next_property(properties, size, offset, &head, &at)) {
		if (!property_is_resv_mem(&head))
			continue;
		memcpy(property, properties + at, sizeof(*property));
		return true;
	}
	return false;
}
