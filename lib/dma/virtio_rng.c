// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-rng (virtio 1.4, 5.4): writes random bytes.
 */
#include "dma/dma.h"

static bool rng_post(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	struct ring_piece piece = {access->iovas[0], access->size, true};

	return access->write && access->count == 1 && dma_virtio_add(master, number, 0, &piece, 1);
}

static const struct dma_ops rng_ops = {
	.name = "virtio-rng",
	.queues = 1,
	.start = dma_virtio_start,
	.post = rng_post,
	.notify = dma_virtio_notify,
	.look = dma_virtio_look,
	.ended = dma_virtio_ended,
	.stop = dma_virtio_stop,
};

static bool rng_open(struct dma_master *master, const struct device_location *location,
		     struct error *error)
{
	master->ops = &rng_ops;
	return dma_virtio_open(master, location, VIRTIO_TYPE_ENTROPY, error);
}

const struct dma_driver dma_virtio_rng = {.open = rng_open};
