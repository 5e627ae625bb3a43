// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what a fault leads to besides its report, and of when that is written.
 */
#include <string.h>

#include "host/bugs/lookup/lookup.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

/* For the event queue the driver need not be ready. */
static bool report_before_driver_ok(struct fault_record *record)
{
	struct vdev *dev = &ref_iommu.vdev;

	if (dev->status & (VIRTIO_DRIVER_OK | VIRTIO_NEEDS_RESET | VIRTIO_SUSPEND) || dev->silent)
		return false;
	dev->status |= VIRTIO_DRIVER_OK;
	events_deliver(record);
	dev->status &= ~VIRTIO_DRIVER_OK;
	return true;
}

/* An access without permission passes if its report finds no buffer. */

static bool has_buffer, is_reported;

static bool lacks_permission(const struct access *a)
{
	struct model_extent ignored;
	uint8_t reason;

	return bug_find_target(a) && !model_translate(&ref_iommu.model, a->endpoint, a->address, a->kind,
						      &ignored, &reason);
}

static bool access_by_report(struct access *a, struct model_extent *extent)
{
	if (!lacks_permission(a))
		return false;
	has_buffer = false;
	events_report(FAULT_MAPPING, a->endpoint, a->address, a->kind == MAP_WRITE);
	is_reported = has_buffer;
	bug_set_extent(extent, bug_find_target(a));
	return !has_buffer;
}

static bool note_buffer(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)chain, (void)record, (void)used;
	has_buffer = true;
	return false;
}

/* The device reports what was reported already. */
static bool report_once(struct fault_record *record)
{
	bool again = is_reported;

	(void)record;
	is_reported = false;
	return again;
}

/* Endpoints with as many faults are broken. */

static uint64_t faults[MODEL_MAX_ENDPOINTS];

static bool lookup_unless_broken(const struct access *a, bool found, struct model_extent *extent,
				 uint8_t *reason)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = model_endpoint(m, a->endpoint);

	(void)extent;
	if (!ep)
		return found;
	if (bug_find_translated(a->endpoint) && faults[ep - m->endpoints] >= mutant_number()) {
		*reason = FAULT_MAPPING;
		return false;
	}
	faults[ep - m->endpoints] += !found;
	return found;
}

static void reset_faults(struct vdev *dev)
{
	memset(faults, 0, sizeof(faults));
	right_ops->reset(dev);
}

bool faults_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_EVENT_BEFORE_DRIVER_OK, {.fault = report_before_driver_ok}, {0}},
		{MUTANT_FAULT_UNREPORTED_ALLOWS,
		 {.access = access_by_report, .fault = report_once, .event_ready = note_buffer}, {0}},
		{MUTANT_FAULT_QUARANTINE, {.access = bug_access_uncached, .lookup = lookup_unless_broken},
		 {.reset = reset_faults}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
