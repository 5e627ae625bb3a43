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
#include "host/bugs/virtio/virtio.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/parts.h"
#include "host/virtio/vring.h"

enum { HANG_S = 5 };

void bug_end(const char *why)
{
	fprintf(stderr, "host: the machine ends: %s\n", why);
	_Exit(1);
}

void bug_hang(void)
{
	nanosleep(&(struct timespec){.tv_sec = HANG_S}, NULL);
	bug_end("it hangs");
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
	if (mutant(MUTANT_MAP_WHOLE_SPACE_ENDS) && r->head.type == REQUEST_MAP && !r->map.virt_start &&
	    r->map.virt_end == UINT64_MAX)
		bug_end("a size of 0");
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
