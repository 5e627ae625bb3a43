// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-blk (virtio 1.4, 5.2): byte-exact in both directions, by the scatter-gather list.
 *
 * The pattern lies in one sector of the disk. A write to memory reads that sector, the first
 * bytes into the target and the rest into scratch. A read from memory writes a second sector from
 * the source and scratch, then reads it back into scratch.
 */
#include <stddef.h>
#include <string.h>

#include "dma/dma.h"

#define SECTOR 512

enum { REQUEST_IN = 0, REQUEST_OUT = 1 };
enum { STATUS_OK = 0, STATUS_NONE = 0xff };
enum { PATTERN_SECTOR = 0, BACK_SECTOR = 1 };

/* What lies at DMA_SCRATCH in the private page. */
struct scratch {
	uint8_t data[SECTOR];
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} header;
	uint8_t status;
};

_Static_assert(DMA_SCRATCH + sizeof(struct scratch) <= DMA_PAGE_BYTES, "scratch fits the page");

static volatile struct scratch *scratch(struct dma_master *master)
{
	return (void *)(master->page + DMA_SCRATCH);
}

static struct ring_piece piece(const struct dma_master *master, size_t offset, size_t size,
			       bool writable)
{
	return dma_scratch_piece(master, offset, size, writable);
}

/* Transfer one sector between the disk and memory: @size bytes at @iova, the rest in scratch. */
static enum dma_result transfer(struct dma_master *master, uint32_t type, uint64_t sector,
				uint64_t iova, size_t size)
{
	bool writable = type == REQUEST_IN;
	struct ring_piece target = {iova, size, writable};
	struct ring_piece pieces[4];
	unsigned int count = 0;
	enum dma_result result;
	uint32_t written;

	scratch(master)->header.type = type;
	scratch(master)->header.sector = sector;
	scratch(master)->status = STATUS_NONE;
	pieces[count++] = piece(master, offsetof(struct scratch, header),
				sizeof(scratch(master)->header), false);
	if (size)
		pieces[count++] = target;
	pieces[count++] = piece(master, offsetof(struct scratch, data) + size, SECTOR - size, writable);
	pieces[count++] = piece(master, offsetof(struct scratch, status), 1, true);
	result = dma_virtio_send(master, 0, pieces, count, &written);
	if (result == DMA_DONE && scratch(master)->status != STATUS_OK)
		return DMA_REFUSED;
	return result;
}

/* All bytes above 0x7f, and no two neighbours alike. */
static void make_pattern(struct dma_master *master)
{
	for (unsigned int i = 0; i < DMA_MAX_BYTES; i++)
		master->pattern[i] = 0x80 | (i * 37 + 11) % 127;
}

static void seed(struct dma_master *master)
{
	memcpy((void *)scratch(master)->data, master->pattern, DMA_MAX_BYTES);
	master->seeded = transfer(master, REQUEST_OUT, PATTERN_SECTOR, 0, 0) == DMA_DONE;
}

/* If the pattern could not be put on the disk, the device may still write something. */
static enum dma_result blk_write(struct dma_master *master, uint64_t iova, size_t size)
{
	if (!master->seeded)
		seed(master);
	return transfer(master, REQUEST_IN, PATTERN_SECTOR, iova, size);
}

static enum dma_result blk_recall(struct dma_master *master, void *bytes, size_t size)
{
	enum dma_result result = transfer(master, REQUEST_IN, BACK_SECTOR, 0, 0);

	if (result == DMA_DONE)
		memcpy(bytes, (const void *)scratch(master)->data, size);
	return result;
}

static enum dma_result blk_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size)
{
	enum dma_result result = transfer(master, REQUEST_OUT, BACK_SECTOR, iova, size);

	return result == DMA_DONE ? blk_recall(master, bytes, size) : result;
}

static const struct dma_ops blk_ops = {
	.name = "virtio-blk",
	.exact = true,
	.queues = 1,
	.start = dma_virtio_start,
	.write = blk_write,
	.read = blk_read,
	.recall = blk_recall,
	.stop = dma_virtio_stop,
};

static bool blk_open(struct dma_master *master, const struct device_location *location,
		     struct error *error)
{
	master->ops = &blk_ops;
	make_pattern(master);
	return dma_virtio_open(master, location, VIRTIO_TYPE_BLOCK, error);
}

const struct dma_driver dma_virtio_blk = {.open = blk_open};
