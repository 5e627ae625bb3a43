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
	master->untold = 0;
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

bool dma_virtio_add(struct dma_master *master, unsigned int number, uint16_t queue,
		    const struct ring_piece *pieces, unsigned int count)
{
	struct ring *ring = &master->rings[queue];
	int head = ring_add(ring, pieces, count);

	if (head < 0)
		return false;
	ring_publish(ring, head);
	master->posted_by[queue][head] = number;
	master->flights[number].buffers++;
	master->untold |= 1u << queue;
	return true;
}

void dma_virtio_notify(struct dma_master *master)
{
	for (unsigned int queue = 0; queue < master->ops->queues; queue++)
		if (master->untold >> queue & 1)
			virtio_notify(&master->virtio, queue);
	master->untold = 0;
}

/* Nobody knows what became of those under way. */
static void refuse_all(struct dma_master *master)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(master->flights); i++)
		if (master->flights[i].state == DMA_UNDER_WAY) {
			master->flights[i].state = DMA_ENDED;
			master->flights[i].result = DMA_REFUSED;
		}
}

static void note_used(struct dma_master *master, unsigned int queue, const struct ring_reply *reply)
{
	unsigned int number = master->posted_by[queue][reply->id % RING_MAX_SIZE];
	struct dma_flight *flight = &master->flights[number];

	if (!reply->valid || flight->state != DMA_UNDER_WAY)
		return refuse_all(master);
	if (queue == 0)
		flight->written = reply->length;
	if (--flight->buffers)
		return;
	flight->state = DMA_ENDED;
	flight->result = master->ops->ended(master, number);
}

static bool is_awaited(const struct dma_master *master, unsigned int queue)
{
	return master->rings[queue].idle < master->rings[queue].size;
}

bool dma_virtio_look(struct dma_master *master, uint64_t microseconds)
{
	struct ring_reply reply;

	for (unsigned int queue = master->ops->queues; queue--;) {
		if (!is_awaited(master, queue))
			continue;
		switch (virtio_wait(&master->virtio, &master->rings[queue], &reply, microseconds)) {
		case VIRTIO_USED:
			note_used(master, queue, &reply);
			return true;
		case VIRTIO_BROKEN:
			refuse_all(master);
			return true;
		case VIRTIO_SILENT:
			break;
		}
	}
	return false;
}

enum dma_result dma_virtio_ended(struct dma_master *master, unsigned int number)
{
	const struct dma_flight *flight = &master->flights[number];

	if (!flight->write)
		return DMA_UNVERIFIED;
	return flight->written ? DMA_DONE : DMA_REFUSED;
}
