// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of a cache by page whose entries are tagged with their session, beside the endpoint and its domain:
 * a session number of N bits comes again.
 */
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/page_cache.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

static uint32_t session;

static bool is_of_domain(const struct cached_page *page, uint32_t domain)
{
	return page->valid && page->stamp == session && page->domain == domain;
}

static struct cached_page *find_page(const struct model_endpoint *ep, uint64_t address)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (is_of_domain(&page_cache[i], ep->domain) && page_cache[i].endpoint == ep->id &&
		    page_cache[i].address == bug_page_of(address))
			return &page_cache[i];
	return NULL;
}

static bool access(struct access *a, struct model_extent *extent)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	const struct cached_page *page = ep ? find_page(ep, a->address) : NULL;

	if (!page || !(page->flags & a->kind))
		return false;
	*extent = (struct model_extent){page->address, bug_page_end(page), page->phys, page->flags};
	return true;
}

/* The next page is another translation. */
static void translated(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	struct cached_page *page;

	if (!ep)
		return;
	*length = min(*length, model_granule(&ref_iommu.model) - (a->address - bug_page_of(a->address)));
	page = find_page(ep, a->address);
	if (page)
		page->valid = false;
	page = page_cache_fill(a, extent, *phys);
	page->stamp = session;
	page->domain = ep->domain;
}

/* Of all requests only UNMAP touches the cache. */
static bool execute(const struct model_request *r)
{
	for (unsigned int i = 0; i < page_cache_used && r->head.type == REQUEST_UNMAP; i++)
		if (is_of_domain(&page_cache[i], r->unmap.domain) &&
		    page_cache[i].address <= r->unmap.virt_end &&
		    bug_page_end(&page_cache[i]) >= r->unmap.virt_start)
			page_cache[i].valid = false;
	return false;
}

static void reset(struct vdev *dev)
{
	session = (session + 1) & ((1u << mutant_number()) - 1);
	right_ops->reset(dev);
}

bool sessions_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_SESSION_GEN_BITS,
		 {.request_execute = execute, .access = access, .translated = translated}, {.reset = reset}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
