/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MAP and UNMAP in the shapes that tests need.
 */
#ifndef STEPS_MAPPING_H
#define STEPS_MAPPING_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/endpoint.h"
#include "driver/iommu.h"

/*
 * MAP of @size bytes at @iova to @memory, and UNMAP. If the device has no room for the mapping, the rest of
 * the test is skipped.
 */
struct reply map_range(uint32_t domain, uint64_t iova, uint64_t size, const void *memory, uint32_t flags);
struct reply unmap_range(uint32_t domain, uint64_t iova, uint64_t size);

/* Like map_range() and unmap_range(), for one page, of iommu.page bytes. */
struct reply map_page(uint32_t domain, uint64_t iova, const void *memory, uint32_t flags);
struct reply unmap_page(uint32_t domain, uint64_t iova);

/* MAP of the private page of @ep, which holds its rings, at ep->page_iova. */
struct reply map_private_page(uint32_t domain, const struct endpoint *ep);

/* Map and unmap @size bytes at once. Return true if both are OK. No verdict. */
bool can_map(uint32_t domain, uint64_t iova, uint64_t size, const void *target);

/*
 * Send MAP requests, or UNMAP requests, as many in flight at a time as the queue takes, in whatever order the
 * device does them. Return the status of the first that is not OK; 0xff if one does not come back.
 */
uint8_t map_batch(const struct map_request *requests, unsigned int count);
uint8_t unmap_batch(const struct unmap_request *requests, unsigned int count);

#endif
