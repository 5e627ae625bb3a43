// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of endpoints that come and go: what is kept of one that has gone, and who gets it.
 */
#include <stdlib.h>

#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

static struct model_endpoint last;	/* that has gone, as it was attached */
static struct model_mapping kept[16];	/* of its domain */
static unsigned int kept_count;
static uint32_t came;			/* since the last one has gone; 0: none */
static bool is_out;			/* one has gone, and none has come */

static struct model_endpoint *find(uint32_t id)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].id == id)
			return &m->endpoints[i];
	return NULL;
}

static void keep_mappings(uint32_t domain)
{
	const struct model *m = &ref_iommu.model;

	kept_count = 0;
	for (unsigned int i = 0; i < m->mapping_count && kept_count < ARRAY_SIZE(kept); i++)
		if (m->mappings[i].domain == domain)
			kept[kept_count++] = m->mappings[i];
}

static void give_mappings(uint32_t domain)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < kept_count; i++) {
		m->mappings[m->mapping_count] = kept[i];
		m->mappings[m->mapping_count++].domain = domain;
	}
	kept_count = 0;
}

static bool remember(uint32_t id)
{
	const struct model_endpoint *ep = find(id);

	last = ep ? *ep : (struct model_endpoint){0};
	came = 0;
	if (last.attached)
		keep_mappings(last.domain);
	return false;
}

/* The cache is left as it is. */
static bool leave_cached(uint32_t id)
{
	model_leave(&ref_iommu.model, id);
	return true;
}

static void inherit_domain(uint32_t id)
{
	struct model_endpoint *ep = find(id);

	if (!ep || !last.attached || last.id != id)
		return;
	*ep = last;
	if (!bug_count_mappings(last.domain))
		give_mappings(last.domain);
	last.attached = false;
}

static void note(uint32_t id)
{
	came = id;
	is_out = false;
}

static void note_gone(uint32_t id)
{
	last.id = id;
	is_out = true;
}

/* The first domain that it joins gets what the one before had. */
static bool join_with_mappings(const struct model_request *r)
{
	if (r->head.type != REQUEST_ATTACH || r->attach.endpoint != came || !kept_count)
		return false;
	model_apply(&ref_iommu.model, r);
	iotlb_forget_endpoint(came);
	give_mappings(r->attach.domain);
	return true;
}

static bool passes(struct access *a, struct model_extent *extent)
{
	*extent = (struct model_extent){0, UINT64_MAX, 0, MAP_RW};
	return a->endpoint == came && !bug_find_attached(came);
}

static bool is_blocked(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	(void)extent;
	if (a->endpoint != came || bug_find_attached(came))
		return found;
	*reason = FAULT_DOMAIN;
	return false;
}

static void join_first(uint32_t id)
{
	struct model_endpoint *ep = find(id);

	if (!ep)
		return;
	*ep = (struct model_endpoint){id, true, 1, false};
	came = id;
}

static void answer_ok(uint8_t type, const struct model_request *r, struct decision *d)
{
	if (is_out && r->head.type == type && r->attach.endpoint == last.id)
		*d = (struct decision){STATUS_OK, false};
}

static void attach_ok(const struct model_request *r, struct decision *d)
{
	answer_ok(REQUEST_ATTACH, r, d);
}

static void detach_ok(const struct model_request *r, struct decision *d)
{
	answer_ok(REQUEST_DETACH, r, d);
}

static void probe_ok(const struct model_request *r, struct decision *d)
{
	if (is_out && r->head.type == REQUEST_PROBE && r->probe.endpoint == last.id)
		*d = (struct decision){STATUS_OK, false};
}

static void probe_unknown(const struct model_request *r, struct decision *d)
{
	if (came && r->head.type == REQUEST_PROBE && r->probe.endpoint == came)
		*d = (struct decision){STATUS_NOENT, false};
}

static void attach_unknown(const struct model_request *r, struct decision *d)
{
	if (came && r->head.type == REQUEST_ATTACH && r->attach.endpoint == came)
		*d = (struct decision){STATUS_NOENT, false};
}

static void domain_breaks(const struct model_request *r, struct decision *d)
{
	if (is_out && last.attached && r->head.type == REQUEST_UNMAP && r->unmap.domain == last.domain)
		*d = (struct decision){STATUS_DEVERR, false};
}

/* With all of its members. */
static bool end_domain(uint32_t id)
{
	const struct model_endpoint *ep = bug_find_attached(id);
	struct model *m = &ref_iommu.model;

	if (!ep)
		return false;
	remember(id);
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached && m->endpoints[i].domain == last.domain)
			model_leave(m, m->endpoints[i].id);
	iotlb_forget_all();
	return true;
}

static void migration_looks(void)
{
	if (is_out && last.attached)
		abort();
}

static void migration_forgets(void)
{
	if (came)
		model_leave(&ref_iommu.model, came);
}

bool hot_plug_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_PLUG_INHERITS_DOMAIN,
		 {.endpoint_goes = remember, .endpoint_came = inherit_domain}, {0}},
		{MUTANT_PLUG_INHERITS_MAPPINGS,
		 {.endpoint_goes = remember, .endpoint_came = note,
		  .request_execute = join_with_mappings}, {0}},
		{MUTANT_PLUG_INHERITS_CACHE, {.endpoint_goes = leave_cached}, {0}},
		{MUTANT_PLUG_BYPASSES, {.endpoint_came = note, .access = passes}, {0}},
		{MUTANT_PLUG_BLOCKS, {.endpoint_came = note, .lookup = is_blocked}, {0}},
		{MUTANT_PLUG_ATTACHES, {.endpoint_came = join_first}, {0}},
		{MUTANT_PLUG_UNKNOWN_TO_PROBE,
		 {.endpoint_came = note, .request_decided = probe_unknown}, {0}},
		{MUTANT_PLUG_UNKNOWN_TO_ATTACH,
		 {.endpoint_came = note, .request_decided = attach_unknown}, {0}},
		{MUTANT_PULLED_ATTACHES,
		 {.endpoint_gone = note_gone, .endpoint_came = note, .request_decided = attach_ok}, {0}},
		{MUTANT_PULLED_PROBES,
		 {.endpoint_gone = note_gone, .endpoint_came = note, .request_decided = probe_ok}, {0}},
		{MUTANT_PULLED_DETACHES,
		 {.endpoint_gone = note_gone, .endpoint_came = note, .request_decided = detach_ok}, {0}},
		{MUTANT_PULL_ENDS_DOMAIN, {.endpoint_goes = end_domain}, {0}},
		{MUTANT_PULLED_BREAKS_DOMAIN,
		 {.endpoint_goes = remember, .endpoint_gone = note_gone, .endpoint_came = note,
		  .request_decided = domain_breaks}, {0}},
		{MUTANT_PULLED_ENDS_MIGRATION,
		 {.endpoint_goes = remember, .endpoint_gone = note_gone, .endpoint_came = note,
		  .migrated = migration_looks}, {0}},
		{MUTANT_PLUGGED_LOST_BY_MIGRATION,
		 {.endpoint_came = note, .migrated = migration_forgets}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
