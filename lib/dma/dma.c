// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "dma/dma.h"
#include "memory.h"
#include "time.h"
#include "util.h"

static const struct dma_driver *const drivers[] = {
	&dma_virtio_blk, &dma_virtio_rng, &dma_virtio_console, &dma_virtio_net, &dma_edu,
};

bool dma_open(struct dma_master *master, const struct device_location *location, void *page,
	      struct error *error)
{
	error->text[0] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		memset(master, 0, sizeof(*master));
		master->page = page;
		master->page_iova = phys(page);
		master->page_bytes = DMA_PAGE_BYTES;
		master->timeout_us = master->grace_us = REPLY_TIMEOUT_US;
		master->max_bytes = DMA_SHORT_BYTES;
		if (drivers[i]->open(master, location, error))
			return true;
		if (error->text[0])
			return false;
	}
	return false;
}

void dma_stop(struct dma_master *master)
{
	master->ops->stop(master);
	master->running = false;
}

void dma_set_page_iova(struct dma_master *master, uint64_t iova)
{
	if (master->page_iova == iova)
		return;
	if (master->running)
		dma_stop(master);
	master->page_iova = iova;
}

/*
 * A virtio device may look at its rings once more after the last access, for a notification that it has
 * handled already, and give up because they are out of reach by then.
 */
static bool has_given_up(struct dma_master *master)
{
	return master->running && master->ops->queues && virtio_needs_reset(&master->virtio);
}

static bool ensure_running(struct dma_master *master)
{
	if (has_given_up(master))
		dma_stop(master);
	if (!master->running)
		master->running = master->ops->start(master);
	return master->running;
}

/* A device that has failed may still finish the access later: stop it. */
static enum dma_result stop_if_failed(struct dma_master *master, enum dma_result result)
{
	if (result == DMA_SILENT && master->when_silent)
		master->when_silent();
	if (result == DMA_REFUSED || result == DMA_SILENT)
		dma_stop(master);
	return result;
}

bool dma_prepare_write(struct dma_master *master, size_t size)
{
	bool done = ensure_running(master) && (!master->ops->prepare || master->ops->prepare(master, size));

	if (!done)
		dma_stop(master);
	return done;
}

enum dma_result dma_write(struct dma_master *master, uint64_t iova, size_t size)
{
	if (!ensure_running(master))
		return stop_if_failed(master, DMA_REFUSED);
	return stop_if_failed(master, master->ops->write(master, iova, size));
}

enum dma_result dma_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size)
{
	if (!ensure_running(master))
		return stop_if_failed(master, DMA_REFUSED);
	return stop_if_failed(master, master->ops->read(master, iova, bytes, size));
}

enum dma_result dma_write_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				 size_t size)
{
	if (!master->ops->write_places || !ensure_running(master))
		return stop_if_failed(master, DMA_REFUSED);
	return stop_if_failed(master, master->ops->write_places(master, iovas, count, size));
}

enum dma_result dma_read_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				void *bytes, size_t size)
{
	if (!master->ops->read_places || !ensure_running(master))
		return stop_if_failed(master, DMA_REFUSED);
	return stop_if_failed(master, master->ops->read_places(master, iovas, count, bytes, size));
}

bool dma_begin(struct dma_master *master, const struct dma_access *accesses, unsigned int count)
{
	bool begun = master->ops->begin && count <= DMA_MAX_IN_FLIGHT && ensure_running(master) &&
		     master->ops->begin(master, accesses, count);

	if (!begun)
		dma_stop(master);
	return begun;
}

enum dma_result dma_finish(struct dma_master *master, unsigned int count)
{
	return stop_if_failed(master, master->ops->finish(master, count));
}

enum dma_result dma_recall(struct dma_master *master, void *bytes, size_t size)
{
	if (!master->ops->recall || !ensure_running(master))
		return DMA_REFUSED;
	return stop_if_failed(master, master->ops->recall(master, bytes, size));
}

/* How many of @size bytes from byte number @offset on come before the pattern repeats. */
static size_t stretch(size_t offset, size_t size)
{
	return min(size, DMA_PATTERN_BYTES - offset % DMA_PATTERN_BYTES);
}

bool dma_is_pattern(const struct dma_master *master, const uint8_t *bytes, size_t offset, size_t size)
{
	for (size_t length; size; bytes += length, offset += length, size -= length) {
		length = stretch(offset, size);
		if (memcmp(bytes, master->pattern + offset % DMA_PATTERN_BYTES, length))
			return false;
	}
	return true;
}

void dma_copy_pattern(const struct dma_master *master, uint8_t *bytes, size_t offset, size_t size)
{
	for (size_t length; size; bytes += length, offset += length, size -= length) {
		length = stretch(offset, size);
		memcpy(bytes, master->pattern + offset % DMA_PATTERN_BYTES, length);
	}
}
