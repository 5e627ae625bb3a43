// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of a cache by page: what stays in it that is not there any more.
 */
#include "host/bugs/takeover/page_cache.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* What a cache does its own way. NULL: as the right one does it. */
struct cache {
	enum mutant_id mutant;
	bool by_kind;		/* reads and writes have a cache each */
	bool by_domain;		/* all members of a domain have one, and its id may come again */
	bool by_block;		/* what holds for a page holds for its block of N pages */

	/* The page is what an access looks for. */
	bool (*matches)(const struct cached_page *page, const struct access *a);

	/* Nothing was found. Returns a page all the same, or NULL. */
	const struct cached_page *(*missed)(const struct access *a);

	/* A new page is in the cache. */
	void (*filled)(struct cached_page *page);

	/* Of an UNMAP that is about to be carried out: it drops a page of its range; all that it drops. */
	bool (*drops)(const struct cached_page *page, const struct unmap_request *r);
	void (*unmap)(const struct unmap_request *r);

	/* What the others drop. */
	void (*attach)(const struct attach_request *r);
	void (*detach)(const struct detach_request *r);
	void (*map)(const struct map_request *r);
	void (*bypass)(void);
	void (*reset)(void);
};

static const struct cache *cache;

/* Translations that were asked for. */
static uint32_t asked;

static uint64_t unit_size(void)
{
	return model_granule(&ref_iommu.model) * (cache->by_block ? mutant_number() : 1);
}

/* The page, or the block, that holds @address. */
static uint64_t unit_of(uint64_t address)
{
	return address & -unit_size();
}

static bool is_page_of(const struct cached_page *page, const struct access *a)
{
	const struct model_endpoint *ep = bug_find_attached(a->endpoint);

	if (unit_of(page->address) != unit_of(a->address) || (cache->by_kind && page->kind != a->kind))
		return false;
	if (cache->by_domain)
		return ep && page->attached && page->domain == ep->domain;
	return page->endpoint == a->endpoint;
}

static struct cached_page *find_page(const struct access *a)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].valid && (page_cache[i].flags & a->kind) &&
		    cache->matches(&page_cache[i], a))
			return &page_cache[i];
	return NULL;
}

/* The access under way was found in the cache. */
static bool hit;

static bool access(struct access *a, struct model_extent *extent)
{
	const struct cached_page *page;
	uint64_t address = bug_page_of(a->address);

	asked++;
	page = find_page(a);
	if (!page && cache->missed)
		page = cache->missed(a);
	hit = page;
	if (!page)
		return false;
	*extent = (struct model_extent){address, address + (bug_page_end(page) - page->address), page->phys,
					page->flags};
	if (cache->by_block)
		extent->phys += address - page->address;
	return true;
}

/* A page has one place in the cache. */
static void make_room(const struct access *a)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].valid && is_page_of(&page_cache[i], a))
			page_cache[i].valid = false;
}

static void fill(const struct access *a, const struct model_extent *from, uint64_t phys)
{
	const struct model_endpoint *ep = bug_find_attached(a->endpoint);
	const struct model_mapping *mapping = bug_find_target(a);
	struct cached_page *page;

	make_room(a);
	page = page_cache_fill(a, from, phys);
	page->attached = ep;
	page->domain = ep ? ep->domain : 0;
	page->mmio = mapping && (mapping->flags & MAP_MMIO);
	if (cache->filled)
		cache->filled(page);
}

/* The next page is another translation. */
static void translated(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	uint64_t rest = model_granule(&ref_iommu.model) - (a->address - bug_page_of(a->address));

	*length = min(*length, rest);
	if (!hit)
		fill(a, extent, *phys);
}

static bool is_unmapped(const struct cached_page *page, const struct unmap_request *r)
{
	uint64_t start = unit_of(page->address);

	return page->valid && bug_is_member(page->endpoint, r->domain) && start <= r->virt_end &&
	       start + (unit_size() - 1) >= r->virt_start;
}

static void unmap(const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (is_unmapped(&page_cache[i], r) && cache->drops(&page_cache[i], r))
			page_cache[i].valid = false;
}

static void attach(const struct attach_request *r)
{
	page_cache_forget_endpoint(r->endpoint);
}

static void detach(const struct detach_request *r)
{
	page_cache_forget_endpoint(r->endpoint);
}

static void update(const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		return cache->attach(&r->attach);
	case REQUEST_DETACH:
		return cache->detach(&r->detach);
	case REQUEST_MAP:
		return cache->map(&r->map);
	case REQUEST_UNMAP:
		return cache->unmap(&r->unmap);
	}
}

static bool execute(const struct model_request *r)
{
	bug_update_joined();
	update(r);
	return false;
}

static bool drop(const struct cached_page *page, const struct unmap_request *r)
{
	(void)page, (void)r;
	return true;
}

static void drop_nothing(const struct map_request *r)
{
	(void)r;
}

static bool drops_written(const struct cached_page *page, const struct unmap_request *r)
{
	(void)r;
	return page->kind == MAP_WRITE;
}

static bool drops_by_page(const struct cached_page *page, const struct unmap_request *r)
{
	(void)page;
	return bug_count_pages(r->virt_start, r->virt_end) <= mutant_number();
}

static bool drops_up_to_page(const struct cached_page *page, const struct unmap_request *r)
{
	return page->address < r->virt_start ||
	       bug_count_pages(r->virt_start, page->address) <= mutant_number();
}

/* The mapping is still there. */
static bool drops_ends(const struct cached_page *page, const struct unmap_request *r)
{
	const struct model_mapping *mapping = bug_find_mapping(r->domain, page->address);

	return !mapping || page->address == mapping->start || bug_page_end(page) == mapping->end;
}

static void unmap_of_domain(const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].attached && page_cache[i].domain == r->domain &&
		    page_cache[i].address <= r->virt_end && bug_page_end(&page_cache[i]) >= r->virt_start)
			page_cache[i].valid = false;
}

static void attach_as_before(const struct attach_request *r)
{
	(void)r;
}

static void detach_as_before(const struct detach_request *r)
{
	(void)r;
}

/* A move. */
static void attach_to_old_domain(const struct attach_request *r)
{
	if (!bug_find_attached(r->endpoint) || bug_count_members(r->domain))
		attach(r);
}

static void attach_unattached(const struct attach_request *r)
{
	if (!bug_find_attached(r->endpoint))
		attach(r);
}

/* Where nothing is mapped, nothing can be cached. */
static void attach_from_table(const struct attach_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->endpoint);

	if (!ep || !ep->bypass)
		attach(r);
}

/* From the mapping that begins with the range on, up to the first gap. */
static bool drops_adjacent(const struct cached_page *page, const struct unmap_request *r)
{
	const struct model_mapping *mapping = bug_find_mapping(r->domain, r->virt_start);

	if (mapping && mapping->start != r->virt_start)
		return false;
	while (mapping && mapping->end < page->address)
		mapping = bug_find_mapping(r->domain, mapping->end + 1);
	return mapping;
}

static void reset_first(void)
{
	for (unsigned int i = 0; i < page_cache_used && i < mutant_number(); i++)
		page_cache[i].valid = false;
}

static bool drops_of_first_members(const struct cached_page *page, const struct unmap_request *r)
{
	(void)r;
	return bug_joined_before(bug_find_attached(page->endpoint)) < mutant_number();
}

/* One page of each endpoint. */

static void fill_register(struct cached_page *page)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (&page_cache[i] != page && page_cache[i].endpoint == page->endpoint)
			page_cache[i].valid = false;
}

static void unmap_registers(const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (bug_is_member(page_cache[i].endpoint, r->domain))
			page_cache[i].valid = false;
}

/* A counter of all UNMAPs. */

static uint32_t stamp;

static bool is_page_of_generation(const struct cached_page *page, const struct access *a)
{
	return is_page_of(page, a) && page->stamp == stamp;
}

static void fill_stamp(struct cached_page *page)
{
	page->stamp = stamp;
}

static void unmap_by_counting(const struct unmap_request *r)
{
	(void)r;
	stamp = (stamp + 1) & ((1u << mutant_number()) - 1);
}

/* What was unmapped is marked, and is good again when the same is mapped. */

static bool is_page_unmarked(const struct cached_page *page, const struct access *a)
{
	return is_page_of(page, a) && !page->marked;
}

static void unmap_by_marking(const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (is_unmapped(&page_cache[i], r))
			page_cache[i].marked = true;
}

static void map_what_was(const struct map_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++) {
		const struct model_extent *from = &page_cache[i].from;

		if (bug_is_member(page_cache[i].endpoint, r->domain) && from->start == r->virt_start &&
		    from->end == r->virt_end && from->phys == r->phys_start)
			page_cache[i].marked = false;
	}
}

/* What was unmapped is marked, and dropped some translations later. */

static bool is_page_in_time(const struct cached_page *page, const struct access *a)
{
	return is_page_of(page, a) && !(page->marked && asked - page->stamp > mutant_number());
}

static void unmap_later(const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++) {
		if (!is_unmapped(&page_cache[i], r) || page_cache[i].marked)
			continue;
		page_cache[i].marked = true;
		page_cache[i].stamp = asked;
	}
}

/* What is dropped is marked and keeps its content, to which the device comes back after some faults. */

static struct {
	uint64_t page;
	unsigned int count;
} faults[MODEL_MAX_ENDPOINTS];

static void mark_all(void)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		page_cache[i].marked = true;
}

static void mark_endpoint(uint32_t endpoint)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		page_cache[i].marked |= page_cache[i].endpoint == endpoint;
}

static void attach_by_marking(const struct attach_request *r)
{
	mark_endpoint(r->endpoint);
}

static void detach_by_marking(const struct detach_request *r)
{
	mark_endpoint(r->endpoint);
}

/* Returns how many faults of the page there were in front of this one. */
static unsigned int count_fault(const struct model_endpoint *ep, uint64_t page)
{
	unsigned int i = ep - ref_iommu.model.endpoints;

	if (faults[i].page != page)
		faults[i].count = 0;
	faults[i].page = page;
	return faults[i].count++;
}

static const struct cached_page *retry(const struct access *a)
{
	const struct model_endpoint *ep = model_endpoint(&ref_iommu.model, a->endpoint);
	struct model_extent extent;
	uint8_t reason;

	if (!ep || model_translate(&ref_iommu.model, a->endpoint, a->address, a->kind, &extent, &reason) ||
	    count_fault(ep, bug_page_of(a->address)) < mutant_number())
		return NULL;
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].valid && (page_cache[i].flags & a->kind) && is_page_of(&page_cache[i], a))
			return &page_cache[i];
	return NULL;
}

/* Two levels: what falls out of the first one goes to the second, which is as large. */

static void limit_level(bool second)
{
	struct cached_page *oldest = NULL;
	unsigned int count = 0;

	for (unsigned int i = 0; i < page_cache_used; i++) {
		struct cached_page *page = &page_cache[i];

		if (!page->valid || page->second != second)
			continue;
		count++;
		if (!oldest || page->age < oldest->age)
			oldest = page;
	}
	if (count <= mutant_number())
		return;
	oldest->valid = !second;
	oldest->second = true;
}

static void fill_first_level(struct cached_page *page)
{
	(void)page;
	limit_level(false);
	limit_level(true);
}

static void forget_first_level(uint32_t endpoint)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].endpoint == endpoint && !page_cache[i].second)
			page_cache[i].valid = false;
}

static void attach_in_first_level(const struct attach_request *r)
{
	forget_first_level(r->endpoint);
}

static void detach_in_first_level(const struct detach_request *r)
{
	forget_first_level(r->endpoint);
}

/* Room for what one notification drops. */

static unsigned int unmaps;

static void unmap_while_there_is_room(const struct unmap_request *r)
{
	if (unmaps++ < mutant_number())
		unmap(r);
}

static bool drops_memory_only(const struct cached_page *page, const struct unmap_request *r)
{
	(void)r;
	return !page->mmio;
}

/* Upper bits are not compared. */
static bool is_page_of_tag(const struct cached_page *page, const struct access *a)
{
	return page->endpoint == a->endpoint &&
	       !((page->address ^ bug_page_of(a->address)) & ((1ull << mutant_number()) - 1));
}

/* Endpoints that a request has named since the last reset. */

static bool named[MODEL_MAX_ENDPOINTS];

static bool note_name(const struct chain *chain, struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	uint32_t endpoint = r->head.type == REQUEST_PROBE ? r->probe.endpoint : r->attach.endpoint;

	(void)chain;
	if (r->head.type != REQUEST_MAP && r->head.type != REQUEST_UNMAP)
		for (unsigned int i = 0; i < m->endpoint_count; i++)
			named[i] |= m->endpoints[i].id == endpoint;
	return false;
}

static void bypass_of_named(void)
{
	for (unsigned int i = 0; i < ref_iommu.model.endpoint_count; i++)
		if (named[i])
			page_cache_forget_endpoint(ref_iommu.model.endpoints[i].id);
}

/* The endpoint counts its own DETACHes and ATTACHes. */

static uint32_t generations[MODEL_MAX_ENDPOINTS];

static uint32_t *generation_of(uint32_t endpoint)
{
	const struct model_endpoint *ep = model_endpoint(&ref_iommu.model, endpoint);

	return &generations[ep ? ep - ref_iommu.model.endpoints : 0];
}

static void next_generation(uint32_t endpoint)
{
	uint32_t *generation = generation_of(endpoint);

	*generation = (*generation + 1) & ((1u << mutant_number()) - 1);
}

static bool is_page_of_own_generation(const struct cached_page *page, const struct access *a)
{
	return is_page_of(page, a) && page->stamp == *generation_of(a->endpoint);
}

static void fill_own_generation(struct cached_page *page)
{
	page->stamp = *generation_of(page->endpoint);
}

static void attach_by_counting(const struct attach_request *r)
{
	next_generation(r->endpoint);
}

static void detach_by_counting(const struct detach_request *r)
{
	next_generation(r->endpoint);
}

/* Of each mapping as many pages as its number says, in too few bits. */
static bool drops_counted(const struct cached_page *page, const struct unmap_request *r)
{
	const struct model_mapping *mapping = bug_find_mapping(r->domain, page->address);
	uint64_t count;

	if (!mapping)
		return true;
	count = bug_count_pages(mapping->start, mapping->end) & ((1ull << mutant_number()) - 1);
	return bug_count_pages(mapping->start, page->address) <= count;
}

/* A block is N pages, aligned in both address spaces, of one mapping. */

static bool is_in_block(const struct cached_page *page, const struct model_mapping *mapping)
{
	uint64_t size = model_granule(&ref_iommu.model) * mutant_number(), start = page->address & -size;

	return start >= mapping->start && start + (size - 1) <= mapping->end &&
	       !((mapping->phys + (start - mapping->start)) & (size - 1));
}

static bool drops_aligned_blocks(const struct cached_page *page, const struct unmap_request *r)
{
	const struct model_mapping *mapping = bug_find_mapping(r->domain, page->address);
	uint64_t size = model_granule(&ref_iommu.model) * mutant_number();

	return !mapping || !(mapping->start & (size - 1)) || !is_in_block(page, mapping);
}

/* The list of members that hear of UNMAP ends where one is taken out of its midst. */

static bool unheard[MODEL_MAX_ENDPOINTS];

static void cut_list(uint32_t endpoint)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = bug_find_attached(endpoint);

	for (unsigned int i = 0; ep && bug_joined_before(ep) && i < m->endpoint_count; i++)
		if (bug_is_member(m->endpoints[i].id, ep->domain) &&
		    bug_joined_before(&m->endpoints[i]) > bug_joined_before(ep))
			unheard[i] = true;
	if (ep)
		unheard[ep - m->endpoints] = false;
}

static void attach_and_cut(const struct attach_request *r)
{
	if (!bug_is_member(r->endpoint, r->domain))
		cut_list(r->endpoint);
	attach(r);
}

static void detach_and_cut(const struct detach_request *r)
{
	if (bug_is_member(r->endpoint, r->domain))
		cut_list(r->endpoint);
	detach(r);
}

static bool drops_of_heard(const struct cached_page *page, const struct unmap_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(page->endpoint);

	(void)r;
	return !ep || !unheard[ep - ref_iommu.model.endpoints];
}

/* The next pages come along, each with its own memory. */
static void fill_next_pages(struct cached_page *page)
{
	const struct cached_page first = *page;
	uint64_t granule = model_granule(&ref_iommu.model);

	for (uint64_t i = 1; first.attached && i <= mutant_number(); i++) {
		struct access a = {first.endpoint, first.address + i * granule, first.kind};
		const struct model_mapping *mapping = bug_find_target(&a);

		if (!mapping || find_page(&a))
			continue;
		page = page_cache_fill(&a, &first.from, mapping->phys + (a.address - mapping->start));
		page->attached = true;
		page->domain = first.domain;
	}
}

/* What is unmapped and mapped again to the same memory behind one notification. */

static uint32_t notifications;

static void unmap_in_notification(const struct unmap_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (is_unmapped(&page_cache[i], r) && !page_cache[i].marked)
			page_cache[i].stamp = notifications;
	unmap_by_marking(r);
}

static void map_in_notification(const struct map_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].marked && page_cache[i].stamp != notifications)
			page_cache[i].valid = false;
	map_what_was(r);
}

/* One page for the device. */

static bool is_page_of_anybody(const struct cached_page *page, const struct access *a)
{
	return page->address == bug_page_of(a->address);
}

static void fill_only_page(struct cached_page *page)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		page_cache[i].valid &= &page_cache[i] == page;
}

static void attach_forgets_all(const struct attach_request *r)
{
	(void)r;
	page_cache_forget_all();
}

static void detach_forgets_all(const struct detach_request *r)
{
	(void)r;
	page_cache_forget_all();
}

static void map_forgets_all(const struct map_request *r)
{
	(void)r;
	page_cache_forget_all();
}

static void unmap_forgets_all(const struct unmap_request *r)
{
	(void)r;
	page_cache_forget_all();
}

static const struct cache caches[] = {
	{MUTANT_STALE_READ_WARMED, .by_kind = true, .drops = drops_written},
	{MUTANT_STALE_LARGE_UNMAP, .drops = drops_by_page},
	{MUTANT_STALE_MIDDLE_PAGES, .drops = drops_ends},
	{MUTANT_STALE_BEHIND_PAGE, .drops = drops_up_to_page},
	{MUTANT_STALE_KEYED_BY_DOMAIN, .by_domain = true, .attach = attach_as_before,
	 .detach = detach_as_before, .unmap = unmap_of_domain},
	{MUTANT_STALE_MOVE_TO_FRESH, .attach = attach_to_old_domain},
	{MUTANT_STALE_LATER_MEMBER, .drops = drops_of_first_members},
	{MUTANT_MOVE_NO_FLUSH, .attach = attach_unattached},
	{MUTANT_STALE_BYPASS_UNNAMED, .bypass = bypass_of_named},
	{MUTANT_STALE_LAST_HIT_DETACH, .filled = fill_register, .unmap = unmap_registers,
	 .attach = attach_as_before, .detach = detach_as_before},
	{MUTANT_STALE_GENERATION_BITS, .matches = is_page_of_generation, .filled = fill_stamp,
	 .unmap = unmap_by_counting},
	{MUTANT_STALE_PERMISSION_LAZY, .matches = is_page_unmarked, .unmap = unmap_by_marking,
	 .map = map_what_was},
	{MUTANT_STALE_VICTIM_CACHE, .filled = fill_first_level, .attach = attach_in_first_level,
	 .detach = detach_in_first_level},
	{MUTANT_INVALIDATION_QUEUE, .unmap = unmap_while_there_is_room},
	{MUTANT_MMIO_STAYS_CACHED, .drops = drops_memory_only},
	{MUTANT_CACHE_TAG_BITS, .matches = is_page_of_tag},
	{MUTANT_CACHE_BLOCK, .by_block = true},
	{MUTANT_MOVE_FROM_BYPASS_NOT_FLUSHED, .attach = attach_from_table},
	{MUTANT_RESET_FLUSHES, .reset = reset_first},
	{MUTANT_FLUSH_BY_EXACT_START, .drops = drops_adjacent},
	{MUTANT_LAZY_FLUSH, .matches = is_page_in_time, .unmap = unmap_later},
	{MUTANT_RECOVERS_AFTER_FAULTS, .matches = is_page_unmarked, .missed = retry,
	 .unmap = unmap_by_marking, .attach = attach_by_marking, .detach = detach_by_marking,
	 .bypass = mark_all, .reset = mark_all},
	{MUTANT_ATTACHMENT_GENERATION_BITS, .matches = is_page_of_own_generation,
	 .filled = fill_own_generation, .attach = attach_by_counting, .detach = detach_by_counting},
	{MUTANT_FLUSH_COUNT_BITS, .drops = drops_counted},
	{MUTANT_BLOCK_STAYS, .drops = drops_aligned_blocks},
	{MUTANT_LEAVING_CUTS_FLUSHES, .attach = attach_and_cut, .detach = detach_and_cut,
	 .drops = drops_of_heard},
	{MUTANT_PREFETCH_FLAGS, .filled = fill_next_pages},
	{MUTANT_REMAP_BATCH_ELIDED, .matches = is_page_unmarked, .unmap = unmap_in_notification,
	 .map = map_in_notification},
	{MUTANT_LAST_PAGE_SHARED, .matches = is_page_of_anybody, .filled = fill_only_page,
	 .attach = attach_forgets_all, .detach = detach_forgets_all, .map = map_forgets_all,
	 .unmap = unmap_forgets_all},
};

/* Faults are cached, too; nothing else is. */

static bool lookup_fault(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	uint64_t page = bug_page_of(a->address);

	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].valid && is_page_of(&page_cache[i], a))
			return *reason = FAULT_MAPPING, false;
	if (!found) {
		page_cache_fill(a, extent, 0);
		return false;
	}
	extent->phys += max(page, extent->start) - extent->start;
	extent->start = max(page, extent->start);
	extent->end = min(page + (model_granule(&ref_iommu.model) - 1), extent->end);
	return true;
}

static void map_forgets_fault(const struct map_request *r)
{
	for (unsigned int i = 0; i < page_cache_used; i++)
		if (page_cache[i].address == r->virt_start &&
		    bug_is_member(page_cache[i].endpoint, r->domain))
			page_cache[i].valid = false;
}

static bool execute_with_faults(const struct model_request *r)
{
	if (r->head.type == REQUEST_MAP)
		map_forgets_fault(&r->map);
	if (r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH)
		page_cache_forget_all();
	return false;
}

static void reset(struct vdev *dev)
{
	for (unsigned int i = 0; i < MODEL_MAX_ENDPOINTS; i++)
		named[i] = false;
	cache->reset();
	right_ops->reset(dev);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	unmaps = 0;
	notifications++;
	right_ops->notified(dev, queue);
}

static void config_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	right_ops->config_write(dev, offset, width, value);
	cache->bypass();
}

static const struct takeover with_cache = {
	NO_MUTANT,
	{.request_read = note_name, .request_execute = execute, .access = access, .translated = translated},
	{.reset = reset, .notified = notified, .config_write = config_write},
};

static const struct takeover with_faults = {
	MUTANT_STALE_NEGATIVE, {.request_execute = execute_with_faults, .lookup = lookup_fault},
	{.reset = reset, .config_write = config_write},
};

#define OR(function, otherwise) ((function) ? (function) : (otherwise))

/* The right cache fills in what a wrong one leaves out. */
static void use(const struct cache *wrong)
{
	static struct cache used;

	used = *wrong;
	used.matches = OR(used.matches, is_page_of);
	used.drops = OR(used.drops, drop);
	used.unmap = OR(used.unmap, unmap);
	used.attach = OR(used.attach, attach);
	used.detach = OR(used.detach, detach);
	used.map = OR(used.map, drop_nothing);
	used.bypass = OR(used.bypass, page_cache_forget_all);
	used.reset = OR(used.reset, page_cache_forget_all);
	cache = &used;
}

bool stale_install(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(caches); i++) {
		if (!mutant(caches[i].mutant))
			continue;
		use(&caches[i]);
		takeover_install(&with_cache);
		return true;
	}
	use(&(struct cache){MUTANT_STALE_NEGATIVE, .by_kind = true});
	return takeover_use(&with_faults, 1);
}
