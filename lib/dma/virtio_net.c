// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-net (virtio 1.4, 5.1): a frame that is received is written to memory, one that is transmitted
 * is read from there.
 *
 * To make a frame arrive we ask by ARP (RFC 826) for the addresses that VMMs give their side of the
 * network. The header of a received frame lies in scratch, its first bytes at the target.
 */
#include <stddef.h>
#include <string.h>

#include "dma/dma.h"

#define HEADER_BYTES 12		/* struct virtio_net_hdr, with num_buffers (5.1.6) */
#define RECEIVE_BYTES 1526	/* the least without MRG_RXBUF (5.1.6.3.1) */
#define MAC_BYTES 6
#define NETWORKS 2

/* All fields in network byte order. */
struct arp_frame {
	uint8_t header[HEADER_BYTES];
	uint8_t to[MAC_BYTES], from[MAC_BYTES], ether_type[2];
	uint8_t types[8];	/* hardware, protocol, their lengths, operation */
	uint8_t sender[MAC_BYTES], sender_ip[4];
	uint8_t target[MAC_BYTES], target_ip[4];
};

/* What lies at DMA_SCRATCH in the private page. */
struct scratch {
	uint8_t received[RECEIVE_BYTES];
	struct arp_frame sent;			/* around what is read */
	struct arp_frame questions[NETWORKS];
};

_Static_assert(sizeof(struct arp_frame) == HEADER_BYTES + 42, "no padding");
_Static_assert(DMA_SCRATCH + sizeof(struct scratch) <= DMA_PAGE_BYTES, "scratch fits the page");

/* No byte of this can be one of a canary. */
static const uint8_t own_mac[MAC_BYTES] = {0x02, 0x80, 0x90, 0xa0, 0xb0, 0xc0};

/* The VMM's side and our own address beside it: QEMU's user network, cloud-hypervisor's tap. */
static const struct {
	uint8_t theirs[4], ours[4];
} networks[NETWORKS] = {
	{{10, 0, 2, 2}, {10, 0, 2, 15}},
	{{192, 168, 249, 1}, {192, 168, 249, 2}},
};

static void make_request(struct arp_frame *frame, const uint8_t *theirs, const uint8_t *ours)
{
	static const uint8_t types[8] = {0, 1, 8, 0, MAC_BYTES, 4, 0, 1};

	memset(frame, 0, sizeof(*frame));
	memset(frame->to, 0xff, MAC_BYTES);
	memcpy(frame->from, own_mac, MAC_BYTES);
	frame->ether_type[0] = 8;
	frame->ether_type[1] = 6;
	memcpy(frame->types, types, sizeof(types));
	memcpy(frame->sender, own_mac, MAC_BYTES);
	memcpy(frame->sender_ip, ours, 4);
	memcpy(frame->target_ip, theirs, 4);
}

/* Frames in flight have their headers at one place, and their ends: nothing there is looked at. */
static bool add_receive(struct dma_master *master, unsigned int number, uint64_t iova, size_t size)
{
	uint32_t rest = HEADER_BYTES + size;
	struct ring_piece pieces[] = {
		dma_scratch_piece(master, 0, HEADER_BYTES, true),
		{iova, size, true},
		dma_scratch_piece(master, rest, RECEIVE_BYTES - rest, true),
	};

	return dma_virtio_add(master, number, DMA_RECEIVEQ, pieces, 3);
}

/* For each frame that shall arrive one in each network: the other one does not answer. */
static bool add_questions(struct dma_master *master, unsigned int number)
{
	struct scratch *scratch = (void *)(master->page + DMA_SCRATCH);
	struct ring_piece piece = dma_scratch_piece(master, offsetof(struct scratch, questions),
						    sizeof(struct arp_frame), false);

	for (unsigned int network = 0; network < NETWORKS; network++, piece.address += piece.length) {
		make_request(&scratch->questions[network], networks[network].theirs, networks[network].ours);
		if (!dma_virtio_add(master, number, DMA_TRANSMITQ, &piece, 1))
			return false;
	}
	return true;
}

/* A frame of no addresses but the bytes that are read, and some behind them: it need not be understood. */
static bool add_transmit(struct dma_master *master, unsigned int number, uint64_t iova, size_t size)
{
	struct scratch *scratch = (void *)(master->page + DMA_SCRATCH);
	struct ring_piece pieces[] = {
		dma_scratch_piece(master, offsetof(struct scratch, sent), HEADER_BYTES, false),
		{iova, size, false},
		dma_scratch_piece(master, offsetof(struct scratch, sent.to),
				  sizeof(struct arp_frame) - HEADER_BYTES, false),
	};
	bool is_whole = size >= sizeof(struct arp_frame) - HEADER_BYTES;

	memset(scratch->sent.header, 0, HEADER_BYTES);
	return dma_virtio_add(master, number, DMA_TRANSMITQ, pieces, is_whole ? 2 : 3);
}

static bool net_post(struct dma_master *master, unsigned int number, const struct dma_access *access)
{
	uint64_t iova = access->iovas[0];

	if (access->count != 1)
		return false;
	if (!access->write)
		return add_transmit(master, number, iova, access->size);
	return add_receive(master, number, iova, access->size) && add_questions(master, number);
}

static const struct dma_ops net_ops = {
	.name = "virtio-net",
	.input_driven = true,
	.queues = 2,
	.start = dma_virtio_start,
	.post = net_post,
	.notify = dma_virtio_notify,
	.look = dma_virtio_look,
	.ended = dma_virtio_ended,
	.stop = dma_virtio_stop,
};

static bool net_open(struct dma_master *master, const struct device_location *location, struct error *error)
{
	master->ops = &net_ops;
	return dma_virtio_open(master, location, VIRTIO_TYPE_NET, error);
}

const struct dma_driver dma_virtio_net = {.open = net_open};
