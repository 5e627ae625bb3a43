/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DMA can and cannot reach, seen from memory.
 *
 * Pages are watched at both ends: the first and last bytes of each hold canaries that differ from
 * address to address. A write is judged by which of all watched bytes changed, a read by whether
 * the device saw the bytes that stand at an address; what the device itself says about an access
 * counts for nothing in a negative check.
 */
#ifndef EFFECT_H
#define EFFECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "driver/trace.h"

struct endpoint;

/* Bytes watched at each end of a page. */
#define WATCH_EDGE 16

/*
 * @count watched pages of RAM (of iommu.page bytes, aligned to it), adjacent, for this test. What lies
 * between their ends is of no known value.
 * Accesses of a test go to within WATCH_EDGE of a page's ends.
 */
uint8_t *watched_pages(unsigned int count);

/* The page at this guest-physical address, watched from now on; NULL if it is no memory that is free. */
uint8_t *watched_page_at(uint64_t address);

/* Watch @count adjacent pages that the caller has allocated. */
void watch_pages(uint8_t *pages, unsigned int count);

/*
 * An I/O virtual address range of @count pages for this test, inside the input range and off
 * the reserved regions. Where possible it is the address of watched RAM, so that a device that
 * does not translate is caught.
 */
uint64_t iova_window(unsigned int count);

/* Watch no page any more. */
void unwatch_all(void);

/* A write of @size bytes to @iova, of which the first @expected may land at @target. */
struct effect write_effect(struct endpoint *ep, uint64_t iova, size_t size, void *target,
			   size_t expected);

/* A read of @size bytes at @iova; exact if the device saw the bytes at @source. */
struct effect read_effect(struct endpoint *ep, uint64_t iova, const void *source, size_t size);

/*
 * Whether the device holds the bytes at @source since its last read, though it could not report that
 * read. Its private page must be within reach now.
 */
bool has_read(struct endpoint *ep, const void *source, size_t size);

#endif
