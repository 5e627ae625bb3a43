// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-console (virtio 1.4, 5.3), its first port: what comes in is written to memory, what goes out is
 * read from there.
 */
#include "dma/dma.h"

static bool console_post(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	struct ring_piece piece = {access->iovas[0], access->size, access->write};
	uint16_t queue = access->write ? DMA_RECEIVEQ : DMA_TRANSMITQ;

	return access->count == 1 && dma_virtio_add(master, number, queue, &piece, 1);
}

static const struct dma_ops console_ops = {
	.name = "virtio-console",
	.input_driven = true,
	.queues = 2,
	.start = dma_virtio_start,
	.post = console_post,
	.notify = dma_virtio_notify,
	.look = dma_virtio_look,
	.ended = dma_virtio_ended,
	.stop = dma_virtio_stop,
};

static bool console_open(struct dma_master *master, const struct device_location *location,
			 struct error *error)
{
	master->ops = &console_ops;
	return dma_virtio_open(master, location, VIRTIO_TYPE_CONSOLE, error);
}

const struct dma_driver dma_virtio_console = {.open = console_open};
