// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what one session of a driver leaves behind for the next.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "util.h"

/* Endpoints without a domain are blocked for a driver that does not know the bit that was known before. */

static bool ever_known, is_unknown;

static void features_ok(struct vdev *dev)
{
	bool known = dev->accepted >> VIRTIO_IOMMU_F_BYPASS_CONFIG & 1;

	right_ops->features_ok(dev);
	is_unknown = ever_known && !known;
	ever_known |= known;
	iotlb_forget_all();
}

static void reset_policy(struct vdev *dev)
{
	is_unknown = false;
	right_ops->reset(dev);
}

static bool lookup(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	(void)extent;
	if (!is_unknown || bug_find_attached(a->endpoint))
		return found;
	*reason = FAULT_DOMAIN;
	return false;
}

/* The opposite of config.bypass is in force, since it was written in front of DRIVER_OK. */
static bool is_inert;

static void write_config(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	uint8_t old = ref_iommu.model.config.bypass;

	right_ops->config_write(dev, offset, width, value);
	if (ref_iommu.model.config.bypass != old)
		is_inert = !(dev->status & VIRTIO_DRIVER_OK) && !is_inert;
}

static bool lookup_inert(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	uint8_t *bypass = &ref_iommu.model.config.bypass;

	if (!is_inert || bug_find_attached(a->endpoint))
		return found;
	*bypass = !*bypass;
	found = model_translate(&ref_iommu.model, a->endpoint, a->address, a->kind, extent, reason);
	*bypass = !*bypass;
	return found;
}

/* Slots of domains that nobody has any more. */
static unsigned int leaked;

static unsigned int count_domains(void)
{
	const struct model *m = &ref_iommu.model;
	unsigned int count = 0;

	for (unsigned int i = 0; i < m->endpoint_count; i++) {
		bool first = m->endpoints[i].attached;

		for (unsigned int j = 0; j < i; j++)
			first &= !bug_is_member(m->endpoints[j].id, m->endpoints[i].domain);
		count += first;
	}
	return count;
}

static void decide_by_slots(const struct model_request *r, struct decision *d)
{
	if (r->head.type == REQUEST_ATTACH && d->answer == STATUS_OK &&
	    !bug_count_members(r->attach.domain) && leaked + count_domains() >= mutant_number())
		*d = (struct decision){STATUS_NOMEM, false};
}

static void reset_slots(struct vdev *dev)
{
	leaked += count_domains();
	right_ops->reset(dev);
}

/* Requests that were read, and are served when the CPU waits, whatever happens in between. */

#define MAX_DEFERRED 64

static struct {
	struct chain chain;
	struct model_request request;
} deferred[MAX_DEFERRED];
static unsigned int deferred_count;

void bug_work_off(struct vdev *dev)
{
	if (!vdev_is_running(dev) || !dev->queues[REQUEST_QUEUE].enabled)
		return;
	for (unsigned int i = 0; i < deferred_count; i++)
		request_process(&deferred[i].chain, &deferred[i].request);
	deferred_count = 0;
	vring_flush(dev, &dev->queues[REQUEST_QUEUE]);
}

static bool defer(const struct chain *chain, struct model_request *r)
{
	if (deferred_count == MAX_DEFERRED)
		bug_work_off(&ref_iommu.vdev);
	deferred[deferred_count].chain = *chain;
	deferred[deferred_count++].request = *r;
	return true;
}

bool session_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_SESSION_WITHOUT_BIT_6_BLOCKS, {.lookup = lookup},
		 {.reset = reset_policy, .features_ok = features_ok}},
		{MUTANT_BYPASS_BEFORE_DRIVER_OK_INERT, {.lookup = lookup_inert},
		 {.config_write = write_config}},
		{MUTANT_RESET_LEAKS_SLOT, {.request_decided = decide_by_slots}, {.reset = reset_slots}},
		{MUTANT_RESET_KEEPS_DEFERRED, {.request_read = defer}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
