// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the virtio masters share: a small ring for each queue in the private page.
 */
#include "dma/dma.h"
#include "memory.h"
#include "time.h"
#include "util.h"

/* The sizes of a ring, between which that of the device decides. */
#define RING_MOST 16
#define RING_LEAST 4
#define RING_ROOM (DMA_SCRATCH / DMA_QUEUES)	/* bytes: for RING_MOST, or RING_LEAST with tables */

#define POLL_SLICE_US 200	/* between two looks at whether a fault was reported */

/* Without ACCESS_PLATFORM a device bypasses the IOMMU by definition (6.1). */
#define FEATURES (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM))

bool dma_virtio_open(struct dma_master *master, const struct device_location *location, uint32_t type,
		     struct error *error)
{
	if (virtio_type(location) != type || !virtio_open(&master->virtio, location, error))
		return false;
	if (!virtio_reset(&master->virtio))
		return error_set(error, "%s: device_status does not return to 0 after reset",
				 location_name(location));
	if ((virtio_offered(&master->virtio) & FEATURES) != FEATURES)
		return error_set(error, "%s does not offer ACCESS_PLATFORM: its DMA is not translated",
				 location_name(location));
	return true;
}

uint16_t dma_virtio_ring_size(struct virtio_device *dev, uint16_t queue)
{
	uint16_t size = RING_MOST, most = dev->transport->queue_max(dev, queue);

	while (size > most && size > RING_LEAST)
		size /= 2;
	return size;
}

static uint64_t features(const struct dma_master *master)
{
	return FEATURES | (master->tables ? VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC) : 0);
}

bool dma_virtio_has_tables(struct dma_master *master)
{
	return master->ops->queues && (virtio_offered(&master->virtio) &
				       VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC));
}

static uint16_t ring_size(struct dma_master *master, uint16_t queue)
{
	if (master->deep)
		return min(master->virtio.transport->queue_max(&master->virtio, queue), RING_MAX_SIZE);
	return master->tables ? RING_LEAST : dma_virtio_ring_size(&master->virtio, queue);
}

static void *ring_memory(struct dma_master *master, unsigned int queue)
{
	if (master->deep)
		return master->page + DMA_PAGE_BYTES + queue * DMA_DEEP_RING_BYTES;
	return master->page + queue * RING_ROOM;
}

static bool enable_queue(struct dma_master *master, unsigned int queue)
{
	struct virtio_device *dev = &master->virtio;
	struct ring *ring = &master->rings[queue];

	ring_init(ring, ring_size(master, queue), ring_memory(master, queue),
		  master->page_iova - phys(master->page), features(master));
	if (!virtio_enable_queue(dev, queue, ring))
		return false;
	master->queue_refused |= !dev->transport->queue_enabled(dev, queue);
	if (master->messages && virtio_pci_queue_vector(dev, queue, 0))
		return false;
	if (master->messages)
		ring->avail->flags = 0;
	return true;
}

bool dma_virtio_start(struct dma_master *master)
{
	struct virtio_device *dev = &master->virtio;
	uint64_t declined = master->without_platform ? VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) : 0;

	if (!virtio_reset(dev) || !virtio_negotiate(dev, features(master) & ~declined))
		return false;
	master->queue_refused = false;
	for (unsigned int queue = 0; queue < master->ops->queues; queue++)
		if (!enable_queue(master, queue))
			return false;
	virtio_driver_ok(dev);
	return true;
}

void dma_virtio_stop(struct dma_master *master)
{
	virtio_reset(&master->virtio);
}

struct ring_piece dma_scratch_piece(const struct dma_master *master, uint32_t offset,
				    uint32_t length, bool writable)
{
	return (struct ring_piece){master->page_iova + DMA_SCRATCH + offset, length, writable};
}

/*
 * Wait in slices, to see a fault report between them; and one slice more when the time is over. It may be
 * of an older access, or of another device's: an access that should work is waited for a while longer. So
 * it is in a queue that reads as not enabled: what the device says is no proof.
 */
static enum virtio_wait wait_in_slices(struct dma_master *master, uint16_t queue,
				       struct ring_reply *reply)
{
	struct deadline deadline = deadline_in(master->timeout_us);
	enum virtio_wait result;
	bool last = false, shortened = false;

	for (;;) {
		result = virtio_wait(&master->virtio, &master->rings[queue], reply, POLL_SLICE_US);
		if (result != VIRTIO_SILENT || last)
			return result;
		if (!shortened &&
		    (master->queue_refused || (master->fault_reported && master->fault_reported()))) {
			shortened = true;
			deadline = deadline_in(master->grace_us);
		}
		last = deadline_over(&deadline);
	}
}

bool dma_virtio_add(struct dma_master *master, uint16_t queue, const struct ring_piece *pieces,
		    unsigned int count)
{
	struct ring *ring = &master->rings[queue];
	int head = ring_add(ring, pieces, count);

	if (head < 0)
		return false;
	ring_publish(ring, head);
	return true;
}

bool dma_virtio_post(struct dma_master *master, uint16_t queue, const struct ring_piece *pieces,
		     unsigned int count)
{
	if (!dma_virtio_add(master, queue, pieces, count))
		return false;
	virtio_notify(&master->virtio, queue);
	return true;
}

enum dma_result dma_virtio_take(struct dma_master *master, uint16_t queue, uint32_t *written)
{
	struct ring_reply reply;

	switch (wait_in_slices(master, queue, &reply)) {
	case VIRTIO_SILENT:
		return DMA_SILENT;
	case VIRTIO_BROKEN:
		return DMA_REFUSED;
	case VIRTIO_USED:
		break;
	}
	*written = reply.length;
	return reply.valid ? DMA_DONE : DMA_REFUSED;
}

enum dma_result dma_virtio_take_all(struct dma_master *master, uint16_t queue, unsigned int count)
{
	enum dma_result result = DMA_DONE;
	uint32_t written;

	while (count-- && result == DMA_DONE)
		result = dma_virtio_take(master, queue, &written);
	return result;
}

enum dma_result dma_virtio_send(struct dma_master *master, uint16_t queue,
				const struct ring_piece *pieces, unsigned int count,
				uint32_t *written)
{
	if (!dma_virtio_post(master, queue, pieces, count))
		return DMA_REFUSED;
	return dma_virtio_take(master, queue, written);
}

enum dma_result dma_virtio_transmit(struct dma_master *master, const struct ring_piece *pieces,
				    unsigned int count)
{
	uint32_t written;
	enum dma_result result = dma_virtio_send(master, DMA_TRANSMITQ, pieces, count, &written);

	return result == DMA_DONE ? DMA_UNVERIFIED : result;
}

enum dma_result dma_virtio_receive(struct dma_master *master)
{
	uint32_t written;
	enum dma_result result = dma_virtio_take(master, DMA_RECEIVEQ, &written);

	return result == DMA_DONE && !written ? DMA_REFUSED : result;
}
