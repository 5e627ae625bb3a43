// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of endpoints in bypass mode.
 */
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "host/machine/ram.h"
#include "util.h"

#define RAM_PAGE 4096

static bool lookup_ram(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	uint64_t page = a->address & -(uint64_t)RAM_PAGE;

	if (!found || bug_find_translated(a->endpoint))
		return found;
	*extent = (struct model_extent){page, page + (RAM_PAGE - 1), page, MAP_RW};
	*reason = FAULT_MAPPING;
	return ram_at(page, RAM_PAGE);
}

/* What the driver knows is not settled before FEATURES_OK. */
static bool is_declined(void)
{
	const struct vdev *dev = &ref_iommu.vdev;

	return dev->status & VIRTIO_FEATURES_OK && !vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG);
}

static bool lookup_if_known(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	(void)extent;
	if (!found || bug_find_attached(a->endpoint) || !is_declined())
		return found;
	*reason = FAULT_DOMAIN;
	return false;
}

static void features_ok(struct vdev *dev)
{
	right_ops->features_ok(dev);
	iotlb_forget_all();
}

bool bypass_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_BYPASS_RAM_ONLY, {.lookup = lookup_ram}, {0}},
		{MUTANT_BYPASS_NEEDS_ACCEPT, {.lookup = lookup_if_known}, {.features_ok = features_ok}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
