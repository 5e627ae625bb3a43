// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which of the answers that the standard allows the device gives.
 */
#include "host/machine/fatal.h"
#include "host/iommu/parts.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"
#include "util.h"

struct decision decisions[MODEL_RULES];

/* The device is right by definition: if it is not, the model or a personality is wrong. */
static void check(const struct model_rule *rule, uint8_t answer)
{
	if (!(rule->allowed & ANSWER(answer)))
		fatal("personality %s: %s: answer %u is not allowed", personality->name, rule->requirement,
		      answer);
	if (!(rule->expected & ANSWER(answer)) && !personality->warns)
		fatal("personality %s: %s: answer %u does not follow a SHOULD", personality->name,
		      rule->requirement, answer);
}

void decisions_init(void)
{
	for (enum model_rule_id rule = RULE_NONE; rule < MODEL_RULES; rule++)
		decisions[rule] = (struct decision){model_rules[rule].usual, false};
	for (unsigned int i = 0; i < PERSONALITY_ANSWERS; i++)
		decisions[personality->answers[i].rule] =
			(struct decision){personality->answers[i].answer, personality->answers[i].acts};
	for (enum model_rule_id rule = RULE_NONE + 1; rule < MODEL_RULES; rule++)
		check(&model_rules[rule], decisions[rule].answer);
}

static bool objects(enum model_rule_id rule, const struct model_request *r)
{
	return model_rule_applies(&ref_iommu.model, rule, r) && decisions[rule].answer != STATUS_OK;
}

/* A MUST has one answer, and holds whatever others say. */
static bool is_binding(enum model_rule_id rule)
{
	return !(model_rules[rule].allowed & (model_rules[rule].allowed - 1));
}

static struct decision last_objection(const struct model_request *r)
{
	struct decision d = {STATUS_OK, true};
	bool bound = false;

	for (enum model_rule_id rule = RULE_NONE + 1; rule < MODEL_RULES; rule++) {
		if (!objects(rule, r) || (bound && !is_binding(rule)))
			continue;
		d = decisions[rule];
		bound |= is_binding(rule);
	}
	return d;
}

static struct decision first_objection(const struct model_request *r)
{
	if (personality->last_rule_first)
		return last_objection(r);
	for (enum model_rule_id rule = RULE_NONE + 1; rule < MODEL_RULES; rule++)
		if (objects(rule, r))
			return decisions[rule];
	return (struct decision){STATUS_OK, true};
}

/*
 * What a device refuses that has to do with more than the request and the model. Each sees requests of one
 * type, and none that a rule of the model refuses.
 */

/* Somebody else is attached, and not to this domain. */
static bool is_inseparable(const struct model *m, const struct model_request *r)
{
	for (unsigned int i = 0; i < m->endpoint_count && personality->inseparable; i++)
		if (m->endpoints[i].id != r->attach.endpoint && m->endpoints[i].attached &&
		    m->endpoints[i].domain != r->attach.domain)
			return true;
	return false;
}

static unsigned int count_others(const struct model *m, const struct attach_request *r)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		count += m->endpoints[i].id != r->endpoint && m->endpoints[i].attached &&
			 m->endpoints[i].domain == r->domain;
	return count;
}

static bool is_full(const struct model *m, const struct model_request *r)
{
	unsigned int others = count_others(m, &r->attach);

	if (personality->no_bypass_sharing && (r->attach.flags & ATTACH_BYPASS) && others)
		return true;
	return personality->most_members && others >= personality->most_members;
}

static bool changes_kind(const struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	return personality->no_kind_moving && ep->attached && ep->domain != r->attach.domain &&
	       ep->bypass != (bool)(r->attach.flags & ATTACH_BYPASS);
}

/* The first member of each domain counts for it. */
static unsigned int count_domains(const struct model *m, uint32_t without)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		bool first = m->endpoints[i].attached && m->endpoints[i].id != without;

		for (unsigned int j = 0; j < i && first; j++)
			first = !m->endpoints[j].attached || m->endpoints[j].id == without ||
				m->endpoints[j].domain != m->endpoints[i].domain;
		count += first;
	}
	return count;
}

static bool is_one_domain_more(const struct model *m, const struct model_request *r)
{
	return personality->most_domains && !count_others(m, &r->attach) &&
	       count_domains(m, r->attach.endpoint) >= personality->most_domains;
}

static uint64_t count_bytes(const struct model *m)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		bytes += m->mappings[i].end - m->mappings[i].start + 1;
	return bytes;
}

static bool has_no_room(const struct model *m, const struct model_request *r)
{
	uint64_t size = r->map.virt_end - r->map.virt_start;	/* less 1 */

	if (personality->longest_mapping && size >= personality->longest_mapping)
		return true;
	if (personality->most_mappings && m->mapping_count >= personality->most_mappings)
		return true;
	return personality->most_bytes && (size >= personality->most_bytes ||
					   count_bytes(m) + size >= personality->most_bytes);
}

static bool is_memory(const struct map_request *r)
{
	return ram_at(r->phys_start, r->virt_end - r->virt_start + 1);
}

static bool is_no_memory(const struct model *m, const struct model_request *r)
{
	(void)m;
	return personality->checks_memory && !(r->map.flags & MAP_MMIO) && !is_memory(&r->map);
}

static bool is_memory_as_registers(const struct model *m, const struct model_request *r)
{
	(void)m;
	return personality->mmio_for_registers && (r->map.flags & MAP_MMIO) && is_memory(&r->map);
}

static bool is_reserved_for_anybody(const struct model *m, const struct model_request *r)
{
	for (unsigned int i = 0; i < m->region_count && personality->common_regions; i++)
		if (m->regions[i].start <= r->map.virt_end && r->map.virt_start <= m->regions[i].end)
			return true;
	return false;
}

static bool has_spare_room(const struct model *m, const struct model_request *r)
{
	return personality->exact_probe && r->writable > model_reply_size(m, REQUEST_PROBE);
}

static const struct {
	uint8_t type, answer;
	bool (*applies)(const struct model *m, const struct model_request *r);
} objections[] = {
	{REQUEST_ATTACH, STATUS_UNSUPP, is_inseparable},
	{REQUEST_ATTACH, STATUS_UNSUPP, is_full},
	{REQUEST_ATTACH, STATUS_UNSUPP, changes_kind},
	{REQUEST_ATTACH, STATUS_NOMEM, is_one_domain_more},
	{REQUEST_MAP, STATUS_INVAL, is_reserved_for_anybody},
	{REQUEST_MAP, STATUS_NOMEM, has_no_room},
	{REQUEST_MAP, STATUS_FAULT, is_no_memory},
	{REQUEST_MAP, STATUS_INVAL, is_memory_as_registers},
	{REQUEST_PROBE, STATUS_INVAL, has_spare_room},
};

static struct decision own_decision(const struct model_request *r)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(objections); i++)
		if (objections[i].type == r->head.type && objections[i].applies(&ref_iommu.model, r))
			return (struct decision){objections[i].answer, false};
	return (struct decision){STATUS_OK, true};
}

/* MAP, UNMAP and DETACH as well: a domain that there cannot be. */
static bool is_out_of_range(const struct model *m, const struct model_request *r)
{
	return personality->checks_domains && m->offered & VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) &&
	       r->head.type >= REQUEST_ATTACH && r->head.type <= REQUEST_UNMAP &&
	       (r->map.domain < m->config.domain_start || r->map.domain > m->config.domain_end);
}

struct decision decide(const struct model_request *r)
{
	struct decision d = first_objection(r);

	if (is_out_of_range(&ref_iommu.model, r) && d.answer != ANSWER_UNWRITTEN)
		return (struct decision){STATUS_RANGE, false};
	return d.answer == STATUS_OK ? own_decision(r) : d;
}
