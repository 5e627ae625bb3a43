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

/* Between two looks at whether a fault was reported. */
#define POLL_SLICE_US 200

static void forget_flights(struct dma_master *master)
{
	memset(master->flights, 0, sizeof(master->flights));
}

void dma_stop(struct dma_master *master)
{
	master->ops->stop(master);
	master->running = false;
	forget_flights(master);
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

static bool start(struct dma_master *master)
{
	forget_flights(master);
	master->running = master->ops->start(master);
	return master->running;
}

static bool ensure_running(struct dma_master *master)
{
	if (has_given_up(master))
		dma_stop(master);
	return master->running || start(master);
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

static bool prepare(struct dma_master *master, size_t size)
{
	return !master->ops->prepare || master->ops->prepare(master, size);
}

bool dma_prepare_write(struct dma_master *master, size_t size)
{
	bool done = ensure_running(master) && prepare(master, size);

	if (!done)
		dma_stop(master);
	return done;
}

/* Return the lowest number that is free, DMA_MAX_IN_FLIGHT if none is. */
static unsigned int free_number(const struct dma_master *master)
{
	unsigned int number = 0;

	while (number < DMA_MAX_IN_FLIGHT && master->flights[number].state != DMA_FREE)
		number++;
	return number;
}

/* Begin an access. Return its number, -1 if it does not fit. The device does not know of it yet. */
static int begin(struct dma_master *master, const struct dma_access *access)
{
	unsigned int number = free_number(master);

	if (number == DMA_MAX_IN_FLIGHT)
		return -1;
	master->flights[number] = (struct dma_flight){.state = DMA_UNDER_WAY, .write = access->write};
	return master->ops->post(master, number, access) ? (int)number : -1;
}

int dma_post(struct dma_master *master, const struct dma_access *access)
{
	int number = ensure_running(master) ? begin(master, access) : -1;

	if (number < 0)
		dma_stop(master);
	else
		master->ops->notify(master);
	return number;
}

bool dma_post_all(struct dma_master *master, const struct dma_access *accesses, unsigned int count)
{
	bool begun = ensure_running(master);

	for (unsigned int i = 0; i < count && begun; i++)
		begun = begin(master, &accesses[i]) >= 0;
	if (begun)
		master->ops->notify(master);
	else
		dma_stop(master);
	return begun;
}

static bool has_ended(struct dma_master *master, unsigned int number, enum dma_result *result)
{
	struct dma_flight *flight = &master->flights[number];

	if (flight->state != DMA_ENDED)
		return false;
	*result = flight->result;
	flight->state = DMA_FREE;
	return true;
}

bool dma_done(struct dma_master *master, unsigned int number, enum dma_result *result)
{
	while (!has_ended(master, number, result))
		if (!master->ops->look(master, 0))
			return false;
	return true;
}

/*
 * Wait in slices, to see a fault report between them; and one slice more when the time is over. It may be
 * of an older access, or of another device's: an access that should work is waited for a while longer. So
 * it is in a queue that reads as not enabled: what the device says is no proof.
 */
enum dma_result dma_await(struct dma_master *master, unsigned int number)
{
	struct deadline deadline = deadline_in(master->timeout_us);
	bool last = false, shortened = false;
	enum dma_result result;

	while (!has_ended(master, number, &result)) {
		if (master->ops->look(master, POLL_SLICE_US))
			continue;
		if (last)
			return DMA_SILENT;
		if (!shortened &&
		    (master->queue_refused || (master->fault_reported && master->fault_reported()))) {
			shortened = true;
			deadline = deadline_in(master->grace_us);
		}
		last = deadline_over(&deadline);
	}
	return result;
}

enum dma_result dma_wait(struct dma_master *master, unsigned int number)
{
	return stop_if_failed(master, dma_await(master, number));
}

enum dma_result dma_wait_all(struct dma_master *master, unsigned int count)
{
	enum dma_result result = DMA_DONE, one;

	for (unsigned int number = 0; number < count && master->running; number++) {
		one = dma_wait(master, number);
		if (result == DMA_DONE)
			result = one;
	}
	return result;
}

static enum dma_result access(struct dma_master *master, const struct dma_access *access)
{
	int number = dma_post(master, access);

	return number < 0 ? DMA_REFUSED : dma_wait(master, number);
}

/*
 * If the pattern could not be put where it is needed, the device may still write something. It begins anew
 * then: what failed may be under way.
 */
static enum dma_result write(struct dma_master *master, const struct dma_access *of)
{
	if (!ensure_running(master) || (!prepare(master, of->count * of->size) && !start(master)))
		return stop_if_failed(master, DMA_REFUSED);
	return access(master, of);
}

static enum dma_result read(struct dma_master *master, const struct dma_access *of, void *bytes)
{
	enum dma_result result = access(master, of);

	return result == DMA_DONE ? dma_recall(master, 0, bytes, of->count * of->size) : result;
}

enum dma_result dma_write(struct dma_master *master, uint64_t iova, size_t size)
{
	return write(master, &(struct dma_access){&iova, 1, size, true});
}

enum dma_result dma_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size)
{
	return read(master, &(struct dma_access){&iova, 1, size, false}, bytes);
}

enum dma_result dma_write_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				 size_t size)
{
	if (count > master->max_places)
		return stop_if_failed(master, DMA_REFUSED);
	return write(master, &(struct dma_access){iovas, count, size, true});
}

enum dma_result dma_read_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				void *bytes, size_t size)
{
	if (count > master->max_places)
		return stop_if_failed(master, DMA_REFUSED);
	return read(master, &(struct dma_access){iovas, count, size, false}, bytes);
}

enum dma_result dma_recall(struct dma_master *master, unsigned int number, void *bytes, size_t size)
{
	if (!master->ops->recall || !ensure_running(master))
		return DMA_REFUSED;
	return stop_if_failed(master, master->ops->recall(master, number, bytes, size));
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
