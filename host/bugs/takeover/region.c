// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of reserved regions: where they are kept, how they are compared, and what PROBE says of them.
 */
#include <string.h>

#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* The first one that joined. */
static bool is_first_member(uint32_t endpoint, uint32_t domain)
{
	return bug_is_member(endpoint, domain) && !bug_joined_before(bug_find_attached(endpoint));
}

static bool is_in_first_region(const struct map_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++)
		if (is_first_member(m->regions[i].endpoint, r->domain) &&
		    m->regions[i].start <= r->virt_end && m->regions[i].end >= r->virt_start)
			return true;
	return false;
}

static void decide_by_first_member(const struct model_request *r, struct decision *d)
{
	bug_update_joined();
	if (model_rule_applies(&ref_iommu.model, RULE_MAP_REGION, r) && !is_in_first_region(&r->map))
		*d = bug_decide_without(RULE_MAP_REGION, r);
}

static bool is_in_low_region(const struct map_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++)
		if (bug_is_member(m->regions[i].endpoint, r->domain) &&
		    (uint32_t)m->regions[i].start <= (uint32_t)r->virt_end &&
		    (uint32_t)m->regions[i].end >= (uint32_t)r->virt_start)
			return true;
	return false;
}

static void decide_by_low_bits(const struct model_request *r, struct decision *d)
{
	if (r->head.type != REQUEST_MAP)
		return;
	*d = bug_decide_without(RULE_MAP_REGION, r);
	if (d->answer == STATUS_OK && is_in_low_region(&r->map))
		*d = decisions[RULE_MAP_REGION];
}

/* Regions that went with the first domain of their endpoint: only PROBE has them still. */

#define NOBODY 0x80000000	/* in the id of an endpoint: no endpoint has that */

static bool was_in[MODEL_MAX_ENDPOINTS], is_bare[MODEL_MAX_ENDPOINTS];
static uint32_t first_domain[MODEL_MAX_ENDPOINTS];

static bool is_region_of(const struct model_region *region, const struct model_endpoint *ep)
{
	return (region->endpoint & ~NOBODY) == ep->id;
}

static void hide_regions(bool hidden)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		for (unsigned int j = 0; j < m->region_count; j++)
			if (is_bare[i] && is_region_of(&m->regions[j], &m->endpoints[i]))
				m->regions[j].endpoint = m->endpoints[i].id | (hidden ? NOBODY : 0);
}

static void update_regions(void)
{
	for (unsigned int i = 0; i < ref_iommu.model.endpoint_count; i++) {
		const struct model_endpoint *ep = &ref_iommu.model.endpoints[i];

		if (!was_in[i])
			first_domain[i] = ep->domain;
		is_bare[i] |= was_in[i] && (!ep->attached || ep->domain != first_domain[i]);
		was_in[i] |= ep->attached;
	}
	hide_regions(true);
}

static bool read_with_regions(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	update_regions();
	hide_regions(r->head.type != REQUEST_PROBE);
	return false;
}

static bool access_with_regions(struct access *a, struct model_extent *extent)
{
	(void)a, (void)extent;
	update_regions();
	return false;
}

static void reset_with_regions(struct vdev *dev)
{
	update_regions();
	right_ops->reset(dev);
	update_regions();
}

/* PROBE. */

static bool is_list(const struct model_request *r, const struct decision *d)
{
	return r->head.type == REQUEST_PROBE && d->answer == STATUS_OK;
}

static void reply_with_next_end(const struct chain *chain, const struct model_request *r,
				const struct decision *d, struct iommu_reply *reply)
{
	struct property_resv_mem property;

	(void)chain;
	if (!is_list(r, d))
		return;
	for (uint32_t at = 0; at + sizeof(property) <= reply->tail;) {
		memcpy(&property, reply->bytes + at, sizeof(property));
		property.end++;
		if (property.head.type == PROPERTY_RESV_MEM)
			memcpy(reply->bytes + at, &property, sizeof(property));
		at += sizeof(property.head) + property.head.length;
	}
}

static void reply_empty(const struct chain *chain, const struct model_request *r, const struct decision *d,
			struct iommu_reply *reply)
{
	(void)chain;
	if (is_list(r, d) && bug_find_attached(r->probe.endpoint))
		memset(reply->bytes, 0, reply->tail);
}

/* Endpoints whose record went with DETACH. */

static bool has_gone[MODEL_MAX_ENDPOINTS];

static bool execute_with_records(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);
	bool leaves = r->head.type == REQUEST_DETACH && bug_is_member(r->detach.endpoint, r->detach.domain);

	if (ep && (leaves || r->head.type == REQUEST_ATTACH))
		has_gone[ep - m->endpoints] = leaves;
	return false;
}

static void decide_by_records(const struct model_request *r, struct decision *d)
{
	const struct model *m = &ref_iommu.model;

	if (is_list(r, d) && has_gone[model_endpoint(m, r->probe.endpoint) - m->endpoints])
		*d = decisions[RULE_PROBE_ENDPOINT];
}

static void reset_with_records(struct vdev *dev)
{
	memset(has_gone, 0, sizeof(has_gone));
	right_ops->reset(dev);
}

/* Of each endpoint the first N regions count, but PROBE has them all. */

static unsigned int place_in_list(unsigned int index)
{
	const struct model_region *regions = ref_iommu.model.regions;
	unsigned int place = 0;

	for (unsigned int i = 0; i < index; i++)
		place += (regions[i].endpoint & ~NOBODY) == (regions[index].endpoint & ~NOBODY);
	return place;
}

static void hide_later_regions(bool hidden)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->region_count; i++) {
		m->regions[i].endpoint &= ~NOBODY;
		if (hidden && place_in_list(i) >= mutant_number())
			m->regions[i].endpoint |= NOBODY;
	}
}

static bool read_with_first_regions(const struct chain *chain, struct model_request *r)
{
	(void)chain;
	hide_later_regions(r->head.type == REQUEST_MAP);
	return false;
}

static bool access_with_first_regions(struct access *a, struct model_extent *extent)
{
	(void)a, (void)extent;
	hide_later_regions(true);
	return false;
}

static enum access_fate message_with_first_regions(struct access *a, uint64_t *phys)
{
	(void)a, (void)phys;
	hide_later_regions(true);
	return ACCESS_GOES_ON;
}

/* How often each endpoint was probed. */

static unsigned int probes[MODEL_MAX_ENDPOINTS];

/* Append the list, which has @length bytes, once more. A property that does not fit is left out. */
static void repeat_list(uint8_t *bytes, uint32_t length, uint32_t *end)
{
	struct property_head head;

	for (uint32_t at = 0; at < length; at += sizeof(head) + head.length) {
		memcpy(&head, bytes + at, sizeof(head));
		if (*end + sizeof(head) + head.length > ref_iommu.model.config.probe_size)
			continue;
		memcpy(bytes + *end, bytes + at, sizeof(head) + head.length);
		*end += sizeof(head) + head.length;
	}
}

static uint32_t list_length(const uint8_t *bytes)
{
	struct property_head head;
	uint32_t at = 0;

	while (at + sizeof(head) <= ref_iommu.model.config.probe_size) {
		memcpy(&head, bytes + at, sizeof(head));
		if (!head.type)
			break;
		at += sizeof(head) + head.length;
	}
	return at;
}

static void reply_with_all_lists(const struct chain *chain, const struct model_request *r,
				 const struct decision *d, struct iommu_reply *reply)
{
	const struct model *m = &ref_iommu.model;
	uint32_t length, end;
	unsigned int count;

	(void)chain;
	if (!is_list(r, d))
		return;
	length = end = list_length(reply->bytes);
	count = ++probes[model_endpoint(m, r->probe.endpoint) - m->endpoints];
	for (unsigned int i = 1; i < count && end < m->config.probe_size; i++)
		repeat_list(reply->bytes, length, &end);
}

/* Behind the first N bytes of what is left. */
static void reply_with_dirt(const struct chain *chain, const struct model_request *r,
			    const struct decision *d, struct iommu_reply *reply)
{
	const uint32_t size = ref_iommu.model.config.probe_size;
	uint32_t from;

	(void)chain;
	if (!is_list(r, d))
		return;
	from = list_length(reply->bytes) + mutant_number();
	if (from < size)
		memset(reply->bytes + from, 0xa5, size - from);
}

static bool has_room_for_list(const struct model_request *r)
{
	static uint8_t list[REPLY_MAX];

	memset(list, 0, sizeof(list));
	properties_write(r->probe.endpoint, list, ref_iommu.model.config.probe_size);
	return list_length(list) + sizeof(struct request_tail) <= r->writable;
}

static void decide_by_list(const struct model_request *r, struct decision *d)
{
	if (d->answer != ANSWER_UNWRITTEN && model_rule_applies(&ref_iommu.model, RULE_PROBE_ROOM, r) &&
	    has_room_for_list(r))
		*d = bug_decide_without(RULE_PROBE_ROOM, r);
}

bool region_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_REGIONS_OF_FIRST_MEMBER, {.request_decided = decide_by_first_member}, {0}},
		{MUTANT_REGION_COMPARED_32_BITS, {.request_decided = decide_by_low_bits}, {0}},
		{MUTANT_REGIONS_GONE_AFTER_DETACH,
		 {.request_read = read_with_regions, .access = access_with_regions},
		 {.reset = reset_with_regions}},
		{MUTANT_PROBE_AFTER_DETACH_NOENT,
		 {.request_decided = decide_by_records, .request_execute = execute_with_records},
		 {.reset = reset_with_records}},
		{MUTANT_REGIONS_ENFORCED,
		 {.request_read = read_with_first_regions, .access = access_with_first_regions,
		  .message = message_with_first_regions}, {0}},
		{MUTANT_PROBE_TWICE_GROWS, {.reply_ready = reply_with_all_lists}, {0}},
		{MUTANT_PROBE_TAIL_DIRTY, {.reply_ready = reply_with_dirt}, {0}},
		{MUTANT_PROBE_SMALL_ACCEPTED, {.request_decided = decide_by_list}, {0}},
		{MUTANT_PROBE_END_EXCLUSIVE, {.reply_ready = reply_with_next_end}, {0}},
		{MUTANT_PROBE_EMPTY_WHILE_ATTACHED, {.reply_ready = reply_empty}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
