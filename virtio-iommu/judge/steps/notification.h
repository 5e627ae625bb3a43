/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Notifications by the IOMMU, and queues that nothing is used of. Not with MSI-X: see driver/message.h.
 */
#ifndef STEPS_NOTIFICATION_H
#define STEPS_NOTIFICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/verdict.h"
#include "virtio/ring.h"

/* How long a notification that is due may take. */
#define INTERRUPT_US 100000

/* How long a device is watched that has nothing to do. */
#define QUIET_US 5000

/* Return the interrupts of the IOMMU since the last call, as bits (VIRTIO_USED_BUFFER). */
uint8_t take_interrupts(void);

/* Wait up to @microseconds for a used buffer notification. Return the interrupts that were seen. */
uint8_t wait_interrupt(uint64_t microseconds);

/*
 * EVENT_IDX: ask the device to notify when it uses the buffer behind @ahead others, each of @slots
 * descriptors. ring_want_interrupt() undoes it.
 */
void want_interrupt_at(struct ring *ring, uint16_t ahead, uint16_t slots);

/* For QUIET_US no buffer of @ring is used but the @pending ones that were. @when: the circumstances. */
bool expect_ring_idle(struct source_line at, const struct ring *ring, uint16_t pending, const char *when);

/*
 * Do what no legal driver does: make a buffer available whose head is no descriptor of the queue. Return
 * true if the device asks for a reset within BREAK_US. It serves no request afterwards.
 */
#define BREAK_US 20000
bool break_request_queue(void);

#endif
