/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the places of the mutants do for each other, kept out of the devices that are right. Each function
 * does nothing unless one of its mutants is active.
 */
#ifndef BUGS_H
#define BUGS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/bugs/mutant.h"
#include "host/virtio/vdev.h"
#include "host/virtio/vring.h"
#include "standard/model.h"

/* Fill the hooks of a room, for the mutant that was chosen. */
void bugs_install_iommu(void);
void bugs_install_board(void);

/* virtio/port.c: forget where endpoints' rings were, which may have changed, unless the mutant is @keeper. */
void bug_rings_forget(enum mutant_id keeper);

/* virtio/virtio.c: replace steps of the devices that will be plugged in. */
void bugs_install_virtio(void);

/* board/endpoint.c: replace steps of an endpoint that is a virtio device, and of the board. */
void bugs_in_endpoint_steps(struct vdev_steps *steps);
void bugs_in_endpoint_accesses(void);

/* virtio/port.c: what a device accesses right now: all of it, before it is cut where mappings end. */
struct whole_access {
	uint64_t address, size;
};

extern struct whole_access bug_whole_access;

/* upkeep/window.c: return how many bytes from @address on are of an MSI region of the endpoint. */
uint64_t bug_bytes_in_window(uint32_t endpoint, uint64_t address);

/* takeover/session.c: serve requests that were put off, also those of before a reset. */
void bug_work_off(struct vdev *dev);

/* iommu/translation.c: an endpoint whose backend was not told of what is mapped at @address. */
bool bug_backend_misses(const struct vdev *dev, uint32_t endpoint, uint64_t address);

/* operator/machine_reset.c: a reset of the machine begins, and is over. */
void bug_machine_reset(void);
void bug_machine_restarted(void);

/* hostile.c: what a driver that breaks rules may bring about. True: that is all. */
bool bug_hostile_request(const struct chain *chain, const struct model_request *r);

/* Translation ends with the device. */
bool bug_open_when_broken(void);

#endif
