/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The properties of an endpoint in the reply to PROBE, as bytes (virtio 1.4, 5.13.6.7.1 and 5.13.6.8).
 */
#ifndef STANDARD_PROPERTY_H
#define STANDARD_PROPERTY_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/request.h"

/*
 * Step to the next property in the @size bytes of @properties, by the length that each states. *@offset
 * starts at 0 and is moved past the property; *@at gets where it begins, *@head its head. Return false at
 * the end of the list, or if it cannot be followed.
 */
bool next_property(const uint8_t *properties, uint32_t size, uint32_t *offset,
		   struct property_head *head, uint32_t *at);

/* Return true if the property is a RESV_MEM and long enough for one. */
bool property_is_resv_mem(const struct property_head *head);

/* Like next_property(), but step to the next RESV_MEM and copy it to *@property. */
bool next_resv_mem(const uint8_t *properties, uint32_t size, uint32_t *offset,
		   struct property_resv_mem *property);

#endif
