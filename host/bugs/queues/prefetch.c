// SPDX-License-Identifier: BSD-3-Clause
/*
 * Event buffers that are taken as soon as the driver tells of them, and kept over a device reset.
 */
#include <string.h>

#include "host/bugs/queues/queues.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

#define MAX_FETCHED 64

/* The oldest first. */
static struct chain fetched[MAX_FETCHED];
static unsigned int fetched_count;

static struct vqueue *event_queue(void)
{
	return &ref_iommu.vdev.queues[EVENT_QUEUE];
}

static void fetch(struct vdev *dev, unsigned int queue)
{
	while (queue == EVENT_QUEUE && fetched_count < MAX_FETCHED &&
	       vring_pop(dev, &dev->queues[queue], &fetched[fetched_count]))
		fetched_count++;
	right_ops->notified(dev, queue);
}

/* A buffer too small for the report goes back empty. */
static void write_to_oldest(const struct fault_record *record)
{
	static struct chain oldest;
	struct vdev *dev = &ref_iommu.vdev;
	uint32_t length;

	oldest = fetched[0];
	memmove(&fetched[0], &fetched[1], --fetched_count * sizeof(fetched[0]));
	length = oldest.writable.size < sizeof(*record) ? 0 : sizeof(*record);
	if (!chain_write(dev, &oldest, 0, record, length))
		return;
	vring_push(dev, event_queue(), &oldest, length);
	vring_flush(dev, event_queue());
}

/* There is none in the ring. */
static void write_to_fetched(const struct fault_record *record)
{
	if (fetched_count && event_queue()->enabled && vdev_is_running(&ref_iommu.vdev))
		write_to_oldest(record);
}

/* There is one in the ring: it comes behind those that were taken already. */
static bool write_in_order(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)used;
	if (!fetched_count)
		return false;
	write_to_oldest(record);
	fetched[fetched_count++] = *chain;
	return true;
}

static void reset_queue(struct vdev *dev, struct vqueue *queue)
{
	if (queue == event_queue())
		fetched_count = 0;
	generic_reset_queue(dev, queue);
}

bool prefetch_takes_over(struct vdev *dev)
{
	static const struct virtio_takeover row = {MUTANT_EVENTQ_AVAIL_KEPT,
						   .steps = {.reset_queue = reset_queue}};

	return bug_virtio_takeover(dev, &row, 1);
}

bool prefetch_install(void)
{
	static const struct takeover row = {MUTANT_EVENTQ_AVAIL_KEPT,
		{.event_lost = write_to_fetched, .event_ready = write_in_order}, {.notified = fetch}};

	return takeover_use(&row, 1);
}
