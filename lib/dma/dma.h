/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DMA masters: devices that read and write memory for us.
 *
 * A master has one private page, in which its rings and scratch buffers lie; the device sees that
 * page at @page_iova. Every other access goes to the address that the caller asks for, and to no
 * other byte. Addresses are I/O virtual addresses, sizes bytes, times microseconds.
 */
#ifndef LIB_DMA_DMA_H
#define LIB_DMA_DMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pci/location.h"
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

/* The most accesses in flight, and the most addresses of each: dma_post(). */
#define DMA_MAX_IN_FLIGHT 8
#define DMA_MAX_PIECES 16

/* The most queues that a virtio master uses: receive and transmit. */
#define DMA_QUEUES 2

/* Bytes that a master needs of its private page; and with rings in it for the most accesses in flight. */
#define DMA_PAGE_BYTES 16384
#define DMA_DEEP_RING_BYTES 8192
#define DMA_DEEP_PAGE_BYTES (DMA_PAGE_BYTES + DMA_QUEUES * DMA_DEEP_RING_BYTES)

/* How an access ended, as the device says. */
enum dma_result {
	DMA_DONE,	/* the access completed */
	DMA_UNVERIFIED,	/* the read completed; its data left the guest and cannot be checked */
	DMA_REFUSED,	/* the device reports an error, or asks for a reset */
	DMA_SILENT,	/* no answer came within the timeout */
};

struct dma_master;

/* One access: @size bytes at each of @count addresses, one after another. */
struct dma_access {
	const uint64_t *iovas;
	unsigned int count;
	size_t size;
	bool write;		/* to memory */
};

/* Accesses in flight have numbers below DMA_MAX_IN_FLIGHT; a driver's own one is behind them. */
#define DMA_OWN DMA_MAX_IN_FLIGHT

/* What became of an access. */
struct dma_flight {
	enum { DMA_FREE, DMA_UNDER_WAY, DMA_ENDED } state;
	enum dma_result result;		/* of one that has ended */
	bool write;
	unsigned int buffers;		/* virtio: that did not come back yet */
	uint32_t written;		/* virtio: the used length in queue 0 */
};

/* A kind of master. All functions but start() need a device that is started. */
struct dma_ops {
	const char *name;

	/*
	 * True if writes carry the pattern and the bytes that the device saw can be recalled. Otherwise
	 * writes carry unknown bytes, and reads are DMA_UNVERIFIED at best.
	 */
	bool exact;

	/* True if the device writes only when input arrives from outside the guest. It may never write. */
	bool input_driven;

	/* Virtio only: queues 0 to queues - 1 have a ring in the private page; at most DMA_QUEUES. */
	unsigned int queues;

	/* Reset the device and make it ready, its private page at @page_iova. Return false on failure. */
	bool (*start)(struct dma_master *master);

	/* Get ready to write @size bytes of the pattern. Return false if that fails. Or NULL. */
	bool (*prepare)(struct dma_master *master, size_t size);

	/*
	 * Begin access @number. The device need not know of it before notify(). Return false if it does not
	 * fit, or the master has no such access.
	 */
	bool (*post)(struct dma_master *master, unsigned int number, const struct dma_access *access);

	/* Tell the device of what was posted. */
	void (*notify)(struct dma_master *master);

	/* Wait for at most @microseconds until something comes back, and note what. False: nothing did. */
	bool (*look)(struct dma_master *master, uint64_t microseconds);

	/* Virtio: what came of access @number, of which all buffers are used. */
	enum dma_result (*ended)(struct dma_master *master, unsigned int number);

	/*
	 * Deliver what the device saw in its last read number @number, of @size bytes, even if it could not
	 * report that because its private page was out of reach. NULL if the device does not keep it.
	 */
	enum dma_result (*recall)(struct dma_master *master, unsigned int number, void *bytes, size_t size);

	/* Make the device forget its rings and access no memory. What cannot be taken back is waited for. */
	void (*stop)(struct dma_master *master);
};

/* One device. The fields below @pattern are the driver's own. */
struct dma_master {
	const struct dma_ops *ops;
	uint8_t *page;
	uint64_t page_iova;
	size_t page_bytes;	/* of the private page that the device reaches: the rest is left alone */
	bool running;		/* started and no access has failed since */
	bool queue_refused;	/* virtio: since the last start a queue reads as not enabled */
	bool without_platform;	/* virtio: from the next start on, ACCESS_PLATFORM is declined */
	bool tables;		/* virtio: from the next start on, buffers are described in indirect tables */
	bool messages;		/* virtio: from the next start on, each access sends MSI-X vector 0 */
	bool deep;		/* virtio: from the next start on, the page is of DMA_DEEP_PAGE_BYTES */
	uint64_t timeout_us;	/* an access that takes longer is DMA_SILENT */
	uint64_t grace_us;	/* the same, once a fault was reported: 0 if the access should be blocked */

	/* Return true if a fault was reported since the access began: it is not waited for long. Or NULL. */
	bool (*fault_reported)(void);

	/* Called after a silent access, before the device is stopped. Or NULL. */
	void (*when_silent)(void);

	size_t max_bytes;	/* of one access */
	unsigned int max_places;	/* of one access, 0: dma_write_places() is refused */
	struct dma_flight flights[DMA_OWN + 1];	/* by number */
	uint8_t pattern[DMA_PATTERN_BYTES];	/* what an exact master writes, repeated */
	struct virtio_device virtio;
	struct ring rings[DMA_QUEUES];	/* virtio: by queue number */
	uint32_t sectors, seeded;	/* virtio-blk: of the disk, and how many of these hold the pattern */
	uint8_t posted_by[DMA_QUEUES][RING_MAX_SIZE];	/* virtio: access of the buffer of this id */
	unsigned int untold;	/* virtio: a bit for each queue of which the device was not told */
	volatile uint8_t *registers;	/* edu */
};

/*
 * Make @master of the device at @location. @page, of DMA_PAGE_BYTES, stays the caller's and must outlive
 * @master; the device sees it at its physical address until dma_set_page_iova(). Return false with an empty
 * @error if no driver knows the device, with a message if the device cannot be used.
 */
bool dma_open(struct dma_master *master, const struct device_location *location, void *page,
	      struct error *error);

/* Make @master of a device that no driver knows: it does no DMA at all. */
void dma_open_none(struct dma_master *master, void *page);

/* Return true if @master was made by dma_open_none(). */
bool dma_is_none(const struct dma_master *master);

/* Let the device see its private page at @iova from now on. It is stopped if that is a new address. */
void dma_set_page_iova(struct dma_master *master, uint64_t iova);

/*
 * Do in front of a write of @size bytes what goes before it; the private page has to be within reach. Return
 * false if that fails: then what is written may be other bytes than those of the pattern.
 */
bool dma_prepare_write(struct dma_master *master, size_t size);

/*
 * Let the device write its pattern to @iova, or read what is there into @bytes. @size is at most max_bytes.
 * The device is started first if it is not running, and stopped if the access fails.
 */
enum dma_result dma_write(struct dma_master *master, uint64_t iova, size_t size);
enum dma_result dma_read(struct dma_master *master, uint64_t iova, void *bytes, size_t size);

/*
 * Let one access go to @count places, at most max_places, of @size bytes each: dma_write() and dma_read() say
 * the rest. Return DMA_REFUSED if the master has no such access.
 */
enum dma_result dma_write_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				 size_t size);
enum dma_result dma_read_places(struct dma_master *master, const uint64_t *iovas, unsigned int count,
				void *bytes, size_t size);

/*
 * Start an access, and return its number, which is taken until dma_done() or dma_wait() say that it has
 * ended; the lowest one that is free. -1 if it does not fit, or the master has no such access: then the
 * device is stopped. dma_prepare_write() goes before the first ones that write. Those in flight together
 * are of one size, and where the ring is large only if the master is deep.
 */
int dma_post(struct dma_master *master, const struct dma_access *access);

/* Like dma_post(), of @count accesses that get the numbers from 0 on, and one notification. */
bool dma_post_all(struct dma_master *master, const struct dma_access *accesses, unsigned int count);

/* Return true if access @number has ended, with its @result. The device is not stopped, whatever that is. */
bool dma_done(struct dma_master *master, unsigned int number, enum dma_result *result);

/* Wait until access @number ends. The device is stopped if it fails. */
enum dma_result dma_wait(struct dma_master *master, unsigned int number);

/* Wait until the accesses below @count have ended. Return the first result that is not DMA_DONE, if any. */
enum dma_result dma_wait_all(struct dma_master *master, unsigned int count);

/*
 * Deliver what the device saw in its last read of this number (see struct dma_ops): 0, if it was alone.
 * DMA_REFUSED if it does not keep that.
 */
enum dma_result dma_recall(struct dma_master *master, unsigned int number, void *bytes, size_t size);

/* Stop the device: it accesses no memory until the next access starts it again. */
void dma_stop(struct dma_master *master);

/* Return true if @bytes are those of the pattern from its byte number @offset on. */
bool dma_is_pattern(const struct dma_master *master, const uint8_t *bytes, size_t offset, size_t size);

/* Store the pattern from its byte number @offset on in @bytes. */
void dma_copy_pattern(const struct dma_master *master, uint8_t *bytes, size_t offset, size_t size);

/*
 * Drivers.
 */

/* A driver. open() is like dma_open(), but leaves @error as it was if the device is of another kind. */
struct dma_driver {
	bool (*open)(struct dma_master *master, const struct device_location *location, struct error *error);
};

extern const struct dma_driver dma_virtio_blk, dma_virtio_rng, dma_virtio_console, dma_virtio_net,
	dma_edu;

/* Wait until access @number ends: like dma_wait(), but the device is left alone. */
enum dma_result dma_await(struct dma_master *master, unsigned int number);

/*
 * What drivers of virtio devices share: rings in the private page, and accesses in them.
 */

/* Offset in the private page of the scratch buffers. The rings lie below. */
#define DMA_SCRATCH 1024

/*
 * Open a virtio device of this @type and reset it. Return false with @error as it was if it is of another
 * type, with a message if it cannot be used: without ACCESS_PLATFORM its DMA is not translated.
 */
bool dma_virtio_open(struct dma_master *master, const struct device_location *location, uint32_t type,
		     struct error *error);

/* start() and stop() of struct dma_ops. */
bool dma_virtio_start(struct dma_master *master);
void dma_virtio_stop(struct dma_master *master);

/* Return true if dma_master.tables can be set: the device is a virtio device with INDIRECT_DESC. */
bool dma_virtio_has_tables(struct dma_master *master);

/* Return how many descriptors the ring of @queue is given. */
uint16_t dma_virtio_ring_size(struct virtio_device *dev, uint16_t queue);

/* Return the @length bytes at @offset from DMA_SCRATCH as a piece of a buffer, as the device sees them. */
struct ring_piece dma_scratch_piece(const struct dma_master *master, uint32_t offset,
				    uint32_t length, bool writable);

/* Make a buffer of access @number available in @queue. Return false if the ring is full. */
bool dma_virtio_add(struct dma_master *master, unsigned int number, uint16_t queue,
		    const struct ring_piece *pieces, unsigned int count);

/* notify() and look() of struct dma_ops. */
void dma_virtio_notify(struct dma_master *master);
bool dma_virtio_look(struct dma_master *master, uint64_t microseconds);

/* ended() of a device that writes, where it does, to its queue 0, and tells nobody what it reads. */
enum dma_result dma_virtio_ended(struct dma_master *master, unsigned int number);

/* Queues of devices that receive and transmit (5.1.2, 5.3.2). */
enum { DMA_RECEIVEQ = 0, DMA_TRANSMITQ = 1 };

#endif
