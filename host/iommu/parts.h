/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the reference device do for each other. */
#ifndef IOMMU_PARTS_H
#define IOMMU_PARTS_H

#include "host/machine/personality.h"
#include "standard/model.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vring.h"

struct virtio_iommu {
	struct vdev vdev;	/* first */
	struct model model;
};

extern struct virtio_iommu ref_iommu;

/* request_queue.c: when requests are served, and in which order. */
void request_queue_reset(void);
void request_queue_notified(void);
bool request_queue_idle(void);		/* The CPU waits. Returns true if there was anything to serve. */
void request_queue_serve_reversed(void);	/* Serve what is there, the last request first. */

/* requests.c: Serve one buffer of the request queue, from its bytes to the used element. */
void request_serve(const struct chain *chain);

/* Do the part of that after the request was read: decide on it, carry it out, and give the buffer back. */
void request_process(const struct chain *chain, const struct model_request *r);

/* Carry out a request that was found right: on the model, and on what is cached of it. */
void request_execute(const struct model_request *r);

/*
 * Let the accesses under way end, if the personality has it done @how: before something is taken away, or
 * after.
 */
void meet_accesses(enum under_way how);

/* A tail behind this is given up. */
#define REPLY_MAX ((1 << 20) + 65536)

/* What is written to the writable part of a request. */
struct iommu_reply {
	uint8_t bytes[REPLY_MAX];	/* zeroes but for properties and tail */
	uint32_t tail;			/* offset of the tail */
	uint32_t length;		/* bytes to be written; 0 without a tail */
	uint32_t used;			/* used length */
};

/* decision.c: how a request is answered, and whether it is carried out. */
struct decision {
	uint8_t answer;		/* a status or ANSWER_UNWRITTEN */
	bool acts;
};

/* What the device says where a rule of the model applies. With OK it does not object. */
extern struct decision decisions[MODEL_RULES];

/* Set @decisions up for the personality; ends the run if the standard does not allow one of them. */
void decisions_init(void);

struct decision decide(const struct model_request *r);

/* breach.c: Return true if a driver MUST NOT send this request, or write this to the configuration. */
bool breach_of_request(const struct model_request *r);
bool breach_of_write(const struct vdev *dev, unsigned int offset, uint32_t value);

/* properties.c: Fill @size zeroed bytes with the properties of an endpoint (5.13.6.8). */
void properties_write(uint32_t endpoint, uint8_t *bytes, uint32_t size);

/* events.c: the event queue (5.13.6.9). */
void events_reset(void);
void events_report(uint8_t reason, uint32_t endpoint, uint64_t address, bool write);

/* Write the report to the next buffer. Returns false if there is none. */
bool events_deliver(const struct fault_record *record);

/* What a migration takes along of it. */
#define EVENTS_KEPT 256
#define EVENTS_FETCHED 4

struct backlog {
	/* Reports that wait, for their time or for a buffer, the oldest first. */
	struct {
		struct fault_record record;
		uint64_t due;	/* ns */
	} kept[EVENTS_KEPT];
	unsigned int kept_count;

	/* Buffers that were taken before there was anything to report. */
	struct chain fetched[EVENTS_FETCHED];
	unsigned int fetched_count;
};

extern struct backlog backlog;

/* The driver has agreed on features; it has made buffers available; an endpoint was attached. */
void events_begin(void);
void events_notified(void);

/* A migration is over: what waits for its time waits on. */
void events_go_on(void);
void events_attached(uint32_t endpoint);

/* virtio_iommu.c: be as at power-on, and plugged in. */
void virtio_iommu_power_on(void);

/* Look at both queues, as if notified of them, and go on with what was put off. */
void virtio_iommu_go_on(void);

#endif
