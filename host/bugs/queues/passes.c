// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what the driver is told of one pass over what is available.
 */
#include "host/bugs/queues/queues.h"
#include "util.h"

/* The pass that is under way: buffers that were used, of which the driver may want to hear at its end. */
static struct pass {
	unsigned int count;
	struct used last;
} passes[VDEV_QUEUES];

static struct pass *pass_of(const struct vdev *dev, const struct vqueue *queue)
{
	return &passes[queue - dev->queues];
}

/* Count one more. Returns true if it is the Nth of those that are notified together. */
static bool is_told(const struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct pass *pass = pass_of(dev, queue);

	pass->last = *used;
	return ++pass->count % mutant_number() == 0;
}

static void end_pass(struct vdev *dev, struct vqueue *queue, unsigned int told_below)
{
	struct pass pass = *pass_of(dev, queue);

	pass_of(dev, queue)->count = 0;
	if (pass.count && pass.count < told_below &&
	    generic_format(dev)->wants_interrupt(dev, queue, &pass.last))
		vdev_interrupt(dev, ISR_QUEUE, queue->vector);
}

/*
 * Notifications of so many buffers at once.
 */

static bool split_wants_nth(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	return (vdev_has(dev, VIRTIO_F_EVENT_IDX) || is_told(dev, queue, used)) &&
	       vring_split.wants_interrupt(dev, queue, used);
}

/* Returns true if the driver asks for a notification at some descriptor. */
static bool waits_for_event(struct vdev *dev, const struct vqueue *queue)
{
	struct packed_events events;

	return vdev_has(dev, VIRTIO_F_EVENT_IDX) &&
	       access_memory(dev, queue->driver, &events, sizeof(events), false) &&
	       (events.flags & 3) == EVENTS_DESC;
}

static bool packed_wants_nth(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	return (waits_for_event(dev, queue) || is_told(dev, queue, used)) &&
	       vring_packed.wants_interrupt(dev, queue, used);
}

static void flush_few(struct vdev *dev, struct vqueue *queue)
{
	generic_flush(dev, queue);
	end_pass(dev, queue, mutant_number());
}

/*
 * An event that only the last buffer of a pass can bring about.
 */

static bool wants_later(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	if (!waits_for_event(dev, queue))
		return vring_packed.wants_interrupt(dev, queue, used);
	*pass_of(dev, queue) = (struct pass){1, *used};
	return false;
}

static void flush_and_compare(struct vdev *dev, struct vqueue *queue)
{
	generic_flush(dev, queue);
	end_pass(dev, queue, UINT32_MAX);
}

/*
 * What the driver asks for, misread.
 */

/* The wrap counter of the event is taken for the queue's own, before the buffer was used. */
static bool wants_in_any_lap(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct packed_events events;
	uint16_t event;

	if (!waits_for_event(dev, queue) ||
	    !access_memory(dev, queue->driver, &events, sizeof(events), false))
		return vring_packed.wants_interrupt(dev, queue, used);
	event = events.position & ~(1 << 15);
	if (queue->next_used < used->slots)
		event -= queue->size;
	return vring_passed(event, queue->next_used, used->slots);
}

static bool wants_event_by_flag(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint16_t flags;

	if (dev->type == VIRTIO_TYPE_IOMMU && queue == &dev->queues[EVENT_QUEUE] &&
	    vring_load16(dev, queue->driver, &flags) && (flags & AVAIL_NO_INTERRUPT))
		return false;
	return vring_split.wants_interrupt(dev, queue, used);
}

bool passes_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_PACKED_EVENT_IN_ANY_LAP, .packed = {.wants_interrupt = wants_in_any_lap}},
		{MUTANT_EVENT_QUEUE_FLAG_COUNTS, .split = {.wants_interrupt = wants_event_by_flag}},
		{MUTANT_PACKED_EVENT_ONLY_LAST, .steps = {.flush = flush_and_compare},
		 .packed = {.wants_interrupt = wants_later}},
		{MUTANT_COALESCE, .steps = {.flush = flush_few},
		 .split = {.wants_interrupt = split_wants_nth},
		 .packed = {.wants_interrupt = packed_wants_nth}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
