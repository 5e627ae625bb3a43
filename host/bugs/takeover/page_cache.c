// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/takeover/page_cache.h"

struct cached_page page_cache[PAGE_CACHE_SIZE];
unsigned int page_cache_used;

static uint64_t last_age;

uint64_t bug_page_of(uint64_t address)
{
	return address & -model_granule(&ref_iommu.model);
}

uint64_t bug_page_end(const struct cached_page *page)
{
	return page->address + (model_granule(&ref_iommu.model) - 1);
}

/* A free place, else that of the oldest. */
static struct cached_page *find_place(void)
{
	struct cached_page *oldest = page_cache;

	for (unsigned int i = 0; i < page_cache_used; i++) {
		if (!page_cache[i].valid)
			return &page_cache[i];
		if (page_cache[i].age < oldest->age)
			oldest = &page_cache[i];
	}
	return page_cache_used < PAGE_CACHE_SIZE ? &page_cache[page_cache_used++] : oldest;
}

struct cached_page *page_cache_fill(const struct access *a, const struct model_extent *from, uint64_t phys)
{
	struct cached_page *page = find_place();
	uint64_t address = bug_page_of(a->address);

	*page = (struct cached_page){
		.valid = true, .endpoint = a->endpoint, .address = address,
		.phys = phys - (a->address - address), .flags = from->flags, .kind = a->kind,
		.from = *from, .age = ++last_age,
	};
	return page;
}

void page_cache_forget_all(void)
{
	page_cache_used = 0;
}

void page_cache_forget_endpoint(uint32_t endpoint)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].endpoint == endpoint)
			page_cache[i].valid = false;
}
