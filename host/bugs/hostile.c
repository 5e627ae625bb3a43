// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs that show when a driver breaks rules.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host/virtio/access.h"
#include "host/bugs/bugs.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/parts.h"
#include "host/virtio/vring.h"

enum { USED_INDEX = 2, HANG_S = 5 };

void bug_end(const char *why)
{
	fprintf(stderr, "host: the machine ends: %s\n", why);
	_Exit(1);
}

void bug_ends(const struct vdev *dev, enum mutant_id id)
{
	if (vdev_bug(dev, id))
		bug_end("an assertion failed");
}

/* For ever is 5 seconds here. */
static void hang(void)
{
	nanosleep(&(struct timespec){.tv_sec = HANG_S}, NULL);
	bug_end("it hangs");
}

void bug_loop(const struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_LOOP_FOLLOWED))
		hang();
}

void bug_jump(const struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_INDEX_JUMP_HANGS))
		hang();
}

uint32_t bug_table_length(const struct vdev *dev, uint32_t length)
{
	if (vdev_bug(dev, MUTANT_INDIRECT_LENGTH_ROUNDED_UP))
		return (length + 15) & ~15u;
	return vdev_bug(dev, MUTANT_EMPTY_TABLE_READ) && !length ? 32 : length;
}

bool bug_nests(const struct vdev *dev, bool indirect)
{
	static unsigned int depth;

	if (!indirect || !vdev_bug(dev, MUTANT_NESTED_TABLE_FOLLOWED))
		return false;
	if (++depth > 1000)
		bug_end("the stack overflows");
	return true;
}

static uint64_t stale;

void bug_forget_ring(const struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_STALE_RING_WRITTEN) && dev->queues[0].enabled)
		stale = dev->queues[0].device;
}

void bug_stale_ring(struct vdev *dev, const struct vqueue *queue, uint16_t index)
{
	if (stale && queue == &dev->queues[0])
		access_memory(dev, stale + USED_INDEX, &index, sizeof(index), true);
}

static void answer_without_room(const struct chain *chain)
{
	struct request_tail tail = {.status = STATUS_INVAL};

	if (chain->writable.count && chain->writable.size < sizeof(tail))
		access_memory(&ref_iommu.vdev, chain->writable.pieces[0].address, &tail, sizeof(tail),
			      true);
}

static void clear_all(const struct model_request *r)
{
	if (r->head.type != REQUEST_UNMAP || r->unmap.virt_end >= r->unmap.virt_start)
		return;
	ref_iommu.model.mapping_count = 0;
	iotlb_forget_all();
}

bool bug_hostile_request(const struct chain *chain, const struct model_request *r)
{
	struct vdev *dev = &ref_iommu.vdev;
	bool odd = r->readable % 2;

	if (mutant(MUTANT_ODD_REQUEST_ENDS) && r->head.type == 0x5a && odd)
		bug_end("an assertion failed");
	if (mutant(MUTANT_REPLY_WITHOUT_ROOM))
		answer_without_room(chain);
	if (mutant(MUTANT_UNKNOWN_USED_TWICE) && r->head.type > 0xe0)
		vring_push(dev, &dev->queues[REQUEST_QUEUE], chain, 0);
	if (mutant(MUTANT_BACKWARD_UNMAP_CLEARS_ALL))
		clear_all(r);
	return mutant(MUTANT_ODD_REQUEST_LOST) && r->head.type > 0xe0 && odd;
}

bool bug_open_when_broken(void)
{
	return mutant(MUTANT_OPEN_WHEN_BROKEN) && (ref_iommu.vdev.status & VIRTIO_NEEDS_RESET);
}
