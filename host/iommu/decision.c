// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which of the answers that the standard allows the device gives.
 */
#include "host/machine/fatal.h"
#include "host/iommu/parts.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"

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

static struct decision first_objection(const struct model_request *r)
{
	for (enum model_rule_id i = RULE_NONE; i < MODEL_RULES; i++) {
		enum model_rule_id rule = personality->last_rule_first ? MODEL_RULES - 1 - i : i;

		if (objects(rule, r))
			return decisions[rule];
	}
	return (struct decision){STATUS_OK, true};
}

/* Somebody else is attached, and not to this domain. */
static bool is_elsewhere(const struct model *m, const struct attach_request *r)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].id != r->endpoint && m->endpoints[i].attached &&
		    m->endpoints[i].domain != r->domain)
			return true;
	return false;
}

/* What a device refuses that has to do with more than the request and the model. */
static uint8_t own_objection(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	bool map = r->head.type == REQUEST_MAP;

	if (personality->inseparable && r->head.type == REQUEST_ATTACH && is_elsewhere(m, &r->attach))
		return STATUS_UNSUPP;
	if (personality->few_mappings && map && m->mapping_count >= FEW_MAPPINGS)
		return STATUS_NOMEM;
	if (personality->checks_memory && map && !(r->map.flags & MAP_MMIO) &&
	    !ram_at(r->map.phys_start, r->map.virt_end - r->map.virt_start + 1))
		return STATUS_FAULT;
	if (personality->exact_probe && r->head.type == REQUEST_PROBE &&
	    r->writable > model_reply_size(m, REQUEST_PROBE))
		return STATUS_INVAL;
	return STATUS_OK;
}

struct decision decide(const struct model_request *r)
{
	struct decision d = first_objection(r);

	if (d.answer == STATUS_OK && own_objection(r))
		d = (struct decision){own_objection(r), false};
	return d;
}
