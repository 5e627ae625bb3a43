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

/* The extent that holds @address and allows @access, if it is cached. */
bool iotlb_find(uint32_t endpoint, uint64_t address, uint32_t access, struct model_extent *extent);

/* Replaces the oldest entry when it is full. */
void iotlb_add(uint32_t endpoint, const struct model_extent *extent);

void iotlb_forget_all(void);
void iotlb_forget_endpoint(uint32_t endpoint);

/* Of one endpoint, what shares a byte with [start, end]. */
void iotlb_forget_range(uint32_t endpoint, uint64_t start, uint64_t end);

#endif
