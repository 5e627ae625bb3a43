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

/* What lies at DMA_SCRATCH in the private page: what each access needs, by its number. */
struct scratch {
	struct request requests[DMA_OWN + 1];
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

static enum dma_result blk_ended(struct dma_master *master, unsigned int number)
{
	return scratch(master)->requests[number].status == STATUS_OK ? DMA_DONE : DMA_REFUSED;
}

/* An access of no byte moves a sector between the disk and scratch. */
static uint32_t sectors_of(size_t size)
{
	return max(align_up(size, SECTOR) / SECTOR, 1);
}

/* Add a request for the sectors from @sector on: first bytes where @access has them, the rest in scratch. */
static bool add(struct dma_master *master, unsigned int number, uint32_t sector,
		const struct dma_access *access)
{
	size_t size = access->count * access->size, rest = sectors_of(size) * SECTOR - size;
	struct ring_piece pieces[DMA_MAX_PIECES + OTHER_PIECES];
	unsigned int used = 0;

	fill(&scratch(master)->requests[number], access->write ? REQUEST_IN : REQUEST_OUT, sector);
	pieces[used++] = header_piece(master, number);
	for (unsigned int i = 0; i < access->count && access->size; i++)
		pieces[used++] = (struct ring_piece){access->iovas[i], access->size, access->write};
	if (rest)
		pieces[used++] = piece(master, offsetof(struct scratch, data), rest, access->write);
	pieces[used++] = status_piece(master, number);
	return dma_virtio_add(master, number, 0, pieces, used);
}

/* Transfer @count sectors from @sector on between the disk and scratch, beside what is in flight. */
static enum dma_result transfer(struct dma_master *master, bool from_disk, uint32_t sector, uint32_t count)
{
	uint64_t data = piece(master, offsetof(struct scratch, data), 0, from_disk).address;
	struct dma_access access = {&data, 1, count * SECTOR, from_disk};

	master->flights[DMA_OWN] = (struct dma_flight){.state = DMA_UNDER_WAY, .write = from_disk};
	if (!add(master, DMA_OWN, sector, &access))
		return DMA_REFUSED;
	dma_virtio_notify(master);
	return dma_await(master, DMA_OWN);
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
		if (transfer(master, false, master->seeded, now) != DMA_DONE)
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
 * Those that write to memory read the first sectors; those that read write the last ones, the first
 * access the very last.
 */
static uint32_t back_sector(const struct dma_master *master, unsigned int number, size_t size)
{
	uint32_t sectors = sectors_of(size), fit = max(master->sectors / sectors, 1);

	return master->sectors - sectors * (number % fit + 1);
}

static enum dma_result blk_recall(struct dma_master *master, unsigned int number, void *bytes, size_t size)
{
	uint32_t sector = back_sector(master, number, size);
	enum dma_result result = DMA_DONE;
	uint8_t *to = bytes;

	for (size_t now; size && result == DMA_DONE; to += now, sector += chunk(master), size -= now) {
		now = min(size, chunk(master) * SECTOR);
		result = transfer(master, true, sector, sectors_of(now));
		if (result == DMA_DONE)
			memcpy(to, (const void *)scratch(master)->data, now);
	}
	return result;
}

static bool blk_post(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	uint32_t sector = access->write ? 0 : back_sector(master, number, access->count * access->size);

	if (access->count > DMA_MAX_PIECES)
		return false;
	if (!access->write)
		master->seeded = min(master->seeded, sector);
	return add(master, number, sector, access);
}

static const struct dma_ops blk_ops = {
	.name = "virtio-blk",
	.exact = true,
	.queues = 1,
	.start = dma_virtio_start,
	.prepare = blk_prepare,
	.post = blk_post,
	.notify = dma_virtio_notify,
	.look = dma_virtio_look,
	.ended = blk_ended,
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
