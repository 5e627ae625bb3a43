// SPDX-License-Identifier: BSD-3-Clause
#include "host/devices/console.h"
#include "host/virtio/vring.h"

enum { CLASS_COMMUNICATION = 0x0780 };
enum { RECEIVEQ = 0, TRANSMITQ = 1 };

/* There is always input: bytes from 0x80 to 0xff, in turn. */
static void receive(struct vconsole *console, const struct chain *chain)
{
	struct vdev *dev = &console->vdev;
	uint8_t bytes[64];

	for (uint32_t at = 0; at < chain->writable.size; at += sizeof(bytes)) {
		for (unsigned int i = 0; i < sizeof(bytes); i++)
			bytes[i] = 0x80 | console->received++;
		if (!chain_write(dev, chain, at, bytes, sizeof(bytes)))
			return;
	}
	vring_push(dev, &dev->queues[RECEIVEQ], chain, chain->writable.size);
}

/* The output is read, and goes nowhere. */
static void transmit(struct vconsole *console, const struct chain *chain)
{
	struct vdev *dev = &console->vdev;
	uint8_t bytes[64];

	for (uint32_t at = 0; at < chain->readable.size; at += sizeof(bytes))
		if (!chain_read(dev, chain, at, bytes, sizeof(bytes)))
			return;
	vring_push(dev, &dev->queues[TRANSMITQ], chain, 0);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	struct chain chain;
	struct vconsole *console = (struct vconsole *)dev;

	while (vdev_is_running(dev) && vring_pop(dev, &dev->queues[queue], &chain))
		(queue == RECEIVEQ ? receive : transmit)(console, &chain);
}

static const struct vdev_ops ops = {.queues = 2, .notified = notified};

void vconsole_init(struct vconsole *console)
{
	vdev_init(&console->vdev, &ops, VIRTIO_TYPE_CONSOLE, CLASS_COMMUNICATION,
		  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM), NULL, 0);
}
