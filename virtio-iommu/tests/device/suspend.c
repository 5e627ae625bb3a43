// SPDX-License-Identifier: BSD-3-Clause
/*
 * Suspending the device (virtio 1.4, 3.4). It may ask for a reset in place of it.
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"

#define FEATURES (iommu.wanted | VIRTIO_FEATURE(VIRTIO_F_SUSPEND))

static uint8_t status(void)
{
	return iommu.dev.transport->status(&iommu.dev);
}

/* SUSPEND or DRIVER_OK becomes the one of both that is set. */
static bool turn(uint8_t bit)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	iommu.dev.transport->set_status(&iommu.dev, status() | bit);
	while ((status() & (VIRTIO_SUSPEND | VIRTIO_DRIVER_OK)) != bit)
		if (virtio_needs_reset(&iommu.dev) || deadline_over(&deadline))
			return false;
	return true;
}

#define SUSPEND_OR_SKIP()                                                                         \
	do {                                                                                      \
		if (!turn(VIRTIO_SUSPEND))                                                        \
			SILENT("the device does not suspend itself (GEN-SUSP-6)");                \
	} while (0)

#define RESUME_OR_SKIP()                                                                          \
	do {                                                                                      \
		if (!turn(VIRTIO_DRIVER_OK))                                                      \
			SILENT("the device does not resume (GEN-SUSP-7)");                        \
	} while (0)

/* GEN-SUSP-1 (MUST): SUSPEND writes are ignored until initialisation is complete */
TEST(GEN_SUSP_1, suspend_is_ignored_before_driver_ok, NEEDS_SUSPEND)
{
	REQUIRE(prepare_device(AT, FEATURES));
	iommu.dev.transport->set_status(&iommu.dev, status() | VIRTIO_SUSPEND);
	EXPECT_EQ(status() & VIRTIO_SUSPEND, 0, "SUSPEND in device_status before DRIVER_OK");
	iommu_start();
	EXPECT_EQ(status() & (VIRTIO_DRIVER_OK | VIRTIO_SUSPEND), VIRTIO_DRIVER_OK,
		  "DRIVER_OK and SUSPEND in device_status");
}

/* GEN-SUSP-2 (SHOULD): Config-space writes are ignored while suspended */
TEST(GEN_SUSP_2, bypass_cannot_be_written_while_suspended, NEEDS_SUSPEND | NEEDS_BYPASS_CONFIG)
{
	uint8_t value = iommu_bypass(), seen;	/* while suspended */

	REQUIRE(restart_device(AT, FEATURES));
	SUSPEND_OR_SKIP();
	iommu_set_bypass(!value);
	seen = iommu_bypass();
	RESUME_OR_SKIP();
	EXPECT_EQ(seen, value, "bypass while suspended, after writing %u", !value);
	EXPECT_EQ(iommu_bypass(), value, "bypass after resuming");
	REQUIRE(write_bypass(AT, !value));
}

/* GEN-SUSP-3 (MUST NOT): While suspended: no queue notifications, no queue access, no config changes */
/* The buffer was available before. It is the notification that a driver must not send. */
TEST(GEN_SUSP_3, queues_are_left_alone_while_suspended, NEEDS_SUSPEND)
{
	uint16_t pending;

	REQUIRE(restart_device(AT, FEATURES));
	ring_publish(&iommu.requests, queue_noop());
	SUSPEND_OR_SKIP();
	pending = ring_pending(&iommu.requests);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_ring_idle(AT, &iommu.requests, pending, "while suspended");
	RESUME_OR_SKIP();
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	wait_requests_used(1);
}

TEST(GEN_SUSP_3, fault_is_not_reported_while_suspended, NEEDS_SUSPEND | NEEDS_DMA)
{
	struct page_fixture s;
	uint16_t pending;

	REQUIRE(restart_device(AT, FEATURES));
	REQUIRE(map_one_page(AT, &s));
	SUSPEND_OR_SKIP();
	pending = ring_pending(&iommu.events);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	expect_ring_idle(AT, &iommu.events, pending, "for a fault while suspended");
	RESUME_OR_SKIP();
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* It need not be @turned if the device asks for a reset. */
static void expect_turned(struct source_line at, bool turned, const char *expected)
{
	uint8_t now = status();

	if (!turned && !(now & VIRTIO_NEEDS_RESET))
		judge(BY_LEVEL, at, expected, "device_status %#x", now);
}

/* GEN-SUSP-6 (MUST): A SUSPEND request ends in suspended or NEEDS_RESET */
TEST(GEN_SUSP_6, device_suspends_or_asks_for_a_reset, NEEDS_SUSPEND)
{
	REQUIRE(restart_device(AT, FEATURES));
	expect_turned(AT, turn(VIRTIO_SUSPEND), "SUSPEND without DRIVER_OK, or NEEDS_RESET");
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* It is DRIVER_OK that resumes it, and no other write to device_status. */
TEST(GEN_SUSP_6, device_stays_suspended_until_it_is_resumed, NEEDS_SUSPEND)
{
	REQUIRE(restart_device(AT, FEATURES));
	SUSPEND_OR_SKIP();
	for (unsigned int i = 0; i < 2; i++) {
		iommu.dev.transport->set_status(&iommu.dev, status());
		EXPECT_EQ(status() & (VIRTIO_DRIVER_OK | VIRTIO_SUSPEND), VIRTIO_SUSPEND,
			  "DRIVER_OK and SUSPEND in device_status, written as it was read");
	}
	RESUME_OR_SKIP();
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* GEN-SUSP-7 (MUST): A resume request ends in running or NEEDS_RESET */
TEST(GEN_SUSP_7, device_resumes_as_it_was, NEEDS_SUSPEND | NEEDS_DMA)
{
	struct page_fixture s;
	bool resumed;

	REQUIRE(restart_device(AT, FEATURES));
	REQUIRE(map_one_page(AT, &s));
	SUSPEND_OR_SKIP();
	resumed = turn(VIRTIO_DRIVER_OK);
	expect_turned(AT, resumed, "DRIVER_OK without SUSPEND, or NEEDS_RESET");
	if (resumed)
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	else
		REQUIRE(restart_device(AT, iommu.wanted));
}

/* What an endpoint is in while the device is suspended. */
enum { IN_NOTHING_OFF, IN_NOTHING_ON, IN_BYPASS_DOMAIN };

static bool enter_state(struct source_line at, unsigned int state)
{
	if (!write_bypass(at, state == IN_NOTHING_ON))
		return false;
	return state != IN_BYPASS_DOMAIN || attach_bypass(at, endpoint(0), fresh_domain());
}

static void expect_state(struct source_line at, unsigned int state)
{
	if (state == IN_BYPASS_DOMAIN)
		expect_identity(at, endpoint(0));
	else
		expect_unattached(at, endpoint(0));
}

/* Not in a domain, or in one of the other kind. The mapped one is above. */
TEST(GEN_SUSP_7, device_resumes_with_its_bypass_as_it_was, NEEDS_SUSPEND | NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	for (unsigned int state = IN_NOTHING_OFF; state <= IN_BYPASS_DOMAIN; state++) {
		REQUIRE(restart_device(AT, FEATURES));
		REQUIRE(enter_state(AT, state));
		expect_state(AT, state);
		SUSPEND_OR_SKIP();
		RESUME_OR_SKIP();
		expect_state(AT, state);
	}
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* GEN-SUSP-8 (SHOULD): Before showing 'suspended': stop taking buffers, finish those in work, notify them */
TEST(GEN_SUSP_8, buffers_are_used_or_wait, NEEDS_SUSPEND)
{
	uint16_t count, pending;

	REQUIRE(restart_device(AT, FEATURES));
	count = iommu.requests.size / 2;
	for (uint16_t i = 0; i < count; i++)
		ring_publish(&iommu.requests, queue_noop());
	SUSPEND_OR_SKIP();
	pending = ring_pending(&iommu.requests);
	expect_ring_idle(AT, &iommu.requests, pending, "later on");
	RESUME_OR_SKIP();
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	EXPECT_EQ(wait_requests_used(count), count, "requests that come back in the end");
}
