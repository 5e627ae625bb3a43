// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/devices/net.h"
#include "host/virtio/vring.h"
#include "util.h"

enum { CLASS_ETHERNET = 0x0200 };
enum { RECEIVEQ = 0, TRANSMITQ = 1 };
enum { HEADER_BYTES = 12, NUM_BUFFERS = 10 };	/* struct virtio_net_hdr (5.1.6) */
enum { MAC_BYTES = 6, IP_BYTES = 4 };

/* Where the fields of an ARP packet are in its frame (RFC 826). */
enum {
	TO = 0,
	FROM = 6,
	ETHER_TYPE = 12,
	OPERATION = 20,
	SENDER = 22,
	SENDER_IP = 28,
	TARGET = 32,
	TARGET_IP = 38,
	ARP_BYTES = 42,
};

/* The longest frame. */
#define FRAME_BYTES 1514

/* Turn an ARP request for the other machine's address into the reply. Returns false if it is none. */
static bool answer_arp(uint8_t *frame)
{
	static const uint8_t question[] = {8, 6, 0, 1, 8, 0, MAC_BYTES, IP_BYTES, 0, 1};
	static const uint8_t mac[MAC_BYTES] = {0x52, 0x55, 10, 0, 2, 2}, ip[IP_BYTES] = {10, 0, 2, 2};

	if (memcmp(frame + ETHER_TYPE, question, sizeof(question)) ||
	    memcmp(frame + TARGET_IP, ip, sizeof(ip)))
		return false;
	memcpy(frame + TO, frame + FROM, MAC_BYTES);
	memcpy(frame + FROM, mac, sizeof(mac));
	frame[OPERATION + 1] = 2;
	memcpy(frame + TARGET, frame + SENDER, MAC_BYTES + IP_BYTES);
	memcpy(frame + SENDER, mac, sizeof(mac));
	memcpy(frame + SENDER_IP, ip, sizeof(ip));
	return true;
}

static void receive(struct vdev *dev, uint8_t *packet, uint32_t size)
{
	struct chain chain;
	struct vqueue *queue = &dev->queues[RECEIVEQ];

	memset(packet, 0, HEADER_BYTES);
	packet[NUM_BUFFERS] = 1;
	if (!queue->enabled || !vring_pop(dev, queue, &chain))
		return;
	size = min(size, chain.writable.size);
	if (chain_write(dev, &chain, 0, packet, size))
		vring_push(dev, queue, &chain, size);
}

static void transmit(struct vdev *dev, const struct chain *chain)
{
	uint8_t packet[HEADER_BYTES + FRAME_BYTES] = {0};

	if (!chain_read(dev, chain, 0, packet, sizeof(packet)))
		return;
	vring_push(dev, &dev->queues[TRANSMITQ], chain, 0);
	if (answer_arp(packet + HEADER_BYTES))
		receive(dev, packet, HEADER_BYTES + ARP_BYTES);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	struct chain chain;

	while (queue == TRANSMITQ && vdev_is_running(dev) &&
	       vring_pop(dev, &dev->queues[TRANSMITQ], &chain))
		transmit(dev, &chain);
}

static const struct vdev_ops ops = {.queues = 2, .notified = notified};

void vnet_init(struct vnet *net)
{
	vdev_init(&net->vdev, &ops, VIRTIO_TYPE_NET, CLASS_ETHERNET,
		  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM), NULL, 0);
}
