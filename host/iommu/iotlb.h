/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device's cache of translations, as real ones have it: what it still holds after a change is
 * how isolation breaks.
 */
#ifndef IOTLB_H
#define IOTLB_H

#include <stdbool.h>
#include <stdint.h>

#include "standard/model.h"

#define IOTLB_ENTRIES 64

struct iotlb_entry {
	bool valid;
	uint32_t endpoint;
	struct model_extent extent;
};

extern struct iotlb_entry iotlb[IOTLB_ENTRIES];

/* Look up @address for an access of one kind. Returns true if a cached @extent holds and allows it. */
bool iotlb_find(uint32_t endpoint, uint64_t address, uint32_t access, struct model_extent *extent);

/* Cache an extent. A full cache loses its oldest entry. */
void iotlb_add(uint32_t endpoint, const struct model_extent *extent);

/* Forget everything, all of one endpoint, or what shares a byte with [start, end] of one endpoint. */
void iotlb_forget_all(void);
void iotlb_forget_endpoint(uint32_t endpoint);
void iotlb_forget_range(uint32_t endpoint, uint64_t start, uint64_t end);

#endif
