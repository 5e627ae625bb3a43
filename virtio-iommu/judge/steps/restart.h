/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset, features and start of the IOMMU, as steps of a set-up and as what a requirement is about.
 */
#ifndef STEPS_RESTART_H
#define STEPS_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "driver/iommu.h"
#include "judge/verdict.h"

/* All that the device insists on, by the text or because it may (6.2). */
#define LEAST_FEATURES                                                                            \
	(iommu.offered & (VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |                                    \
			  VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |                              \
			  VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM)))

/* Return what is accepted by default, but for one bit. */
static inline uint64_t features_without(unsigned int bit)
{
	return iommu.wanted & ~VIRTIO_FEATURE(bit);
}

/* Read device_status, and return it with names, "0x80 (FAILED)"; valid until the next call. */
const char *device_status_now(void);

/*
 * Steps of a set-up: they return whether they worked, and record a fail that shows device_status if not; a
 * skip if the device refuses these features though it offers them, and then it works with the usual ones.
 * For use in REQUIRE().
 */

/* Reset the device. */
bool reset_device(struct source_line at);

/* Reset the device and accept @features: FEATURES_OK sticks. No queue is enabled. */
bool negotiate_device(struct source_line at, uint64_t features);

/* Reset the device, accept @features and enable both queues, but do not start it. */
bool prepare_device(struct source_line at, uint64_t features);

/* Reset the device and bring it to DRIVER_OK with @features. */
bool restart_device(struct source_line at, uint64_t features);

/*
 * Like prepare_device() and restart_device(), with queues of at most these sizes, 0 for the usual one: the
 * largest that the device and the format allow. The clean-up brings the usual ones back.
 */
bool prepare_with_queues(struct source_line at, uint64_t features, uint16_t requests, uint16_t events);
bool restart_with_queues(struct source_line at, uint64_t features, uint16_t requests, uint16_t events);

/* Like restart_device(), if the device asks for it: it may after what it must not be sent. */
bool restart_if_needs_reset(struct source_line at, uint64_t features);

/*
 * Reset the queue number @queue; RING_RESET was accepted. Return false, and record @otherwise, if it does not
 * read as reset and disabled (GEN-VQRST-1).
 */
bool expect_queue_reset(struct source_line at, enum verdict otherwise, uint16_t queue);

/* Enable the request queue with iommu.requests, which ring_init() has laid out. */
bool enable_requests(struct source_line at);

/*
 * The requirement says that a reset works, or that the device comes up with @features. Return true if so.
 * @when: the circumstances, in printf form.
 */
bool expect_reset(struct source_line at, const char *when, ...) __attribute__((format(printf, 2, 3)));
bool expect_restart(struct source_line at, uint64_t features, const char *when, ...)
	__attribute__((format(printf, 3, 4)));

#endif
