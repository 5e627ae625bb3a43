// SPDX-License-Identifier: BSD-3-Clause
#include <stdarg.h>
#include <stdio.h>

#include "driver/names.h"
#include "judge/steps/restart.h"

static uint8_t device_status(void)
{
	return iommu.dev.transport->status(&iommu.dev);
}

const char *device_status_now(void)
{
	static char text[NAMES_SIZE];

	return device_status_names(device_status(), text);
}

/*
 * A device SHOULD accept any subset of what it offers, and need not (2.2.2). That is judged by GEN-FEAT-2
 * alone; all else is skipped, with the device as it is usually.
 */
static bool is_refused(uint64_t features)
{
	return features != iommu.wanted && !(features & ~iommu.offered) &&
	       !(device_status() & VIRTIO_FEATURES_OK) && iommu_restart(iommu.wanted);
}

static bool skip_if_refused(uint64_t features)
{
	bool refused = is_refused(features);

	if (refused)
		silent_rest("the device refuses to work without a feature that it offers (GEN-FEAT-2)");
	return refused;
}

static bool report_status(struct source_line at, const char *expected, bool reached)
{
	if (!reached)
		judge(SET_UP, at, expected, "device_status %s", device_status_now());
	return reached;
}

static bool worked_or_refused(struct source_line at, uint64_t features, const char *expected, bool reached)
{
	return reached || (!skip_if_refused(features) && report_status(at, expected, false));
}

bool reset_device(struct source_line at)
{
	return report_status(at, "the device is reset (GEN-RESET-1)", virtio_reset(&iommu.dev));
}

bool negotiate_device(struct source_line at, uint64_t features)
{
	bool reached = virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features);

	return worked_or_refused(at, features, "FEATURES_OK (GEN-FEAT-2)", reached);
}

bool prepare_device(struct source_line at, uint64_t features)
{
	return worked_or_refused(at, features, "FEATURES_OK (GEN-FEAT-2), and both queues",
				 iommu_prepare(features));
}

bool restart_device(struct source_line at, uint64_t features)
{
	return worked_or_refused(at, features, "the device comes up (GEN-RESET-1, GEN-FEAT-2)",
				 iommu_restart(features));
}

bool prepare_with_queues(struct source_line at, uint64_t features, uint16_t requests, uint16_t events)
{
	struct iommu_rings usual = iommu.rings;
	bool prepared;

	if (requests)
		iommu.rings.size = requests;
	if (events)
		iommu.rings.event_size = events;
	prepared = prepare_device(at, features);
	iommu.rings = usual;
	iommu.altered = true;
	return prepared;
}

bool restart_with_queues(struct source_line at, uint64_t features, uint16_t requests, uint16_t events)
{
	if (!prepare_with_queues(at, features, requests, events))
		return false;
	iommu_start();
	return true;
}

bool restart_if_needs_reset(struct source_line at, uint64_t features)
{
	return !virtio_needs_reset(&iommu.dev) || restart_device(at, features);
}

bool enable_requests(struct source_line at)
{
	if (virtio_enable_queue(&iommu.dev, REQUEST_QUEUE, &iommu.requests))
		return true;
	judge(VERDICT_ERROR, at, "the request queue has room for the ring", "queue_size %u, the ring %u",
	      iommu.dev.transport->queue_max(&iommu.dev, REQUEST_QUEUE), iommu.requests.size);
	return false;
}

static bool expect_state(struct source_line at, bool reached, const char *expected, const char *when,
			 va_list args)
{
	char words[100];

	if (reached)
		return true;
	vsnprintf(words, sizeof(words), when, args);
	judge(BY_LEVEL, at, expected, "%s: device_status %s", device_status_now(), words);
	return false;
}

bool expect_reset(struct source_line at, const char *when, ...)
{
	va_list args;
	bool kept;

	va_start(args, when);
	kept = expect_state(at, virtio_reset(&iommu.dev), "0", when, args);
	va_end(args);
	return kept;
}

bool expect_restart(struct source_line at, uint64_t features, const char *when, ...)
{
	bool reached = iommu_restart(features), kept;
	va_list args;

	if (!reached && is_refused(features)) {
		silent("the device refuses to work with features %#lx alone (GEN-FEAT-2)", features);
		return false;
	}
	va_start(args, when);
	kept = expect_state(at, reached, "the device comes up", when, args);
	va_end(args);
	return kept;
}

bool expect_queue_reset(struct source_line at, enum verdict otherwise, uint16_t queue)
{
	if (virtio_reset_queue(&iommu.dev, queue))
		return true;
	judge(otherwise, at, "queue_reset 0 and queue_enable 0 after writing 1 to queue_reset",
	      "queue_reset %u, queue_enable %u, of queue %u",
	      iommu.dev.transport->queue_is_resetting(&iommu.dev, queue),
	      iommu.dev.transport->queue_enabled(&iommu.dev, queue), queue);
	return false;
}
