// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what the device remembers of a ring from one turn to the next.
 */
#include <string.h>

#include "host/bugs/virtio/takeover.h"
#include "host/virtio/parts.h"
#include "util.h"

#define RING_MAX 32768	/* 2.7 */

static unsigned int index_of(const struct vdev *dev, const struct vqueue *queue)
{
	return queue - dev->queues;
}

static bool is_request_queue(const struct vdev *dev, const struct vqueue *queue)
{
	return !index_of(dev, queue);
}

static bool load_head(struct vdev *dev, const struct vqueue *queue, uint16_t slot, uint16_t *head)
{
	return vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(*head), head);
}

static bool walk_with_slot(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool legal = vring_packed.walk(dev, queue, chain);

	chain->head = queue->next_avail;
	return legal;
}

/* Heads that were read along with one in front of them. */

static struct {
	bool known;
	uint16_t head;
} copies[VDEV_QUEUES][RING_MAX];

static void read_along(struct vdev *dev, const struct vqueue *queue)
{
	for (unsigned int i = 1; i <= mutant_number() && i < queue->size; i++) {
		uint16_t slot = (queue->next_avail + i) % queue->size;

		copies[index_of(dev, queue)][slot].known =
			load_head(dev, queue, slot, &copies[index_of(dev, queue)][slot].head);
	}
}

static bool available_from_copy(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t slot = queue->next_avail % queue->size;
	unsigned int n = index_of(dev, queue);

	if (!vring_split.available(dev, queue, chain))
		return false;
	if (copies[n][slot].known)
		chain->head = copies[n][slot].head;
	else
		read_along(dev, queue);
	copies[n][slot].known = false;
	return true;
}

static void enable_without_copies(struct vdev *dev, struct vqueue *queue)
{
	memset(copies[index_of(dev, queue)], 0, sizeof(copies[0]));
	generic_enable_queue(dev, queue);
}

/* Chains that were walked through, by head. */

static struct walked {
	bool known;
	struct ring_desc first;
	struct chain chain;
} walked[VDEV_QUEUES][VDEV_QUEUE_SIZE];

static bool walk_anew(struct vdev *dev, const struct vqueue *queue, struct chain *chain, struct walked *w)
{
	w->known = vring_split.walk(dev, queue, chain);
	w->chain = *chain;
	return w->known;
}

static bool walk_as_before(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct desc_table table = {queue->desc, queue->size, false};
	struct walked *w = &walked[index_of(dev, queue)][chain->head % VDEV_QUEUE_SIZE];
	struct ring_desc first;

	if (chain->head >= VDEV_QUEUE_SIZE)
		return vring_split.walk(dev, queue, chain);
	if (!vring_split.read_desc(dev, &table, chain->head, &first))
		return false;
	if (w->known && !memcmp(&w->first, &first, sizeof(first))) {
		*chain = w->chain;
		return true;
	}
	w->first = first;
	return walk_anew(dev, queue, chain, w);
}

static void enable_without_walked(struct vdev *dev, struct vqueue *queue)
{
	for (unsigned int i = 0; i < VDEV_QUEUE_SIZE; i++)
		walked[index_of(dev, queue)][i].known = false;
	generic_enable_queue(dev, queue);
}

/* Indexes that are compared as if they did not wrap. */
static bool wants_interrupt_in_lap(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint16_t event, old = queue->next_used - used->count;

	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_split.wants_interrupt(dev, queue, used);
	return vring_load16(dev, vring_used_event(queue), &event) && old <= event &&
	       event < queue->next_used;
}

/* The used index at the last look at used_event. It is not looked at before there was one. */
static struct {
	bool known;
	uint16_t index;
} last_look[VDEV_QUEUES];

static bool wants_interrupt_since_last(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	unsigned int n = index_of(dev, queue);
	uint16_t event, old = last_look[n].index, now = queue->next_used;
	bool known = last_look[n].known;

	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_split.wants_interrupt(dev, queue, used);
	if (!vring_load16(dev, vring_used_event(queue), &event))
		return false;
	last_look[n].known = true;
	last_look[n].index = now;
	return !known || vring_passed(event, now, now - old);
}

/* What a notification found. */

static bool can_look(const struct vdev *dev, const struct vqueue *queue)
{
	return vdev_is_running(dev) && queue->enabled && !vdev_has(dev, VIRTIO_F_RING_PACKED);
}

static bool nobody_looks;

static bool is_batch(struct vdev *dev, const struct vqueue *queue)
{
	uint16_t end;

	return can_look(dev, queue) && !vdev_has(dev, VIRTIO_F_EVENT_IDX) &&
	       vring_load16(dev, queue->driver + AVAIL_INDEX, &end) &&
	       (uint16_t)(end - queue->next_avail) >= mutant_number();
}

static void notified_of_batch(struct vdev *dev, uint32_t value)
{
	bool of_requests = !(uint16_t)value;

	if (of_requests && nobody_looks)
		return;
	if (of_requests && is_batch(dev, &dev->queues[0]))
		nobody_looks = vring_store16(dev, dev->queues[0].device + USED_FLAGS, USED_NO_NOTIFY);
	generic_notification(dev, value);
}

static void enable_and_look(struct vdev *dev, struct vqueue *queue)
{
	nobody_looks &= !is_request_queue(dev, queue);
	generic_enable_queue(dev, queue);
}

/* After many requests the next one is to come without a notification. */
static void notified_of_traffic(struct vdev *dev, uint32_t value)
{
	const struct vqueue *queue = &dev->queues[0];
	uint16_t before = queue->next_avail;

	generic_notification(dev, value);
	if (!(uint16_t)value && can_look(dev, queue) && vdev_has(dev, VIRTIO_F_EVENT_IDX) &&
	    (uint16_t)(queue->next_avail - before) >= mutant_number())
		vring_store16(dev, vring_avail_event(queue), queue->next_avail + 1);
}

/* How far requests go that are about to be served. */
static struct {
	bool known;
	uint16_t index;
} end;

static void notified_of_end(struct vdev *dev, uint32_t value)
{
	const struct vqueue *queue = &dev->queues[0];

	if (!(uint16_t)value && can_look(dev, queue)) {
		if (end.known)
			return;
		end.known = vring_load16(dev, queue->driver + AVAIL_INDEX, &end.index);
	}
	generic_notification(dev, value);
}

static bool available_up_to_end(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	if (!is_request_queue(dev, queue) || !end.known || queue->next_avail != end.index)
		return vring_split.available(dev, queue, chain);
	return end.known = false;
}

static void enable_without_end(struct vdev *dev, struct vqueue *queue)
{
	end.known &= !is_request_queue(dev, queue);
	generic_enable_queue(dev, queue);
}

/* What a reset of the queue, or a write to status, does to the positions. */

static void reset_but_wrap(struct vdev *dev, struct vqueue *queue)
{
	bool avail_wrap = queue->avail_wrap, used_wrap = queue->used_wrap;

	generic_reset_queue(dev, queue);
	queue->avail_wrap = avail_wrap;
	queue->used_wrap = used_wrap;
}

static void write_status_starts_queues(struct vdev *dev, uint8_t value)
{
	generic_write_status(dev, value);
	for (unsigned int i = 0; i < dev->queue_count && (value & VIRTIO_DRIVER_OK); i++)
		dev->queues[i].next_avail = dev->queues[i].next_used = 0;
}

/* What is given back. */

static bool enter_aligned_table(const struct vdev *dev, struct desc_table *table,
				const struct ring_desc *desc)
{
	struct ring_desc changed = *desc;

	changed.address = align_down(desc->address, 16);
	return generic_enter_table(dev, table, &changed);
}

static void push_last_piece(struct vdev *dev, struct vqueue *queue, const struct chain *chain,
			    uint32_t length)
{
	const struct chain_part *part = &chain->writable;
	uint32_t last = part->count ? part->size - part->pieces[part->count - 1].length : 0;

	generic_push(dev, queue, chain, length > last ? length - last : 0);
}

bool turns_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_KICK_WHILE_PENDING_LOST,
		 .steps = {.notification = notified_of_end, .enable_queue = enable_without_end},
		 .split = {.available = available_up_to_end}},
		{MUTANT_PACKED_ID_IS_SLOT, .packed = {.walk = walk_with_slot}},
		{MUTANT_AVAIL_PREFETCH, .steps = {.enable_queue = enable_without_copies},
		 .split = {.available = available_from_copy}},
		{MUTANT_CHAIN_CACHED_BY_HEAD, .steps = {.enable_queue = enable_without_walked},
		 .split = {.walk = walk_as_before}},
		{MUTANT_SIGNALLED_USED_KEPT, .split = {.wants_interrupt = wants_interrupt_since_last}},
		{MUTANT_AVAIL_EVENT_AHEAD, .steps = {.notification = notified_of_traffic}},
		{MUTANT_USED_EVENT_NO_WRAP, .split = {.wants_interrupt = wants_interrupt_in_lap}},
		{MUTANT_NO_NOTIFY_NOT_CLEARED,
		 .steps = {.notification = notified_of_batch, .enable_queue = enable_and_look}},
		{MUTANT_PACKED_RESET_KEEPS_WRAP, .steps = {.reset_queue = reset_but_wrap}},
		{MUTANT_STATUS_REWRITE_RESTARTS_QUEUES,
		 .steps = {.write_status = write_status_starts_queues}},
		{MUTANT_INDIRECT_TABLE_ALIGNED_DOWN, .steps = {.enter_table = enter_aligned_table}},
		{MUTANT_USED_LEN_LAST_PIECE, .steps = {.push = push_last_piece}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
