/* SPDX-License-Identifier: BSD-3-Clause */
/* What the parts of the reference device do for each other. */
#ifndef IOMMU_PARTS_H
#define IOMMU_PARTS_H

#include "standard/model.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vring.h"

struct virtio_iommu {
	struct vdev vdev;	/* first */
	struct model model;
	bool was_reset;		/* by a driver, since power-on */
};

extern struct virtio_iommu reference;

/* requests.c: answer one buffer of the request queue; carry out a request. */
void request_serve(const struct chain *chain);
void request_execute(const struct model_request *r);

/* decision.c: how the request is answered, and whether it is carried out. */
struct decision {
	uint8_t answer;		/* a status or ANSWER_UNWRITTEN */
	bool acts;
};

struct decision decide(const struct model_request *r);

/* properties.c: fill @size zeroed bytes with the properties of an endpoint (5.13.6.8). */
void properties_write(uint32_t endpoint, uint8_t *bytes, uint32_t size);

/* events.c: the event queue (5.13.6.9). */
void events_reset(void);
void events_report(uint8_t reason, uint32_t endpoint, uint64_t address, bool write);
void events_refilled(void);	/* the driver has offered buffers */
bool events_catch_up(void);	/* whether a report that was kept has found its buffer */

#endif
