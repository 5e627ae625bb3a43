// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of where mappings are kept: all domains whose ids come to the same place have them in common. The
 * place is an id itself, under which the model then has the mappings.
 */
#include "host/bugs/iommu/parts.h"
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

static uint32_t place_of(uint32_t domain)
{
	if (mutant(MUTANT_DOMAIN_ID_BITS))
		return domain & ((1ull << mutant_number()) - 1);
	return domain % mutant_number();
}

/* The domain is in the same place in all requests but DETACH. */
static struct model_request moved(const struct model_request *r)
{
	struct model_request changed = *r;

	changed.map.domain = place_of(r->map.domain);
	return changed;
}

/* Whether the domain exists is asked with its id, what is mapped there with its place. */
static void decide_by_place(const struct model_request *r, struct decision *d)
{
	static const struct {
		enum model_rule_id rule;
		uint8_t type;
	} rules[] = {
		{RULE_ATTACH_REGIONS, REQUEST_ATTACH},
		{RULE_MAP_OVERLAP, REQUEST_MAP},
		{RULE_UNMAP_SPLIT, REQUEST_UNMAP},
	};
	struct model_request changed = moved(r);

	for (unsigned int i = 0; i < ARRAY_SIZE(rules); i++)
		if (d->answer == STATUS_OK && r->head.type == rules[i].type &&
		    model_rule_applies(&ref_iommu.model, rules[i].rule, &changed))
			*d = (struct decision){decisions[rules[i].rule].answer, false};
}

static bool execute_move(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->attach.endpoint);
	uint32_t domain = ep ? ep->domain : 0;

	if (!ep)
		return false;
	request_execute(r);
	if (!bug_count_members(domain))
		bug_drop_domain(place_of(domain));
	return true;
}

static bool execute(const struct model_request *r)
{
	struct model_request changed = moved(r);

	if (r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH)
		return execute_move(r);
	model_apply(&ref_iommu.model, &changed);
	iotlb_forget_all();
	return true;
}

static bool lookup(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	const struct model_endpoint *ep = bug_find_translated(a->endpoint);
	const struct model_mapping *mapping;

	if (!ep || bug_in_region(&ref_iommu.model, a))
		return found;
	mapping = bug_find_mapping(place_of(ep->domain), a->address);
	*reason = FAULT_MAPPING;
	if (!mapping)
		return false;
	bug_set_extent(extent, mapping);
	return extent->flags & a->kind;
}

bool domain_id_install(void)
{
#define BY_PLACE {.request_decided = decide_by_place, .request_execute = execute, .lookup = lookup}, {0}
	static const struct takeover rows[] = {
		{MUTANT_DOMAIN_ID_BITS, BY_PLACE},
		{MUTANT_DOMAIN_HASH_UNCOMPARED, BY_PLACE},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
