// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/upkeep/upkeep.h"

static struct {
	bool taken;
	uint32_t domain;
} places[MODEL_MAX_ENDPOINTS];

void bug_free_places(void)
{
	for (unsigned int i = 0; i < MODEL_MAX_ENDPOINTS; i++)
		places[i].taken &= bug_count_members(places[i].domain) > 0;
}

/* Each domain has a member, so that there is a place for one more, even before the old ones are freed. */
unsigned int bug_place_of(uint32_t domain, bool *fresh)
{
	unsigned int i = 0;

	*fresh = false;
	for (unsigned int j = 0; j < MODEL_MAX_ENDPOINTS; j++)
		if (places[j].taken && places[j].domain == domain)
			return j;
	while (places[i].taken && bug_count_members(places[i].domain) && i + 1 < MODEL_MAX_ENDPOINTS)
		i++;
	*fresh = true;
	places[i].taken = true;
	places[i].domain = domain;
	return i;
}

const struct model_endpoint *bug_find_leaving(const struct model_request *r)
{
	const struct model_endpoint *ep = bug_find_attached(r->attach.endpoint);
	bool is_in = ep && ep->domain == r->attach.domain;

	if (r->head.type == REQUEST_DETACH)
		return is_in ? ep : NULL;
	return r->head.type == REQUEST_ATTACH && !is_in ? ep : NULL;
}

bool bug_joins(const struct model_request *r)
{
	return r->head.type == REQUEST_ATTACH && !bug_is_member(r->attach.endpoint, r->attach.domain);
}
