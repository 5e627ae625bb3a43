// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/iommu/hooks.h"
#include "host/iommu/parts.h"
#include "host/machine/personality.h"

#define KEPT 16

/* Reports that wait for a buffer. */
static struct fault_record kept[KEPT];
static unsigned int kept_count;
static bool drop_next;
static struct fault_record was_last;

void events_reset(void)
{
	kept_count = 0;
	memset(&was_last, 0, sizeof(was_last));
}

/* A buffer too small for the record goes back empty: the report is lost (DEV-FAULT-5). */
static void write_event(struct chain *chain, const struct fault_record *record)
{
	struct vdev *dev = &ref_iommu.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];
	uint32_t length = chain->writable.size < sizeof(*record) ? 0 : sizeof(*record), used = length;

	if (iommu_hooks.event_ready(chain, record, &used) || !chain_write(dev, chain, 0, record, length))
		return;
	vring_push(dev, queue, chain, used);
	vring_flush(dev, queue);
}

bool events_deliver(const struct fault_record *record)
{
	static struct chain chain;
	struct vdev *dev = &ref_iommu.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];

	if (!vdev_is_running(dev))
		return false;
	if (!queue->enabled || !vring_pop(dev, queue, &chain)) {
		iommu_hooks.event_lost(record);
		return false;
	}
	write_event(&chain, record);
	return true;
}

static void keep(const struct fault_record *record)
{
	if (kept_count < KEPT)
		kept[kept_count++] = *record;
}

/* Returns true if endpoint, flags and page are those of the last report. */
static bool is_like_last(const struct fault_record *record)
{
	bool like = was_last.endpoint == record->endpoint && was_last.flags == record->flags &&
		    (was_last.address ^ record->address) < model_granule(&ref_iommu.model);

	was_last = *record;
	return like;
}

void events_report(uint8_t reason, uint32_t endpoint, uint64_t address, bool write)
{
	struct fault_record record = {
		.reason = reason,
		.flags = (write ? FAULT_WRITE : FAULT_READ) | FAULT_ADDRESS,
		.endpoint = endpoint,
		.address = address,
	};

	if (personality->no_addresses) {
		record.flags &= ~(uint32_t)FAULT_ADDRESS;
		record.address = 0;
	}
	if (personality->no_directions)
		record.flags &= ~(uint32_t)(FAULT_READ | FAULT_WRITE);
	if (personality->no_reasons)
		record.reason = FAULT_UNKNOWN;
	drop_next = !drop_next;
	if (personality->merged_events && is_like_last(&record))
		return;
	if (personality->no_events || (personality->half_events && !drop_next))
		return;
	if (iommu_hooks.fault(&record))
		return;
	if ((personality->late_events || !events_deliver(&record)) && personality->patient_events)
		keep(&record);
}

bool events_catch_up(void)
{
	bool any = false;

	while (kept_count && events_deliver(&kept[0])) {
		any = true;
		kept_count--;
		for (unsigned int i = 0; i < kept_count; i++)
			kept[i] = kept[i + 1];
	}
	return any;
}
