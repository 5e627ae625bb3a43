// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the ends of rings and passes, and of what comes too late or too early.
 */
#include "host/bugs/queues/queues.h"
#include "host/machine/clock.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/parts.h"
#include "util.h"

enum { REQUESTS, EVENTS };

static unsigned int number_of(const struct vdev *dev, const struct vqueue *queue)
{
	return queue - dev->queues;
}

/* Buffers of a pass are compared with used_event together, by indexes that do not wrap. */

static uint16_t in_pass[VDEV_QUEUES];

static bool wants_at_end(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_split.wants_interrupt(dev, queue, used);
	in_pass[number_of(dev, queue)] += used->count;
	return false;
}

static void flush_and_compare(struct vdev *dev, struct vqueue *queue)
{
	uint16_t *count = &in_pass[number_of(dev, queue)], event, now, old;

	generic_flush(dev, queue);
	now = queue->next_used;
	old = now - *count;
	if (*count && vring_load16(dev, vring_used_event(queue), &event) &&
	    vring_passed(event, now, *count) && !(old > now && event < now))
		vdev_interrupt(dev, ISR_QUEUE, queue->vector);
	*count = 0;
}

/* The event offset of the last lap is that of a ring of a power of two. */
static bool wants_in_rounded_ring(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct packed_events events;
	uint16_t event, size = 1;

	if (!access_memory(dev, queue->driver, &events, sizeof(events), false) ||
	    (events.flags & 3) != EVENTS_DESC || !vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_packed.wants_interrupt(dev, queue, used);
	while (size < queue->size)
		size *= 2;
	event = events.position & ~WRAP_BIT;
	if (!(events.position & WRAP_BIT) != !queue->used_wrap)
		event -= size;
	return vring_passed(event, queue->next_used, used->slots);
}

/* A list that has the last descriptor of the ring is used in the next lap. */
static bool put_in_next_lap(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	bool wrap = queue->used_wrap, turns = queue->next_used + used->slots >= queue->size;

	if (used->slots < 2 || !turns)
		return vring_packed.put(dev, queue, used);
	queue->used_wrap = !wrap;
	if (!vring_packed.put(dev, queue, used))
		return false;
	queue->used_wrap = !wrap;
	return true;
}

/* Behind N descriptors of the ring a table is one of them. */

static unsigned int walked;

static bool walk_from_head(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	walked = 0;
	return vring_split.walk(dev, queue, chain);
}

static bool read_few_tables(struct vdev *dev, const struct desc_table *table, uint32_t index,
			    struct ring_desc *desc)
{
	if (!vring_split.read_desc(dev, table, index, desc))
		return false;
	if (!table->indirect && walked++ >= mutant_number())
		desc->flags &= ~DESC_INDIRECT;
	return true;
}

/* What was written to is used at the end of the pass, all else at once. */

static struct {
	uint16_t head, slots;
	uint32_t length;
} put_off[VDEV_QUEUE_SIZE];
static unsigned int put_off_count;

static void push_unwritten(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	if (number_of(dev, queue) != REQUESTS || !length || put_off_count == VDEV_QUEUE_SIZE)
		return generic_push(dev, queue, chain, length);
	put_off[put_off_count].head = chain->head;
	put_off[put_off_count].slots = chain->slots;
	put_off[put_off_count++].length = length;
}

static void flush_put_off(struct vdev *dev, struct vqueue *queue)
{
	static struct chain chain;
	unsigned int count = number_of(dev, queue) == REQUESTS ? put_off_count : 0;

	put_off_count -= count;
	for (unsigned int i = 0; i < count; i++) {
		chain.head = put_off[i].head;
		chain.slots = put_off[i].slots;
		chain.writable.size = put_off[i].length;
		generic_push(dev, queue, &chain, put_off[i].length);
	}
	generic_flush(dev, queue);
}

static void write_status_drops(struct vdev *dev, uint8_t value)
{
	put_off_count = value ? put_off_count : 0;
	generic_write_status(dev, value);
}

static void reset_but_used_wrap(struct vdev *dev, struct vqueue *queue)
{
	bool wrap = queue->used_wrap;

	generic_reset_queue(dev, queue);
	queue->used_wrap = wrap;
}

/* Of the event queue's notifications those wait that come within N milliseconds of one. */

static struct {
	struct vdev *dev;
	uint16_t vector;
	bool is_due;
} waiting;
static bool of_events;

static void send_waiting(void *unused)
{
	(void)unused;
	if (waiting.is_due)
		generic_interrupt(waiting.dev, ISR_QUEUE, waiting.vector);
	waiting.dev = NULL;
	waiting.is_due = false;
}

static struct timer pause = {.expire = send_waiting};

static void interrupt_with_pauses(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	if (cause != ISR_QUEUE || !of_events)
		return generic_interrupt(dev, cause, vector);
	waiting.vector = vector;
	if (waiting.dev) {
		waiting.is_due = true;
		return;
	}
	waiting.dev = dev;
	generic_interrupt(dev, cause, vector);
	timer_start(&pause, mutant_number() * 1000);
}

static void push_with_pauses(struct vdev *dev, struct vqueue *queue, const struct chain *chain,
			     uint32_t length)
{
	of_events = number_of(dev, queue) == EVENTS;
	generic_push(dev, queue, chain, length);
	of_events = false;
}

/* What the window reads stays in the lane of its offset. */
static void access_in_lane(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	unsigned int cap = vdev_of(f)->access_window;
	uint32_t at = function_get(f, cap + CAP_OFFSET, 4);
	uint32_t length = function_get(f, cap + CAP_STRUCTURE_LENGTH, 4);

	right_function->config_access(f, offset, width, write);
	if (!write && offset == cap + CAP_ACCESS_DATA && (length == 1 || length == 2))
		function_set(f, offset, 4, function_get(f, offset, 4) << 8 * (at % 4));
}

/* Each session that has used vectors keeps one of N. */

static uint64_t sessions;
static bool used_one;

static void write_while_there_are_some(struct function *f, unsigned int bar, uint64_t offset,
				       unsigned int width, uint32_t value)
{
	if (bar == VDEV_BAR && value != NO_VECTOR && width == 2 &&
	    (offset == AREA_COMMON + COMMON_QUEUE_VECTOR || offset == AREA_COMMON + COMMON_CONFIG_VECTOR)) {
		used_one = true;
		value = sessions >= mutant_number() ? NO_VECTOR : value;
	}
	right_function->write(f, bar, offset, width, value);
}

static void write_status_keeps_one(struct vdev *dev, uint8_t value)
{
	sessions += !value && used_one;
	used_one &= value != 0;
	generic_write_status(dev, value);
}

/* An entry of a table with a reserved flag makes the buffer malformed. */
static bool read_strict_tables(struct vdev *dev, const struct desc_table *table, uint32_t index,
			       struct ring_desc *desc)
{
	return vring_packed.read_desc(dev, table, index, desc) &&
	       !(table->indirect && (desc->flags & DESC_INDIRECT));
}

/* A driver that was ready, and has set FAILED, is ready in its next session from the start. */

static bool stays_ready;

static void write_status_after_failed(struct vdev *dev, uint8_t value)
{
	if (!value)
		stays_ready = (dev->status & VIRTIO_FAILED) && (dev->status & VIRTIO_DRIVER_OK);
	generic_write_status(dev, value);
}

static bool is_running_after_failed(const struct vdev *dev)
{
	return generic_is_running(dev) || (stays_ready && !(dev->status & VIRTIO_NEEDS_RESET));
}

/* Where the used index was at the last look at used_event is forgotten by a device reset alone. */

static uint16_t looked_at[VDEV_QUEUES];

static bool wants_since_last_look(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint16_t *last = &looked_at[number_of(dev, queue)], count = queue->next_used - *last, event;

	*last = queue->next_used;
	if (!vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_split.wants_interrupt(dev, queue, used);
	return vring_load16(dev, vring_used_event(queue), &event) &&
	       vring_passed(event, queue->next_used, count);
}

static void write_status_forgets_looks(struct vdev *dev, uint8_t value)
{
	if (!value)
		looked_at[REQUESTS] = looked_at[EVENTS] = 0;
	generic_write_status(dev, value);
}

bool late_takes_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_USED_EVENT_INT, .steps = {.flush = flush_and_compare},
		 .split = {.wants_interrupt = wants_at_end}},
		{MUTANT_PACKED_EVENT_POW2, .packed = {.wants_interrupt = wants_in_rounded_ring}},
		{MUTANT_PACKED_LIST_NEXT_LAP, .packed = {.put = put_in_next_lap}},
		{MUTANT_INDIRECT_BEHIND_N, .split = {.walk = walk_from_head, .read_desc = read_few_tables}},
		{MUTANT_UNPARSED_FIRST,
		 .steps = {.push = push_unwritten, .flush = flush_put_off,
			   .write_status = write_status_drops}},
		{MUTANT_QRESET_KEEPS_USED_WRAP, .steps = {.reset_queue = reset_but_used_wrap}},
		{MUTANT_EVENTS_COALESCED_OVER_RESET,
		 .steps = {.interrupt = interrupt_with_pauses, .push = push_with_pauses}},
		{MUTANT_CFG_WINDOW_LANE, .function = {.config_access = access_in_lane}},
		{MUTANT_VECTOR_LEAK, .steps = {.write_status = write_status_keeps_one},
		 .function = {.write = write_while_there_are_some}},
		{MUTANT_PACKED_TABLE_FLAGS, .packed = {.read_desc = read_strict_tables}},
		{MUTANT_READY_AFTER_FAILED,
		 .steps = {.write_status = write_status_after_failed, .is_running = is_running_after_failed}},
		{MUTANT_QRESET_KEEPS_LOOK, .steps = {.write_status = write_status_forgets_looks},
		 .split = {.wants_interrupt = wants_since_last_look}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
