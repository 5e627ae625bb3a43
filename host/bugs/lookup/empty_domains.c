// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of domains that exist without an endpoint.
 */
#include <stdlib.h>
#include <string.h>

#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

#define MAX_EMPTY 4096

static struct {
	uint32_t domain;
	bool bypass;
} empty[MAX_EMPTY];
static unsigned int empty_count;

/* Returns its place, the number of all if there is none. */
static unsigned int find_empty(uint32_t domain)
{
	unsigned int i = 0;

	while (i < empty_count && empty[i].domain != domain)
		i++;
	return i;
}

static void make_empty(uint32_t domain, bool bypass)
{
	if (find_empty(domain) < empty_count || empty_count == MAX_EMPTY)
		return;
	empty[empty_count].domain = domain;
	empty[empty_count++].bypass = bypass;
}

/* To the model a domain exists if an endpoint is attached to it: here one that no request names. */
static void decide_with_empty(const struct model_request *r, struct decision *d)
{
	struct model *m = &ref_iommu.model;
	unsigned int place = find_empty(r->attach.domain);

	if (r->head.type < REQUEST_ATTACH || r->head.type > REQUEST_UNMAP || place == empty_count ||
	    m->endpoint_count == MODEL_MAX_ENDPOINTS)
		return;
	m->endpoints[m->endpoint_count++] = (struct model_endpoint){
		.id = ~r->attach.endpoint, .attached = true, .domain = r->attach.domain,
		.bypass = empty[place].bypass,
	};
	*d = decide(r);
	m->endpoint_count--;
}

static void decide_and_make(const struct model_request *r, struct decision *d)
{
	decide_with_empty(r, d);
	if (r->head.type == REQUEST_ATTACH && d->answer == STATUS_NOENT &&
	    !bug_count_members(r->attach.domain))
		make_empty(r->attach.domain, r->attach.flags & ATTACH_BYPASS);
}

/* From its first endpoint on a domain is like any other. */
static bool execute(const struct model_request *r)
{
	unsigned int place = find_empty(r->attach.domain);

	if (r->head.type == REQUEST_ATTACH && place < empty_count)
		empty[place] = empty[--empty_count];
	return false;
}

static void reset(struct vdev *dev)
{
	empty_count = 0;
	right_ops->reset(dev);
}

static int compare(const void *first, const void *second)
{
	const struct model_mapping *a = first, *b = second;

	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	return a->start < b->start ? -1 : a->start > b->start;
}

/* All mappings but the N first. */
static void reset_some(struct vdev *dev)
{
	static struct model_mapping left[MODEL_MAX_MAPPINGS];
	struct model *m = &ref_iommu.model;
	unsigned int freed = min(mutant_number(), (uint64_t)m->mapping_count);
	unsigned int count = m->mapping_count - freed;

	qsort(m->mappings, m->mapping_count, sizeof(m->mappings[0]), compare);
	memcpy(left, &m->mappings[freed], count * sizeof(left[0]));
	reset(dev);
	memcpy(m->mappings, left, count * sizeof(left[0]));
	m->mapping_count = count;
	for (unsigned int i = 0; i < count; i++)
		make_empty(left[i].domain, false);
}

static bool outlives_reset(uint32_t domain)
{
	return MUTATE(RESET_ORPHANS_SHARED, bug_count_members(domain) > 1, domain >= mutant_number());
}

/* Some domains stay, and what is mapped there. */
static void reset_others(struct vdev *dev)
{
	static struct model_mapping left[MODEL_MAX_MAPPINGS];
	struct model *m = &ref_iommu.model;
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached && outlives_reset(m->endpoints[i].domain))
			make_empty(m->endpoints[i].domain, m->endpoints[i].bypass);
	for (unsigned int i = 0; i < m->mapping_count; i++)
		if (find_empty(m->mappings[i].domain) < empty_count)
			left[count++] = m->mappings[i];
	right_ops->reset(dev);
	memcpy(m->mappings, left, count * sizeof(left[0]));
	m->mapping_count = count;
}

bool empty_domains_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_RESET_FREES_AT_MOST,
		 {.request_decided = decide_with_empty, .request_execute = execute}, {.reset = reset_some}},
		{MUTANT_ATTACH_NOENT_CREATES_DOMAIN,
		 {.request_decided = decide_and_make, .request_execute = execute}, {.reset = reset}},
		{MUTANT_RESET_DOMAIN_ARRAY,
		 {.request_decided = decide_with_empty, .request_execute = execute}, {.reset = reset_others}},
		{MUTANT_RESET_ORPHANS_SHARED,
		 {.request_decided = decide_with_empty, .request_execute = execute}, {.reset = reset_others}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
