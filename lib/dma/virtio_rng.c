// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-rng (virtio 1.4, 5.4): writes random bytes.
 */
#include "dma/dma.h"

static enum dma_result rng_write(struct dma_master *master, uint64_t iova, size_t size)
{
	struct ring_piece piece = {iova, size, true};
	enum dma_result result;
	uint32_t written;

	result = dma_virtio_send(master, 0, &piece, 1, &written);
	return result == DMA_DONE && !written ? DMA_REFUSED : result;
}

static enum dma_result rng_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size)
{
	(void)master, (void)iova, (void)bytes, (void)size;
	return DMA_REFUSED;
}

static const struct dma_ops rng_ops = {
	.name = "virtio-rng",
	.queues = 1,
	.start = dma_virtio_start,
	.write = rng_write,
	.read = rng_read,
	.stop = dma_virtio_stop,
};

static bool rng_open(struct dma_master *master, const struct device_location *location,
		     struct error *error)
{
	master->ops = &rng_ops;
	return dma_virtio_open(master, location, VIRTIO_TYPE_ENTROPY, error);
}

const struct dma_driver dma_virtio_rng = {.open = rng_open};
