// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/iommu/parts.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"

#define KEPT 16

/* Reports that wait for a buffer. */
static struct fault_record kept[KEPT];
static unsigned int kept_count;
static bool drop_next;
static bool lost;	/* a report found no buffer */
static struct fault_record was_last;

void events_reset(void)
{
	kept_count = 0;
	lost = false;
	memset(&was_last, 0, sizeof(was_last));
	bug_event_reset();
}

/* A buffer too small for the record goes back empty: the report is lost (DEV-FAULT-5). */
static bool deliver(const struct fault_record *record)
{
	static struct chain chain;
	struct vdev *dev = &reference.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];
	uint32_t length = sizeof(*record);

	if (!vdev_is_running(dev) || !queue->enabled || !vring_pop(dev, queue, &chain)) {
		lost |= MUTATE(EVENTS_END_WITH_FIRST_LOST, vdev_is_running(dev), false);
		if (mutant(MUTANT_EVENT_WITHOUT_BUFFER_BREAKS) && vdev_is_running(dev))
			vdev_break(dev);
		if (vdev_is_running(dev))
			bug_event_without_buffer(record);
		return false;
	}
	if (bug_event_buffer(&chain, record))
		return true;
	if (chain.writable.size < length)
		length = 0;
	if (!chain_write(dev, &chain, 0, record, length)) {
		bug_event_out_of_reach();
		return true;
	}
	length = bug_event_length(&chain, record, length);
	vring_push(dev, queue, &chain, length);
	if (mutant(MUTANT_EVENT_BUFFER_TWICE))
		vring_push(dev, queue, &chain, length);
	vring_flush(dev, queue);
	return true;
}

static void keep(const struct fault_record *record)
{
	if (kept_count < KEPT)
		kept[kept_count++] = *record;
}

/* Of the same page. */
static bool is_like_last(const struct fault_record *record)
{
	bool like = was_last.endpoint == record->endpoint && was_last.flags == record->flags &&
		    (was_last.address ^ record->address) < model_granule(&reference.model);

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
	if (lost || (personality->merged_events && is_like_last(&record)))
		return;
	if (personality->no_events || (personality->half_events && !drop_next))
		return;
	bug_record(&record);
	if (bug_event(&record))
		return;
	if ((personality->late_events || !deliver(&record)) && personality->patient_events)
		keep(&record);
}

bool events_catch_up(void)
{
	bool any = false;

	while (kept_count && deliver(&kept[0])) {
		any = true;
		kept_count--;
		for (unsigned int i = 0; i < kept_count; i++)
			kept[i] = kept[i + 1];
	}
	return any;
}

void events_refilled(void)
{
	struct fault_record record;

	bug_requests_stall = false;
	if (bug_event_again(&record))
		deliver(&record);
	events_catch_up();
}
