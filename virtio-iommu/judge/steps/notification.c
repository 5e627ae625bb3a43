// SPDX-License-Identifier: BSD-3-Clause
#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/timing.h"
#include "driver/trace.h"
#include "judge/expect.h"
#include "judge/steps/notification.h"
#include "time.h"

uint8_t take_interrupts(void)
{
	return iommu.dev.transport->take_interrupts(&iommu.dev);
}

uint8_t wait_interrupt(bool due)
{
	struct deadline deadline = deadline_in(due ? REPLY_TIMEOUT_US : timing_quiet_us(TIMED_NOTIFICATION));
	uint64_t start = time_us();
	uint8_t seen = take_interrupts();

	while (!(seen & VIRTIO_USED_BUFFER) && !deadline_over(&deadline))
		seen |= take_interrupts();
	if (seen & VIRTIO_USED_BUFFER)
		timing_note_since(TIMED_NOTIFICATION, start);
	else
		trace("no used buffer notification within %lu us", time_us() - start);
	return seen;
}

void want_interrupt_at(struct ring *ring, uint16_t ahead, uint16_t slots)
{
	uint32_t at;

	if (!ring_has(ring, VIRTIO_F_RING_PACKED)) {
		ring->avail->heads[ring->size] = ring->last_used + ahead;
		return;
	}
	at = ring->next_used.slot + ahead * slots;
	ring->driver_events->position =
		at % ring->size | (ring->next_used.wrap == (at < ring->size) ? 1 << 15 : 0);
	ring->driver_events->flags = EVENTS_DESC;
}

bool notification_comes(void)
{
	uint8_t seen;

	take_interrupts();
	ring_want_interrupt(&iommu.requests, true);
	attach(iommu.config.domain_start, nobodys_id(), 0);
	seen = wait_interrupt(true);
	ring_want_interrupt(&iommu.requests, false);
	return seen & VIRTIO_USED_BUFFER;
}

bool expect_ring_idle(struct source_line at, const struct ring *ring, uint16_t pending, const char *when)
{
	struct deadline deadline = deadline_in(timing_quiet_us(ring == &iommu.events ? TIMED_REPORT :
								       TIMED_REQUEST));
	uint16_t more;

	do
		more = ring_pending(ring) - pending;
	while (!more && !deadline_over(&deadline));
	trace("%s queue: %u more buffers used", ring == &iommu.events ? "event" : "request", more);
	return expect_eq(at, more, 0, "buffers used %s", when);
}

bool break_request_queue(void)
{
	struct deadline deadline = deadline_in(timing_quiet_us(TIMED_REQUEST));

	ring_publish(&iommu.requests, UINT16_MAX);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	while (!virtio_needs_reset(&iommu.dev))
		if (deadline_over(&deadline))
			return virtio_needs_reset(&iommu.dev);
	return true;
}
