/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DMA masters: devices that read and write memory for us.
 *
 * A master has one private page, in which its rings and scratch buffers lie; the device sees that
 * page at @page_iova. Every other access goes to the address that the caller asks for, and to no
 * other byte.
 */
#ifndef DMA_H
#define DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "location.h"
#include "virtio/ring.h"
#include "virtio/virtio.h"

/* What one access of any master can carry; of some more: dma_master.max_bytes, up to the second. */
#define DMA_SHORT_BYTES 256
#define DMA_MAX_BYTES (1 << 20)

/*
 * The pattern of an exact master repeats after so many bytes: no other page of an access has the same
 * bytes, unless it is so many pages away.
 */
#define DMA_PATTERN_BYTES 127

/* The most places that one access can go to: dma_write_places(). */
#define DMA_MAX_PLACES 13

/* The most queues that a virtio master uses: receive and transmit. */
#define DMA_QUEUES 2

/* Bytes that a master needs of its private page. */
#define DMA_PAGE_BYTES 16384

enum dma_result {
	DMA_DONE,	/* the device says that it did it */
	DMA_UNVERIFIED,	/* it says that it read memory; what it saw goes where nobody here can look */
	DMA_REFUSED,	/* the device reports an error, or asks for a reset */
	DMA_SILENT,	/* nothing came within the patience */
};

struct dma_master;

struct dma_ops {
	const char *name;

	/*
	 * An exact master writes its pattern and reads back what it is told to; one that is not exact
	 * writes bytes that nobody knows, and its reads are DMA_UNVERIFIED at best.
	 */
	bool exact;

	/* What it writes comes from outside of the machine: maybe nothing does, and it never writes. */
	bool input_driven;

	/* Of a virtio device: the first queues, each with a ring in the private page; at most DMA_QUEUES. */
	unsigned int queues;

	/* Reset the device and make it ready, with its private page at @page_iova. */
	bool (*start)(struct dma_master *master);

	/* The device writes the first @size bytes of the pattern to @iova. */
	enum dma_result (*write)(struct dma_master *master, uint64_t iova, size_t size);

	/* The device reads @size bytes at @iova; what it saw is stored in @bytes if it is done. */
	enum dma_result (*read)(struct dma_master *master, uint64_t iova, void *bytes, size_t size);

	/*
	 * The same, of @size bytes at each of @count places, one after another of the pattern or of @bytes;
	 * or NULL. All of them are within the first DMA_SHORT_BYTES.
	 */
	enum dma_result (*write_places)(struct dma_master *master, const uint64_t *iovas,
					unsigned int count, size_t size);
	enum dma_result (*read_places)(struct dma_master *master, const uint64_t *iovas,
				       unsigned int count, void *bytes, size_t size);

	/*
	 * What the device saw in the last read, which was one of @size bytes, even if it could not
	 * report it; or NULL. For when its private page is within reach again.
	 */
	enum dma_result (*recall)(struct dma_master *master, void *bytes, size_t size);

	/* The device forgets its rings and keeps still. */
	void (*stop)(struct dma_master *master);
};

struct dma_master {
	const struct dma_ops *ops;
	uint8_t *page;
	uint64_t page_iova;
	bool running;		/* started and no access has failed since */
	bool queue_refused;	/* virtio: since the last start its queue reads as not enabled */
	bool messages;		/* virtio: MSI-X vector 0 is sent for each access from the next start */
	uint64_t timeout_us;	/* how long an access may take before it counts as silent */

	/* Whether somebody else has noticed an access since this one began: it is not waited for long. */
	bool (*fault_reported)(void);	/* or NULL */

	/* Called after a silent access, before the device is stopped. */
	void (*flush_iommu)(void);	/* or NULL */
	size_t max_bytes;	/* of one access */
	unsigned int max_places;	/* of one access, 0: it goes to one place only */
	uint8_t pattern[DMA_PATTERN_BYTES];
	struct virtio_device virtio;
	struct ring rings[DMA_QUEUES];	/* virtio: by queue number */
	uint32_t sectors, seeded;	/* virtio-blk: of the disk, and how many of these hold the pattern */
	volatile uint8_t *registers;	/* edu */
};

/*
 * Make a master of the device that is there, if a driver knows it. @page is DMA_PAGE_BYTES long, the
 * caller's, seen by the device at its own address until dma_set_page_iova(). Returns false, with @error
 * empty, if no driver knows the device, and with a message if it cannot be used.
 */
bool dma_open(struct dma_master *master, const struct device_location *place, void *page,
	      struct error *error);

/* From the next access on the device sees the private page at @iova. */
void dma_set_page_iova(struct dma_master *master, uint64_t iova);

/* Accesses; the device is started first if it is not running. @size is at most max_bytes. */
enum dma_result dma_write(struct dma_master *master, uint64_t iova, size_t size);
enum dma_result dma_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size);

/*
 * One access that goes to @count places, at most max_places, of @size bytes each, together at most
 * DMA_SHORT_BYTES. Returns DMA_REFUSED if the master has no such access.
 */
enum dma_result dma_write_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				 size_t size);
enum dma_result dma_read_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				void *bytes, size_t size);

/* See struct dma_ops; DMA_REFUSED where the master cannot tell. */
enum dma_result dma_recall(struct dma_master *master, void *bytes, size_t size);

/* Stop the device. The next access starts it again. */
void dma_stop(struct dma_master *master);

/* Return true if @bytes are those of the pattern from its byte number @offset on. */
bool dma_is_pattern(const struct dma_master *master, const uint8_t *bytes, size_t offset, size_t size);

/* Store the pattern from its byte number @offset on in @bytes. */
void dma_copy_pattern(const struct dma_master *master, uint8_t *bytes, size_t offset, size_t size);

/* The drivers. open() returns false, @error untouched, for a device of another kind. */
struct dma_driver {
	bool (*open)(struct dma_master *master, const struct device_location *place, struct error *error);
};

extern const struct dma_driver dma_virtio_blk, dma_virtio_rng, dma_virtio_console, dma_virtio_net,
	dma_edu;

/* For drivers of virtio devices: rings in the private page, and one request at a time through each. */
#define DMA_SCRATCH 1024	/* the private page: the rings below, scratch buffers from here on */

bool dma_virtio_open(struct dma_master *master, const struct device_location *place, uint32_t type,
		     struct error *error);
bool dma_virtio_start(struct dma_master *master);

/* Return how many descriptors the ring of @queue is given. */
uint16_t dma_virtio_ring_size(struct virtio_device *dev, uint16_t queue);

void dma_virtio_stop(struct dma_master *master);

/* A piece of scratch, @offset bytes behind DMA_SCRATCH, as the device sees it. */
struct ring_piece dma_scratch_piece(const struct dma_master *master, uint32_t offset,
				    uint32_t length, bool writable);

/* Make one buffer available in @queue and notify the device; false if the ring is full. */
bool dma_virtio_post(struct dma_master *master, uint16_t queue, const struct ring_piece *pieces,
		     unsigned int count);

/* Wait for the buffer in @queue; @written is what the device says it has written if it is done. */
enum dma_result dma_virtio_take(struct dma_master *master, uint16_t queue, uint32_t *written);

/* Both. */
enum dma_result dma_virtio_send(struct dma_master *master, uint16_t queue,
				const struct ring_piece *pieces, unsigned int count,
				uint32_t *written);

/*
 * For devices with a receive and a transmit queue (5.1.2, 5.3.2). The device reads @pieces; at best
 * DMA_UNVERIFIED.
 */
enum { DMA_RECEIVEQ = 0, DMA_TRANSMITQ = 1 };

enum dma_result dma_virtio_transmit(struct dma_master *master, const struct ring_piece *pieces,
				    unsigned int count);

/* Wait for the buffer that was posted in the receive queue: DMA_DONE if the device wrote into it. */
enum dma_result dma_virtio_receive(struct dma_master *master);

#endif
