// SPDX-License-Identifier: BSD-3-Clause
/*
 * The reset of one queue (virtio 1.4, 2.6.1), and how virtio-pci shows it (4.1.4.3.1). Runs that have
 * RING_RESET by themselves are not cleaned up by the change of features: each test starts anew.
 */
#include "driver/message.h"
#include "judge/steps/attach.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "register.h"
#include "virtio/pci_layout.h"

#define FEATURES (iommu.wanted | VIRTIO_FEATURE(VIRTIO_F_RING_RESET))

/* Enabled again, somewhere else. */
static bool reopen(struct source_line at, uint16_t size)
{
	void *memory = arena_alloc(ring_bytes(size, FEATURES), 4096);

	ring_init(&iommu.requests, size, memory, 0, FEATURES);
	return enable_requests(at);
}

/* A device that offers RING_RESET and does not do it breaks the statement, not the set-up. */
#define RESET_QUEUE(queue)                                    \
	do {                                                  \
		if (!expect_queue_reset(AT, BY_LEVEL, queue)) \
			return;                               \
	} while (0)

/* GEN-VQRST-1 (MUST NOT): A queue that was reset executes nothing and notifies nothing */
TEST(GEN_VQRST_1, queue_that_was_reset_is_left_alone, NEEDS_RING_RESET)
{
	uint16_t pending, size;

	REQUIRE(restart_device(AT, FEATURES));
	size = iommu.requests.size;
	ring_publish(&iommu.requests, queue_noop());
	RESET_QUEUE(REQUEST_QUEUE);
	pending = ring_pending(&iommu.requests);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	expect_ring_idle(AT, &iommu.requests, pending, "after the reset of the queue");
	REQUIRE(reopen(AT, size));
	expect_queue_works(AT, "in a queue that was reset and enabled again");
	REQUIRE(restart_device(AT, iommu.wanted));
}

TEST(GEN_VQRST_1, event_queue_that_was_reset_gets_no_report, NEEDS_DMA | NEEDS_RING_RESET)
{
	struct page_fixture s;
	uint16_t pending;

	REQUIRE(restart_device(AT, FEATURES));
	REQUIRE(map_one_page(AT, &s));
	RESET_QUEUE(EVENT_QUEUE);
	pending = ring_pending(&iommu.events);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	EXPECT_EQ(ring_pending(&iommu.events), pending,
		  "event buffers used, those from before the reset included");
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* At the start of the ring, with a wrap counter of 1 (2.8.1), also where the lap before was an odd one. */
static void start_anew_after(struct source_line at, unsigned int requests)
{
	unsigned int rounds = iommu.requests.size + 1;

	for (unsigned int i = 0; i < requests && no_defect_so_far(); i++)
		expect_queue_works(at, "before the reset of the queue");
	if (!expect_queue_reset(at, BY_LEVEL, REQUEST_QUEUE))
		return;
	if (!reopen(at, iommu.requests.size))
		return;
	for (unsigned int i = 0; i < rounds && no_defect_so_far(); i++)
		expect_queue_works(at, "in a queue that was reset");
	expect_eq(at, ring_pending(&iommu.requests), 0, "more used buffers after the reset of the queue");
}

/* GEN-VQRST-2 (MUST): Queue reset brings all queue state back to default */
TEST(GEN_VQRST_2, queue_starts_anew_in_each_lap, NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, FEATURES));
	for (unsigned int eighths = 0; eighths <= 16 && no_defect_so_far(); eighths += 3)
		start_anew_after(AT, iommu.requests.size * eighths / 8);
	REQUIRE(restart_device(AT, iommu.wanted));
}

TEST(GEN_VQRST_2, queue_starts_anew, NEEDS_ENDPOINT_ID | NEEDS_RING_RESET)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(restart_device(AT, FEATURES));
	REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
	RESET_QUEUE(REQUEST_QUEUE);
	REQUIRE(reopen(AT, iommu.requests.size));
	expect_queue_works(AT, "in a queue whose indexes start at 0 after its reset");
	EXPECT_EQ(ring_pending(&iommu.requests), 0, "more used buffers after the reset of the queue");
	if (!no_defect_so_far())
		return;
	reply = detach(domain, endpoint(0)->id);
	INFO("attachments %s", is_ok(&reply) ? "stay" : "end with the reset of the request queue");
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* After @requests in the queue as it was before. */
static void notified_anew(struct source_line at, unsigned int requests)
{
	for (unsigned int i = 0; i < requests && no_defect_so_far(); i++)
		expect_queue_works(at, "before the reset of the queue");
	if (!expect_queue_reset(at, BY_LEVEL, REQUEST_QUEUE) || !reopen(at, iommu.requests.size))
		return;
	want_interrupt_at(&iommu.requests, 0, ring_has(&iommu.requests, VIRTIO_F_INDIRECT_DESC) ? 1 : 2);
	take_interrupts();
	expect_queue_works(at, "in a queue that was reset");
	expect_eq(at, wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
		  "notification of the first buffer after a reset of the queue, which had used %u", requests);
	ring_want_interrupt(&iommu.requests, false);
}

/* The used index of the last notification is state, too. */
TEST(GEN_VQRST_2, notification_comes_at_the_event_in_a_queue_that_starts_anew,
     NEEDS_EVENT_IDX | NEEDS_RING_RESET)
{
	for (unsigned int requests = 0; requests < 9 && no_defect_so_far(); requests++) {
		REQUIRE(restart_device(AT, FEATURES));
		notified_anew(AT, requests);
	}
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* GEN-VQRST-3 (MUST): Re-enable takes over changed queue settings (size etc.) */
/* More requests than it had room for before. */
TEST(GEN_VQRST_3, queue_has_other_settings_when_enabled_again, NEEDS_RING_RESET)
{
	uint16_t size, rounds;

	REQUIRE(restart_device(AT, FEATURES));
	size = iommu.requests.size;
	rounds = 2 * size + 1;
	if (size < 4)
		NOT_APPLICABLE("needs a queue of 4 descriptors");
	RESET_QUEUE(REQUEST_QUEUE);
	REQUIRE(reopen(AT, size / 2));
	for (uint16_t i = 0; i < rounds && no_defect_so_far(); i++)
		expect_queue_works(AT, "in a queue of half the size, elsewhere");
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* With one vector, then with another: the message is that of the second one. */
TEST(GEN_VQRST_3, queue_has_another_vector_when_enabled_again, NEEDS_MSIX | NEEDS_RING_RESET)
{
	const struct msix *msix = messages_on(iommu.dev.pci);
	struct msi_message first, second;

	if (msix->count < 2)
		SILENT("there is one vector (PCI-MSIX-1)");
	REQUIRE(message_set(msix, 0, &first) && message_set(msix, 1, &second));
	REQUIRE(prepare_device(AT, FEATURES));
	virtio_pci_queue_vector(&iommu.dev, REQUEST_QUEUE, 0);
	iommu_start();
	RESET_QUEUE(REQUEST_QUEUE);
	virtio_pci_queue_vector(&iommu.dev, REQUEST_QUEUE, 1);
	REQUIRE(reopen(AT, iommu.requests.size));
	ring_want_interrupt(&iommu.requests, true);
	expect_queue_works(AT, "in a queue that was reset and has another vector");
	EXPECT(message_comes(&second), "the message of the new vector", "no message %#x", second.data);
	EXPECT(message_stays_away(&first, event_count()), "no message of the old vector",
	       "message %#x of the old vector", first.data);
	REQUIRE(restart_device(AT, iommu.wanted));
}

static uint16_t field(uint16_t queue, unsigned int offset)
{
	register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
	return register_read16(iommu.dev.common + offset);
}

static void expect_field(struct source_line at, unsigned int offset, uint16_t value, const char *name)
{
	for (uint16_t queue = 0; queue < 2; queue++)
		expect_eq(at, field(queue, offset), value, "%s of queue %u", name, queue);
}

/* PCI-COM-9 (MUST): queue_reset is 0 after reset (bit 40) */
TEST(PCI_COM_9, queue_reset_is_0_after_a_reset, NEEDS_PCI | NEEDS_RING_RESET)
{
	REQUIRE(negotiate_device(AT, FEATURES));
	expect_field(AT, COMMON_QUEUE_RESET, 0, "queue_reset");
}

/* PCI-COM-10 (MUST): queue_reset is 0 after queue_enable (bit 40) */
TEST(PCI_COM_10, queue_reset_is_0_when_enabled, NEEDS_PCI | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, FEATURES));
	expect_field(AT, COMMON_QUEUE_ENABLE, 1, "queue_enable");
	expect_field(AT, COMMON_QUEUE_RESET, 0, "queue_reset");
	RESET_QUEUE(REQUEST_QUEUE);
	REQUIRE(reopen(AT, iommu.requests.size));
	expect_field(AT, COMMON_QUEUE_RESET, 0, "queue_reset");
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* PCI-COM-11 (MUST): Writing 1 to queue_reset resets the queue */
TEST(PCI_COM_11, writing_1_resets_the_queue, NEEDS_PCI | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, FEATURES));
	for (uint16_t queue = 0; queue < 2; queue++)
		expect_queue_reset(AT, BY_LEVEL, queue);
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* PCI-COM-12 (MUST): queue_reset reads 1 while the reset goes on */
/* Looked at first, so that it cannot be over in between. */
TEST(PCI_COM_12, queue_reset_is_1_until_the_queue_is_disabled, NEEDS_PCI | NEEDS_RING_RESET)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint16_t resetting, enabled;

	REQUIRE(restart_device(AT, FEATURES));
	iommu.dev.transport->queue_reset(&iommu.dev, REQUEST_QUEUE);
	do {
		resetting = field(REQUEST_QUEUE, COMMON_QUEUE_RESET);
		enabled = field(REQUEST_QUEUE, COMMON_QUEUE_ENABLE);
		EXPECT(resetting || !enabled, "queue_reset is 1, or queue_enable 0", "queue_reset %#x, then "
		       "queue_enable %#x", resetting, enabled);
	} while (resetting && !deadline_over(&deadline));
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* PCI-COM-13 (MUST): Afterwards queue_reset and queue_enable read 0 */
TEST(PCI_COM_13, both_are_0_when_it_is_over, NEEDS_PCI | NEEDS_RING_RESET)
{
	REQUIRE(restart_device(AT, FEATURES));
	for (uint16_t queue = 0; queue < 2; queue++)
		virtio_reset_queue(&iommu.dev, queue);
	expect_field(AT, COMMON_QUEUE_ENABLE, 0, "queue_enable");
	expect_field(AT, COMMON_QUEUE_RESET, 0, "queue_reset");
	REQUIRE(restart_device(AT, iommu.wanted));
}
