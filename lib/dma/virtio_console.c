// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-console (virtio 1.4, 5.3), its first port: what comes in is written to memory, what goes out is
 * read from there.
 */
#include "dma/dma.h"

static enum dma_result console_write(struct dma_master *master, uint64_t iova, size_t size)
{
	struct ring_piece piece = {iova, size, true};

	if (!dma_virtio_post(master, DMA_RECEIVEQ, &piece, 1))
		return DMA_REFUSED;
	return dma_virtio_receive(master);
}

static enum dma_result console_read(struct dma_master *master, uint64_t iova, void *bytes,
				    size_t size)
{
	struct ring_piece piece = {iova, size, false};

	(void)bytes;
	return dma_virtio_transmit(master, &piece, 1);
}

static const struct dma_ops console_ops = {
	.name = "virtio-console",
	.input_driven = true,
	.queues = 2,
	.start = dma_virtio_start,
	.write = console_write,
	.read = console_read,
	.stop = dma_virtio_stop,
};

static bool console_open(struct dma_master *master, const struct device_location *location,
			 struct error *error)
{
	master->ops = &console_ops;
	return dma_virtio_open(master, location, VIRTIO_TYPE_CONSOLE, error);
}

const struct dma_driver dma_virtio_console = {.open = console_open};
