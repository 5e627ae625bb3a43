// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what one session of a driver leaves behind for the next.
 */
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

bool session_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_SESSION_WITHOUT_BIT_6_BLOCKS, {.lookup = lookup},
		 {.reset = reset_policy, .features_ok = features_ok}},
		{MUTANT_RESET_LEAKS_SLOT, {.request_decided = decide_by_slots}, {.reset = reset_slots}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
