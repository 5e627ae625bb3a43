/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtio-iommu under test: bring-up and configuration, requests, domains, events.
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

/*
 * The device.
 */

/*
 * The longest readable part of a request; the writable one may be as long, and longer by probe_size or
 * PROBE_LEAST, whichever is more; the most of probe_size; the tail. In bytes.
 */
#define REQUEST_MAX 4096
#define PROBE_LEAST 65536
#define PROBE_MAX (4 << 20)
#define TAIL_SIZE sizeof(struct request_tail)

/* The largest size of a queue, in entries, unless a test asks for more: up to RING_MAX_SIZE. */
#define IOMMU_RING_SIZE 64

/* The largest granule of which tests map anything: they have memory for many pages. */
#define MAX_GRANULE 65536

/* The number of event buffers that are kept available. */
#define EVENT_BUFFERS 64

/* The form of queues that the run asks for; {0} is the plain split ring. */
struct iommu_rings {
	uint64_t features;	/* of rings; accepted only when the run asks for them */
	uint16_t size;		/* of the request queue, 0: IOMMU_RING_SIZE */
	uint16_t event_size;	/* of the event queue, 0: IOMMU_RING_SIZE */
};

struct iommu {
	struct virtio_device dev;
	struct ring requests, events;
	uint64_t offered;	/* features */
	uint64_t wanted;	/* features that are accepted unless a test asks for others */
	struct iommu_config config;	/* as read at the start; missing fields have what they imply */
	uint8_t initial_bypass;	/* config.bypass before any write */
	uint64_t granule;	/* lowest bit of page_size_mask */
	uint64_t page;		/* the granule, at least 4096: unit of the tests' mappings; else 4096 */
	struct iommu_rings rings;
	bool altered;		/* by the test, in a way that the next restart undoes */
	bool broke_rules;	/* a driver MUST NOT send what was sent last, or the device broke over */
	bool dead;		/* a request was not answered, or the device did not come up */
};

extern struct iommu iommu;

/* Return true if the device offers feature @bit. */
static inline bool iommu_offers(unsigned int bit)
{
	return iommu.offered & VIRTIO_FEATURE(bit);
}

/* Return true if feature @bit is accepted unless a test asks for other features. */
static inline bool iommu_wants(unsigned int bit)
{
	return iommu.wanted & VIRTIO_FEATURE(bit);
}

/*
 * Open the device at @location; read its features and configuration. Only device_status and feature
 * selectors are written. Return false, with a message in @error, if the device cannot be used.
 */
bool iommu_find(const struct device_location *location, struct error *error);

/*
 * After iommu_find(): reset the device, allocate queues and buffers, and bring it to DRIVER_OK with all
 * features that the suite uses, and those of @rings. Return false, with a message in @error, if it does not
 * offer the latter, if its configuration cannot be used, or if it does not come up.
 */
bool iommu_open(const struct iommu_rings *rings, struct error *error);

/*
 * Reset the device and bring it to DRIVER_OK with @features and both queues. Return false, with iommu.dead
 * set, if it does not come up.
 */
bool iommu_restart(uint64_t features);

/* The first half of iommu_restart(): up to FEATURES_OK, with both queues enabled. */
bool iommu_prepare(uint64_t features);

/* The last step of iommu_prepare(): enable both queues. Return false if one is missing. */
bool iommu_enable_queues(void);

/* The second half of iommu_restart(): DRIVER_OK, and event buffers. */
void iommu_start(void);

/* Return true if the device is at DRIVER_OK. */
bool iommu_is_up(void);

/* Read a configuration field from the device: by its @offset in struct iommu_config, or bypass. */
uint64_t iommu_config_u64(size_t offset);
uint32_t iommu_config_u32(size_t offset);
uint8_t iommu_bypass(void);

/* Write config.bypass. */
void iommu_set_bypass(uint8_t value);

/* Read all configuration fields from the device. Missing ones get what they imply. */
void iommu_read_config(struct iommu_config *config);

/*
 * Requests.
 */

/* The device's answer to a request. */
struct reply {
	uint8_t type;		/* of the request */
	bool used;		/* the device used the buffer in time */
	uint32_t length;	/* used length, in bytes */
	uint32_t writable;	/* size of the writable part, in bytes */
	uint8_t status;		/* as it is in memory, delivered or not */
	bool delivered;		/* the used length covers the status */
	const uint8_t *bytes;	/* the writable part, valid until the next request */
	uint8_t poison;		/* every writable byte had this value before */
	const char *breach;	/* what the device did that it must not, or NULL */
	bool no_room;		/* NOMEM, and the device never had room for as much: driver/resources.h */
};

/*
 * Send a request of @size readable and @writable writable bytes, and wait for the reply. If there is none
 * within REPLY_TIMEOUT_US, or the device asks for a reset, iommu.dead is set.
 */
struct reply request_raw(const void *readable, uint32_t size, uint32_t writable);

/*
 * How the parts of requests are cut into descriptors: the size in bytes of the first one and of those that
 * follow, 0 for all that is left. A part has at most 63 descriptors and half of what the queue holds; the
 * last one takes the rest.
 */
struct framing {
	struct cut {
		uint32_t first, next;
	} readable, writable;
};

/* Cut requests like this from now on; {0} is one descriptor for each part. */
void request_framing(struct framing framing);

/*
 * Return true if @reply to a request of @size readable bytes is NOMEM, and the device never had room for as
 * much. The request is not noted yet.
 */
bool is_no_room(const struct reply *reply, const void *readable, uint32_t size);

/* Note that a request was answered, with OK or not, that did not go through request_raw(). */
void request_note_answer(const void *readable, uint32_t size, bool ok);

/* Return the first breach of a request since the last call, or NULL. */
const char *requests_breach(void);

/* Send a well-formed request. */
struct reply attach(uint32_t domain, uint32_t endpoint, uint32_t flags);
struct reply detach(uint32_t domain, uint32_t endpoint);
struct reply map(uint32_t domain, uint64_t virt_start, uint64_t virt_end, uint64_t phys_start,
		 uint32_t flags);
struct reply unmap(uint32_t domain, uint64_t virt_start, uint64_t virt_end);
struct reply probe(uint32_t endpoint);

/* Send a request that the caller has filled in, with a writable part of the right size. */
struct reply send_attach(const struct attach_request *request);
struct reply send_detach(const struct detach_request *request);
struct reply send_map(const struct map_request *request);
struct reply send_unmap(const struct unmap_request *request);
struct reply send_probe(const struct probe_request *request);

/* Return true if the request was answered with status OK. */
static inline bool is_ok(const struct reply *reply)
{
	return reply->used && reply->delivered && reply->status == STATUS_OK;
}

/* Return true if the request was answered with another status. */
static inline bool is_refusal(const struct reply *reply)
{
	return reply->used && reply->delivered && !reply->breach && reply->status != STATUS_OK;
}

/*
 * Domains.
 */

/*
 * Take a domain id that was not used before, as far as the domain range allows; at least one that no
 * endpoint is attached to and that is not handed out. It is handed out until a request names it. Return
 * false if there is none.
 */
bool take_domain(uint32_t *domain);

/* Like take_domain(), but the id is not handed out. */
bool peek_fresh_domain(uint32_t *domain);

/* Return true if another endpoint than @endpoint is attached to another domain than @domain. */
bool others_are_elsewhere(uint32_t endpoint, uint32_t domain);

/* Detach all that was attached and not detached since. The answers do not count. */
void iommu_detach_all(void);

/*
 * Events.
 */

/* A used event buffer. */
struct event {
	struct fault_record record;	/* bytes that the buffer does not cover are poison */
	uint32_t length;	/* used length, in bytes */
	uint32_t size;		/* of the buffer, in bytes */
	bool intact;		/* nothing was written after the used length */
	bool inside;		/* nothing was written next to the buffer, or between its pieces */
};

/*
 * Wait for the next event, take it, and make its buffer available again. The wait is as long as reports have
 * taken in this run (driver/timing.h), and short for a device that has let a long wait pass before. Return
 * false if no event comes.
 */
bool event_wait(struct event *event);

/* Like event_wait(), but take only an event that has come. */
bool event_take(struct event *event);

/* Return true if the device has reported anything in this run. */
bool events_seen(void);

/* Return true if a reserved byte of the record is not 0; and if so it was in the first report of this run. */
bool fault_record_reserved(const struct fault_record *r);
bool events_set_reserved(void);

/*
 * Return true if a report may still come of an earlier access (AMB-15): since the last restart one was waited
 * for in vain, after more accesses had failed than were reported.
 */
bool events_overdue(void);

/* Note that an access begins of which a report may come, and that it has failed. */
void event_note_access(void);
void event_note_failure(void);

/* The most bytes that an event buffer and the gaps in it can have. */
#define EVENT_ROOM 64

/* The shape of an event buffer; {0} is the usual one. */
struct event_buffer {
	uint32_t size;		/* bytes, 0: those of a record */
	struct cut cut;		/* into descriptors, with a byte after each that is not the buffer's */
	bool readable;		/* device-readable, so that nothing may be written */
	uint64_t elsewhere;	/* guest-physical address, which need not be memory; 0: in memory of ours */
	uint32_t more;		/* bytes: then it is another descriptor of them that is elsewhere */
};

/*
 * Reset the device and bring it to DRIVER_OK without any event buffer. From then on event_add_buffers() alone
 * makes buffers available, until the end of the test. Return false, with iommu.dead set, if the device does
 * not come up.
 */
bool iommu_restart_without_events(void);

/* Forget all event buffers: from now on event_add_buffers() alone makes some available. */
void events_manual(void);

/* Return true between that and events_automatic() or the next restart. */
bool events_are_manual(void);

/* Make buffers available, as many as the queue has room for, and keep them so from now on. */
void events_automatic(void);

/* Make @count more buffers available, and notify a device that is up. Return false if the queue is full. */
bool event_add_buffers(struct event_buffer shape, unsigned int count);

/*
 * Return what the device has done since the last restart that it must not, or NULL: wrote next to a buffer
 * or to one that is not available any more, or used one twice.
 */
const char *events_breach(void);

/* Return the number of events since the last restart, taken or not, modulo 2^16. */
uint16_t event_count(void);

/* Take all events that have come, and forget them. */
void event_drain(void);

/* Like event_drain(), but wait, too, for those that may still come of the accesses so far. */
void event_settle(void);

#endif
