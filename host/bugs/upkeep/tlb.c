// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of caches by page whose size and tags count: one for each endpoint, or one for the device in which
 * the domains have numbers.
 */
#include "host/bugs/takeover/page_cache.h"
#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

#define TLB_MAX	   4096
#define ASID_PAGES 2048

struct tlb_page {
	bool valid;
	uint32_t asid;
	uint64_t page, phys;	/* of the first byte */
	uint32_t flags;
};

static struct tlb {
	struct tlb_page pages[TLB_MAX];
	unsigned int used, next;
} tlbs[MODEL_MAX_ENDPOINTS];

/* The number of each endpoint's domain, and how many domains there were since the last reset. */
static uint32_t asids[MODEL_MAX_ENDPOINTS];
static uint64_t created;

static unsigned int index_of(const struct model_endpoint *ep)
{
	return ep - ref_iommu.model.endpoints;
}

static struct tlb *tlb_of(const struct model_endpoint *ep)
{
	return &tlbs[mutant(MUTANT_ASID_WRAP) ? 0 : index_of(ep)];
}

static struct tlb_page *find_page(struct tlb *tlb, uint32_t asid, uint64_t page)
{
	for (unsigned int i = 0; i < tlb->used; i++)
		if (tlb->pages[i].valid && tlb->pages[i].asid == asid && tlb->pages[i].page == page)
			return &tlb->pages[i];
	return NULL;
}

/* A free one, else that of the page that was filled first. */
static struct tlb_page *find_room(struct tlb *tlb)
{
	unsigned int size = MUTATE(ASID_WRAP, ASID_PAGES, TLB_MAX);

	for (unsigned int i = 0; i < tlb->used; i++)
		if (!tlb->pages[i].valid)
			return &tlb->pages[i];
	if (tlb->used < size)
		return &tlb->pages[tlb->used++];
	return &tlb->pages[tlb->next++ % size];
}

static bool access(struct access *a, struct model_extent *extent)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	const struct tlb_page *page = NULL;

	if (ep)
		page = find_page(tlb_of(ep), asids[index_of(ep)], bug_page_of(a->address));
	if (!page || !(page->flags & a->kind))
		return false;
	*extent = (struct model_extent){page->page, page->page + (model_granule(&ref_iommu.model) - 1),
					page->phys, page->flags};
	return true;
}

/* The next page is another translation. */
static void translated(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	uint64_t start = bug_page_of(a->address), offset = a->address - start;
	struct tlb_page *page;

	if (!ep)
		return;
	*length = min(*length, model_granule(&ref_iommu.model) - offset);
	page = find_page(tlb_of(ep), asids[index_of(ep)], start);
	if (!page)
		page = find_room(tlb_of(ep));
	*page = (struct tlb_page){true, asids[index_of(ep)], start, *phys - offset, extent->flags};
}

static void flush(struct tlb *tlb)
{
	tlb->used = tlb->next = 0;
}

static void reset(struct vdev *dev)
{
	for (unsigned int i = 0; i < MODEL_MAX_ENDPOINTS; i++)
		flush(&tlbs[i]);
	created = 0;
	right_ops->reset(dev);
}

/* What UNMAP is about to remove. */

static bool is_removed(uint64_t page, const struct unmap_request *r)
{
	const struct model_mapping *mapping;

	if (page < r->virt_start || page > r->virt_end)
		return false;
	mapping = bug_find_mapping(r->domain, page);
	return mapping && bug_is_covered(mapping, r);
}

static void drop_removed(struct tlb *tlb, uint32_t asid, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < tlb->used; i++)
		if (tlb->pages[i].valid && tlb->pages[i].asid == asid && is_removed(tlb->pages[i].page, r))
			tlb->pages[i].valid = false;
}

static uint64_t count_removed(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;
	uint64_t pages = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (bug_is_covered(&m->mappings[i], r))
			pages += bug_count_pages(m->mappings[i].start, m->mappings[i].end);
	return pages;
}

/* An endpoint has one: all of it goes when there is much, but that of the last member only. */
static void unmap_by_endpoint(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;
	bool all = count_removed(r) > mutant_number();

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!bug_is_member(m->endpoints[i].id, r->domain))
			continue;
		if (!all)
			drop_removed(&tlbs[i], 0, r);
		else if (bug_joined_before(&m->endpoints[i]) + 1 == bug_count_members(r->domain))
			flush(&tlbs[i]);
	}
}

static bool execute_by_endpoint(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_leaving(r);

	bug_update_joined();
	if (ep)
		flush(tlb_of(ep));
	if (r->head.type == REQUEST_UNMAP)
		unmap_by_endpoint(&r->unmap);
	return false;
}

/* A domain has a number that was another's before, who may have it still. */

static void drop_asid(uint32_t asid)
{
	for (unsigned int i = 0; i < tlbs[0].used; i++)
		tlbs[0].pages[i].valid &= tlbs[0].pages[i].asid != asid;
}

/* Returns a member of the domain, or NULL. */
static const struct model_endpoint *find_member(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (bug_is_member(m->endpoints[i].id, domain))
			return &m->endpoints[i];
	return NULL;
}

static void join(const struct attach_request *r)
{
	const struct model_endpoint *member = find_member(r->domain);
	unsigned int i = index_of(model_endpoint(&ref_iommu.model, r->endpoint));

	asids[i] = member ? asids[index_of(member)] : created++ % mutant_number();
}

static bool execute_by_asid(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_leaving(r), *member = find_member(r->unmap.domain);

	if (ep && bug_count_members(ep->domain) == 1)
		drop_asid(asids[index_of(ep)]);
	if (bug_joins(r))
		join(&r->attach);
	if (r->head.type == REQUEST_UNMAP && member)
		drop_removed(&tlbs[0], asids[index_of(member)], &r->unmap);
	return false;
}

bool tlb_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_FLUSH_ALL_LAST_ENDPOINT,
		 {.request_execute = execute_by_endpoint, .access = access, .translated = translated},
		 {.reset = reset}},
		{MUTANT_ASID_WRAP,
		 {.request_execute = execute_by_asid, .access = access, .translated = translated},
		 {.reset = reset}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
