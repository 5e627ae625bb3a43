// SPDX-License-Identifier: BSD-3-Clause
/*
 * Which of the answers that the standard allows the device gives.
 */
#include "host/machine/fatal.h"
#include "host/iommu/parts.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"

/* What this device says where the rule applies. */
static struct decision answer_to(enum model_rule_id rule)
{
	struct decision d = {model_rules[rule].usual, false};

	if (mutant_answer(rule, &d.answer, &d.acts))
		return d;
	for (unsigned int i = 0; i < PERSONALITY_ANSWERS; i++)
		if (personality->answers[i].rule == rule)
			d = (struct decision){personality->answers[i].answer, personality->answers[i].acts};
	return d;
}

/* With OK the rule has no objection: the others decide. */
static bool objects(enum model_rule_id rule, const struct model_request *r, struct decision *d)
{
	if (!model_rule_applies(&reference.model, rule, r))
		return false;
	*d = answer_to(rule);
	return d->answer != STATUS_OK;
}

static struct decision first_objection(const struct model_request *r)
{
	struct decision d;

	for (enum model_rule_id rule = RULE_NONE; rule < MODEL_RULES; rule++)
		if (objects(personality->last_rule_first ? MODEL_RULES - 1 - rule : rule, r, &d))
			return d;
	return (struct decision){STATUS_OK, true};
}

/* Without a mutant the device is right by definition: if not, the model or a personality is wrong. */
static void check(const struct model_request *r, const struct decision *d)
{
	struct model_outcome outcome = model_outcome(&reference.model, r);

	if (active_mutant)
		return;
	if (!(outcome.allowed & ANSWER(d->answer)))
		fatal("personality %s: request type %u: answer %u is not allowed", personality->name,
		      r->head.type, d->answer);
	if (!(outcome.expected & ANSWER(d->answer)) && !personality->warns)
		fatal("personality %s: request type %u: answer %u does not follow a SHOULD",
		      personality->name, r->head.type, d->answer);
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
	const struct model *m = &reference.model;
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

	check(r, &d);
	if (d.answer == STATUS_OK && own_objection(r))
		d = (struct decision){own_objection(r), false};
	return d;
}
