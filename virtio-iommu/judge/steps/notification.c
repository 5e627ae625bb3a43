// SPDX-License-Identifier: BSD-3-Clause
#include "driver/iommu.h"
#include "judge/expect.h"
#include "judge/steps/notification.h"
#include "time.h"

uint8_t take_interrupts(void)
{
	return iommu.dev.transport->take_interrupts(&iommu.dev);
}

uint8_t wait_interrupt(uint64_t microseconds)
{
	struct deadline deadline = deadline_in(microseconds);
	uint8_t seen = take_interrupts();

	while (!(seen & VIRTIO_USED_BUFFER) && !deadline_over(&deadline))
		seen |= take_interrupts();
	return seen;
}

bool expect_ring_idle(struct source_line at, const struct ring *ring, uint16_t pending, const char *when)
{
	struct deadline deadline = deadline_in(QUIET_US);
	uint16_t more;

	do
		more = ring_pending(ring) - pending;
	while (!more && !deadline_over(&deadline));
	return expect_eq(at, more, 0, "buffers used %s", when);
}
