// SPDX-License-Identifier: BSD-3-Clause
/*
 * A bug of which endpoints exist: all up to the highest one do. Those that are none have a placeholder in the
 * model while they are named by a request, or attached.
 */
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

static unsigned int real_count;	/* endpoints in front of the placeholders; 0: not known yet */

static bool is_below_highest(uint32_t id)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].id > id)
			return true;
	return false;
}

static void drop_placeholder(unsigned int index)
{
	struct model *m = &ref_iommu.model;

	model_leave(m, m->endpoints[index].id);
	m->endpoints[index] = m->endpoints[--m->endpoint_count];
}

static void drop_unattached(void)
{
	for (unsigned int i = ref_iommu.model.endpoint_count; i-- > real_count;)
		if (!ref_iommu.model.endpoints[i].attached)
			drop_placeholder(i);
}

/* The model has room for some: one more takes the place of the first. */
static void add_placeholder(uint32_t id)
{
	struct model *m = &ref_iommu.model;

	if (m->endpoint_count == MODEL_MAX_ENDPOINTS && real_count < MODEL_MAX_ENDPOINTS)
		drop_placeholder(real_count);
	if (m->endpoint_count < MODEL_MAX_ENDPOINTS)
		m->endpoints[m->endpoint_count++] = (struct model_endpoint){.id = id};
}

/* Returns true with the endpoint that a request names, if it names one. */
static bool names_endpoint(const struct model_request *r, uint32_t *id)
{
	*id = r->head.type == REQUEST_PROBE ? r->probe.endpoint : r->attach.endpoint;
	return r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH ||
	       r->head.type == REQUEST_PROBE;
}

static bool read_with_placeholder(const struct chain *chain, struct model_request *r)
{
	const struct model *m = &ref_iommu.model;
	uint32_t id;

	(void)chain;
	if (!real_count)
		real_count = m->endpoint_count;
	drop_unattached();
	if (names_endpoint(r, &id) && !model_endpoint(m, id) && is_below_highest(id))
		add_placeholder(id);
	return false;
}

/* There is nothing to be detached from. */
static void decide_with_placeholder(const struct model_request *r, struct decision *d)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, r->detach.endpoint);

	if (!model_rule_applies(m, RULE_DETACH_DOMAIN, r) || ep < &m->endpoints[real_count])
		return;
	*d = bug_decide_without(RULE_DETACH_DOMAIN, r);
	d->acts = false;
}

static void reset_with_placeholders(struct vdev *dev)
{
	right_ops->reset(dev);
	real_count = ref_iommu.model.endpoint_count;
}

bool placeholders_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_EP_BELOW_HIGHEST,
		 {.request_read = read_with_placeholder, .request_decided = decide_with_placeholder},
		 {.reset = reset_with_placeholders}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
