/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtio-iommu under test: raw and well-formed requests, events, and a clean state for each
 * test.
 *
 * There is one device per run, so its state is one object and the functions take none.
 */
#ifndef DRIVER_IOMMU_H
#define DRIVER_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "virtio/ring.h"
#include "virtio/virtio.h"

#include "standard/request.h"

/* The longest readable and writable parts of a request. */
#define REQUEST_MAX 4096
#define REPLY_MAX (REQUEST_MAX + 65536)
#define TAIL_SIZE sizeof(struct request_tail)

/* The largest size that the queues are given. */
#define IOMMU_RING_SIZE 64

/* Event buffers that are kept available. */
#define EVENT_BUFFERS 64

/* How the run wants the queues; {0} is the plain split ring. */
struct iommu_rings {
	uint64_t features;	/* accepted on demand */
	uint16_t size;		/* of the request queue, 0: as usual */
};

struct iommu {
	struct virtio_device dev;
	struct ring requests, events;
	uint64_t offered;	/* features */
	uint64_t wanted;	/* features that a plain set-up accepts */
	struct iommu_config config;	/* as read at start, missing fields filled in with what they imply */
	uint8_t initial_bypass;	/* before any write */
	uint64_t granule;	/* lowest bit of page_size_mask */
	uint64_t page;		/* the granule, or 4096 if that is larger: unit of the tests' mappings */
	struct iommu_rings rings;
	bool dead;		/* a request was lost or the device asks for a reset */
};

extern struct iommu iommu;

static inline bool iommu_offers(unsigned int bit)
{
	return iommu.offered & VIRTIO_FEATURE(bit);
}

/* The queues have this feature in a plain set-up. */
static inline bool iommu_wants(unsigned int bit)
{
	return iommu.wanted & VIRTIO_FEATURE(bit);
}

/* Find the device's registers and read what they say. Nothing is written but feature selectors. */
bool iommu_find(const struct device_location *location, struct error *error);

/* Then: bring it to DRIVER_OK with all features it offers and those of @rings, which it must offer. */
bool iommu_open(const struct iommu_rings *rings, struct error *error);

/*
 * Reset the device and bring it to DRIVER_OK again with @features and both queues. False if the
 * device does not come back.
 */
bool iommu_restart(uint64_t features);

/* Its two halves: up to FEATURES_OK with both queues enabled, and DRIVER_OK. */
bool iommu_prepare(uint64_t features);
bool iommu_enable_queues(void);	/* the second part of the first half */
void iommu_start(void);

/* The device is at DRIVER_OK: it takes requests. */
bool iommu_is_up(void);

/* Configuration fields, read anew. */
uint64_t iommu_config_u64(size_t offset);
uint32_t iommu_config_u32(size_t offset);
uint8_t iommu_bypass(void);
void iommu_set_bypass(uint8_t value);

/* All of them at once, as iommu.config has them. */
void iommu_read_config(struct iommu_config *config);

/* What a request came back with. */
struct reply {
	bool used;		/* the device gave the buffer back in time */
	uint32_t length;	/* used length */
	uint32_t writable;	/* size of the writable part that was offered */
	uint8_t status;		/* raw, whether delivered or not */
	bool delivered;		/* the used length covers the status */
	const uint8_t *bytes;	/* the writable part, valid until the next request */
	uint8_t poison;		/* what it was filled with before */
	const char *breach;	/* the device touched what it must not, or NULL */
};

/* Send @size readable bytes and offer @writable bytes. Waits for the reply. */
struct reply request_raw(const void *readable, uint32_t size, uint32_t writable);

/*
 * How the parts of requests are cut into descriptors: sizes of the first one and of those that
 * follow, 0 for all that is left. At most 63 of each, and half of what the queue holds; the last one
 * takes the rest.
 */
struct framing {
	struct cut {
		uint32_t first, next;
	} readable, writable;
};

/* For the requests from now on; {0} is one descriptor for each part. */
void request_framing(struct framing framing);

/* The first breach since the last call, or NULL. */
const char *requests_breach(void);

/* Well-formed requests. */
struct reply attach(uint32_t domain, uint32_t endpoint, uint32_t flags);
struct reply detach(uint32_t domain, uint32_t endpoint);
struct reply map(uint32_t domain, uint64_t virt_start, uint64_t virt_end, uint64_t phys_start,
		 uint32_t flags);
struct reply unmap(uint32_t domain, uint64_t virt_start, uint64_t virt_end);
struct reply probe(uint32_t endpoint);

/* The same from a structure that the test has changed. */
struct reply send_attach(const struct attach_request *request);
struct reply send_detach(const struct detach_request *request);
struct reply send_map(const struct map_request *request);
struct reply send_unmap(const struct unmap_request *request);
struct reply send_probe(const struct probe_request *request);

static inline bool is_ok(const struct reply *reply)
{
	return reply->used && reply->delivered && reply->status == STATUS_OK;
}

/*
 * Take a domain id that was not used before, as far as the domain range allows; at least one that no
 * endpoint is attached to and that is not handed out. It is handed out until a request names it. Return
 * false if there is none.
 */
bool take_domain(uint32_t *domain);

/* Like take_domain(), but the id is not handed out. */
bool peek_fresh_domain(uint32_t *domain);

/* Another endpoint than @endpoint is attached, and not to @domain. */
bool others_are_elsewhere(uint32_t endpoint, uint32_t domain);

/* Detach what was attached and not detached since; what the device says to that does not count. */
void iommu_detach_all(void);

/* Events. */
struct event {
	struct fault_record record;	/* what is not covered by the buffer is poison */
	uint32_t length;	/* used length */
	uint32_t size;		/* of the buffer */
	bool intact;		/* nothing written behind the used length */
	bool inside;		/* nothing written next to the buffer, or between its pieces */
};

/*
 * The next event. Its buffer goes back to the device. Waits long for a device that has reported
 * anything in this run, and short for one that has let a wait pass before.
 */
bool event_wait(struct event *event);

/* The same within a given time. */
bool event_wait_for(struct event *event, uint64_t microseconds);

/* The most bytes that an event buffer and the gaps in it can have. */
#define EVENT_ROOM 64

/* The shape of an event buffer; {0} is the usual one. */
struct event_buffer {
	uint32_t size;		/* bytes, 0: those of a record */
	struct cut cut;		/* into descriptors, with a byte that is not the buffer's behind each */
	bool readable;		/* device-readable, where nothing may be written */
	uint64_t elsewhere;	/* if not 0: it lies at this address, and not in memory of ours */
};

/*
 * Reset the device and bring it to DRIVER_OK without any event buffer. What event_add_buffers() gives then
 * is all there is, and taken buffers do not go back. Behind the test the usual ones return. False if
 * the device does not come back.
 */
bool iommu_restart_without_events(void);

/* For a device at any other stage: all event buffers are forgotten, and the test offers its own. */
void events_manual(void);
bool events_are_manual(void);

/* Make @count more buffers available, and notify a device that is up. False if the queue is full. */
bool event_add_buffers(struct event_buffer shape, unsigned int count);

/*
 * What the device has done that it must not, or NULL: bytes written next to buffers or to memory that
 * is no available buffer any more, buffers used twice. For all since the last restart.
 */
const char *events_breach(void);

/* How many events have come so far, taken or not, modulo 2^16. */
uint16_t event_count(void);

/* Forget all events that have come. */
void event_drain(void);

#endif
