// SPDX-License-Identifier: BSD-3-Clause
#include "host/devices/rng.h"
#include "host/virtio/vring.h"
#include "random.h"

enum { CLASS_OTHER = 0x00ff };

/* The same bytes in every run. */
static uint8_t next_byte(struct vrng *rng)
{
	return random_next(&rng->state) >> 56;
}

static void fill_buffer(struct vrng *rng, struct vqueue *queue, const struct chain *chain)
{
	struct vdev *dev = &rng->vdev;
	uint8_t bytes[64];

	for (uint32_t at = 0; at < chain->writable.size; at += sizeof(bytes)) {
		for (unsigned int i = 0; i < sizeof(bytes); i++)
			bytes[i] = next_byte(rng);
		if (!chain_write(dev, chain, at, bytes, sizeof(bytes)))
			return;
	}
	vring_push(dev, queue, chain, chain->writable.size);
}

static void serve_queue(void *owner)
{
	struct chain chain;
	struct vdev *dev = owner;

	while (vdev_is_running(dev) && vring_pop(dev, &dev->queues[0], &chain))
		fill_buffer((struct vrng *)dev, &dev->queues[0], &chain);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	(void)queue;
	delay_notified(&((struct vrng *)dev)->delay);
}

static void reset(struct vdev *dev)
{
	delay_reset(&((struct vrng *)dev)->delay);
}

static const struct vdev_ops ops = {.queues = 1, .reset = reset, .notified = notified};

void vrng_init(struct vrng *rng)
{
	rng->state = 0x9e3779b97f4a7c15ull;
	delay_init(&rng->delay, serve_queue, rng);
	vdev_init(&rng->vdev, &ops, VIRTIO_TYPE_ENTROPY, CLASS_OTHER,
		  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM), NULL, 0);
}
