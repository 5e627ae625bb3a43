// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "access.h"
#include "mutant.h"
#include "virtio/ring.h"
#include "vring.h"

enum { AVAIL_FLAGS = 0, AVAIL_INDEX = 2, AVAIL_HEADS = 4 };
enum { USED_FLAGS = 0, USED_INDEX = 2, USED_ELEMENTS = 4 };

static bool load16(struct vdev *dev, uint64_t address, uint16_t *value)
{
	return access_memory(dev, address, value, sizeof(*value), false);
}

static bool store16(struct vdev *dev, uint64_t address, uint16_t value)
{
	return access_memory(dev, address, &value, sizeof(value), true);
}

/* used_event and avail_event lie behind the last element of the other ring (2.7.6, 2.7.8). */
static uint64_t used_event(const struct vqueue *queue)
{
	return queue->driver + AVAIL_HEADS + queue->size * sizeof(uint16_t);
}

static uint64_t avail_event(const struct vqueue *queue)
{
	return queue->device + USED_ELEMENTS + queue->size * sizeof(struct ring_used_element);
}

/* Descriptors that do not count, and those that count alone. True: this one is left out. */
static bool bug_piece(struct vdev *dev, struct chain *chain, const struct ring_desc *desc)
{
	if (desc->flags & DESC_WRITE) {
		if (vdev_bug(dev, MUTANT_TAIL_IN_LAST_PIECE))
			chain->writable.count = chain->writable.size = 0;
		return false;
	}
	return (vdev_bug(dev, MUTANT_FIRST_READABLE_PIECE_ONLY) && chain->readable.count == 1) ||
	       (vdev_bug(dev, MUTANT_TWO_READABLE_PIECES_ONLY) && chain->readable.count == 2);
}

static bool add_piece(struct chain *chain, const struct ring_desc *desc)
{
	struct chain_part *part = desc->flags & DESC_WRITE ? &chain->writable : &chain->readable;

	/* Readable elements come first; more than 2^32 bytes are not allowed (2.7.4.2, 2.7.5). */
	if (part == &chain->readable && chain->writable.count)
		return false;
	if (part->count == CHAIN_PIECES || part->size + desc->length < part->size)
		return false;
	part->pieces[part->count].address = desc->address;
	part->pieces[part->count++].length = desc->length;
	part->size += desc->length;
	return true;
}

/* A table of descriptors: that of the ring, or an indirect one. */
struct table {
	uint64_t address;
	uint32_t size;		/* descriptors */
	bool indirect;
};

static bool read_desc(struct vdev *dev, const struct table *table, uint16_t index,
		      struct ring_desc *desc)
{
	return index < table->size &&
	       access_memory(dev, table->address + index * sizeof(*desc), desc, sizeof(*desc), false);
}

/* 2.7.5.3.1: not in an indirect table, not together with NEXT. */
static bool enter_indirect(struct vdev *dev, struct table *table, const struct ring_desc *desc)
{
	if (table->indirect || (desc->flags & DESC_NEXT) || !vdev_has(dev, VIRTIO_F_INDIRECT_DESC) ||
	    !desc->length || desc->length % sizeof(*desc))
		return false;
	*table = (struct table){desc->address, desc->length / sizeof(*desc), true};
	return true;
}

static bool walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct table table = {queue->desc, queue->size, false};
	struct ring_desc desc;
	uint16_t index = chain->head;

	for (uint32_t step = 0; step < table.size; step++) {
		if (!read_desc(dev, &table, index, &desc))
			return false;
		if (desc.flags & DESC_INDIRECT) {
			if (!enter_indirect(dev, &table, &desc))
				return false;
			index = 0;
			step = -1;	/* an own count for the table */
			continue;
		}
		if (!bug_piece(dev, chain, &desc) && !add_piece(chain, &desc))
			return false;
		if (vdev_bug(dev, MUTANT_USED_ID_OF_LAST_DESCRIPTOR))
			chain->head = index;
		if (!(desc.flags & DESC_NEXT))
			return true;
		index = desc.next;
	}
	return false;	/* a loop */
}

static uint16_t ring_size(struct vdev *dev, const struct vqueue *queue, enum mutant_id max)
{
	return vdev_bug(dev, max) ? queue->max : queue->size;
}

/* Nothing is available. True: it is taken for something, once. */
static bool bug_empty(struct vdev *dev, struct vqueue *queue, uint16_t *head)
{
	uint16_t slot = (uint16_t)(queue->next_avail - 1) % queue->size;

	if (queue != &dev->queues[0] || queue->served)
		return queue->served = false;
	if (vdev_bug(dev, MUTANT_EMPTY_NOTIFICATION_BREAKS))
		vdev_break(dev);
	if (!vdev_bug(dev, MUTANT_EMPTY_NOTIFICATION_SERVED) || !queue->next_avail)
		return false;
	queue->next_avail--;
	return load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), head);
}

static bool next_head(struct vdev *dev, struct vqueue *queue, uint16_t *head)
{
	uint16_t index, slot = queue->next_avail % ring_size(dev, queue, MUTANT_AVAILABLE_SLOT_OF_MAX);

	if (!load16(dev, queue->driver + AVAIL_INDEX, &index))
		return false;
	if (index == queue->next_avail)
		return bug_empty(dev, queue, head);
	if ((uint16_t)(index - queue->next_avail) > queue->size) {
		vdev_break(dev);
		return false;
	}
	return load16(dev, queue->driver + AVAIL_HEADS + slot * sizeof(uint16_t), head);
}

bool vring_pop(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	if (!next_head(dev, queue, &chain->head))
		return false;
	chain->readable.count = chain->writable.count = 0;
	chain->readable.size = chain->writable.size = 0;
	if (!walk(dev, queue, chain)) {
		vdev_break(dev);
		return false;
	}
	queue->next_avail++;
	queue->served = true;
	if (vdev_bug(dev, MUTANT_AVAILABLE_RING_WRITTEN))
		store16(dev, queue->driver + AVAIL_HEADS +
			     (uint16_t)(queue->next_avail - 1) % queue->size * sizeof(uint16_t), 0xffff);
	if (vdev_has(dev, VIRTIO_F_EVENT_IDX))
		return store16(dev, avail_event(queue), queue->next_avail);
	return true;
}

/* 2.7.7.2 */
static bool wants_interrupt(struct vdev *dev, const struct vqueue *queue)
{
	uint16_t value;

	if (vdev_bug(dev, MUTANT_NO_INTERRUPT_IGNORED))
		return true;
	if (vdev_has(dev, VIRTIO_F_EVENT_IDX) || vdev_bug(dev, MUTANT_USED_EVENT_WITHOUT_FEATURE))
		return load16(dev, used_event(queue), &value) &&
		       value == (uint16_t)(queue->next_used - 1);
	return load16(dev, queue->driver + AVAIL_FLAGS, &value) && !(value & AVAIL_NO_INTERRUPT);
}

/* What else is written when a buffer is used. */
static void bug_push(struct vdev *dev, struct vqueue *queue, uint16_t head)
{
	struct ring_desc cleared = {0};

	if (vdev_bug(dev, MUTANT_DESCRIPTOR_WRITTEN))
		access_memory(dev, queue->desc + head * sizeof(cleared), &cleared,
			      sizeof(cleared), true);
	if (vdev_bug(dev, MUTANT_USED_FLAGS_RESERVED))
		store16(dev, queue->device + USED_FLAGS, 2);
}

static uint16_t next_used(struct vdev *dev, const struct vqueue *queue)
{
	if (vdev_bug(dev, MUTANT_USED_INDEX_15_BITS))
		return (queue->next_used + 1) & 0x7fff;
	if (vdev_bug(dev, MUTANT_USED_INDEX_SATURATES) && queue->next_used == UINT16_MAX)
		return UINT16_MAX;
	return queue->next_used + 1;
}

static bool put(struct vdev *dev, struct vqueue *queue, uint16_t head, uint32_t length)
{
	struct ring_used_element element = {head, length};
	uint16_t slot = queue->next_used % ring_size(dev, queue, MUTANT_USED_SLOT_OF_MAX);
	uint16_t next = next_used(dev, queue);

	if (!access_memory(dev, queue->device + USED_ELEMENTS + slot * sizeof(element), &element,
			   sizeof(element), true) ||
	    !store16(dev, queue->device + USED_INDEX, next))
		return false;
	queue->next_used = next;
	return true;
}

void vring_push(struct vdev *dev, struct vqueue *queue, uint16_t head, uint32_t length)
{
	bug_push(dev, queue, head);
	if (!put(dev, queue, head, length) ||
	    (vdev_bug(dev, MUTANT_USED_TWICE) && !put(dev, queue, head, length)))
		return;
	if (wants_interrupt(dev, queue))
		vdev_interrupt(dev, ISR_QUEUE, queue->vector);
}

static bool copy(struct vdev *dev, const struct chain_part *part, uint32_t offset, uint8_t *bytes,
		 uint32_t size, bool write)
{
	for (unsigned int i = 0; i < part->count && size; i++) {
		uint32_t length = part->pieces[i].length, chunk;

		if (offset >= length) {
			offset -= length;
			continue;
		}
		chunk = length - offset < size ? length - offset : size;
		if (!access_memory(dev, part->pieces[i].address + offset, bytes, chunk, write))
			return false;
		bytes += chunk;
		size -= chunk;
		offset = 0;
	}
	return true;
}

bool chain_read(struct vdev *dev, const struct chain *chain, uint32_t offset, void *bytes,
		uint32_t size)
{
	return copy(dev, &chain->readable, offset, bytes, size, false);
}

bool chain_write(struct vdev *dev, const struct chain *chain, uint32_t offset, const void *bytes,
		 uint32_t size)
{
	uint32_t most = chain->writable.count ? chain->writable.pieces[0].length : 0;

	if (vdev_bug(dev, MUTANT_FIRST_WRITABLE_PIECE_ONLY) && size > most)
		size = most;
	return copy(dev, &chain->writable, offset, (uint8_t *)bytes, size, true);
}
