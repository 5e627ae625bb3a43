// SPDX-License-Identifier: BSD-3-Clause
/*
 * When the requests that are there are served, and in which order.
 */
#include "host/iommu/parts.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/personality.h"

#define BATCH 16

/* There is work that was put off, and so many times more the CPU has to wait for it. */
static bool pending;
static unsigned int delay;

static struct vqueue *request_queue(void)
{
	return &ref_iommu.vdev.queues[REQUEST_QUEUE];
}

/* In which order requests in flight are executed is open (AMB-13). */
void request_queue_serve_reversed(void)
{
	static struct chain batch[BATCH];
	unsigned int count;

	do {
		for (count = 0; count < BATCH && vring_pop(&ref_iommu.vdev, request_queue(), &batch[count]);)
			count++;
		for (unsigned int i = count; i; i--)
			request_serve(&batch[i - 1]);
	} while (count == BATCH);
}

/* A packed queue is started in ring order, and IN_ORDER is what it says (2.8.10.2, 6.2). */
static bool serves_reversed(const struct vdev *dev)
{
	return personality->reversed && !vdev_has(dev, VIRTIO_F_RING_PACKED) &&
	       !vdev_has(dev, VIRTIO_F_IN_ORDER);
}

static void serve(void)
{
	static struct chain chain;
	struct vdev *dev = &ref_iommu.vdev;

	pending = false;
	if (serves_reversed(dev))
		request_queue_serve_reversed();
	while (vdev_is_running(dev) && vring_pop(dev, request_queue(), &chain))
		request_serve(&chain);
	vring_flush(dev, request_queue());
}

void request_queue_reset(void)
{
	pending = false;
}

void request_queue_notified(void)
{
	if (!personality->deferred)
		return serve();
	pending = true;
	delay = personality->slow;
}

bool request_queue_idle(void)
{
	const struct vqueue *queue = request_queue();
	uint16_t before = queue->next_avail;
	bool waits = pending;

	if (pending && delay) {
		delay--;
		return false;
	}
	if (!(waits || personality->polls) || !queue->enabled || !vdev_is_running(&ref_iommu.vdev))
		return false;
	serve();
	return waits || queue->next_avail != before;
}
