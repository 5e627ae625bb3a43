// SPDX-License-Identifier: BSD-3-Clause
/*
 * Virtio over MMIO (virtio 1.4, 4.2): registers of the IOMMU. That the first two have the right values
 * before anything else is what the suite starts from; here they have to keep them.
 */
#include <string.h>

#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "register.h"
#include "time.h"
#include "virtio/mmio_layout.h"

static uint32_t value_at(unsigned int offset)
{
	return register_read32(iommu.dev.registers + offset);
}

static void write_at(unsigned int offset, uint32_t value)
{
	register_write32(iommu.dev.registers + offset, value);
}

/* A register of a queue. */
static uint32_t queue_value(uint16_t queue, unsigned int offset)
{
	write_at(MMIO_QUEUE_SEL, queue);
	return value_at(offset);
}

static void queue_write(uint16_t queue, unsigned int offset, uint32_t value)
{
	write_at(MMIO_QUEUE_SEL, queue);
	write_at(offset, value);
}

/* At each stage between a reset and DRIVER_OK. */
static void expect_constant(struct source_line at, unsigned int offset, const char *name, uint32_t value)
{
	static const char *const stages[] = {"after a reset", "after FEATURES_OK", "after DRIVER_OK"};

	for (unsigned int stage = 0; stage < ARRAY_SIZE(stages); stage++) {
		if (stage == 0)
			virtio_reset(&iommu.dev);
		else if (stage == 1)
			iommu.dead = !iommu_prepare(iommu.wanted);
		else
			iommu_start();
		expect_eq(at, value_at(offset), value, "%s %s", name, stages[stage]);
	}
}

/* MMIO-1 (MUST): MagicValue 0x74726976 */
TEST(MMIO_1, magic_value_says_virt, NEEDS_MMIO)
{
	expect_constant(AT, MMIO_MAGIC_VALUE, "MagicValue", MMIO_MAGIC);
}

/* MMIO-2 (MUST): Version 2 */
TEST(MMIO_2, version_is_2, NEEDS_MMIO)
{
	expect_constant(AT, MMIO_VERSION, "Version", MMIO_MODERN);
}

/* A request that is to be told of, up to the moment when InterruptStatus says something. */
static uint32_t tell_of_a_request(void)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	ring_want_interrupt(&iommu.requests, true);
	attach(iommu.config.domain_start, nobodys_id(), 0);
	while (!value_at(MMIO_INTERRUPT_STATUS) && !deadline_over(&deadline))
		;
	ring_want_interrupt(&iommu.requests, false);
	return value_at(MMIO_INTERRUPT_STATUS);
}

/* MMIO-3 (MUST): InterruptStatus bit set from event until acknowledged */
TEST(MMIO_3, used_buffer_shows_until_it_is_acknowledged, NEEDS_MMIO)
{
	take_interrupts();
	for (unsigned int round = 0; round < 3; round++) {
		uint32_t before = tell_of_a_request(), still = value_at(MMIO_INTERRUPT_STATUS), after;

		EXPECT(before & still & VIRTIO_USED_BUFFER,
		       "bit 0 of InterruptStatus, until it is acknowledged",
		       "InterruptStatus after a request %#x, then InterruptStatus %#x", before, still);
		write_at(MMIO_INTERRUPT_ACK, VIRTIO_CONFIG_CHANGE);
		after = value_at(MMIO_INTERRUPT_STATUS);
		EXPECT(after & VIRTIO_USED_BUFFER, "bit 0 of InterruptStatus, if only bit 1 is acknowledged",
		       "InterruptStatus %#x", after);
		write_at(MMIO_INTERRUPT_ACK, VIRTIO_USED_BUFFER);
		after = value_at(MMIO_INTERRUPT_STATUS);
		EXPECT(!(after & VIRTIO_USED_BUFFER), "no bit 0 of InterruptStatus when it is acknowledged",
		       "InterruptStatus %#x", after);
	}
}

/* MMIO-4 (MUST): Bits without an event are 0 */
TEST(MMIO_4, bits_without_an_event_are_0, NEEDS_MMIO)
{
	REQUIRE(restart_device(AT, iommu.wanted));
	EXPECT_EQ(value_at(MMIO_INTERRUPT_STATUS), 0, "InterruptStatus before anything was used");
	EXPECT_EQ(tell_of_a_request(), VIRTIO_USED_BUFFER, "InterruptStatus after a request");
}

/* MMIO-5 (MUST): Reset clears InterruptStatus and every QueueReady */
TEST(MMIO_5, reset_clears_interrupt_status, NEEDS_MMIO)
{
	EXPECT_NE(tell_of_a_request(), 0, "InterruptStatus before a reset");
	virtio_reset(&iommu.dev);
	EXPECT_EQ(value_at(MMIO_INTERRUPT_STATUS), 0, "InterruptStatus after a reset");
}

TEST(MMIO_5, reset_clears_queue_ready, NEEDS_MMIO)
{
	for (uint16_t queue = 0; queue < 2; queue++) {
		REQUIRE(restart_device(AT, iommu.wanted));
		EXPECT_EQ(queue_value(queue, MMIO_QUEUE_READY), 1,
			  "QueueReady of queue %u before a reset", queue);
		virtio_reset(&iommu.dev);
		EXPECT_EQ(queue_value(queue, MMIO_QUEUE_READY), 0,
			  "QueueReady of queue %u after a reset", queue);
	}
}

/* Words of the configuration in front of bypass. */
#define WORDS (offsetof(struct iommu_config, bypass) / 4)

static uint32_t read_words(uint32_t words[WORDS])
{
	for (unsigned int i = 0; i < WORDS; i++)
		words[i] = iommu_config_u32(4 * i);
	return value_at(MMIO_CONFIG_GENERATION);
}

/* MMIO-6 (MUST): ConfigGeneration changes if a torn view is possible */
TEST(MMIO_6, what_changes_has_a_new_generation, NEEDS_MMIO)
{
	uint32_t before[WORDS], after[WORDS], generation = read_words(before), seen;

	for (unsigned int i = 0; i < 8; i++) {
		if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
			iommu_set_bypass(!(iommu_bypass() & 1));
		attach(iommu.config.domain_start, nobodys_id(), 0);
		seen = read_words(after);
		if (seen == generation)
			expect_bytes(AT, after, before, sizeof(before),
				     "a configuration of the same generation");
		memcpy(before, after, sizeof(before));
		generation = seen;
	}
}

/* A request that comes back. */
static void expect_answer(struct source_line at)
{
	struct noop_request h = noop_request();

	ring_publish(&iommu.requests, noop_add(&h));
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	if (expect_eq(at, wait_request_used(timing_patience_us(TIMED_REQUEST)), 1,
		      "requests that come back in time"))
		expect_ne(at, h.tail->status, UINT8_MAX, "status, unwritten, of a request that came back");
}

/* All of a queue but QueueReady. */
static void place_queue(uint16_t queue, const struct ring *ring)
{
	const uint64_t areas[] = {phys((const void *)ring->desc), phys((const void *)ring->avail),
				  phys((const void *)ring->used)};
	static const uint16_t offsets[] = {MMIO_QUEUE_DESC, MMIO_QUEUE_DRIVER, MMIO_QUEUE_DEVICE};

	queue_write(queue, MMIO_QUEUE_SIZE, ring->size);
	for (unsigned int i = 0; i < 3; i++) {
		write_at(offsets[i], areas[i]);
		write_at(offsets[i] + 4, areas[i] >> 32);
	}
}

/* MMIO-7 (MUST NOT): No ring access while QueueReady is 0 */
TEST(MMIO_7, queue_that_is_not_ready_is_left_alone, NEEDS_MMIO)
{
	REQUIRE(prepare_device(AT, iommu.wanted) && negotiate_device(AT, iommu.wanted));
	place_queue(REQUEST_QUEUE, &iommu.requests);
	virtio_driver_ok(&iommu.dev);
	expect_noop_left_alone(AT, "of a queue that is not ready");
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_answer(AT);
}

TEST(MMIO_7, queue_that_is_stopped_is_left_alone, NEEDS_MMIO)
{
	expect_answer(AT);
	queue_write(REQUEST_QUEUE, MMIO_QUEUE_READY, 0);
	EXPECT_EQ(queue_value(REQUEST_QUEUE, MMIO_QUEUE_READY), 0, "QueueReady after 0 was written");
	expect_noop_left_alone(AT, "of a queue that is not ready");
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_answer(AT);
}

/* A fault is not reported in an event queue that is not ready. */
static void expect_event_queue_alone(struct source_line at, const struct page_fixture *s)
{
	struct ring *ring = &iommu.events;
	const void *memory = (const void *)ring->desc;
	size_t size = ring_bytes(ring->size, ring->features);
	uint16_t pending = ring_pending(ring);
	uint8_t *before = memcpy(arena_alloc(size, 8), memory, size);

	virtio_notify(&iommu.dev, EVENT_QUEUE);
	fault_alone(s, 0);
	fault_alone(s, 1);
	expect_ring_idle(at, ring, pending, "of an event queue that is not ready");
	expect_bytes(at, memory, before, size, "an event queue that is not ready");
	expect_no_events_breach(at);
}

TEST(MMIO_7, event_queue_that_is_not_ready_is_left_alone, NEEDS_MMIO | NEEDS_DMA)
{
	struct page_fixture s;
	struct fault fault;

	if (!make_steady_fixture(AT, &s, &fault))
		return;
	REQUIRE(prepare_device(AT, iommu.wanted) && negotiate_device(AT, iommu.wanted));
	place_queue(EVENT_QUEUE, &iommu.events);
	REQUIRE(enable_requests(AT));
	iommu_start();
	REQUIRE(map_one_page(AT, &s));
	expect_event_queue_alone(AT, &s);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
}

TEST(MMIO_7, event_queue_that_is_stopped_is_left_alone, NEEDS_MMIO | NEEDS_DMA)
{
	struct page_fixture s;
	struct fault fault;

	if (!make_steady_fixture(AT, &s, &fault))
		return;
	event_settle();
	queue_write(EVENT_QUEUE, MMIO_QUEUE_READY, 0);
	EXPECT_EQ(queue_value(EVENT_QUEUE, MMIO_QUEUE_READY), 0, "QueueReady after 0 was written");
	expect_event_queue_alone(AT, &s);
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_answer(AT);
}

#define WITH_RING_RESET (iommu.wanted | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

/* Reset the request queue, whatever QueueReady does. Returns QueueReset: 1 if it does not end in time. */
static bool reset_requests(void)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	bool resetting;

	iommu.dev.transport->queue_reset(&iommu.dev, REQUEST_QUEUE);
	do
		resetting = iommu.dev.transport->queue_is_resetting(&iommu.dev, REQUEST_QUEUE);
	while (resetting && !deadline_over(&deadline));
	return resetting;
}

/* A new queue in the same memory. */
static bool reopen(struct source_line at)
{
	struct ring *ring = &iommu.requests;

	ring_init(ring, ring->size, (void *)ring->desc, ring->device_offset, ring->features);
	return enable_requests(at);
}

static void expect_queue_reset_0(struct source_line at)
{
	for (uint16_t queue = 0; queue < 2; queue++)
		expect_eq(at, queue_value(queue, MMIO_QUEUE_RESET), 0, "QueueReset of queue %u", queue);
}

/* MMIO-8 (MUST): QueueReset 0 after reset */
TEST(MMIO_8, queue_reset_is_0_after_a_reset, NEEDS_MMIO | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, WITH_RING_RESET));
	reset_requests();
	REQUIRE(negotiate_device(AT, WITH_RING_RESET));
	expect_queue_reset_0(AT);
}

/* MMIO-9 (MUST): QueueReset 0 after QueueReady=1 */
TEST(MMIO_9, queue_reset_is_0_when_the_queue_is_ready, NEEDS_MMIO | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, WITH_RING_RESET));
	expect_queue_reset_0(AT);
	reset_requests();
	REQUIRE(reopen(AT));
	expect_queue_reset_0(AT);
	expect_answer(AT);
}

/* MMIO-10 (MUST): QueueReset=1 resets the queue */
/* Not at once: a device may take its time for a reset. */
TEST(MMIO_10, queue_starts_anew_after_its_reset, NEEDS_MMIO | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, WITH_RING_RESET));
	expect_answer(AT);
	reset_requests();
	REQUIRE(reopen(AT));
	expect_answer(AT);
}

/* MMIO-11 (MUST): Reads 1 while under way */
TEST(MMIO_11, queue_is_left_alone_after_its_reset, NEEDS_MMIO | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, WITH_RING_RESET));
	expect_answer(AT);
	EXPECT_EQ(reset_requests(), 0, "QueueReset in the end");
	expect_noop_left_alone(AT, "of a queue that is not ready");
	if (!no_defect_so_far())
		return;
	REQUIRE(reopen(AT));
	expect_answer(AT);
}

/* MMIO-12 (MUST): Then QueueReset and QueueReady read 0 */
TEST(MMIO_12, queue_is_not_ready_after_its_reset, NEEDS_MMIO | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, WITH_RING_RESET));
	EXPECT_EQ(queue_value(REQUEST_QUEUE, MMIO_QUEUE_READY), 1,
		  "QueueReady before the reset of the queue");
	reset_requests();
	EXPECT_EQ(queue_value(REQUEST_QUEUE, MMIO_QUEUE_RESET), 0, "QueueReset after the reset of the queue");
	EXPECT_EQ(queue_value(REQUEST_QUEUE, MMIO_QUEUE_READY), 0, "QueueReady after the reset of the queue");
}
