// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of a cache by page that is told of what it has to drop: in a queue, by a list of members, or by a
 * counter.
 */
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/page_cache.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

#define OWN_PAGES 256	/* of each endpoint, where it has a cache of its own */
#define MAX_QUEUED 64
#define MAX_FOUND 4096

/* NULL: there is nothing to do. */
struct tlb {
	enum mutant_id mutant;

	/* Return true if the page still holds. */
	bool (*holds)(const struct cached_page *page);

	/* A new page is in the cache. */
	void (*filled)(struct cached_page *page);

	/* A request was read; it is about to be carried out. */
	void (*read)(const struct model_request *r);
	void (*executes)(const struct model_request *r);

	/* All requests behind a notification are served. */
	void (*served)(void);

	void (*reset)(void);
};

static const struct tlb *tlb;

static bool hit;	/* the access under way was found in the cache */

static bool is_page_of(const struct cached_page *page, const struct access *a)
{
	return page->valid && page->endpoint == a->endpoint && page->address == bug_page_of(a->address);
}

static bool access(struct access *a, struct model_extent *extent)
{
	hit = false;
	for (unsigned int i = 0; i < page_cache_used && !hit; i++) {
		const struct cached_page *page = &page_cache[i];

		hit = is_page_of(page, a) && (page->flags & a->kind) && (!tlb->holds || tlb->holds(page));
		if (hit)
			*extent = (struct model_extent){page->address, bug_page_end(page), page->phys,
							page->flags};
	}
	return hit;
}

static void fill(const struct access *a, const struct model_extent *from, uint64_t phys)
{
	struct cached_page *page;

	for (unsigned int i = 0; i < page_cache_used; i++)
		if (is_page_of(&page_cache[i], a))
			page_cache[i].valid = false;
	page = page_cache_fill(a, from, phys);
	if (tlb->filled)
		tlb->filled(page);
}

/* The next page is another translation. */
static void translated(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	uint64_t rest = model_granule(&ref_iommu.model) - (a->address - bug_page_of(a->address));

	if (!bug_find_translated(a->endpoint))
		return;
	*length = min(*length, rest);
	if (!hit)
		fill(a, extent, *phys);
}

static bool read(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	if (tlb->read)
		tlb->read(r);
	return false;
}

static bool execute(const struct model_request *r)
{
	tlb->executes(r);
	return false;
}

static void reset(struct vdev *dev)
{
	page_cache_forget_all();
	if (tlb->reset)
		tlb->reset();
	right_ops->reset(dev);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	right_ops->notified(dev, queue);
	if (tlb->served)
		tlb->served();
}

static void drop_range(uint32_t endpoint, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].endpoint == endpoint && page_cache[i].address <= r->virt_end &&
		    bug_page_end(&page_cache[i]) >= r->virt_start)
			page_cache[i].valid = false;
}

static void forget_who_moves(const struct model_request *r)
{
	if (r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH)
		page_cache_forget_endpoint(r->attach.endpoint);
}

/* A queue of ranges to be dropped, in which the newest take the place of the oldest. */

static struct unmap_request queue[MAX_QUEUED];
static uint64_t queued;

static void drop_from_domain(const struct unmap_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (bug_is_member(m->endpoints[i].id, r->domain))
			drop_range(m->endpoints[i].id, r);
}

static void work_off(void)
{
	for (uint64_t i = 0; i < min(queued, mutant_number()); i++)
		drop_from_domain(&queue[i]);
	queued = 0;
}

static void work_off_before_others(const struct model_request *r)
{
	if (r->head.type != REQUEST_UNMAP)
		work_off();
}

static void put_into_queue(const struct model_request *r)
{
	forget_who_moves(r);
	if (r->head.type == REQUEST_UNMAP)
		queue[queued++ % mutant_number()] = r->unmap;
}

static void empty_queue(void)
{
	queued = 0;
}

/* Worked off when it is full, and before an endpoint comes or goes. */
static void queue_until_full(const struct model_request *r)
{
	if (r->head.type == REQUEST_UNMAP)
		queue[queued++] = r->unmap;
	if (queued == mutant_number() || r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH)
		work_off();
	forget_who_moves(r);
}

/* The first @count endpoints in the list of a domain are told what to drop. */

static struct {
	uint32_t domain;
	unsigned int count;	/* 0: free */
	uint32_t members[MODEL_MAX_ENDPOINTS];
} lists[MODEL_MAX_ENDPOINTS];

/* Returns the number of the domain's list, or of a free one if it has none. */
static unsigned int find_list(uint32_t domain)
{
	unsigned int unused = 0;

	for (unsigned int i = 0; i < MODEL_MAX_ENDPOINTS; i++) {
		if (lists[i].count && lists[i].domain == domain)
			return i;
		if (!lists[i].count)
			unused = i;
	}
	lists[unused].domain = domain;
	return unused;
}

static void join_list(const struct attach_request *r)
{
	unsigned int i = find_list(r->domain);

	lists[i].members[lists[i].count++] = r->endpoint;
}

/* Its place is not filled up. */
static void leave_list(const struct model_endpoint *ep)
{
	lists[find_list(ep->domain)].count--;
	page_cache_forget_endpoint(ep->id);
}

static void unmap_by_list(const struct unmap_request *r)
{
	unsigned int list = find_list(r->domain);

	for (unsigned int i = 0; i < lists[list].count; i++)
		drop_range(lists[list].members[i], r);
}

static void keep_lists(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->attach.endpoint);
	bool is_in = ep && ep->domain == r->attach.domain;

	if (r->head.type == REQUEST_UNMAP)
		unmap_by_list(&r->unmap);
	if (ep && is_in == (r->head.type == REQUEST_DETACH) &&
	    (r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH))
		leave_list(ep);
	if (r->head.type == REQUEST_ATTACH && !is_in)
		join_list(&r->attach);
}

static void empty_lists(void)
{
	for (unsigned int i = 0; i < MODEL_MAX_ENDPOINTS; i++)
		lists[i].count = 0;
}

static void limit_own_pages(struct cached_page *page)
{
	struct cached_page *oldest = page;
	unsigned int count = 0;

	for (unsigned int i = 0; i < page_cache_used; i++) {
		if (!page_cache[i].valid || page_cache[i].endpoint != page->endpoint)
			continue;
		count++;
		if (page_cache[i].age < oldest->age)
			oldest = &page_cache[i];
	}
	if (count > OWN_PAGES)
		oldest->valid = false;
}

/* One page of each endpoint, and a counter, modulo N, of what was done to the mappings of its domain. */

static uint32_t generations[MODEL_MAX_ENDPOINTS];

static uint32_t *generation_of(uint32_t endpoint)
{
	return &generations[model_endpoint(&ref_iommu.model, endpoint) - ref_iommu.model.endpoints];
}

static bool is_of_generation(const struct cached_page *page)
{
	return page->stamp == *generation_of(page->endpoint);
}

static void fill_register(struct cached_page *page)
{
	page_cache_forget_endpoint(page->endpoint);
	page->valid = true;
	page->stamp = *generation_of(page->endpoint);
}

static void count_generations(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;

	forget_who_moves(r);
	if (r->head.type != REQUEST_MAP && r->head.type != REQUEST_UNMAP)
		return;
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (bug_is_member(m->endpoints[i].id, r->map.domain))
			generations[i] = (generations[i] + 1) % mutant_number();
}

/* The last page alone, as something of which an UNMAP forgets too little. */

static void fill_last(struct cached_page *page)
{
	page_cache_forget_endpoint(page->endpoint);
	page->valid = true;
}

/* Of a mapping that begins where the request does. */
static void forget_by_start(const struct model_request *r)
{
	forget_who_moves(r);
	for (unsigned int i = 0; i < page_cache_used && r->head.type == REQUEST_UNMAP; i++)
		if (bug_is_member(page_cache[i].endpoint, r->unmap.domain) &&
		    page_cache[i].from.start == r->unmap.virt_start)
			page_cache[i].valid = false;
}

/* Where mappings begin that were there when an endpoint came. */
static struct {
	uint64_t starts[MAX_FOUND];
	unsigned int count;
} found[MODEL_MAX_ENDPOINTS];

static unsigned int endpoint_number(uint32_t endpoint)
{
	return model_endpoint(&ref_iommu.model, endpoint) - ref_iommu.model.endpoints;
}

static void find_mappings(const struct attach_request *r)
{
	const struct model *m = &ref_iommu.model;
	unsigned int number = endpoint_number(r->endpoint);

	found[number].count = 0;
	for (unsigned int i = 0; i < m->mapping_count && found[number].count < MAX_FOUND; i++)
		if (m->mappings[i].domain == r->domain)
			found[number].starts[found[number].count++] = m->mappings[i].start;
}

static void fill_last_and_mark(struct cached_page *page)
{
	unsigned int number = endpoint_number(page->endpoint);

	fill_last(page);
	for (unsigned int i = 0; i < found[number].count; i++)
		page->marked |= found[number].starts[i] == page->from.start;
}

static void drop_unmarked(uint32_t endpoint, const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].endpoint == endpoint && !page_cache[i].marked)
			drop_range(endpoint, r);
}

/* Those that were there when it was made are told of the end of a mapping. */
static void forget_unless_found(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;

	forget_who_moves(r);
	if (r->head.type == REQUEST_ATTACH)
		find_mappings(&r->attach);
	for (unsigned int i = 0; i < m->endpoint_count && r->head.type == REQUEST_UNMAP; i++)
		if (bug_is_member(m->endpoints[i].id, r->unmap.domain))
			drop_unmarked(m->endpoints[i].id, &r->unmap);
}

bool invalidation_install(void)
{
	static const struct tlb tlbs[] = {
		{MUTANT_INVALIDATION_QUEUE_DROPS, .read = work_off_before_others, .executes = put_into_queue,
		 .served = work_off, .reset = empty_queue},
		{MUTANT_FLUSH_QUEUE, .executes = queue_until_full, .reset = empty_queue},
		{MUTANT_DETACH_NO_COMPACT, .filled = limit_own_pages, .executes = keep_lists,
		 .reset = empty_lists},
		{MUTANT_GENERATION_WRAP, .holds = is_of_generation, .filled = fill_register,
		 .executes = count_generations},
		{MUTANT_LAST_PAGE_BY_START, .filled = fill_last, .executes = forget_by_start},
		{MUTANT_LAST_PAGE_OF_LATER_MEMBER, .filled = fill_last_and_mark,
		 .executes = forget_unless_found},
	};
	static const struct takeover with_tlb = {
		NO_MUTANT,
		{.request_read = read, .request_execute = execute, .access = access,
		 .translated = translated},
		{.reset = reset, .notified = notified},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(tlbs); i++) {
		if (!mutant(tlbs[i].mutant))
			continue;
		tlb = &tlbs[i];
		takeover_install(&with_tlb);
		return true;
	}
	return false;
}
