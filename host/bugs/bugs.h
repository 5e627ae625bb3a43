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

/*
 * rings.c: where an endpoint's rings are, as it was when they were reached first. To be forgotten
 * by what may change that, unless the mutant is @keeper.
 */
bool bug_ring(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length);
void bug_ring_note(const struct vdev *dev, uint64_t address, uint64_t phys);
void bug_rings_forget(enum mutant_id keeper);

/* Whether the access is taken for a write. */
bool bug_ring_as_write(const struct vdev *dev, uint64_t address, bool write);

/* iommu/translation.c: an endpoint whose backend was not told of what is mapped at @address. */
bool bug_backend_misses(const struct vdev *dev, uint32_t endpoint, uint64_t address);

/* hostile.c: what a driver that breaks rules may bring about. The process ends as a VMM would. */
void bug_end(const char *why) __attribute__((noreturn));
void bug_ends(const struct vdev *dev, enum mutant_id id);
void bug_loop(const struct vdev *dev);
void bug_jump(const struct vdev *dev);
uint32_t bug_table_length(const struct vdev *dev, uint32_t length);
bool bug_nests(const struct vdev *dev, bool indirect);

/* The used ring of before the last reset. */
void bug_forget_ring(const struct vdev *dev);
void bug_stale_ring(struct vdev *dev, const struct vqueue *queue, uint16_t index);

/* True: that is all. */
bool bug_hostile_request(const struct chain *chain, const struct model_request *r);

/* Translation ends with the device. */
bool bug_open_when_broken(void);

#endif
