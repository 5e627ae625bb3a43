/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A cache of translations by page, in front of the right device, for bugs of what it holds and when it lets
 * go. It is filled by each page that an access has reached; by itself nothing leaves it but the oldest page.
 */
#ifndef PAGE_CACHE_H
#define PAGE_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "host/iommu/hooks.h"

#define PAGE_CACHE_SIZE 4096

struct cached_page {
	bool valid;
	uint32_t endpoint;
	uint64_t address, phys;		/* of the first byte */
	uint32_t flags;			/* accesses that are allowed */
	uint32_t kind;			/* of the access that filled it */
	struct model_extent from;	/* what it is a part of */
	uint64_t age;			/* the later it was filled, the higher */

	/* For the owner, all 0 when it is filled. */
	bool attached, mmio, marked, second;
	uint32_t domain, stamp;
};

/* The first page_cache_used of them may be valid. */
extern struct cached_page page_cache[PAGE_CACHE_SIZE];
extern unsigned int page_cache_used;

/* Return the address of the page that holds @address. */
uint64_t bug_page_of(uint64_t address);

/* Return the last byte of a page. */
uint64_t bug_page_end(const struct cached_page *page);

/* Fill in what @a has reached, at @phys, as a part of @from. Returns the page, for the owner's fields. */
struct cached_page *page_cache_fill(const struct access *a, const struct model_extent *from, uint64_t phys);

/* Forget everything, or all of an endpoint. */
void page_cache_forget_all(void);
void page_cache_forget_endpoint(uint32_t endpoint);

#endif
