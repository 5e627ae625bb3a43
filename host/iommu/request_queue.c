// SPDX-License-Identifier: BSD-3-Clause
/*
 * When the requests that are there are served, and in which order.
 */
#include "host/iommu/parts.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/clock.h"
#include "host/machine/personality.h"

#define BATCH 16
#define HICCUP_EVERY 8
#define RETRY_US 1000

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

/* Returns true if there was one. */
static bool serve_one(void)
{
	static struct chain chain;
	struct vdev *dev = &ref_iommu.vdev;
	bool any = vdev_is_running(dev) && vring_pop(dev, request_queue(), &chain);

	if (any)
		request_serve(&chain);
	return any;
}

static void serve_all(void)
{
	if (serves_reversed(&ref_iommu.vdev))
		request_queue_serve_reversed();
	while (serve_one())
		;
	vring_flush(&ref_iommu.vdev, request_queue());
}

static void time_is_up(void *unused);

static struct timer timer = {.expire = time_is_up};

static void begin(void)
{
	static unsigned int times;
	bool hiccup = personality->hiccup_us && ++times % HICCUP_EVERY == 0;

	timer_start(&timer, hiccup ? personality->hiccup_us : personality->request_us);
}

/* What a suspended device was told of is not forgotten. */
static void time_is_up(void *unused)
{
	(void)unused;
	if (vdev_is_suspended(&ref_iommu.vdev))
		return timer_start(&timer, RETRY_US);
	if (!request_queue()->enabled || !vdev_is_running(&ref_iommu.vdev))
		return;
	if (!personality->one_by_one)
		return serve_all();
	if (serve_one())
		begin();
	vring_flush(&ref_iommu.vdev, request_queue());
}

void request_queue_reset(void)
{
	timer_stop(&timer);
}

void request_queue_notified(void)
{
	if (personality->request_us)
		begin();
	else
		serve_all();
}

bool request_queue_idle(void)
{
	const struct vqueue *queue = request_queue();
	uint16_t before = queue->next_avail;

	if (!personality->polls || !queue->enabled || !vdev_is_running(&ref_iommu.vdev))
		return false;
	serve_all();
	return queue->next_avail != before;
}
