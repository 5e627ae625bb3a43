// SPDX-License-Identifier: BSD-3-Clause
#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/timing.h"
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
	return seen;
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
	return expect_eq(at, more, 0, "buffers used %s", when);
}
