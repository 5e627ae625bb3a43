// SPDX-License-Identifier: BSD-3-Clause
#include "time.h"
#include "virtio/ring.h"
#include "virtio/virtio.h"

/* The status is a register: reading it stops the VMM, which has our request to work on. */
#define POLLS_PER_STATUS 64

static void add_status(struct virtio_device *dev, uint8_t bits)
{
	dev->transport->set_status(dev, dev->transport->status(dev) | bits);
}

bool virtio_reset(struct virtio_device *dev)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	dev->accepted = 0;
	dev->transport->set_status(dev, 0);
	while (dev->transport->status(dev))
		if (deadline_over(&deadline))
			return false;
	return true;
}

/* Step 3 of 3.1.1 comes before step 4. */
static void announce_driver(struct virtio_device *dev)
{
	add_status(dev, VIRTIO_ACKNOWLEDGE);
	add_status(dev, VIRTIO_DRIVER);
}

uint64_t virtio_offered(struct virtio_device *dev)
{
	announce_driver(dev);
	return dev->transport->offered(dev, 0) | (uint64_t)dev->transport->offered(dev, 1) << 32;
}

bool virtio_negotiate(struct virtio_device *dev, uint64_t features)
{
	announce_driver(dev);
	dev->transport->accept(dev, 0, features);
	dev->transport->accept(dev, 1, features >> 32);
	add_status(dev, VIRTIO_FEATURES_OK);
	dev->accepted = features;
	return dev->transport->status(dev) & VIRTIO_FEATURES_OK;
}

bool virtio_enable_queue(struct virtio_device *dev, uint16_t queue, const struct ring *ring)
{
	if (dev->transport->queue_max(dev, queue) < ring->size)
		return false;
	if (queue < VIRTIO_DOORBELLS)
		dev->rings[queue] = ring;
	dev->transport->queue_enable(dev, queue, ring);
	return true;
}

void virtio_kick(struct virtio_device *dev, uint16_t queue, struct ring *ring)
{
	if (ring_wants_notification(ring))
		virtio_notify(dev, queue);
}

uint32_t virtio_notification(const struct virtio_device *dev, uint16_t queue)
{
	const struct ring *ring = queue < VIRTIO_DOORBELLS ? dev->rings[queue] : NULL;

	if (!ring || !(dev->accepted & VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA)))
		return queue;
	return queue | (uint32_t)ring_position(ring) << 16;
}

bool virtio_reset_queue(struct virtio_device *dev, uint16_t queue)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	dev->transport->queue_reset(dev, queue);
	while (dev->transport->queue_is_resetting(dev, queue))
		if (deadline_over(&deadline))
			return false;
	return !dev->transport->queue_enabled(dev, queue);
}

void virtio_driver_ok(struct virtio_device *dev)
{
	add_status(dev, VIRTIO_DRIVER_OK);
}

bool virtio_needs_reset(struct virtio_device *dev)
{
	return dev->transport->status(dev) & VIRTIO_NEEDS_RESET;
}

static enum virtio_wait last_look(struct virtio_device *dev, struct ring *ring,
				  struct ring_reply *reply)
{
	if (ring_take(ring, reply))
		return VIRTIO_USED;
	return virtio_needs_reset(dev) ? VIRTIO_BROKEN : VIRTIO_SILENT;
}

enum virtio_wait virtio_wait(struct virtio_device *dev, struct ring *ring, struct ring_reply *reply,
			     uint64_t microseconds)
{
	struct deadline deadline = deadline_in(microseconds);

	for (unsigned int polls = 1; !ring_take(ring, reply); polls++) {
		if (polls % POLLS_PER_STATUS == 0 && virtio_needs_reset(dev))
			return VIRTIO_BROKEN;
		if (deadline_over(&deadline))
			return last_look(dev, ring, reply);
	}
	return VIRTIO_USED;
}
