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

/* Return the interrupts of the IOMMU since the last call, as bits (VIRTIO_USED_BUFFER). */
uint8_t take_interrupts(void);

/*
 * Wait for a used buffer notification that is @due, or as long as one that is not may take. Return the
 * interrupts that were seen.
 */
uint8_t wait_interrupt(bool due);

/*
 * EVENT_IDX: ask the device to notify when it uses the buffer behind @ahead others, each of @slots
 * descriptors. ring_want_interrupt() undoes it.
 */
void want_interrupt_at(struct ring *ring, uint16_t ahead, uint16_t slots);

/*
 * Send a request for whose buffer a notification is wanted. Return true if it comes: only of such a device
 * can be said that it sends none.
 */
bool notification_comes(void);

/* No buffer of @ring is used but the @pending ones that were. @when: the circumstances. */
bool expect_ring_idle(struct source_line at, const struct ring *ring, uint16_t pending, const char *when);

/*
 * Do what no legal driver does: make a buffer available whose head is no descriptor of the queue. Return
 * true if the device asks for a reset. It serves no request afterwards.
 */
bool break_request_queue(void);

#endif
