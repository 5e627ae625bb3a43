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
	struct arp_frame asked;
	struct arp_frame questions[NETWORKS];	/* those of frames in flight */
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

static enum dma_result ask(struct dma_master *master, unsigned int network)
{
	struct scratch *scratch = (void *)(master->page + DMA_SCRATCH);
	struct ring_piece piece = dma_scratch_piece(master, offsetof(struct scratch, asked),
						    sizeof(scratch->asked), false);

	make_request(&scratch->asked, networks[network].theirs, networks[network].ours);
	return dma_virtio_transmit(master, &piece, 1);
}

/* Frames in flight have their headers at one place, and their ends: nothing there is looked at. */
static bool add_receive(struct dma_master *master, uint64_t iova, size_t size)
{
	uint32_t rest = HEADER_BYTES + size;
	struct ring_piece pieces[] = {
		dma_scratch_piece(master, 0, HEADER_BYTES, true),
		{iova, size, true},
		dma_scratch_piece(master, rest, RECEIVE_BYTES - rest, true),
	};

	return dma_virtio_add(master, DMA_RECEIVEQ, pieces, 3);
}

static enum dma_result net_write(struct dma_master *master, uint64_t iova, size_t size)
{
	enum dma_result result;

	if (!add_receive(master, iova, size))
		return DMA_REFUSED;
	virtio_notify(&master->virtio, DMA_RECEIVEQ);
	for (unsigned int network = 0; network < NETWORKS; network++) {
		result = ask(master, network);
		if (result != DMA_UNVERIFIED)
			return result;
	}
	return dma_virtio_receive(master);
}

/* Any bytes make a frame: it need not be understood. */
static enum dma_result net_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size)
{
	struct ring_piece pieces[] = {
		dma_scratch_piece(master, offsetof(struct scratch, asked), HEADER_BYTES, false),
		{iova, size, false},
		dma_scratch_piece(master, offsetof(struct scratch, asked.to),
				  sizeof(struct arp_frame) - HEADER_BYTES, false),
	};
	struct scratch *scratch = (void *)(master->page + DMA_SCRATCH);

	(void)bytes;
	memset(scratch->asked.header, 0, HEADER_BYTES);
	return dma_virtio_transmit(master, pieces, 3);
}

static bool add_transmit(struct dma_master *master, uint64_t iova, size_t size)
{
	struct ring_piece pieces[] = {
		dma_scratch_piece(master, offsetof(struct scratch, asked), HEADER_BYTES, false),
		{iova, size, false},
	};

	return dma_virtio_add(master, DMA_TRANSMITQ, pieces, 2);
}

/* One request for each frame that shall arrive, in each network: the other one does not answer. */
static bool add_questions(struct dma_master *master, unsigned int count)
{
	struct scratch *scratch = (void *)(master->page + DMA_SCRATCH);
	struct ring_piece piece = dma_scratch_piece(master, offsetof(struct scratch, questions),
						    sizeof(struct arp_frame), false);

	for (unsigned int network = 0; network < NETWORKS; network++, piece.address += piece.length) {
		make_request(&scratch->questions[network], networks[network].theirs, networks[network].ours);
		for (unsigned int i = 0; i < count; i++)
			if (!dma_virtio_add(master, DMA_TRANSMITQ, &piece, 1))
				return false;
	}
	return true;
}

static bool net_begin(struct dma_master *master, const struct dma_access *accesses, unsigned int count)
{
	bool write = accesses[0].write, ok = true;

	for (unsigned int i = 0; i < count && ok; i++)
		ok = accesses[i].count == 1 &&
		     (write ? add_receive : add_transmit)(master, accesses[i].iovas[0], accesses[i].size);
	if (!ok || (write && !add_questions(master, count)))
		return false;
	master->transmitting = write ? count * NETWORKS : count;
	master->receiving = write ? count : 0;
	if (write)
		virtio_notify(&master->virtio, DMA_RECEIVEQ);
	virtio_notify(&master->virtio, DMA_TRANSMITQ);
	return true;
}

static enum dma_result net_finish(struct dma_master *master, unsigned int count)
{
	enum dma_result result = dma_virtio_take_all(master, DMA_TRANSMITQ, master->transmitting);

	(void)count;
	if (result == DMA_DONE)
		result = dma_virtio_take_all(master, DMA_RECEIVEQ, master->receiving);
	return result == DMA_DONE && !master->receiving ? DMA_UNVERIFIED : result;
}

static const struct dma_ops net_ops = {
	.name = "virtio-net",
	.input_driven = true,
	.queues = 2,
	.start = dma_virtio_start,
	.write = net_write,
	.read = net_read,
	.begin = net_begin,
	.finish = net_finish,
	.stop = dma_virtio_stop,
};

static bool net_open(struct dma_master *master, const struct device_location *location, struct error *error)
{
	master->ops = &net_ops;
	return dma_virtio_open(master, location, VIRTIO_TYPE_NET, error);
}

const struct dma_driver dma_virtio_net = {.open = net_open};
