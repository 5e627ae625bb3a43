// SPDX-License-Identifier: BSD-3-Clause
/*
 * What both ring formats share: buffers, batches, interrupts.
 */
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"
#include "host/virtio/vring_format.h"

static const struct vring_format *format_of(const struct vdev *dev)
{
	return vdev_has(dev, VIRTIO_F_RING_PACKED) ? &vring_packed : &vring_split;
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

/* A list in packed format that is not used in the order in which it is chained. */
static void bug_order(struct vdev *dev, struct chain_part *part)
{
	if (!vdev_bug(dev, MUTANT_PACKED_CHAIN_REVERSED) || !vdev_has(dev, VIRTIO_F_RING_PACKED))
		return;
	for (unsigned int i = part->count - 1; i; i--) {
		uint64_t address = part->pieces[i].address;
		uint32_t length = part->pieces[i].length;

		part->pieces[i] = part->pieces[i - 1];
		part->pieces[i - 1].address = address;
		part->pieces[i - 1].length = length;
	}
}

bool chain_add(struct vdev *dev, struct chain *chain, const struct ring_desc *desc)
{
	struct chain_part *part = desc->flags & DESC_WRITE ? &chain->writable : &chain->readable;

	if (!desc->length)
		bug_ends(dev, MUTANT_EMPTY_DESCRIPTOR_ENDS);
	if (bug_piece(dev, chain, desc))
		return true;
	/* Readable elements come first; more than 2^32 bytes are not allowed (2.7.4.2, 2.7.5). */
	if (part == &chain->readable && chain->writable.count)
		return false;
	if (part->count == CHAIN_PIECES || part->size + desc->length < part->size)
		return false;
	part->pieces[part->count].address = desc->address;
	part->pieces[part->count++].length = desc->length;
	part->size += desc->length;
	bug_order(dev, part);
	return true;
}

bool vring_pop(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	const struct vring_format *format = format_of(dev);

	chain->readable.count = chain->writable.count = 0;
	chain->readable.size = chain->writable.size = 0;
	if (!format->available(dev, queue, chain))
		return false;
	if (!format->walk(dev, queue, chain)) {
		vdev_break(dev);
		return false;
	}
	queue->served = true;
	return format->taken(dev, queue, chain);
}

static bool is_requests(const struct vdev *dev, const struct vqueue *queue)
{
	return queue == &dev->queues[0];
}

static void use(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	const struct vring_format *format = format_of(dev);

	if (!format->put(dev, queue, used) ||
	    (vdev_bug(dev, MUTANT_USED_TWICE) && !format->put(dev, queue, used)))
		return;
	if (vdev_bug(dev, MUTANT_NO_INTERRUPT_IGNORED) || format->wants_interrupt(dev, queue, used))
		vdev_interrupt(dev, ISR_QUEUE, queue->vector);
}

/* Those in front of the last one of a batch count as used completely (2.7.9, 2.8.8). */
static void join_batch(struct vdev *dev, struct vqueue *queue, const struct used *used, bool full)
{
	struct used *batch = &queue->batch;

	if (batch->count && !queue->batch_full && !vdev_bug(dev, MUTANT_BATCH_OF_PARTLY_USED))
		vring_flush(dev, queue);
	if (!batch->count || !vdev_bug(dev, MUTANT_BATCH_ID_OF_FIRST))
		batch->id = used->id;
	batch->length = used->length;
	batch->count++;
	batch->slots += used->slots;
	queue->batch_full = full;
}

/* Buffers may come back in any order, also in packed rings: here the last one first. */
static void hold(struct vdev *dev, struct vqueue *queue, const struct used *used)
{
	if (queue->held_count == VQUEUE_HELD)
		vring_flush(dev, queue);
	queue->held[queue->held_count++] = *used;
}

static bool reverses(const struct vdev *dev)
{
	if (vdev_has(dev, VIRTIO_F_IN_ORDER))
		return vdev_bug(dev, MUTANT_IN_ORDER_IGNORED);
	return dev->type == VIRTIO_TYPE_IOMMU && personality->reversed &&
	       vdev_has(dev, VIRTIO_F_RING_PACKED);
}

void vring_push(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	struct used used = {chain->head, 1, chain->slots, length};

	if (vdev_bug(dev, MUTANT_USED_ID_WRONG) && is_requests(dev, queue))
		used.id++;
	if (reverses(dev))
		hold(dev, queue, &used);
	else if (vdev_has(dev, VIRTIO_F_IN_ORDER))
		join_batch(dev, queue, &used, length == chain->writable.size);
	else
		use(dev, queue, &used);
}

/* They come back in order, but for the first one, which is the last. */
static void bug_rotate(struct vqueue *queue)
{
	struct used old[VQUEUE_HELD];

	memcpy(old, queue->held, sizeof(old));
	for (unsigned int i = 1; i < queue->held_count; i++)
		queue->held[i] = old[queue->held_count - i];
}

void vring_flush(struct vdev *dev, struct vqueue *queue)
{
	struct used batch = queue->batch;

	queue->batch = (struct used){0};
	if (batch.count)
		use(dev, queue, &batch);
	if (vdev_bug(dev, MUTANT_IN_ORDER_IGNORED) && queue->held_count)
		bug_rotate(queue);
	while (queue->held_count)
		use(dev, queue, &queue->held[--queue->held_count]);
}

bool vring_ends_at(struct vdev *dev, struct vqueue *queue, uint16_t position)
{
	return format_of(dev)->ends_at(dev, queue, position);
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
