// SPDX-License-Identifier: BSD-3-Clause
/* Bugs where the text leaves freedom: ways that no reading of it allows. */
#include "host/bugs/iommu/parts.h"

static unsigned int faults_of(const struct model *m, const struct model_request *r)
{
	unsigned int count = 0;

	for (enum model_rule_id rule = 0; rule < MODEL_RULES; rule++)
		count += model_rules[rule].type == r->head.type && model_rule_applies(m, rule, r);
	return count;
}

/* Since a request that could not be parsed, until the next reset. */
static bool stuck;

bool bug_is_stuck(void)
{
	return stuck;
}

void bug_unstick(void)
{
	stuck = false;
}

void bug_decide_open(const struct model *m, const struct model_request *r, struct decision *d)
{
	if (d->answer == ANSWER_UNWRITTEN) {
		stuck = mutant(MUTANT_UNPARSED_STOPS_QUEUE) && r->readable < sizeof(struct request_head);
		return;
	}
	if (mutant(MUTANT_TWO_FAULTS_OK) && d->answer != STATUS_OK && faults_of(m, r) > 1)
		*d = (struct decision){STATUS_OK, false};
	if (mutant(MUTANT_TWO_FAULTS_IOERR) && d->answer != STATUS_OK && faults_of(m, r) > 1)
		*d = (struct decision){STATUS_IOERR, false};
}

static void empty_domain(struct model *m, uint32_t domain)
{
	for (unsigned int i = m->mapping_count; i--;)
		if (m->mappings[i].domain == domain)
			m->mappings[i] = m->mappings[--m->mapping_count];
}

static void turn_out_all(struct model *m, uint32_t domain)
{
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached && m->endpoints[i].domain == domain)
			model_leave(m, m->endpoints[i].id);
}

void bug_refused_open(struct model *m, const struct model_request *r)
{
	const struct model_endpoint *ep = model_endpoint(m, r->attach.endpoint);

	if (!ep)
		return;
	if (mutant(MUTANT_ATTACH_REFUSED_EMPTIES) && r->head.type == REQUEST_ATTACH && ep->attached)
		empty_domain(m, ep->domain);
	if (mutant(MUTANT_DETACH_STRANGER_ENDS_DOMAIN) && r->head.type == REQUEST_DETACH)
		turn_out_all(m, r->detach.domain);
}

void bug_change_map(const struct model *m, struct map_request *r)
{
	const uint64_t page = 4096;

	if (mutant(MUTANT_ONE_BYTE_MAPS_PAGE) && r->virt_start == r->virt_end) {
		r->virt_start &= -page;
		r->virt_end |= page - 1;
		r->phys_start &= -page;
	}
	if (mutant(MUTANT_MAP_MMIO_IS_VIRT) && (r->flags & MAP_MMIO))
		r->phys_start = r->virt_start;
	if (mutant(MUTANT_MAP_WRAP_OFF_BY_PAGE) && r->virt_end - r->virt_start > ~r->phys_start)
		r->phys_start += model_granule(m);
}

/* Of the requests behind one notification the first leaves its status behind. */
static bool batch_begun;

void bug_new_batch(void)
{
	batch_begun = false;
}

uint8_t bug_batch_status(uint8_t status)
{
	static uint8_t first;

	if (!batch_begun)
		first = status;
	batch_begun = true;
	return MUTATE(BATCH_SHARES_STATUS, first, status);
}
