// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of rings, of the reset of a queue, and of what outlives a reset.
 */
#include "host/bugs/virtio/rings.h"
#include "host/bugs/virtio/takeover.h"
#include "util.h"

/*
 * Slots and indexes.
 */

/* A ring of another size, for what is to be done with the slot of the used ring. */
static bool put_in_ring_of(uint16_t size, struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct vqueue other = *queue;
	bool done;

	other.size = size;
	done = vring_split.put(dev, &other, used);
	queue->next_used = other.next_used;
	return done;
}

static bool put_in_low_slot(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	return put_in_ring_of(min(queue->size, 1u << mutant_number()), dev, queue, used);
}

static bool available_signed(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t index;

	return vring_load16(dev, queue->driver + AVAIL_INDEX, &index) &&
	       (int16_t)index > (int)queue->next_avail && vring_split.available(dev, queue, chain);
}

static bool available_unless_full(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t index;

	if (!vring_load16(dev, queue->driver + AVAIL_INDEX, &index))
		return false;
	if ((uint16_t)(index - queue->next_avail) < queue->size)
		return vring_split.available(dev, queue, chain);
	vdev_break(dev);
	return false;
}

/* A buffer that goes over the end of the ring leaves the wrap counter as it was. */
static bool taken_up_to_end(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	bool crosses = queue->next_avail + chain->slots > queue->size, wrap = queue->avail_wrap;
	bool done = vring_packed.taken(dev, queue, chain);

	if (crosses)
		queue->avail_wrap = wrap;
	return done;
}

/* Where used_event is in the largest ring. */
static bool wants_interrupt_by_max(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct vqueue largest = *queue;

	largest.size = queue->max;
	return vring_split.wants_interrupt(dev, &largest, used);
}

/* The event is taken for one of the lap that the device is in now. */
static bool wants_interrupt_in_this_lap(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct packed_events events;

	if (!access_memory(dev, queue->driver, &events, sizeof(events), false))
		return false;
	if ((events.flags & 3) != EVENTS_DESC || !vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return vring_packed.wants_interrupt(dev, queue, used);
	return vring_passed(events.position & ~WRAP_BIT, queue->next_used, used->slots);
}

/* The size of a packed ring is taken for a power of 2. With 0 slots the right step stays where it is. */

static void advance_masked(const struct vqueue *queue, uint16_t *slot, bool *wrap, uint16_t count)
{
	uint16_t next = (*slot + count) & (queue->size - 1);

	*wrap ^= next < *slot || count == queue->size;
	*slot = next;
}

static bool taken_masked(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	static const struct chain nothing;

	advance_masked(queue, &queue->next_avail, &queue->avail_wrap, chain->slots);
	return vring_packed.taken(dev, queue, &nothing);
}

static bool put_masked(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct used staying = *used;

	staying.slots = 0;
	if (!vring_packed.put(dev, queue, &staying))
		return false;
	advance_masked(queue, &queue->next_used, &queue->used_wrap, used->slots);
	return true;
}

/* A packed ring is taken for the next larger one whose size is a power of 2. */

static struct vqueue rounded_up(const struct vqueue *queue)
{
	struct vqueue larger = *queue;

	for (larger.size = 1; larger.size < queue->size;)
		larger.size *= 2;
	return larger;
}

static bool walk_rounded(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct vqueue larger = rounded_up(queue);

	return vring_packed.walk(dev, &larger, chain);
}

/* The positions of @larger are those of the ring from now on. */
static void keep_positions(struct vqueue *queue, const struct vqueue *larger)
{
	uint16_t size = queue->size;

	*queue = *larger;
	queue->size = size;
}

static bool taken_rounded(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	struct vqueue larger = rounded_up(queue);
	bool done = vring_packed.taken(dev, &larger, chain);

	keep_positions(queue, &larger);
	return done;
}

static bool put_rounded(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	struct vqueue larger = rounded_up(queue);
	bool done = vring_packed.put(dev, &larger, used);

	keep_positions(queue, &larger);
	return done;
}

static bool wants_interrupt_rounded(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	struct vqueue larger = rounded_up(queue);

	return vring_packed.wants_interrupt(dev, &larger, used);
}

/*
 * Indirect tables.
 */

/* INDIRECT is looked at in the head of a chain. */

static uint16_t walked_head;

static bool walk_from_head(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	walked_head = chain->head;
	return vring_split.walk(dev, queue, chain);
}

static bool read_table_at_head(struct vdev *dev, const struct desc_table *table, uint32_t index,
			       struct ring_desc *desc)
{
	bool done = vring_split.read_desc(dev, table, index, desc);

	if (table->indirect || index != walked_head)
		desc->flags &= ~DESC_INDIRECT;
	return done;
}

/* What the descriptors of a table have room for counts as used: of the buffer with each head. */

struct table_room {
	bool indirect;
	uint32_t writable;
};

static struct table_room room, rooms[VDEV_QUEUES][UINT16_MAX + 1];

static bool enter_with_room(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc)
{
	room.indirect = true;
	return generic_enter_table(dev, table, desc);
}

static bool read_with_room(struct vdev *dev, const struct desc_table *table, uint32_t index,
			   struct ring_desc *desc)
{
	if (!vring_split.read_desc(dev, table, index, desc))
		return false;
	room.writable += table->indirect && (desc->flags & DESC_WRITE) ? desc->length : 0;
	return true;
}

static bool walk_with_room(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool done;

	room = (struct table_room){0};
	done = vring_split.walk(dev, queue, chain);
	rooms[queue - dev->queues][chain->head] = room;
	return done;
}

static void push_room(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	const struct table_room *of = &rooms[queue - dev->queues][chain->head];

	if (of->indirect && !vdev_has(dev, VIRTIO_F_RING_PACKED))
		length = of->writable;
	generic_push(dev, queue, chain, length);
}

/* WRITE of a packed ring's descriptor counts for the table that it leads to. */

static bool is_writable_table;

static bool enter_with_write(const struct vdev *dev, struct desc_table *table, const struct ring_desc *desc)
{
	is_writable_table = desc->flags & DESC_WRITE;
	return generic_enter_table(dev, table, desc);
}

static bool read_with_write(struct vdev *dev, const struct desc_table *table, uint32_t index,
			    struct ring_desc *desc)
{
	bool done = vring_packed.read_desc(dev, table, index, desc);

	if (table->indirect && is_writable_table)
		desc->flags |= DESC_WRITE;
	return done;
}

/* The table of a packed ring ends with its first entry without NEXT. */

static unsigned int kept_entries;
static bool has_ended;

static bool read_up_to_end(struct vdev *dev, const struct desc_table *table, uint32_t index,
			   struct ring_desc *desc)
{
	bool done = vring_packed.read_desc(dev, table, index, desc);

	if (table->indirect) {
		kept_entries += !has_ended;
		has_ended |= !(desc->flags & DESC_NEXT);
	}
	return done;
}

static bool walk_up_to_end(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	kept_entries = 0;
	has_ended = false;
	if (!vring_packed.walk(dev, queue, chain))
		return false;
	if (has_ended)
		bug_shorten(chain, kept_entries);
	return true;
}

/*
 * Addresses of 32 bits.
 */

/* Of the request queue. */
static uint64_t device_area(const struct vdev *dev, const struct vqueue *queue)
{
	return queue == &dev->queues[0] ? (uint32_t)queue->device : queue->device;
}

static bool put_low(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	uint64_t device = queue->device;
	bool done;

	queue->device = device_area(dev, queue);
	done = vring_split.put(dev, queue, used);
	queue->device = device;
	return done;
}

static bool taken_low(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	uint64_t device = queue->device;
	bool done;

	queue->device = device_area(dev, queue);
	done = vring_split.taken(dev, queue, chain);
	queue->device = device;
	return done;
}

static void cut_entry(const struct desc_table *table, struct ring_desc *desc)
{
	if (table->indirect)
		desc->address = (uint32_t)desc->address;
}

static bool read_low_split(struct vdev *dev, const struct desc_table *table, uint32_t index,
			   struct ring_desc *desc)
{
	bool done = vring_split.read_desc(dev, table, index, desc);

	cut_entry(table, desc);
	return done;
}

static bool read_low_packed(struct vdev *dev, const struct desc_table *table, uint32_t index,
			    struct ring_desc *desc)
{
	bool done = vring_packed.read_desc(dev, table, index, desc);

	cut_entry(table, desc);
	return done;
}

/*
 * The reset of a queue.
 */

/* Sizes at the first time that a queue was enabled since the reset of the device; 0: it was not. */
static uint16_t first_size[VDEV_QUEUES];

static void write_status_forgets_sizes(struct vdev *dev, uint8_t value)
{
	for (unsigned int i = 0; i < VDEV_QUEUES && !value; i++)
		first_size[i] = 0;
	generic_write_status(dev, value);
}

static uint16_t *first_size_of(const struct vdev *dev, const struct vqueue *queue)
{
	return &first_size[queue - dev->queues];
}

static void enable_with_first_size(struct vdev *dev, struct vqueue *queue)
{
	uint16_t *size = first_size_of(dev, queue);

	generic_enable_queue(dev, queue);
	*size = *size ? *size : queue->size;
}

static bool put_by_first_size(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	return put_in_ring_of(*first_size_of(dev, queue), dev, queue, used);
}

static bool available_by_first_size(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	uint16_t slot = queue->next_avail % *first_size_of(dev, queue);

	return vring_split.available(dev, queue, chain) &&
	       vring_load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), &chain->head);
}

static void reset_both(struct vdev *dev, struct vqueue *queue)
{
	generic_reset_queue(dev, queue);
	for (unsigned int i = 0; i < dev->queue_count; i++)
		dev->queues[i].next_avail = dev->queues[i].next_used = 0;
}

static void reset_first_too(struct vdev *dev, struct vqueue *queue)
{
	struct vqueue *first = &dev->queues[0];

	generic_reset_queue(dev, queue);
	first->next_avail = first->next_used = 0;
	first->avail_wrap = first->used_wrap = true;
}

/*
 * Features of rings that were accepted once. They are in force while a ring is worked on.
 */

#define KEPT_FEATURES (VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX))

static uint64_t ever_accepted;

static bool fit_and_keep(const struct vdev *dev)
{
	ever_accepted |= dev->accepted & KEPT_FEATURES;
	return generic_features_fit(dev);
}

static bool taken_with_kept(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	uint64_t accepted = dev->accepted;
	bool done;

	dev->accepted |= ever_accepted;
	done = vring_split.taken(dev, queue, chain);
	dev->accepted = accepted;
	return done;
}

static bool wants_interrupt_with_kept(struct vdev *dev, const struct vqueue *queue, const struct used *used)
{
	uint64_t accepted = dev->accepted;
	bool wanted;

	dev->accepted |= ever_accepted;
	wanted = vring_split.wants_interrupt(dev, queue, used);
	dev->accepted = accepted;
	return wanted;
}

static bool enter_table_with_kept(const struct vdev *dev, struct desc_table *table,
				  const struct ring_desc *desc)
{
	struct vdev other = *dev;

	other.accepted |= ever_accepted;
	return generic_enter_table(&other, table, desc);
}

/*
 * Interrupt Status in the PCI register Status, which stays until the next reset of the device.
 */

enum { INTERRUPT_STATUS = 1 << 3 };

static bool interrupted;

static void interrupt_for_good(struct vdev *dev, uint8_t cause, uint16_t vector)
{
	generic_interrupt(dev, cause, vector);
	interrupted |= dev->isr;
}

static void write_status_ends_interrupt(struct vdev *dev, uint8_t value)
{
	generic_write_status(dev, value);
	interrupted &= value != 0;
}

static void show_interrupt(struct function *f, unsigned int offset, unsigned int width, bool write)
{
	right_function->config_access(f, offset, width, write);
	if (interrupted)
		f->config[PCI_STATUS] |= INTERRUPT_STATUS;
}

bool rings_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_USED_SLOT_BITS, .split = {.put = put_in_low_slot}},
		{MUTANT_AVAIL_INDEX_SIGNED, .split = {.available = available_signed}},
		{MUTANT_FULL_QUEUE_IS_INVALID, .split = {.available = available_unless_full}},
		{MUTANT_PACKED_CHAIN_CROSSES_END, .packed = {.taken = taken_up_to_end}},
		{MUTANT_PACKED_EVENT_WRAP_IGNORED,
		 .packed = {.wants_interrupt = wants_interrupt_in_this_lap}},
		{MUTANT_PACKED_INDEX_MASK, .packed = {.taken = taken_masked, .put = put_masked}},
		{MUTANT_PACKED_SIZE_MASK,
		 .packed = {.walk = walk_rounded, .taken = taken_rounded, .put = put_rounded,
			    .wants_interrupt = wants_interrupt_rounded}},
		{MUTANT_CHAIN_THEN_INDIRECT,
		 .split = {.walk = walk_from_head, .read_desc = read_table_at_head}},
		{MUTANT_INDIRECT_USED_LEN,
		 .steps = {.enter_table = enter_with_room, .push = push_room},
		 .split = {.walk = walk_with_room, .read_desc = read_with_room}},
		{MUTANT_PACKED_INDIRECT_WRITE_BIT, .steps = {.enter_table = enter_with_write},
		 .packed = {.read_desc = read_with_write}},
		{MUTANT_PACKED_INDIRECT_WANTS_NEXT,
		 .packed = {.walk = walk_up_to_end, .read_desc = read_up_to_end}},
		{MUTANT_RING_RESET_HITS_QUEUE_0, .steps = {.reset_queue = reset_first_too}},
		{MUTANT_USED_EVENT_AT_MAX_SIZE, .split = {.wants_interrupt = wants_interrupt_by_max}},
		{MUTANT_USED_RING_ADDR_32, .split = {.put = put_low, .taken = taken_low}},
		{MUTANT_INDIRECT_ENTRY_ADDR_32, .split = {.read_desc = read_low_split},
		 .packed = {.read_desc = read_low_packed}},
		{MUTANT_QRESET_OLD_SIZE_MASK,
		 .steps = {.write_status = write_status_forgets_sizes,
			   .enable_queue = enable_with_first_size},
		 .split = {.available = available_by_first_size, .put = put_by_first_size}},
		{MUTANT_QRESET_RESETS_BOTH, .steps = {.reset_queue = reset_both}},
		{MUTANT_SESSION_FEATURES_ORED,
		 .steps = {.features_fit = fit_and_keep, .enter_table = enter_table_with_kept},
		 .split = {.taken = taken_with_kept, .wants_interrupt = wants_interrupt_with_kept}},
		{MUTANT_STATUS_INTERRUPT_STICKS,
		 .steps = {.interrupt = interrupt_for_good, .write_status = write_status_ends_interrupt},
		 .function = {.config_access = show_interrupt}},
		{MUTANT_RESET_KEEPS_DEFERRED, .steps = {.idle = bug_work_off}},
	};

	return bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
