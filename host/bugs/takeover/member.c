// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of domains: who is in, in which order they joined, and what is left when one leaves.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

/* When each endpoint joined the domain in which it was seen last. */
static struct {
	uint64_t when;		/* 0: it is not attached */
	uint32_t domain;
} joined[MODEL_MAX_ENDPOINTS];

static unsigned int index_of(const struct model_endpoint *ep)
{
	return ep - ref_iommu.model.endpoints;
}

/* One request changes one endpoint at most. */
void bug_update_joined(void)
{
	static uint64_t now;

	for (unsigned int i = 0; i < ref_iommu.model.endpoint_count; i++) {
		const struct model_endpoint *ep = &ref_iommu.model.endpoints[i];

		if (!ep->attached)
			joined[i].when = 0;
		else if (!joined[i].when || joined[i].domain != ep->domain)
			joined[i].when = ++now;
		joined[i].domain = ep->domain;
	}
}

static unsigned int count_joined(const struct model_endpoint *ep, bool later)
{
	const struct model *m = &ref_iommu.model;
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		count += &m->endpoints[i] != ep && m->endpoints[i].attached &&
			 m->endpoints[i].domain == ep->domain &&
			 (joined[i].when > joined[index_of(ep)].when) == later;
	return count;
}

unsigned int bug_joined_before(const struct model_endpoint *ep)
{
	return count_joined(ep, false);
}

static unsigned int bug_joined_after(const struct model_endpoint *ep)
{
	return count_joined(ep, true);
}

/* Returns the endpoint that is about to leave its domain, or NULL. */
static const struct model_endpoint *leaving(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->attach.endpoint);
	bool is_in = ep && ep->domain == r->attach.domain;

	if (r->head.type == REQUEST_DETACH)
		return is_in ? ep : NULL;
	return r->head.type == REQUEST_ATTACH && !is_in ? ep : NULL;
}

static bool joins(const struct model_request *r)
{
	return r->head.type == REQUEST_ATTACH && !bug_is_member(r->attach.endpoint, r->attach.domain);
}

/* The domain belongs to who made it. */

static bool made_it[MODEL_MAX_ENDPOINTS];

static bool execute_with_owner(const struct model_request *r)
{
	const struct model_endpoint *ep = leaving(r);
	bool first = joins(r) && !bug_count_members(r->attach.domain);

	if (ep && made_it[index_of(ep)])
		bug_drop_domain(ep->domain);
	if (joins(r))
		made_it[index_of(model_endpoint(&ref_iommu.model, r->attach.endpoint))] = first;
	return false;
}

/* Each ATTACH counts, though of a member. */

#define MAX_COUNTS 256

static struct {
	uint32_t domain;
	unsigned int count;	/* 0: free */
} counts[MAX_COUNTS];

static unsigned int *count_of(uint32_t domain, bool add)
{
	for (unsigned int i = 0; i < MAX_COUNTS; i++)
		if (counts[i].count && counts[i].domain == domain)
			return &counts[i].count;
	for (unsigned int i = 0; i < MAX_COUNTS && add; i++) {
		if (counts[i].count)
			continue;
		counts[i].domain = domain;
		return &counts[i].count;
	}
	return NULL;
}

static void leave_with_count(const struct model_endpoint *ep)
{
	unsigned int *count = count_of(ep->domain, false);

	if (!count || !--*count)
		return;
	ref_iommu.model.endpoints[index_of(ep)].attached = false;
	iotlb_forget_endpoint(ep->id);
}

static bool execute_with_count(const struct model_request *r)
{
	const struct model_endpoint *ep = leaving(r);
	unsigned int *count;

	if (ep)
		leave_with_count(ep);
	if (r->head.type != REQUEST_ATTACH)
		return false;
	count = count_of(r->attach.domain, true);
	if (count)
		++*count;
	return false;
}

static void decide_by_count(const struct model_request *r, struct decision *d)
{
	enum model_rule_id rule = r->head.type == REQUEST_MAP ? RULE_MAP_DOMAIN : RULE_UNMAP_DOMAIN;

	if (model_rule_applies(&ref_iommu.model, rule, r) && count_of(r->map.domain, false))
		*d = bug_decide_without(rule, r);
}

static void reset_counts(struct vdev *dev)
{
	memset(counts, 0, sizeof(counts));
	right_ops->reset(dev);
}

/* What was mapped in the domain in front of a bypass domain stays with the endpoint. */

static struct {
	uint32_t endpoint;
	struct model_mapping mapping;
} tables[MODEL_MAX_MAPPINGS];
static unsigned int table_count;

static void forget_table(uint32_t endpoint)
{
	for (unsigned int i = table_count; i--;)
		if (tables[i].endpoint == endpoint)
			tables[i] = tables[--table_count];
}

static void keep_table(const struct model_endpoint *ep)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count && table_count < MODEL_MAX_MAPPINGS; i++) {
		if (m->mappings[i].domain != ep->domain)
			continue;
		tables[table_count].endpoint = ep->id;
		tables[table_count++].mapping = m->mappings[i];
	}
}

static bool execute_with_tables(const struct model_request *r)
{
	const struct model_endpoint *ep = leaving(r);

	if (!ep)
		return false;
	forget_table(ep->id);
	if (r->head.type == REQUEST_ATTACH && (r->attach.flags & ATTACH_BYPASS) && !ep->bypass)
		keep_table(ep);
	return false;
}

static bool access_table(struct access *a, struct model_extent *extent)
{
	const struct model_endpoint *ep = bug_find_attached(a->endpoint);

	for (unsigned int i = 0; ep && ep->bypass && i < table_count; i++) {
		if (tables[i].endpoint != a->endpoint || tables[i].mapping.start > a->address ||
		    tables[i].mapping.end < a->address || !(tables[i].mapping.flags & a->kind))
			continue;
		bug_set_extent(extent, &tables[i].mapping);
		return true;
	}
	return false;
}

static void reset_tables(struct vdev *dev)
{
	table_count = 0;
	right_ops->reset(dev);
}

static bool execute_with_room(const struct model_request *r)
{
	if (!joins(r) || bug_count_members(r->attach.domain) < mutant_number())
		return false;
	model_leave(&ref_iommu.model, r->attach.endpoint);
	iotlb_forget_endpoint(r->attach.endpoint);
	return true;
}

/* The kind of a domain is that of the first one with this id since the reset. */

#define MAX_KINDS 4096

static struct {
	uint32_t domain, flags;
} kinds[MAX_KINDS];
static unsigned int kind_count;

static uint32_t kind_of(const struct attach_request *r)
{
	for (unsigned int i = 0; i < kind_count; i++)
		if (kinds[i].domain == r->domain)
			return kinds[i].flags;
	if (kind_count < MAX_KINDS) {
		kinds[kind_count].domain = r->domain;
		kinds[kind_count++].flags = r->flags;
	}
	return r->flags;
}

static bool execute_with_old_kind(const struct model_request *r)
{
	struct model_request changed = *r;

	if (!joins(r))
		return false;
	changed.attach.flags = kind_of(&r->attach);
	request_execute(&changed);
	return true;
}

static void reset_kinds(struct vdev *dev)
{
	kind_count = 0;
	right_ops->reset(dev);
}

/* Ids of bypass domains, until the last member is detached. */

static uint32_t marks[MAX_KINDS];
static unsigned int mark_count;

static bool is_marked(uint32_t domain)
{
	for (unsigned int i = 0; i < mark_count; i++)
		if (marks[i] == domain)
			return true;
	return false;
}

static void unmark(uint32_t domain)
{
	for (unsigned int i = mark_count; i--;)
		if (marks[i] == domain)
			marks[i] = marks[--mark_count];
}

static bool execute_with_marks(const struct model_request *r)
{
	const struct model_endpoint *ep = leaving(r);

	if (r->head.type == REQUEST_DETACH && ep && bug_count_members(ep->domain) == 1)
		unmark(ep->domain);
	if (joins(r) && (r->attach.flags & ATTACH_BYPASS) && !is_marked(r->attach.domain) &&
	    mark_count < MAX_KINDS)
		marks[mark_count++] = r->attach.domain;
	return false;
}

static bool lookup_with_marks(const struct access *a, bool found, struct model_extent *extent,
			      uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	struct model_endpoint marked;

	if (!ep || !is_marked(ep->domain))
		return found;
	marked = *ep;
	marked.bypass = true;
	return bug_translate_as(a, &marked, extent, reason);
}

static void reset_marks(struct vdev *dev)
{
	mark_count = 0;
	right_ops->reset(dev);
}

/* The list of members ends where one is taken out of its midst. */

static void turn_out_later(const struct model_endpoint *ep)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		if (!m->endpoints[i].attached || m->endpoints[i].domain != ep->domain ||
		    joined[i].when <= joined[index_of(ep)].when)
			continue;
		m->endpoints[i].attached = false;
		iotlb_forget_endpoint(m->endpoints[i].id);
	}
}

static bool execute_with_list(const struct model_request *r)
{
	const struct model_endpoint *ep = leaving(r);

	bug_update_joined();
	if (ep && bug_joined_before(ep) && bug_joined_after(ep))
		turn_out_later(ep);
	return false;
}

/* Endpoints that left a bypass domain that has members still. */

static struct model_endpoint late[MODEL_MAX_ENDPOINTS];

static void update_late(void)
{
	for (unsigned int i = 0; i < ref_iommu.model.endpoint_count; i++) {
		const struct model_endpoint *ep = &ref_iommu.model.endpoints[i];

		if (!late[i].attached || (!ep->attached && bug_count_members(late[i].domain)))
			continue;
		late[i].attached = false;
		iotlb_forget_endpoint(ep->id);
	}
}

static bool read_with_late(const struct chain *chain, struct model_request *r)
{
	(void)chain, (void)r;
	update_late();
	return false;
}

static bool execute_with_late(const struct model_request *r)
{
	const struct model_endpoint *ep = leaving(r);

	if (r->head.type == REQUEST_DETACH && ep && ep->bypass)
		late[index_of(ep)] = *ep;
	return false;
}

static bool access_with_late(struct access *a, struct model_extent *extent)
{
	(void)a, (void)extent;
	update_late();
	return false;
}

static bool lookup_late(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = model_endpoint(&ref_iommu.model, a->endpoint);

	if (!ep || !late[index_of(ep)].attached)
		return found;
	return bug_translate_as(a, &late[index_of(ep)], extent, reason);
}

static void reset_late(struct vdev *dev)
{
	memset(late, 0, sizeof(late));
	right_ops->reset(dev);
}

/* Inside, no domain is domain 0. */
static bool lookup_in_domain_zero(const struct access *a, bool found, struct model_extent *extent,
				  uint8_t *reason)
{
	struct model_endpoint unattached = {.id = a->endpoint};

	return bug_is_member(a->endpoint, 0) ? bug_translate_as(a, &unattached, extent, reason) : found;
}

bool member_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_CREATOR_ENDS_DOMAIN, {.request_execute = execute_with_owner}, {0}},
		{MUTANT_ATTACH_AGAIN_COUNTS_TWICE,
		 {.request_decided = decide_by_count, .request_execute = execute_with_count},
		 {.reset = reset_counts}},
		{MUTANT_MOVE_TO_BYPASS_KEEPS_TABLE,
		 {.request_execute = execute_with_tables, .access = access_table}, {.reset = reset_tables}},
		{MUTANT_DOMAIN_MAX_MEMBERS, {.request_execute = execute_with_room}, {0}},
		{MUTANT_BYPASS_KIND_OUTLIVES_DOMAIN, {.request_execute = execute_with_old_kind},
		 {.reset = reset_kinds}},
		{MUTANT_MOVE_LEAVES_BYPASS_MARK,
		 {.request_execute = execute_with_marks, .lookup = lookup_with_marks},
		 {.reset = reset_marks}},
		{MUTANT_BYPASS_MEMBER_LEAVES_LATE,
		 {.request_read = read_with_late, .request_execute = execute_with_late,
		  .access = access_with_late, .lookup = lookup_late}, {.reset = reset_late}},
		{MUTANT_DOMAIN_ZERO_IS_NONE, {.lookup = lookup_in_domain_zero}, {0}},
		{MUTANT_LEAVING_CUTS_LATER_MEMBERS, {.request_execute = execute_with_list}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
