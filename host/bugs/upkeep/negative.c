// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what is kept of faults: the last N pages for which there was no mapping.
 */
#include <string.h>

#include "host/bugs/takeover/page_cache.h"
#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

#define MAX_MISSED 128

/* The last ones, the oldest first. */
static struct {
	uint32_t endpoint;
	uint64_t page;
} missed[MAX_MISSED];
static unsigned int missed_count;

static void forget(unsigned int index)
{
	missed_count--;
	memmove(&missed[index], &missed[index + 1], (missed_count - index) * sizeof(missed[0]));
}

/* Returns true if it was there. */
static bool forget_page(uint32_t endpoint, uint64_t page)
{
	for (unsigned int i = 0; i < missed_count; i++) {
		if (missed[i].endpoint != endpoint || missed[i].page != page)
			continue;
		forget(i);
		return true;
	}
	return false;
}

static void note(uint32_t endpoint, uint64_t page)
{
	if (missed_count == mutant_number())
		forget(0);
	missed[missed_count].endpoint = endpoint;
	missed[missed_count++].page = page;
}

/* The next page is looked up, too. */
static void cut_to_page(struct model_extent *extent, uint64_t page)
{
	extent->phys += max(page, extent->start) - extent->start;
	extent->start = max(page, extent->start);
	extent->end = min(page + (model_granule(&ref_iommu.model) - 1), extent->end);
}

static bool lookup(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	uint64_t page = bug_page_of(a->address);

	if (!ep)
		return found;
	if (forget_page(a->endpoint, page) || !bug_find_mapping(ep->domain, a->address)) {
		note(a->endpoint, page);
		*reason = FAULT_MAPPING;
		return false;
	}
	cut_to_page(extent, page);
	return found;
}

static bool execute(const struct model_request *r)
{
	for (unsigned int i = missed_count; i--;) {
		bool first = r->head.type == REQUEST_MAP && missed[i].page == bug_page_of(r->map.virt_start);
		bool moves = (r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH) &&
			     missed[i].endpoint == r->attach.endpoint;

		if (first || moves)
			forget(i);
	}
	return false;
}

/* Each endpoint has a list of its own, the oldest page first, that MAP leaves as it is. */

#define MAX_LISTED 8

static struct list {
	uint64_t pages[MAX_LISTED];
	unsigned int count;
} lists[MODEL_MAX_ENDPOINTS];

static bool is_listed(const struct list *list, uint64_t page)
{
	for (unsigned int i = 0; i < list->count; i++)
		if (list->pages[i] == page)
			return true;
	return false;
}

static void append(struct list *list, uint64_t page)
{
	if (list->count == mutant_number())
		memmove(list->pages, list->pages + 1, --list->count * sizeof(list->pages[0]));
	list->pages[list->count++] = page;
}

static bool lookup_list(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	uint64_t page = bug_page_of(a->address);
	struct list *list;

	if (!ep)
		return found;
	list = &lists[ep - ref_iommu.model.endpoints];
	if (is_listed(list, page)) {
		*reason = FAULT_MAPPING;
		return false;
	}
	if (found)
		cut_to_page(extent, page);
	else if (!bug_find_mapping(ep->domain, a->address))
		append(list, page);
	return found;
}

static bool execute_with_lists(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		uint32_t id = m->endpoints[i].id;

		if (r->head.type == REQUEST_UNMAP ? bug_is_member(id, r->unmap.domain) :
						    r->head.type != REQUEST_MAP && id == r->attach.endpoint)
			lists[i].count = 0;
	}
	return false;
}

static void reset(struct vdev *dev)
{
	missed_count = 0;
	memset(lists, 0, sizeof(lists));
	right_ops->reset(dev);
}

bool negative_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_NEGATIVE_CACHE,
		 {.request_execute = execute, .access = bug_access_uncached, .lookup = lookup},
		 {.reset = reset}},
		{MUTANT_NEG_CACHE,
		 {.request_execute = execute_with_lists, .access = bug_access_uncached,
		  .lookup = lookup_list},
		 {.reset = reset}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
