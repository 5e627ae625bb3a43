/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bugs of accesses under way, and what they share with others: whose an access is.
 */
#ifndef BUGS_FLIGHT_H
#define BUGS_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "host/virtio/vdev.h"

/* A port in front of the right one. */
struct bug_port {
	struct port port;	/* first */
	struct vdev *dev;
	const struct port *right;
};

/* Return true with the id of the endpoint, if the device, which has a bug_port, is one. */
bool bug_endpoint_id(const struct vdev *dev, uint32_t *id);

/* Replace steps of an endpoint; return true if the buffer that it serves was found so. */
void bugs_in_flight(struct vdev_steps *steps);
bool bug_finds_in_flight(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length);

#endif
