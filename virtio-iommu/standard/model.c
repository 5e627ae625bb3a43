// SPDX-License-Identifier: BSD-3-Clause
/*
 * The standard as a table of rules, followed by what requests do and how addresses are translated.
 */
#include <stddef.h>

#include "standard/model.h"

static bool offers(const struct model *m, unsigned int bit)
{
	return m->offered >> bit & 1;
}

static bool accepted(const struct model *m, unsigned int bit)
{
	return m->accepted >> bit & 1;
}

uint64_t model_granule(const struct model *m)
{
	return m->config.page_size_mask & -m->config.page_size_mask;
}

const struct model_endpoint *model_endpoint(const struct model *m, uint32_t id)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].id == id)
			return &m->endpoints[i];
	return NULL;
}

static bool is_member(const struct model_endpoint *ep, uint32_t domain)
{
	return ep && ep->attached && ep->domain == domain;
}

/* Return a member of the domain other than @except, or NULL. */
static const struct model_endpoint *find_member(const struct model *m, uint32_t domain,
						const struct model_endpoint *except)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (&m->endpoints[i] != except && is_member(&m->endpoints[i], domain))
			return &m->endpoints[i];
	return NULL;
}

static bool domain_exists(const struct model *m, uint32_t domain)
{
	return find_member(m, domain, NULL);
}

static bool is_bypass_domain(const struct model *m, uint32_t domain)
{
	const struct model_endpoint *ep = find_member(m, domain, NULL);

	return ep && ep->bypass;
}

static bool overlap(uint64_t start, uint64_t end, uint64_t other_start, uint64_t other_end)
{
	return start <= other_end && other_start <= end;
}

/* Return a reserved region of @endpoint that shares a byte with [start, end], or NULL. */
static const struct model_region *find_region(const struct model *m, uint32_t endpoint, uint64_t start,
					      uint64_t end)
{
	for (unsigned int i = 0; i < m->region_count; i++) {
		const struct model_region *r = &m->regions[i];

		if (r->endpoint == endpoint && overlap(start, end, r->start, r->end))
			return r;
	}
	return NULL;
}

/*
 * Sizes of requests (5.13.6).
 */

static bool has_type(const struct model *m, uint8_t type)
{
	switch (type) {
	case REQUEST_ATTACH:
	case REQUEST_DETACH:
		return true;
	case REQUEST_MAP:
	case REQUEST_UNMAP:
		return offers(m, VIRTIO_IOMMU_F_MAP_UNMAP);
	case REQUEST_PROBE:
		return offers(m, VIRTIO_IOMMU_F_PROBE);
	default:
		return false;
	}
}

uint32_t model_request_size(const struct model *m, uint8_t type)
{
	static const uint32_t sizes[] = {
		[REQUEST_ATTACH] = sizeof(struct attach_request),
		[REQUEST_DETACH] = sizeof(struct detach_request),
		[REQUEST_MAP] = sizeof(struct map_request),
		[REQUEST_UNMAP] = sizeof(struct unmap_request),
		[REQUEST_PROBE] = sizeof(struct probe_request),
	};

	return has_type(m, type) ? sizes[type] : 0;
}

uint32_t model_reply_size(const struct model *m, uint8_t type)
{
	return sizeof(struct request_tail) + (type == REQUEST_PROBE ? m->config.probe_size : 0);
}

/*
 * Conditions of the rules. Those of a rule with a type see only requests that can be parsed.
 */

static bool no_head(const struct model *m, const struct model_request *r)
{
	(void)m;
	return r->readable < sizeof(struct request_head);
}

static bool unknown_type(const struct model *m, const struct model_request *r)
{
	return !no_head(m, r) && !has_type(m, r->head.type);
}

static bool too_short(const struct model *m, const struct model_request *r)
{
	return !no_head(m, r) && r->readable < model_request_size(m, r->head.type);
}

static bool too_long(const struct model *m, const struct model_request *r)
{
	return has_type(m, r->head.type) && r->readable > model_request_size(m, r->head.type);
}

static bool no_tail(const struct model *m, const struct model_request *r)
{
	(void)m;
	return r->writable < sizeof(struct request_tail);
}

static bool any_set(const uint8_t *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum |= bytes[i];
	return sum;
}

static bool attach_reserved(const struct model *m, const struct model_request *r)
{
	(void)m;
	return any_set(r->attach.reserved, sizeof(r->attach.reserved));
}

static bool attach_flags(const struct model *m, const struct model_request *r)
{
	uint32_t known = offers(m, VIRTIO_IOMMU_F_BYPASS_CONFIG) ? ATTACH_BYPASS : 0;

	return r->attach.flags & ~known;
}

static bool attach_flag_declined(const struct model *m, const struct model_request *r)
{
	return (r->attach.flags & ATTACH_BYPASS) && offers(m, VIRTIO_IOMMU_F_BYPASS_CONFIG) &&
	       !accepted(m, VIRTIO_IOMMU_F_BYPASS_CONFIG);
}

static bool attach_domain_range(const struct model *m, const struct model_request *r)
{
	return offers(m, VIRTIO_IOMMU_F_DOMAIN_RANGE) &&
	       (r->attach.domain < m->config.domain_start ||
		r->attach.domain > m->config.domain_end);
}

static bool attach_endpoint(const struct model *m, const struct model_request *r)
{
	return !model_endpoint(m, r->attach.endpoint);
}

static bool kinds_differ(const struct model_endpoint *ep, const struct model_request *r)
{
	return ep->bypass != (bool)(r->attach.flags & ATTACH_BYPASS);
}

static const struct model_endpoint *other_member(const struct model *m,
						 const struct model_request *r)
{
	return find_member(m, r->attach.domain, model_endpoint(m, r->attach.endpoint));
}

static bool attach_kind(const struct model *m, const struct model_request *r)
{
	const struct model_endpoint *other = other_member(m, r);

	return other && kinds_differ(other, r);
}

static bool attach_flip(const struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	return is_member(ep, r->attach.domain) && !other_member(m, r) && kinds_differ(ep, r);
}

static bool attach_again(const struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	return is_member(ep, r->attach.domain) && !kinds_differ(ep, r);
}

static bool attach_regions(const struct model *m, const struct model_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain == r->attach.domain &&
		    find_region(m, r->attach.endpoint, mapping->start, mapping->end))
			return true;
	}
	return false;
}

static bool attach_share(const struct model *m, const struct model_request *r)
{
	return other_member(m, r) && !attach_again(m, r);
}

static bool attach_move(const struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	return ep && ep->attached && ep->domain != r->attach.domain;
}

static bool detach_endpoint(const struct model *m, const struct model_request *r)
{
	return !model_endpoint(m, r->detach.endpoint);
}

static bool detach_domain(const struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->detach.endpoint);

	return ep && !is_member(ep, r->detach.domain);
}

static bool map_unmap_declined(const struct model *m, const struct model_request *r)
{
	(void)r;
	return !accepted(m, VIRTIO_IOMMU_F_MAP_UNMAP);
}

static bool map_flags(const struct model *m, const struct model_request *r)
{
	uint32_t known = MAP_RW | (offers(m, VIRTIO_IOMMU_F_MMIO) ? MAP_MMIO : 0);

	return r->map.flags & ~known;
}

static bool map_flag_declined(const struct model *m, const struct model_request *r)
{
	return (r->map.flags & MAP_MMIO) && offers(m, VIRTIO_IOMMU_F_MMIO) &&
	       !accepted(m, VIRTIO_IOMMU_F_MMIO);
}

static bool map_domain(const struct model *m, const struct model_request *r)
{
	return !domain_exists(m, r->map.domain);
}

static bool map_bypass(const struct model *m, const struct model_request *r)
{
	return is_bypass_domain(m, r->map.domain);
}

static bool map_order(const struct model *m, const struct model_request *r)
{
	(void)m;
	return r->map.virt_end < r->map.virt_start;
}

static bool map_align(const struct model *m, const struct model_request *r)
{
	uint64_t all = r->map.virt_start | r->map.phys_start | (r->map.virt_end + 1);

	return all & (model_granule(m) - 1);
}

static bool map_one_byte(const struct model *m, const struct model_request *r)
{
	return r->map.virt_end == r->map.virt_start && model_granule(m) == 1;
}

static bool past_input_range(const struct model *m, uint64_t start, uint64_t end)
{
	return offers(m, VIRTIO_IOMMU_F_INPUT_RANGE) &&
	       (start < m->config.input_start || end > m->config.input_end);
}

static bool map_input_range(const struct model *m, const struct model_request *r)
{
	return past_input_range(m, r->map.virt_start, r->map.virt_end);
}

static bool map_region(const struct model *m, const struct model_request *r)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (is_member(&m->endpoints[i], r->map.domain) &&
		    find_region(m, m->endpoints[i].id, r->map.virt_start, r->map.virt_end))
			return true;
	return false;
}

static bool map_overlap(const struct model *m, const struct model_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain == r->map.domain &&
		    overlap(mapping->start, mapping->end, r->map.virt_start, r->map.virt_end))
			return true;
	}
	return false;
}

/* The physical range, as long as the virtual one, wraps around. */
static bool map_phys(const struct model *m, const struct model_request *r)
{
	return !map_order(m, r) && r->map.virt_end - r->map.virt_start > ~r->map.phys_start;
}

static bool map_permissions(const struct model *m, const struct model_request *r)
{
	(void)m;
	return !(r->map.flags & MAP_READ);
}

static bool map_read_only(const struct model *m, const struct model_request *r)
{
	(void)m;
	return (r->map.flags & MAP_RW) == MAP_READ;
}

static bool map_room(const struct model *m, const struct model_request *r)
{
	(void)r;
	return m->mapping_count == MODEL_MAX_MAPPINGS;
}

static bool unmap_reserved(const struct model *m, const struct model_request *r)
{
	(void)m;
	return any_set(r->unmap.reserved, sizeof(r->unmap.reserved));
}

static bool unmap_domain(const struct model *m, const struct model_request *r)
{
	return !domain_exists(m, r->unmap.domain);
}

static bool unmap_bypass(const struct model *m, const struct model_request *r)
{
	return is_bypass_domain(m, r->unmap.domain);
}

static bool unmap_order(const struct model *m, const struct model_request *r)
{
	(void)m;
	return r->unmap.virt_end < r->unmap.virt_start;
}

static bool unmap_align(const struct model *m, const struct model_request *r)
{
	return (r->unmap.virt_start | (r->unmap.virt_end + 1)) & (model_granule(m) - 1);
}

static bool unmap_input_range(const struct model *m, const struct model_request *r)
{
	return past_input_range(m, r->unmap.virt_start, r->unmap.virt_end);
}

static bool covers(const struct model_request *r, const struct model_mapping *mapping)
{
	return mapping->domain == r->unmap.domain && mapping->start >= r->unmap.virt_start &&
	       mapping->end <= r->unmap.virt_end;
}

static bool unmap_split(const struct model *m, const struct model_request *r)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain == r->unmap.domain && !unmap_order(m, r) &&
		    overlap(mapping->start, mapping->end, r->unmap.virt_start, r->unmap.virt_end) &&
		    !covers(r, mapping))
			return true;
	}
	return false;
}

static bool probe_declined(const struct model *m, const struct model_request *r)
{
	(void)r;
	return !accepted(m, VIRTIO_IOMMU_F_PROBE);
}

static bool probe_room(const struct model *m, const struct model_request *r)
{
	return r->writable < model_reply_size(m, REQUEST_PROBE);
}

static bool probe_endpoint(const struct model *m, const struct model_request *r)
{
	return !model_endpoint(m, r->probe.endpoint);
}

#define OK	  ANSWER(STATUS_OK)
#define UNSUPP	  ANSWER(STATUS_UNSUPP)
#define INVAL	  ANSWER(STATUS_INVAL)
#define RANGE	  ANSWER(STATUS_RANGE)
#define NOENT	  ANSWER(STATUS_NOENT)
#define UNWRITTEN ANSWER(ANSWER_UNWRITTEN)
#define REFUSED	  ANSWER_REFUSED
#define ANY	  ANSWER_ANY

/* A MUST leaves one set; with a SHOULD the wider one breaks no MUST. */
#define MUST(set)	    .allowed = (set), .expected = (set)
#define SHOULD(set, others) .allowed = (set) | (others), .expected = (set)

/* Unless may_act is set, a refusal has no effect, and OK has the full one. */
const struct model_rule model_rules[MODEL_RULES] = {
	/* 5.13.6: a request that cannot be parsed comes back as it was. */
	[RULE_NO_HEAD] = {
		.requirement = "N-REQ-1", .usual = ANSWER_UNWRITTEN,
		MUST(UNWRITTEN), .applies = no_head,
	},
	[RULE_UNKNOWN_TYPE] = {
		.requirement = "DEV-OPS-3", .usual = ANSWER_UNWRITTEN,
		SHOULD(UNWRITTEN, REFUSED), .applies = unknown_type,
	},
	[RULE_TOO_SHORT] = {
		.requirement = "N-REQ-1", .usual = ANSWER_UNWRITTEN,
		MUST(UNWRITTEN | REFUSED), .applies = too_short,
	},
	[RULE_TOO_LONG] = {
		.requirement = "AMB-16", .usual = STATUS_OK,
		MUST(OK | INVAL), .applies = too_long,
	},
	[RULE_NO_TAIL] = {
		.requirement = "N-REQ-1", .usual = ANSWER_UNWRITTEN,
		MUST(UNWRITTEN), .applies = no_tail,
	},

	/* 5.13.6.3 */
	[RULE_ATTACH_RESERVED] = {
		.requirement = "DEV-ATTACH-1", .type = REQUEST_ATTACH, .usual = STATUS_INVAL,
		MUST(INVAL), .applies = attach_reserved,
	},
	[RULE_ATTACH_FLAGS] = {
		.requirement = "DEV-ATTACH-2", .type = REQUEST_ATTACH, .usual = STATUS_INVAL,
		MUST(INVAL), .applies = attach_flags,
	},
	[RULE_ATTACH_FLAG_DECLINED] = {
		.requirement = "AMB-3", .type = REQUEST_ATTACH, .usual = STATUS_INVAL,
		MUST(OK | REFUSED), .applies = attach_flag_declined,
	},
	[RULE_ATTACH_DOMAIN_RANGE] = {
		.requirement = "N-RANGE-2", .type = REQUEST_ATTACH, .usual = STATUS_RANGE,
		SHOULD(REFUSED, OK), .applies = attach_domain_range,
	},
	[RULE_ATTACH_ENDPOINT] = {
		.requirement = "DEV-ATTACH-3", .type = REQUEST_ATTACH, .usual = STATUS_NOENT,
		MUST(NOENT), .applies = attach_endpoint,
	},
	[RULE_ATTACH_KIND] = {
		.requirement = "DEV-ATTACH-6", .type = REQUEST_ATTACH, .usual = STATUS_INVAL,
		SHOULD(INVAL, OK | REFUSED), .applies = attach_kind,
	},
	[RULE_ATTACH_FLIP] = {
		.requirement = "AMB-6", .type = REQUEST_ATTACH, .usual = STATUS_INVAL,
		MUST(OK | REFUSED), .applies = attach_flip,
	},
	[RULE_ATTACH_AGAIN] = {
		.requirement = "AMB-5", .type = REQUEST_ATTACH, .usual = STATUS_OK,
		SHOULD(OK, REFUSED), .applies = attach_again,
	},
	[RULE_ATTACH_REGIONS] = {
		.requirement = "AMB-18", .type = REQUEST_ATTACH, .usual = STATUS_UNSUPP,
		MUST(OK | UNSUPP | INVAL), .applies = attach_regions,
	},
	[RULE_ATTACH_SHARE] = {
		.requirement = "DEV-ATTACH-5", .type = REQUEST_ATTACH, .usual = STATUS_OK,
		MUST(OK | UNSUPP), .applies = attach_share,
	},
	[RULE_ATTACH_MOVE] = {
		.requirement = "DEV-ATTACH-9", .type = REQUEST_ATTACH, .usual = STATUS_OK,
		SHOULD(OK, UNSUPP), .applies = attach_move,
	},

	/* 5.13.6.4 */
	[RULE_DETACH_ENDPOINT] = {
		.requirement = "DEV-DETACH-2", .type = REQUEST_DETACH, .usual = STATUS_NOENT,
		MUST(NOENT), .applies = detach_endpoint,
	},
	[RULE_DETACH_DOMAIN] = {
		.requirement = "DEV-DETACH-3", .type = REQUEST_DETACH, .usual = STATUS_INVAL,
		MUST(OK | REFUSED), .applies = detach_domain,
	},

	/* 5.13.6.5 */
	[RULE_MAP_DECLINED] = {
		.requirement = "AMB-3", .type = REQUEST_MAP, .usual = ANSWER_UNWRITTEN,
		SHOULD(REFUSED | UNWRITTEN, OK), .applies = map_unmap_declined,
	},
	[RULE_MAP_FLAGS] = {
		.requirement = "DEV-MAP-3", .type = REQUEST_MAP, .usual = STATUS_INVAL,
		MUST(INVAL), .applies = map_flags,
	},
	[RULE_MAP_FLAG_DECLINED] = {
		.requirement = "AMB-3", .type = REQUEST_MAP, .usual = STATUS_INVAL,
		MUST(OK | REFUSED), .applies = map_flag_declined,
	},
	[RULE_MAP_DOMAIN] = {
		.requirement = "DEV-MAP-4", .type = REQUEST_MAP, .usual = STATUS_NOENT,
		SHOULD(NOENT, REFUSED), .applies = map_domain,
	},
	[RULE_MAP_BYPASS] = {
		.requirement = "DEV-MAP-5", .type = REQUEST_MAP, .usual = STATUS_INVAL,
		SHOULD(INVAL, OK | REFUSED), .applies = map_bypass,
	},
	[RULE_MAP_ORDER] = {
		.requirement = "DRV-MAP-3", .type = REQUEST_MAP, .usual = STATUS_INVAL,
		MUST(REFUSED), .applies = map_order,
	},
	[RULE_MAP_ALIGN] = {
		.requirement = "DEV-MAP-1", .type = REQUEST_MAP, .usual = STATUS_RANGE,
		SHOULD(RANGE, OK | REFUSED), .applies = map_align,
	},
	[RULE_MAP_ONE_BYTE] = {
		.requirement = "AMB-4", .type = REQUEST_MAP, .usual = STATUS_OK,
		MUST(OK | REFUSED), .applies = map_one_byte,
	},
	[RULE_MAP_INPUT_RANGE] = {
		.requirement = "N-RANGE-1", .type = REQUEST_MAP, .usual = STATUS_RANGE,
		SHOULD(REFUSED, OK), .applies = map_input_range,
	},
	[RULE_MAP_REGION] = {
		.requirement = "DEV-RESV-4", .type = REQUEST_MAP, .usual = STATUS_INVAL,
		SHOULD(REFUSED, OK), .applies = map_region,
	},
	[RULE_MAP_OVERLAP] = {
		.requirement = "DEV-MAP-2", .type = REQUEST_MAP, .usual = STATUS_INVAL,
		SHOULD(INVAL, OK | REFUSED), .applies = map_overlap,
	},
	[RULE_MAP_PHYS] = {
		.requirement = "N-MAP-5", .type = REQUEST_MAP, .usual = STATUS_FAULT,
		MUST(OK | REFUSED), .applies = map_phys,
	},
	[RULE_MAP_PERMISSIONS] = {
		.requirement = "DEV-MAP-7", .type = REQUEST_MAP, .usual = STATUS_OK,
		MUST(OK | REFUSED), .applies = map_permissions,
	},
	[RULE_MAP_READ_ONLY] = {
		.requirement = "N-MAP-4", .type = REQUEST_MAP, .usual = STATUS_OK,
		MUST(OK | REFUSED), .applies = map_read_only,
	},
	[RULE_MAP_ROOM] = {
		.requirement = "AMB-8", .type = REQUEST_MAP, .usual = STATUS_NOMEM,
		MUST(REFUSED), .applies = map_room,
	},

	/* 5.13.6.6 */
	[RULE_UNMAP_DECLINED] = {
		.requirement = "AMB-3", .type = REQUEST_UNMAP, .usual = ANSWER_UNWRITTEN,
		SHOULD(REFUSED | UNWRITTEN, OK), .applies = map_unmap_declined,
	},
	[RULE_UNMAP_RESERVED] = {
		.requirement = "DEV-UNMAP-1", .type = REQUEST_UNMAP, .usual = STATUS_OK, .may_act = true,
		MUST(OK | INVAL), .applies = unmap_reserved,
	},
	[RULE_UNMAP_DOMAIN] = {
		.requirement = "DEV-UNMAP-3", .type = REQUEST_UNMAP, .usual = STATUS_NOENT,
		SHOULD(NOENT, OK | REFUSED), .applies = unmap_domain,
	},
	[RULE_UNMAP_BYPASS] = {
		.requirement = "DEV-UNMAP-4", .type = REQUEST_UNMAP, .usual = STATUS_INVAL,
		SHOULD(INVAL, OK | REFUSED), .applies = unmap_bypass,
	},
	[RULE_UNMAP_ORDER] = {
		.requirement = "DRV-UNMAP-5", .type = REQUEST_UNMAP, .usual = STATUS_INVAL,
		MUST(OK | REFUSED), .applies = unmap_order,
	},
	[RULE_UNMAP_ALIGN] = {
		.requirement = "AMB-14", .type = REQUEST_UNMAP, .usual = STATUS_OK,
		SHOULD(OK | RANGE | INVAL, REFUSED), .applies = unmap_align,
	},
	[RULE_UNMAP_INPUT_RANGE] = {
		.requirement = "DRV-OPS-4", .type = REQUEST_UNMAP, .usual = STATUS_OK,
		MUST(OK | REFUSED), .applies = unmap_input_range,
	},
	[RULE_UNMAP_SPLIT] = {
		.requirement = "DEV-UNMAP-5", .type = REQUEST_UNMAP, .usual = STATUS_RANGE,
		SHOULD(RANGE, OK | REFUSED), .applies = unmap_split,
	},

	/* 5.13.6.7 */
	[RULE_PROBE_DECLINED] = {
		.requirement = "AMB-3", .type = REQUEST_PROBE, .usual = ANSWER_UNWRITTEN,
		MUST(ANY), .applies = probe_declined,
	},
	[RULE_PROBE_ROOM] = {
		.requirement = "DEV-PROBE-9", .type = REQUEST_PROBE, .usual = STATUS_INVAL,
		SHOULD(INVAL, OK | REFUSED), .applies = probe_room,
	},
	[RULE_PROBE_ENDPOINT] = {
		.requirement = "DEV-PROBE-2", .type = REQUEST_PROBE, .usual = STATUS_NOENT,
		SHOULD(NOENT, OK | REFUSED), .applies = probe_endpoint,
	},
};

/* A request that cannot be parsed has no fields that a rule of its type could look at. */
static bool is_parsed(const struct model *m, const struct model_request *r)
{
	return !no_head(m, r) && !unknown_type(m, r) && !too_short(m, r) && !no_tail(m, r);
}

bool model_rule_applies(const struct model *m, enum model_rule_id id, const struct model_request *r)
{
	const struct model_rule *rule = &model_rules[id];

	if (!rule->applies)
		return false;
	if (rule->type && (rule->type != r->head.type || !is_parsed(m, r)))
		return false;
	return rule->applies(m, r);
}

/* OK must suit every rule; of the refusals any will do, as their order is open (AMB-9). */
static uint32_t combine(uint32_t all, uint32_t one)
{
	return ((all | one) & ~OK) | (all & one & OK);
}

_Static_assert(MODEL_RULES <= 64, "a set of rules is a word");

uint64_t model_rules_about(const struct model *m, const struct model_request *r)
{
	uint64_t rules = 0;

	for (enum model_rule_id id = 0; id < MODEL_RULES; id++)
		rules |= (uint64_t)model_rule_applies(m, id, r) << id;
	return rules;
}

struct model_outcome model_outcome_of(uint64_t rules)
{
	struct model_outcome outcome = {OK, OK, false};

	for (enum model_rule_id id = 0; id < MODEL_RULES; id++) {
		if (!(rules >> id & 1))
			continue;
		outcome.allowed = combine(outcome.allowed, model_rules[id].allowed);
		outcome.expected = combine(outcome.expected, model_rules[id].expected);
		outcome.may_act |= model_rules[id].may_act;
	}
	return outcome;
}

struct model_outcome model_outcome(const struct model *m, const struct model_request *r)
{
	return model_outcome_of(model_rules_about(m, r));
}

/*
 * What a driver MUST NOT send.
 */

/* 5.13.6: the limits bind a driver that has accepted their feature. */
static bool is_past_domains(const struct model *m, const struct model_request *r)
{
	return accepted(m, VIRTIO_IOMMU_F_DOMAIN_RANGE) && r->head.type != REQUEST_PROBE &&
	       (r->map.domain < m->config.domain_start || r->map.domain > m->config.domain_end);
}

static bool is_past_input(const struct model *m, const struct model_request *r)
{
	return accepted(m, VIRTIO_IOMMU_F_INPUT_RANGE) &&
	       (r->head.type == REQUEST_MAP || r->head.type == REQUEST_UNMAP) &&
	       (r->map.virt_start < m->config.input_start || r->map.virt_end > m->config.input_end);
}

/* 5.13.6.5: strictly greater. */
static bool is_no_range(const struct model *m, const struct model_request *r)
{
	(void)m;
	return r->head.type == REQUEST_MAP && r->map.virt_end <= r->map.virt_start;
}

static bool has_flag_declined(const struct model *m, const struct model_request *r)
{
	return model_rule_applies(m, RULE_MAP_FLAG_DECLINED, r);
}

static bool splits(const struct model *m, const struct model_request *r)
{
	return model_rule_applies(m, RULE_UNMAP_SPLIT, r);
}

/* 5.13.6.7: exactly probe_size bytes. */
static bool has_wrong_room(const struct model *m, const struct model_request *r)
{
	return r->head.type == REQUEST_PROBE && r->writable != model_reply_size(m, REQUEST_PROBE);
}

bool model_forbids(const struct model *m, const struct model_request *r)
{
	static bool (*const breaches[])(const struct model *m, const struct model_request *r) = {
		is_past_domains, is_past_input, is_no_range, has_flag_declined, splits, has_wrong_room,
	};

	if (no_head(m, r) || !has_type(m, r->head.type) || too_short(m, r))
		return false;
	for (size_t i = 0; i < sizeof(breaches) / sizeof(breaches[0]); i++)
		if (breaches[i](m, r))
			return true;
	return false;
}

static struct model_endpoint *find_endpoint(struct model *m, uint32_t id)
{
	return (struct model_endpoint *)model_endpoint(m, id);
}

static void remove_mapping(struct model *m, unsigned int index)
{
	m->mappings[index] = m->mappings[--m->mapping_count];
}

/* With its last member a domain and its mappings cease to exist (5.13.6.4). */
void model_leave(struct model *m, uint32_t endpoint)
{
	struct model_endpoint *ep = find_endpoint(m, endpoint);

	if (!ep || !ep->attached)
		return;
	ep->attached = false;
	if (domain_exists(m, ep->domain))
		return;
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain == ep->domain)
			remove_mapping(m, i);
}

/* An endpoint of another domain is first detached from that (DEV-ATTACH-8). */
static void apply_attach(struct model *m, const struct attach_request *r)
{
	struct model_endpoint *ep = find_endpoint(m, r->endpoint);

	if (!ep || is_member(ep, r->domain))
		return;
	model_leave(m, r->endpoint);
	ep->attached = true;
	ep->domain = r->domain;
	ep->bypass = r->flags & ATTACH_BYPASS;
}

static void apply_detach(struct model *m, const struct detach_request *r)
{
	if (is_member(find_endpoint(m, r->endpoint), r->domain))
		model_leave(m, r->endpoint);
}

static void apply_map(struct model *m, const struct map_request *r)
{
	if (m->mapping_count < MODEL_MAX_MAPPINGS)
		m->mappings[m->mapping_count++] = (struct model_mapping){
			.domain = r->domain, .start = r->virt_start, .end = r->virt_end,
			.phys = r->phys_start, .flags = r->flags,
		};
}

static void apply_unmap(struct model *m, const struct model_request *r)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (covers(r, &m->mappings[i]))
			remove_mapping(m, i);
}

void model_apply(struct model *m, const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		apply_attach(m, &r->attach);
		break;
	case REQUEST_DETACH:
		apply_detach(m, &r->detach);
		break;
	case REQUEST_MAP:
		apply_map(m, &r->map);
		break;
	case REQUEST_UNMAP:
		apply_unmap(m, r);
		break;
	}
}

void model_reset(struct model *m)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		m->endpoints[i].attached = false;
	m->mapping_count = 0;
	m->accepted = 0;
}

static void set_identity(struct model_extent *extent)
{
	*extent = (struct model_extent){.end = UINT64_MAX, .flags = MAP_RW};
}

/* 5.13.6, "Device operations": config.bypass counts whether or not the driver knows of it. */
static bool unattached_bypasses(const struct model *m)
{
	if (offers(m, VIRTIO_IOMMU_F_BYPASS_CONFIG) && m->config.bypass)
		return true;
	return accepted(m, VIRTIO_IOMMU_F_BYPASS);
}

static bool find_mapping(const struct model *m, uint32_t domain, uint64_t address,
			 struct model_extent *extent)
{
	for (unsigned int i = 0; i < m->mapping_count; i++) {
		const struct model_mapping *mapping = &m->mappings[i];

		if (mapping->domain != domain || address < mapping->start || address > mapping->end)
			continue;
		*extent = (struct model_extent){
			.start = mapping->start, .end = mapping->end,
			.phys = mapping->phys, .flags = mapping->flags & MAP_RW,
		};
		return true;
	}
	return false;
}

bool model_translate(const struct model *m, uint32_t endpoint, uint64_t address, uint32_t access,
		     struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = model_endpoint(m, endpoint);

	*reason = FAULT_DOMAIN;
	set_identity(extent);
	if (!ep || !ep->attached)
		return unattached_bypasses(m);
	if (ep->bypass)
		return true;
	*reason = FAULT_MAPPING;
	if (find_region(m, endpoint, address, address) || !find_mapping(m, ep->domain, address, extent))
		return false;
	if (m->write_implies_read && (extent->flags & MAP_WRITE))
		extent->flags |= MAP_READ;
	return extent->flags & access;
}
