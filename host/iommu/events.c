// SPDX-License-Identifier: BSD-3-Clause
/*
 * The event queue (5.13.6.9): what is reported of a fault, when, and in which buffer.
 */
#include <string.h>

#include "host/iommu/hooks.h"
#include "host/iommu/parts.h"
#include "host/machine/clock.h"
#include "host/machine/personality.h"
#include "util.h"

struct backlog backlog;

static bool drop_next;
static struct fault_record was_last;
static uint64_t last_report;	/* ns */
static uint32_t quiet[MODEL_MAX_ENDPOINTS];	/* endpoints that had a report since their ATTACH */
static unsigned int quiet_count;

static void time_is_up(void *unused);

static struct timer timer = {.expire = time_is_up};

void events_reset(void)
{
	backlog.kept_count = backlog.fetched_count = quiet_count = 0;
	last_report = 0;
	memset(&was_last, 0, sizeof(was_last));
	timer_stop(&timer);
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

/* A queue that was reset, or is new. */
static void drop_fetched(const struct vqueue *queue)
{
	if (!queue->enabled || !queue->next_avail)
		backlog.fetched_count = 0;
}

/* Take the next buffer. The chain is valid until the next call. NULL if there is none. */
static struct chain *next_buffer(void)
{
	static struct chain chain;
	struct vdev *dev = &ref_iommu.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];

	drop_fetched(queue);
	if (backlog.fetched_count)
		return &backlog.fetched[--backlog.fetched_count];
	return queue->enabled && vring_pop(dev, queue, &chain) ? &chain : NULL;
}

/* Those of a split queue without IN_ORDER come back in any order. */
static void fetch_buffers(void)
{
	struct vdev *dev = &ref_iommu.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];

	drop_fetched(queue);
	if (!personality->fetches_buffers || vdev_has(dev, VIRTIO_F_IN_ORDER) ||
	    vdev_has(dev, VIRTIO_F_RING_PACKED))
		return;
	while (queue->enabled && backlog.fetched_count < EVENTS_FETCHED &&
	       vring_pop(dev, queue, &backlog.fetched[backlog.fetched_count]))
		backlog.fetched_count++;
}

bool events_deliver(const struct fault_record *record)
{
	struct vdev *dev = &ref_iommu.vdev;
	struct chain *chain;

	if (!vdev_is_running(dev))
		return false;
	chain = next_buffer();
	if (!chain) {
		iommu_hooks.event_lost(record);
		return false;
	}
	write_event(chain, record);
	fetch_buffers();
	return true;
}

static void forget(unsigned int index)
{
	backlog.kept_count--;
	memmove(&backlog.kept[index], &backlog.kept[index + 1],
		(backlog.kept_count - index) * sizeof(backlog.kept[0]));
}

static void keep(const struct fault_record *record, unsigned int microseconds)
{
	if (backlog.kept_count == EVENTS_KEPT)
		return;
	backlog.kept[backlog.kept_count].record = *record;
	backlog.kept[backlog.kept_count++].due = clock_ns() + microseconds * 1000ull;
	if (microseconds)
		timer_start(&timer, microseconds);
}

static bool is_due(void)
{
	return backlog.kept_count && backlog.kept[0].due <= clock_ns();
}

/* Without a buffer a report waits or is lost. */
static void deliver_kept(void)
{
	unsigned int next;

	if (backlog.kept_count < personality->event_batch)
		return;
	while (is_due()) {
		next = personality->newest_first ? backlog.kept_count - 1 : 0;
		if (!events_deliver(&backlog.kept[next].record) && personality->patient_events)
			return;
		forget(next);
	}
}

static void time_is_up(void *unused)
{
	(void)unused;
	deliver_kept();
	if (backlog.kept_count && !is_due())
		timer_start(&timer, (backlog.kept[0].due - clock_ns()) / 1000 + 1);
}

void events_go_on(void)
{
	time_is_up(NULL);
}

void events_notified(void)
{
	fetch_buffers();
	deliver_kept();
}

void events_begin(void)
{
	const struct model *m = &ref_iommu.model;

	if (personality->start_event && m->endpoint_count)
		keep(&(struct fault_record){.reason = FAULT_UNKNOWN, .endpoint = m->endpoints[0].id}, 0);
}

void events_attached(uint32_t endpoint)
{
	for (unsigned int i = 0; i < quiet_count; i++)
		if (quiet[i] == endpoint)
			quiet[i--] = quiet[--quiet_count];
}

/* Returns true if the endpoint had a report since its ATTACH. */
static bool is_quiet(uint32_t endpoint)
{
	for (unsigned int i = 0; i < quiet_count; i++)
		if (quiet[i] == endpoint)
			return true;
	if (quiet_count < MODEL_MAX_ENDPOINTS)
		quiet[quiet_count++] = endpoint;
	return false;
}

/* Returns true if endpoint, flags and page are those of the last report. */
static bool is_like_last(const struct fault_record *record)
{
	bool like = was_last.endpoint == record->endpoint && was_last.flags == record->flags &&
		    (was_last.address ^ record->address) < model_granule(&ref_iommu.model);

	was_last = *record;
	return like;
}

/* Returns true if it comes too soon after the last one that did not. */
static bool is_too_soon(void)
{
	if (last_report && clock_ns() - last_report < personality->event_gap_us * 1000ull)
		return true;
	last_report = clock_ns();
	return false;
}

static bool is_left_out(const struct fault_record *record, bool write)
{
	drop_next = !drop_next;
	return personality->no_events || (personality->half_events && !drop_next) ||
	       (personality->write_events && !write) ||
	       (personality->mapping_events && record->reason == FAULT_DOMAIN) ||
	       (personality->merged_events && is_like_last(record)) ||
	       (personality->one_per_attach && is_quiet(record->endpoint)) ||
	       (personality->event_gap_us && is_too_soon());
}

static struct fault_record describe(uint8_t reason, uint32_t endpoint, uint64_t address, bool write)
{
	struct fault_record record = {
		.reason = reason,
		.flags = (write ? FAULT_WRITE : FAULT_READ) | FAULT_ADDRESS | personality->event_flags,
		.reserved1 = personality->event_reserved1,
		.endpoint = endpoint,
		.address = address,
	};

	if (personality->no_addresses) {
		record.flags &= ~(uint32_t)FAULT_ADDRESS;
		record.address = 0;
	}
	if (personality->no_directions)
		record.flags &= ~(uint32_t)(FAULT_READ | FAULT_WRITE);
	return record;
}

void events_report(uint8_t reason, uint32_t endpoint, uint64_t address, bool write)
{
	struct fault_record record = describe(reason, endpoint, address, write);
	bool later = personality->event_us || personality->event_batch;

	if (is_left_out(&record, write))
		return;
	if (personality->no_reasons)
		record.reason = FAULT_UNKNOWN;
	for (unsigned int i = 0; i <= personality->repeated_events; i++) {
		if (iommu_hooks.fault(&record))
			return;
		if (later)
			keep(&record, max(personality->event_us, 1u));
		else if (!events_deliver(&record) && personality->patient_events)
			keep(&record, 0);
	}
}
