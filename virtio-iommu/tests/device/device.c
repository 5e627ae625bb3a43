// SPDX-License-Identifier: BSD-3-Clause
/*
 * Status, features, reset and configuration of any virtio device (virtio 1.4, 2.1 to 2.5, 6).
 * Tests that leave the device without features count on the clean-up to bring it back (run.c).
 */
#include <string.h>

#include "driver/names.h"
#include "judge/options.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "register.h"
#include "time.h"
#include "virtio/pci_layout.h"

/* Buffers that are available before DRIVER_OK wait for it, whether the driver is too early or not. */
static void waits_for_driver_ok(struct source_line at, bool notify)
{
	bool early;

	iommu.dead = !iommu_prepare(iommu.wanted);
	if (iommu.dead)
		return;
	ring_publish(&iommu.requests, queue_noop());
	if (notify)
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
	early = !request_stays_unused();
	iommu_start();
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	if (early)
		judge(BY_LEVEL, at, "the request comes back after DRIVER_OK",
		      "it came back before DRIVER_OK");
	else if (!wait_request_used(REPLY_TIMEOUT_US))
		judge(BY_LEVEL, at, "the request comes back after DRIVER_OK",
		      "no buffer used within %u us of DRIVER_OK, device_status %s", REPLY_TIMEOUT_US,
		      device_status_now());
}

/* GEN-STATUS-1 (MUST NOT): Before DRIVER_OK the device neither consumes buffers nor sends used-buffer ... */
TEST(GEN_STATUS_1, nothing_is_used_before_driver_ok, NEEDS_NOTHING)
{
	waits_for_driver_ok(AT, false);
}

TEST(GEN_STATUS_1, early_notification_is_not_followed, NEEDS_NOTHING)
{
	waits_for_driver_ok(AT, true);
}

/* A driver that has given up (2.1), or got no further, is no one that is ready. */
TEST(GEN_STATUS_1, nothing_is_used_early_however_a_session_ended, NEEDS_NOTHING)
{
	static const uint8_t more[] = {VIRTIO_FAILED, 0};

	for (unsigned int i = 0; i < sizeof(more) && no_defect_so_far(); i++) {
		uint8_t status = iommu.dev.transport->status(&iommu.dev);

		iommu.dev.transport->set_status(&iommu.dev, status | more[i]);
		waits_for_driver_ok(AT, true);
	}
}

/* From a reset device to FEATURES_OK. */
static bool negotiate(uint64_t features)
{
	return virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features);
}

static bool expect_features_ok(struct source_line at, uint64_t features)
{
	if (negotiate(features))
		return true;
	judge(VERDICT_WARN, at, "FEATURES_OK sticks, as it SHOULD", "device_status %#x with features %#lx",
	      iommu.dev.transport->status(&iommu.dev), features);
	return false;
}

/* GEN-RESET-1 (MUST): A reset returns device_status to 0 */
TEST(GEN_RESET_1, status_is_0_after_a_reset_at_every_stage, NEEDS_NOTHING)
{
	static const uint8_t stages[] = {0, 1, 3, 11, 15, 15 | VIRTIO_FAILED};

	for (unsigned int i = 0; i < sizeof(stages); i++) {
		if (stages[i] & VIRTIO_FEATURES_OK)
			negotiate(iommu.wanted);
		iommu.dev.transport->set_status(&iommu.dev, stages[i]);
		expect_reset(AT, "after a reset from %#x", stages[i]);
	}
}

TEST(GEN_RESET_1, status_is_0_after_a_reset_with_a_request_in_flight, NEEDS_NOTHING)
{
	ring_publish(&iommu.requests, queue_noop());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_reset(AT, "after a reset with a request in flight");
}

/* GEN-RESET-2 (MUST NOT): After reset completion: no notifications, no queue access, until re-initialised */
/* What was available before the reset is not looked at any more, even if somebody notifies. */
TEST(GEN_RESET_2, queues_are_left_alone_after_a_reset, NEEDS_NOTHING)
{
	size_t size = ring_bytes(iommu.requests.size, 0);
	const void *ring = (const void *)iommu.requests.desc;
	void *before = arena_alloc(size, 8);
	uint16_t pending;

	ring_publish(&iommu.requests, queue_noop());
	virtio_reset(&iommu.dev);
	pending = ring_pending(&iommu.requests);	/* until now a device may look unasked */
	memcpy(before, ring, size);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_ring_idle(AT, &iommu.requests, pending, "after a reset");
	expect_bytes(AT, ring, before, size, "the queue after a reset");
}

/* What was in flight is done before the reset is over, or never: also when the next driver is there. */
TEST(GEN_RESET_2, request_from_before_a_reset_is_not_done_after_it, NEEDS_NOTHING)
{
	struct noop_request old = noop_request();
	uint8_t before;

	old.tail->status = UINT8_MAX;
	ring_publish(&iommu.requests, noop_add(&old));
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	REQUIRE(reset_device(AT));
	before = old.tail->status;
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_queue_works(AT, "after a reset with a request in flight");
	expect_ring_idle(AT, &iommu.requests, 0, "after a reset with a request in flight");
	EXPECT_EQ(old.tail->status, before, "status of a request from before the reset");
}

/* A driver may do without an event queue: what would go to it does not go to that of the session before. */
TEST(GEN_RESET_2, event_queue_of_the_session_before_is_left_alone, NEEDS_DMA)
{
	size_t size = ring_bytes(iommu.events.size, 0);
	const void *memory = (const void *)iommu.events.desc;
	struct page_fixture s;
	struct fault fault;
	uint8_t *before;
	uint16_t used;

	if (!make_reporting_fixture(AT, &s, &fault))
		return;
	event_settle();
	REQUIRE(negotiate_device(AT, iommu.wanted));
	used = ring_pending(&iommu.events);
	before = memcpy(arena_alloc(size, 8), memory, size);
	ring_init(&iommu.requests, iommu.requests.size,
		  arena_alloc(ring_bytes(iommu.requests.size, iommu.wanted), 4096), 0, iommu.wanted);
	REQUIRE(enable_requests(AT));
	virtio_driver_ok(&iommu.dev);
	REQUIRE(map_one_page(AT, &s));
	fault_alone(&s, 0);
	fault_alone(&s, 1);
	expect_ring_idle(AT, &iommu.events, used, "in a session without an event queue");
	expect_bytes(AT, memory, before, size, "the event queue of the session before");
	expect_no_events_breach(AT);
	EXPECT_EQ(virtio_needs_reset(&iommu.dev), 0, "NEEDS_RESET, after a fault without an event queue");
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* PCI-COM-7 (MUST): Writing 0 to device_status resets and then reads 0 */
TEST(PCI_COM_7, device_starts_anew_after_a_reset, NEEDS_SPLIT | NEEDS_PCI)
{
	attach(iommu.config.domain_start, nobodys_id(), 0);
	REQUIRE(restart_device(AT, iommu.wanted));
	attach(iommu.config.domain_start, nobodys_id(), 0);
	EXPECT_EQ(iommu.requests.used->index, 1, "used.idx after one request");
}

/* GEN-FEAT-2 (SHOULD + MUST): Any valid subset is accepted; otherwise FEATURES_OK must not stick */
TEST(GEN_FEAT_2, each_bit_can_be_declined_or_taken_alone, NEEDS_NOTHING)
{
	uint64_t all = iommu.offered, least = LEAST_FEATURES;

	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t feature = all & ~least & VIRTIO_FEATURE(bit);

		if (feature && expect_features_ok(AT, all & ~feature))
			expect_features_ok(AT, least | feature);
	}
}

/* FEATURES_OK does not stick, or the bit does not. On MMIO it cannot be seen which bits do. */
TEST(GEN_FEAT_2, bits_that_are_not_offered_cannot_be_had, NEEDS_PCI)
{
	for (unsigned int bit = 0; bit < 64; bit++) {
		uint64_t feature = ~iommu.offered & VIRTIO_FEATURE(bit);

		if (!feature || !negotiate(iommu.wanted | feature))
			continue;
		register_write32(iommu.dev.common + COMMON_DRIVER_FEATURE_SELECT, bit / 32);
		EXPECT_EQ(register_read32(iommu.dev.common + COMMON_DRIVER_FEATURE) >> bit % 32 & 1, 0,
			  "bit %u of driver_feature, which is not offered", bit);
	}
	virtio_reset(&iommu.dev);
}

/* 0 to 6 are the type's, from 28 on those of queues and transports; 24, 27 and 30 are legacy. */
static uint64_t defined_features(void)
{
	uint64_t defined = 0x1ff3000007f;

	if (spec_minor() >= 3)
		defined |= VIRTIO_FEATURE(VIRTIO_F_ADMIN_VQ);
	if (spec_minor() >= 4)
		defined |= VIRTIO_FEATURE(VIRTIO_F_SUSPEND);
	return defined;
}

/* GEN-FEAT-3 (MUST NOT): Nothing is offered that the device could not handle if accepted: no ... */
TEST(GEN_FEAT_3, no_undefined_bit_is_offered, NEEDS_NOTHING)
{
	uint64_t others = iommu.offered & ~defined_features();

	if (others)
		judge(VERDICT_WARN, AT, "no bit that is undefined for this device", "%#lx in virtio 1.%u",
		      others, spec_minor());
}

/* Sessions one after the other: at least some, and as many as the device takes in little time. */
#define SESSIONS_LEAST 16
#define SESSIONS_MOST 400
#define SESSIONS_US 10000

/* GEN-FEAT-4 (SHOULD NOT): A set accepted once is accepted again after device or system reset */
TEST(GEN_FEAT_4, what_was_accepted_once_is_accepted_again, NEEDS_NOTHING)
{
	struct deadline deadline = deadline_in(SESSIONS_US);

	for (unsigned int i = 0; i < SESSIONS_MOST && no_defect_so_far(); i++) {
		if (i >= SESSIONS_LEAST && deadline_passed(&deadline))
			break;
		expect_features_ok(AT, iommu.wanted);
	}
	virtio_reset(&iommu.dev);
}

/* GEN-RSVD-1 (MUST): VERSION_1 (32) is offered */
TEST(GEN_RSVD_1, version_1_is_offered, NEEDS_NOTHING)
{
	EXPECT(iommu_offers(VIRTIO_F_VERSION_1), "VERSION_1 (bit 32) is offered", "features %#lx",
	       iommu.offered);
}

/* The words in front of bypass, and whose they are. */
static const uint8_t feature_of_word[] = {
	VIRTIO_F_VERSION_1, VIRTIO_F_VERSION_1, VIRTIO_IOMMU_F_INPUT_RANGE,
	VIRTIO_IOMMU_F_INPUT_RANGE, VIRTIO_IOMMU_F_INPUT_RANGE, VIRTIO_IOMMU_F_INPUT_RANGE,
	VIRTIO_IOMMU_F_DOMAIN_RANGE, VIRTIO_IOMMU_F_DOMAIN_RANGE, VIRTIO_IOMMU_F_PROBE,
};

/* What is read up to DRIVER is what is read after DRIVER_OK. @before: whoever came before. */
static void expect_early_config(struct source_line at, const char *before)
{
	uint32_t early[sizeof(feature_of_word)];

	virtio_reset(&iommu.dev);
	iommu.dev.transport->set_status(&iommu.dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	for (unsigned int i = 0; i < sizeof(feature_of_word); i++)
		early[i] = iommu_config_u32(4 * i);
	if (!restart_device(at, iommu.wanted))
		return;
	for (unsigned int i = 0; i < sizeof(feature_of_word); i++)
		if (iommu_offers(feature_of_word[i]))
			expect_eq(at, early[i], iommu_config_u32(4 * i),
				  "%s before FEATURES_OK, %s", config_word_name(i), before);
}

/* GEN-CONF-1 (MUST): Config fields whose feature is offered can be read before FEATURES_OK */
TEST(GEN_CONF_1, configuration_can_be_read_before_features_ok, NEEDS_NOTHING)
{
	expect_early_config(AT, "after the usual driver");
}

/* A field is conditional on what is offered (2.5.2), not on what the driver before has accepted. */
TEST(GEN_CONF_1, configuration_can_be_read_whatever_the_last_driver_declined, NEEDS_NOTHING)
{
	uint64_t can_be_declined = iommu.wanted & ~LEAST_FEATURES;

	for (unsigned int bit = 0; bit < 64 && no_defect_so_far(); bit++)
		if ((can_be_declined & VIRTIO_FEATURE(bit)) && negotiate(features_without(bit)))
			expect_early_config(AT, "after a driver that declined a feature");
	if (negotiate(LEAST_FEATURES))
		expect_early_config(AT, "after a driver that accepted the least");
}
