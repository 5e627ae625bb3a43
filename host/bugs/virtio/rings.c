// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of how buffers come back.
 */
#include <string.h>

#include "host/bugs/virtio/rings.h"

static const struct vring_format *format(const struct vdev *dev)
{
	static const struct vring_format *split, *packed;

	if (!split) {
		split = bug_split();
		packed = bug_packed();
	}
	return vdev_has(dev, VIRTIO_F_RING_PACKED) ? packed : split;
}

/* As if there were no IN_ORDER: buffers are kept, and come back in another order. */
static void hold(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	if (queue->held_count == VQUEUE_HELD)
		vring_flush(dev, queue);
	queue->held[queue->held_count++] = (struct used){chain->head, 1, chain->slots, length};
}

static void push(struct vdev *dev, struct vqueue *queue, const struct chain *chain, uint32_t length)
{
	bool names_first = mutant(MUTANT_IN_ORDER_BATCH_ID_FIRST);
	struct used before = queue->batch;

	if (mutant(MUTANT_IN_ORDER_IGNORED) && vdev_has(dev, VIRTIO_F_IN_ORDER))
		return hold(dev, queue, chain, length);
	queue->batch_full |= mutant(MUTANT_BATCH_OF_PARTLY_USED);
	generic_push(dev, queue, chain, length);
	if (names_first && before.count && queue->batch.count > before.count)
		queue->batch.id = before.id;
}

/* They come back in order, but for the first one, which is the last. */
static void rotate(struct vqueue *queue)
{
	struct used old[VQUEUE_HELD];

	memcpy(old, queue->held, sizeof(old));
	for (unsigned int i = 1; i < queue->held_count; i++)
		queue->held[i] = old[queue->held_count - i];
}

static void flush(struct vdev *dev, struct vqueue *queue)
{
	if (mutant(MUTANT_IN_ORDER_IGNORED) && queue->held_count)
		rotate(queue);
	generic_flush(dev, queue);
}

void bugs_in_rings(struct vdev_steps *steps)
{
	steps->format = format;
	steps->enter_table = bug_enter_table;
	steps->push = push;
	steps->flush = flush;
	steps->idle = bug_write_late;
}
