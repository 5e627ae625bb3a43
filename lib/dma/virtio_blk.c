// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-blk (virtio 1.4, 5.2): byte-exact in both directions, by the scatter-gather list.
 *
 * The first sectors of the disk hold the pattern, as many as were asked for so far. A write to memory reads
 * them: the bytes of the access into the target, the rest of its last sector into scratch. A read from memory
 * writes the last sectors of the disk, from the source and scratch, then reads them back into scratch. On a
 * small disk the two meet: the pattern is put there again before it is needed.
 */
#include <stddef.h>
#include <string.h>

#include "dma/dma.h"
#include "register.h"
#include "util.h"

#define SECTOR 512

/* The most sectors that scratch has room for. */
#define MOST_SECTORS 24

enum { REQUEST_IN = 0, REQUEST_OUT = 1 };
enum { STATUS_OK = 0, STATUS_NONE = 0xff };

/* Of the device configuration (5.2.4): le64, in sectors. */
enum { CONFIG_CAPACITY = 0, CONFIG_CAPACITY_END = 8 };

/* What each request needs beside its data. */
struct request {
	struct {
		uint32_t type;
		uint32_t reserved;
		uint64_t sector;
	} header;
	uint8_t status;
};

/*
 * What lies at DMA_SCRATCH in the private page. What each request needs is in the page with the rings; one
 * that is alone in flight is the first.
 */
struct scratch {
	struct request requests[DMA_MAX_IN_FLIGHT];
	_Alignas(16) uint8_t data[MOST_SECTORS * SECTOR];
};

_Static_assert(DMA_SCRATCH + sizeof(struct scratch) <= DMA_PAGE_BYTES, "scratch fits the page");

static volatile struct scratch *scratch(struct dma_master *master)
{
	return (void *)(master->page + DMA_SCRATCH);
}

/* Sectors that scratch has room for, as far as the device reaches it. */
static uint32_t chunk(const struct dma_master *master)
{
	return min((master->page_bytes - DMA_SCRATCH - offsetof(struct scratch, data)) / SECTOR,
		   MOST_SECTORS);
}

static struct ring_piece piece(const struct dma_master *master, size_t offset, size_t size,
			       bool writable)
{
	return dma_scratch_piece(master, offset, size, writable);
}

/* Where the bytes of an access are: @size of them at each of @count addresses. */
struct places {
	const uint64_t *iovas;
	unsigned int count;
	size_t size;
};

static const struct places nowhere;

/* Of a request: header, what is left of the last sector, and status. */
#define OTHER_PIECES 3

static void fill(volatile struct request *request, uint32_t type, uint32_t sector)
{
	request->header.type = type;
	request->header.sector = sector;
	request->status = STATUS_NONE;
}

static struct ring_piece header_piece(const struct dma_master *master, unsigned int number)
{
	return piece(master, number * sizeof(struct request) + offsetof(struct request, header),
		     sizeof(((struct request *)NULL)->header), false);
}

static struct ring_piece status_piece(const struct dma_master *master, unsigned int number)
{
	return piece(master, number * sizeof(struct request) + offsetof(struct request, status), 1, true);
}

/* Return the result of the first @count requests, which the device has used. */
static enum dma_result status_of(struct dma_master *master, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (scratch(master)->requests[i].status != STATUS_OK)
			return DMA_REFUSED;
	return DMA_DONE;
}

static enum dma_result send(struct dma_master *master, const struct ring_piece *pieces, unsigned int count)
{
	uint32_t written;
	enum dma_result result = dma_virtio_send(master, 0, pieces, count, &written);

	return result == DMA_DONE ? status_of(master, 1) : result;
}

/* Transfer @count sectors from @sector on: the first bytes at @places, the rest in scratch. */
static enum dma_result transfer(struct dma_master *master, uint32_t type, uint32_t sector, uint32_t count,
				struct places places)
{
	bool writable = type == REQUEST_IN;
	size_t rest = count * SECTOR - places.count * places.size;
	struct ring_piece pieces[DMA_MAX_PLACES + OTHER_PIECES];
	unsigned int used = 0;

	fill(&scratch(master)->requests[0], type, sector);
	pieces[used++] = header_piece(master, 0);
	for (unsigned int i = 0; i < places.count; i++)
		pieces[used++] = (struct ring_piece){places.iovas[i], places.size, writable};
	if (rest)
		pieces[used++] = piece(master, offsetof(struct scratch, data), rest, writable);
	pieces[used++] = status_piece(master, 0);
	return send(master, pieces, used);
}

/* An access of no byte moves a sector between the disk and scratch. */
static uint32_t sectors_of(size_t size)
{
	return max(align_up(size, SECTOR) / SECTOR, 1);
}

/* All bytes above 0x7f, and no two neighbours alike. */
static void make_pattern(struct dma_master *master)
{
	for (unsigned int i = 0; i < DMA_PATTERN_BYTES; i++)
		master->pattern[i] = 0x80 | (i * 37 + 11) % DMA_PATTERN_BYTES;
}

/* Put the pattern into the first @count sectors, as far as it is not there. Return false if that fails. */
static bool seed(struct dma_master *master, uint32_t count)
{
	while (master->seeded < count) {
		uint32_t now = min(count - master->seeded, chunk(master));

		dma_copy_pattern(master, (uint8_t *)scratch(master)->data, master->seeded * SECTOR,
				 now * SECTOR);
		if (transfer(master, REQUEST_OUT, master->seeded, now, nowhere) != DMA_DONE)
			return false;
		master->seeded += now;
	}
	return true;
}

static bool blk_prepare(struct dma_master *master, size_t size)
{
	return seed(master, sectors_of(size));
}

/*
 * If the pattern could not be put on the disk, the device may still write something. It begins anew then: the
 * request that failed may be under way.
 */
static enum dma_result blk_write_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
					size_t size)
{
	uint32_t sectors = sectors_of(count * size);

	if (!seed(master, sectors) && !dma_virtio_start(master))
		return DMA_REFUSED;
	return transfer(master, REQUEST_IN, 0, sectors, (struct places){iovas, count, size});
}

static enum dma_result blk_write(struct dma_master *master, uint64_t iova, size_t size)
{
	return blk_write_places(master, &iova, !!size, size);
}

static uint32_t first_back(const struct dma_master *master, size_t size)
{
	return master->sectors - sectors_of(size);
}

static enum dma_result blk_recall(struct dma_master *master, void *bytes, size_t size)
{
	uint32_t sector = first_back(master, size);
	enum dma_result result = DMA_DONE;
	uint8_t *to = bytes;

	for (size_t now; size && result == DMA_DONE; to += now, sector += chunk(master), size -= now) {
		now = min(size, chunk(master) * SECTOR);
		result = transfer(master, REQUEST_IN, sector, sectors_of(now), nowhere);
		if (result == DMA_DONE)
			memcpy(to, (const void *)scratch(master)->data, now);
	}
	return result;
}

static enum dma_result blk_read_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				       void *bytes, size_t size)
{
	struct places places = {iovas, count, size};
	uint32_t first = first_back(master, count * size);
	enum dma_result result;

	master->seeded = min(master->seeded, first);
	result = transfer(master, REQUEST_OUT, first, sectors_of(count * size), places);
	return result == DMA_DONE ? blk_recall(master, bytes, count * size) : result;
}

static enum dma_result blk_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size)
{
	return blk_read_places(master, &iova, !!size, bytes, size);
}

/*
 * In flight those that write to memory read the first sectors; those that read write the last ones, the first
 * access the very last.
 */
static uint32_t sector_of(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	uint32_t sectors = sectors_of(access->count * access->size), fit = max(master->sectors / sectors, 1);

	return access->write ? 0 : master->sectors - sectors * (number % fit + 1);
}

static bool add_access(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	struct ring_piece pieces[DMA_MAX_PIECES + OTHER_PIECES];
	unsigned int used = 0;

	if (access->count > DMA_MAX_PIECES)
		return false;
	fill(&scratch(master)->requests[number], access->write ? REQUEST_IN : REQUEST_OUT,
	     sector_of(master, number, access));
	pieces[used++] = header_piece(master, number);
	for (unsigned int i = 0; i < access->count; i++)
		pieces[used++] = (struct ring_piece){access->iovas[i], access->size, access->write};
	pieces[used++] = status_piece(master, number);
	return dma_virtio_add(master, 0, pieces, used);
}

static bool blk_begin(struct dma_master *master, const struct dma_access *accesses, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (!accesses[i].write)
			master->seeded = min(master->seeded, sector_of(master, i, &accesses[i]));
		if (!add_access(master, i, &accesses[i]))
			return false;
	}
	virtio_notify(&master->virtio, 0);
	return true;
}

static enum dma_result blk_finish(struct dma_master *master, unsigned int count)
{
	enum dma_result result = dma_virtio_take_all(master, 0, count);

	return result == DMA_DONE ? status_of(master, count) : result;
}

static const struct dma_ops blk_ops = {
	.name = "virtio-blk",
	.exact = true,
	.queues = 1,
	.start = dma_virtio_start,
	.prepare = blk_prepare,
	.write = blk_write,
	.read = blk_read,
	.write_places = blk_write_places,
	.read_places = blk_read_places,
	.begin = blk_begin,
	.finish = blk_finish,
	.recall = blk_recall,
	.stop = dma_virtio_stop,
};

static uint64_t capacity(const struct virtio_device *dev)
{
	return register_read32(dev->config + CONFIG_CAPACITY) |
	       (uint64_t)register_read32(dev->config + CONFIG_CAPACITY + 4) << 32;
}

static bool blk_open(struct dma_master *master, const struct device_location *location,
		     struct error *error)
{
	master->ops = &blk_ops;
	make_pattern(master);
	if (!dma_virtio_open(master, location, VIRTIO_TYPE_BLOCK, error))
		return false;
	if (!master->virtio.config || master->virtio.config_length < CONFIG_CAPACITY_END)
		return error_set(error, "%s: virtio-blk does not say how large it is",
				 location_name(location));
	master->sectors = min(capacity(&master->virtio), DMA_MAX_BYTES / SECTOR);
	if (!master->sectors)
		return error_set(error, "%s: virtio-blk without a sector", location_name(location));
	master->max_bytes = master->sectors * SECTOR;
	master->max_places = dma_virtio_ring_size(&master->virtio, 0) - OTHER_PIECES;
	return true;
}

const struct dma_driver dma_virtio_blk = {.open = blk_open};
