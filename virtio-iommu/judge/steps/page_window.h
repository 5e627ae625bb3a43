/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A window of pages in a domain: ranges are named by the numbers of their first and last page, both
 * inclusive.
 */
#ifndef STEPS_PAGE_WINDOW_H
#define STEPS_PAGE_WINDOW_H

#include <stdint.h>

#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "judge/verdict.h"

/* An attached endpoint; page n of the window is mapped, if at all, to page n of watched memory. */
struct page_window {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;
};

/* Attach endpoint(0) to a fresh domain, with an empty window of @pages. For use in REQUIRE(). */
bool make_page_window(struct source_line at, struct page_window *s, unsigned int pages);

/* Return the first and the last I/O virtual address of @page. */
uint64_t page_start(const struct page_window *s, unsigned int page);
uint64_t page_end(const struct page_window *s, unsigned int page);

/* MAP of pages to those of the same numbers in watched memory, and UNMAP. */
struct reply map_pages(const struct page_window *s, unsigned int first, unsigned int last);
struct reply unmap_pages(const struct page_window *s, unsigned int first, unsigned int last);

/* The first and the last byte arrive. */
#define EXPECT_MAPPED(s, first, last) expect_mapped(AT, &(s), first, last)
void expect_mapped(struct source_line at, const struct page_window *s, unsigned int first, unsigned int last);

/* No access passes, and there is room for a new mapping. N-MAP-1 is about the bytes next to a mapping. */
#define EXPECT_UNMAPPED(s, first, last) expect_unmapped(AT, &(s), first, last)
void expect_unmapped(struct source_line at, const struct page_window *s,
		     unsigned int first, unsigned int last);

#endif
