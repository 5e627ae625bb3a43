// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/devices/blk.h"
#include "host/machine/personality.h"
#include "host/virtio/vring.h"
#include "util.h"

#define SECTOR 512

enum { CLASS_STORAGE = 0x0180 };
enum { REQUEST_IN = 0, REQUEST_OUT = 1, REQUEST_GET_ID = 8 };
enum { RESULT_OK = 0, RESULT_IOERR = 1, RESULT_UNSUPP = 2 };
enum { ID_SIZE = 20 };

struct header {
	uint32_t type;
	uint32_t reserved;
	uint64_t sector;
};

static bool is_on_disk(const struct vblk *blk, uint64_t sector, uint32_t size)
{
	uint64_t capacity = blk->config.capacity;

	return sector < capacity && size <= (capacity - sector) * SECTOR && size % SECTOR == 0;
}

/* Return false if the data are out of reach, and the disk is broken by that. */
static bool fill(struct vblk *blk, const struct chain *chain, const void *bytes, uint32_t size,
		 uint8_t *result)
{
	if (personality->blocked_data == BLOCKED_BREAKS)
		return chain_write(&blk->vdev, chain, 0, bytes, size);
	if (!chain_try_write(&blk->vdev, chain, 0, bytes, size) && personality->blocked_data == BLOCKED_FAILS)
		*result = RESULT_IOERR;
	return true;
}

static bool fetch(struct vblk *blk, const struct chain *chain, void *bytes, uint32_t size, uint8_t *result)
{
	uint32_t offset = sizeof(struct header);

	if (personality->blocked_data == BLOCKED_BREAKS)
		return chain_read(&blk->vdev, chain, offset, bytes, size);
	if (chain_try_read(&blk->vdev, chain, offset, bytes, size))
		return true;
	if (personality->blocked_data == BLOCKED_FAILS)
		*result = RESULT_IOERR;
	else
		memset(bytes, 0, size);
	return true;
}

/* The last writable byte is the result, all before it are data. Returns false if they are out of reach. */
static bool execute(struct vblk *blk, const struct chain *chain, const struct header *header,
		  uint8_t *result)
{
	static const char id[ID_SIZE] = "host";
	uint32_t out = chain->readable.size - sizeof(*header), in = chain->writable.size - 1;

	*result = RESULT_OK;
	switch (header->type) {
	case REQUEST_IN:
		if (is_on_disk(blk, header->sector, in))
			return fill(blk, chain, blk->disk[header->sector], in, result);
		break;
	case REQUEST_OUT:
		if (is_on_disk(blk, header->sector, out))
			return fetch(blk, chain, blk->disk[header->sector], out, result);
		break;
	case REQUEST_GET_ID:
		return fill(blk, chain, id, min(in, (uint32_t)ID_SIZE), result);
	default:
		*result = RESULT_UNSUPP;
		return true;
	}
	*result = RESULT_IOERR;
	return true;
}

static void serve_request(struct vblk *blk, struct vqueue *queue, const struct chain *chain)
{
	struct vdev *dev = &blk->vdev;
	struct header header;
	uint8_t result;

	if (chain->readable.size < sizeof(header) || !chain->writable.size)
		vdev_break(dev);
	else if (chain_read(dev, chain, 0, &header, sizeof(header)) &&
		 execute(blk, chain, &header, &result) &&
		 chain_write(dev, chain, chain->writable.size - 1, &result, 1))
		vring_push(dev, queue, chain, chain->writable.size);
}

static void serve_queue(void *owner)
{
	struct chain chain;
	struct vdev *dev = owner;

	while (vdev_is_running(dev) && vring_pop(dev, &dev->queues[0], &chain)) {
		serve_request((struct vblk *)dev, &dev->queues[0], &chain);
		if (delay_served(&((struct vblk *)dev)->delay))
			break;
	}
}

static void notified(struct vdev *dev, unsigned int queue)
{
	(void)queue;
	delay_notified(&((struct vblk *)dev)->delay);
}

static void reset(struct vdev *dev)
{
	delay_reset(&((struct vblk *)dev)->delay);
}

static const struct vdev_ops ops = {.queues = 1, .reset = reset, .notified = notified};

void vblk_init(struct vblk *blk, bool slow)
{
	delay_init(&blk->delay, serve_queue, blk);
	blk->delay.slow_us = slow ? VBLK_SLOW_US : 0;
	blk->config.capacity = personality->disk_sectors ? personality->disk_sectors : VBLK_SECTORS;
	vdev_init(&blk->vdev, &ops, VIRTIO_TYPE_BLOCK, CLASS_STORAGE,
		  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM), &blk->config, sizeof(blk->config));
}
