// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what the device says of its queues: notifications, errors, features; and of what it keeps of them.
 */
#include <string.h>

#include "host/bugs/virtio/takeover.h"
#include "host/machine/clock.h"
#include "util.h"

enum { REQUESTS, EVENTS };

static unsigned int number_of(const struct vdev *dev, const struct vqueue *queue)
{
	return queue - dev->queues;
}

/* An indirect table is looked for in the page that it begins in. */

#define HOST_PAGE 4096

static struct desc_table entry_in_page(const struct desc_table *table, uint32_t index)
{
	uint64_t page = align_down(table->address, HOST_PAGE), at = table->address + index * 16;
	struct desc_table moved = *table;

	if (table->indirect)
		moved.address = page + at % HOST_PAGE - index * 16;
	return moved;
}

static bool read_split_in_page(struct vdev *dev, const struct desc_table *table, uint32_t index,
			       struct ring_desc *desc)
{
	struct desc_table moved = entry_in_page(table, index);

	return vring_split.read_desc(dev, &moved, index, desc);
}

static bool read_packed_in_page(struct vdev *dev, const struct desc_table *table, uint32_t index,
				struct ring_desc *desc)
{
	struct desc_table moved = entry_in_page(table, index);

	return vring_packed.read_desc(dev, &moved, index, desc);
}

/* One notification for each N used buffers, and for the rest only if there were not so many. */

static uint64_t in_run;

static bool wants_interrupt_for_some(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	bool wanted = vring_split.wants_interrupt(dev, queue, used), told;
	uint16_t index;

	if (number_of(dev, queue) != REQUESTS || !vring_load16(dev, queue->driver + AVAIL_INDEX, &index))
		return wanted;
	told = ++in_run % mutant_number() == 0;
	if (index == queue->next_avail) {
		told |= in_run < mutant_number();
		in_run = 0;
	}
	return wanted && told;
}

/* The used index at the last notification, which a reset of the queue does not set back. */

static uint16_t told_up_to[VDEV_QUEUES];

static bool wants_interrupt_if_new(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint16_t *told = &told_up_to[number_of(dev, queue)];

	if ((int16_t)(queue->next_used - *told) <= 0 || !vring_split.wants_interrupt(dev, queue, used))
		return false;
	*told = queue->next_used;
	return true;
}

static void write_status_forgets_told(struct vdev *dev, uint8_t value)
{
	if (!value)
		memset(told_up_to, 0, sizeof(told_up_to));
	generic_write_status(dev, value);
}

/* A used buffer notification that waits, whatever becomes of the queue. */

static struct {
	struct vdev *dev;
	uint16_t vector;
} waiting;

static void send_waiting(void *unused)
{
	(void)unused;
	generic_interrupt(waiting.dev, ISR_QUEUE, waiting.vector);
}

static struct timer waiter = {.expire = send_waiting};

static void interrupt_later(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (cause != ISR_QUEUE)
		return generic_interrupt(dev, cause, vector);
	waiting.dev = dev;
	waiting.vector = vector;
	timer_start(&waiter, mutant_number());
}

static void write_status_ends_wait(struct vdev *dev, uint8_t value)
{
	if (!value)
		timer_stop(&waiter);
	generic_write_status(dev, value);
}

/* An event queue that a driver has broken. */

static bool is_of_events, is_broken;

static bool walk_and_note(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool legal = vring_split.walk(dev, queue, chain);

	is_of_events = number_of(dev, queue) == EVENTS;
	is_broken |= is_of_events && !legal;
	return legal;
}

static void interrupt_for_requests(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (cause != ISR_CONFIG || !is_of_events)
		generic_interrupt(dev, cause, vector);
}

static bool available_unless_broken(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	return (!is_broken || number_of(dev, queue) != EVENTS) && vring_split.available(dev, queue, chain);
}

/* Areas of a ring that were found once, by where the descriptors are. */

static struct vqueue found[VDEV_QUEUES];

static bool is_found(const struct vqueue *found, const struct vqueue *queue)
{
	return found->desc == queue->desc && found->size == queue->size;
}

static void enable_with_found_areas(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue *known = &found[number_of(dev, queue)];

	generic_enable_queue(dev, queue);
	if (!is_found(known, queue))
		*known = *queue;
	queue->driver = known->driver;
	queue->device = known->device;
}

/* The event queue of the session before, if a driver enables none. */

static void enable_and_keep(struct vdev *dev, struct vqueue *queue)
{
	generic_enable_queue(dev, queue);
	if (number_of(dev, queue) == EVENTS)
		found[EVENTS] = *queue;
}

static void write_status_brings_back(struct vdev *dev, uint8_t value)
{
	struct vqueue *events = &dev->queues[EVENTS];

	generic_write_status(dev, value);
	if (!(value & VIRTIO_DRIVER_OK) || events->enabled || !found[EVENTS].size)
		return;
	*events = found[EVENTS];
	events->next_avail = events->next_used = 0;
	events->avail_wrap = events->used_wrap = true;
}

/* Event buffers are put on a stack. */

static uint16_t stack[VDEV_QUEUE_SIZE], stacked, depth;

static bool available_on_stack(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t index, head;

	if (number_of(dev, queue) != EVENTS)
		return vring_split.available(dev, queue, chain);
	if (!vring_load16(dev, queue->driver + AVAIL_INDEX, &index))
		return false;
	for (; stacked != index; stacked++) {
		uint16_t slot = stacked % queue->size;

		if (!vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(head), &head))
			return false;
		stack[depth++ % VDEV_QUEUE_SIZE] = head;
	}
	if (!depth)
		return false;
	chain->head = stack[--depth % VDEV_QUEUE_SIZE];
	chain->slots = 1;
	return true;
}

static void enable_with_empty_stack(struct vdev *dev, struct vqueue *queue)
{
	if (number_of(dev, queue) == EVENTS)
		stacked = depth = 0;
	generic_enable_queue(dev, queue);
}

/* avail_event follows when the ring has been empty for a while. */

static struct vdev *follower;

static void follow(void *unused)
{
	struct vqueue *queue = &follower->queues[REQUESTS];

	(void)unused;
	if (vdev_is_running(follower) && queue->enabled)
		vring_store16(follower, vring_avail_event(queue), queue->next_avail);
}

static struct timer following = {.expire = follow};

static bool follows_late(const struct vdev *dev, const struct vqueue *queue)
{
	return number_of(dev, queue) == REQUESTS && vdev_has(dev, VIRTIO_F_EVENT_IDX);
}

static bool available_or_follow(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	bool any = vring_split.available(dev, queue, chain);

	follower = dev;
	if (!any && follows_late(dev, queue))
		timer_start(&following, mutant_number());
	return any;
}

static bool taken_without_event(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	if (!follows_late(dev, queue))
		return vring_split.taken(dev, queue, chain);
	queue->next_avail++;
	return true;
}

/* What NOTIFICATION_DATA says in place of the available index, without its top bit. */

static uint16_t told_end;

static void notified_of_position(struct vdev *dev, uint32_t value)
{
	if (!(uint16_t)value)
		told_end = value >> 16 & 0x7fff;
	generic_notification(dev, value);
}

static bool available_up_to_told(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	bool counts = number_of(dev, queue) == REQUESTS && vdev_has(dev, VIRTIO_F_NOTIFICATION_DATA);
	uint16_t count = told_end - queue->next_avail;

	return (!counts || (count && count <= queue->size)) && vring_split.available(dev, queue, chain);
}

/* Sessions of which nothing is freed. */

static bool fit_while_there_is_room(const struct vdev *dev)
{
	static uint64_t sessions;

	if (!generic_features_fit(dev) || sessions == mutant_number())
		return false;
	sessions++;
	return true;
}

bool service_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_INDIRECT_TABLE_IN_ONE_PAGE, .split = {.read_desc = read_split_in_page},
		 .packed = {.read_desc = read_packed_in_page}},
		{MUTANT_REST_OF_RUN_UNTOLD, .split = {.wants_interrupt = wants_interrupt_for_some}},
		{MUTANT_QRESET_KEEPS_TOLD, .steps = {.write_status = write_status_forgets_told},
		 .split = {.wants_interrupt = wants_interrupt_if_new}},
		{MUTANT_QRESET_LEAVES_NOTIFICATION,
		 .steps = {.write_status = write_status_ends_wait, .interrupt = interrupt_later}},
		{MUTANT_EVENT_QUEUE_BREAKS_UNTOLD, .steps = {.interrupt = interrupt_for_requests},
		 .split = {.walk = walk_and_note}},
		{MUTANT_EVENT_QUEUE_BROKEN_FOR_GOOD,
		 .split = {.walk = walk_and_note, .available = available_unless_broken}},
		{MUTANT_RING_AREAS_KEPT, .steps = {.enable_queue = enable_with_found_areas}},
		{MUTANT_EVENT_QUEUE_OF_LAST_SESSION,
		 .steps = {.enable_queue = enable_and_keep, .write_status = write_status_brings_back}},
		{MUTANT_IN_ORDER_EVENTS_LIFO, .steps = {.enable_queue = enable_with_empty_stack},
		 .split = {.available = available_on_stack}},
		{MUTANT_AVAIL_EVENT_LATE,
		 .split = {.available = available_or_follow, .taken = taken_without_event}},
		{MUTANT_NOTIFIED_INDEX_15_BITS, .steps = {.notification = notified_of_position},
		 .split = {.available = available_up_to_told}},
		{MUTANT_SESSION_LEAK, .steps = {.features_fit = fit_while_there_is_room}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
