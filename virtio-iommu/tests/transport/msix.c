// SPDX-License-Identifier: BSD-3-Clause
/*
 * MSI-X of the IOMMU itself (virtio 1.4, 4.1.5.1.2 and 4.1.5.3), and what is told when it needs a
 * reset.
 */
#include "driver/message.h"
#include "judge/steps/fault.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"
#include "register.h"
#include "virtio/pci_layout.h"

/* The vectors of its events. */
struct vectors {
	uint16_t config, queues[2];
};

/* A reset and a start with these vectors. */
static bool restart_with(struct source_line at, const struct vectors *v)
{
	if (!prepare_device(at, iommu.wanted))
		return false;
	virtio_pci_config_vector(&iommu.dev, v->config);
	for (uint16_t queue = 0; queue < 2; queue++)
		virtio_pci_queue_vector(&iommu.dev, queue, v->queues[queue]);
	iommu_start();
	return iommu_is_up();
}

/* One request, for whose buffer a message is wanted. */
static bool request_with_message(void)
{
	struct reply reply;

	ring_want_interrupt(&iommu.requests, true);
	reply = attach(iommu.config.domain_start, nobodys_id(), 0);
	ring_want_interrupt(&iommu.requests, false);
	return reply.used;
}

/*
 * A value for event number @event: each queue, then configuration changes. Returns what reads back.
 */
static uint16_t assign(unsigned int event, uint16_t vector)
{
	return event < 2 ? virtio_pci_queue_vector(&iommu.dev, event, vector) :
			   virtio_pci_config_vector(&iommu.dev, vector);
}

static uint16_t assigned(unsigned int event)
{
	if (event == 2)
		return register_read16(iommu.dev.common + COMMON_CONFIG_VECTOR);
	register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, event);
	return register_read16(iommu.dev.common + COMMON_QUEUE_VECTOR);
}

#define EVENTS 3

/* PCI-MSIX-1 (SHOULD): MSI-X: 2..0x800 vectors */
TEST(PCI_MSIX_1, there_are_2_to_2048_vectors, NEEDS_MSIX)
{
	unsigned int count = messages_on(iommu.dev.pci)->count;

	EXPECT_GE(count, 2, "vectors of the table");
	EXPECT_LE(count, 0x800, "vectors of the table");
}

static const char *vector_name(unsigned int event)
{
	static const char *const names[EVENTS] = {
		"queue_msix_vector of queue 0", "queue_msix_vector of queue 1", "config_msix_vector"};

	return names[event];
}

static void expect_assigned(struct source_line at, unsigned int event, uint16_t vector)
{
	expect_eq(at, assign(event, vector), vector, "%s after writing %#x", vector_name(event), vector);
	expect_eq(at, assigned(event), vector, "%s, read again after writing %#x", vector_name(event),
		  vector);
}

static unsigned int last_vector(void)
{
	return messages_on(iommu.dev.pci)->count - 1;
}

/* PCI-MSIX-2 (MUST): Table Size reports the number */
TEST(PCI_MSIX_2, last_vector_of_table_size_can_be_had, NEEDS_MSIX)
{
	uint16_t last = last_vector();

	REQUIRE(prepare_device(AT, iommu.wanted));
	expect_assigned(AT, 0, last);
	iommu_start();
}

/* PCI-MSIX-4 (MUST): Any event maps to any valid vector */
/* Both ends of the table in turn: the message of the other vector must not come. */
TEST(PCI_MSIX_4, message_is_that_of_the_vector, NEEDS_MSIX)
{
	const struct msix *msix = messages_on(iommu.dev.pci);
	uint16_t ends[2] = {0, msix->count - 1};
	struct msi_message messages[2];

	if (!ends[1])
		SILENT("there is one vector (PCI-MSIX-1)");
	for (unsigned int i = 0; i < 2; i++) {
		REQUIRE(message_set(msix, ends[0], &messages[0]) &&
			message_set(msix, ends[1], &messages[1]));
		REQUIRE(restart_with(AT, &(struct vectors){ends[!i], {ends[i], ends[!i]}}));
		REQUIRE(request_with_message());
		EXPECT(message_comes(&messages[i]), "the message of the queue's vector",
		       "message %#x of vector %u did not come", messages[i].data, ends[i]);
		EXPECT(message_stays_away(&messages[!i], event_count()), "no other message",
		       "message %#x of vector %u came", messages[!i].data, ends[!i]);
	}
}

TEST(PCI_MSIX_4, event_queue_has_a_vector_of_its_own, NEEDS_DMA | NEEDS_MSIX)
{
	const struct msix *msix = messages_on(iommu.dev.pci);
	struct msi_message message;
	struct event event;
	struct fault fault;
	struct page_fixture s;

	REQUIRE(message_set(msix, 0, &message));
	REQUIRE(restart_with(AT, &(struct vectors){VIRTIO_NO_VECTOR, {VIRTIO_NO_VECTOR, 0}}));
	REQUIRE(map_one_page(AT, &s));
	fault = fault_above(&s);
	event_settle();		/* of what came before it is wanted there is no message */
	ring_want_interrupt(&iommu.events, true);
	if (!report_or_skip(AT, &fault, &event))
		return;
	EXPECT(message_comes(&message), "a message with the report", "message %#x did not come",
	       message.data);
}

/* PCI-MSIX-5 (MUST): Any event can be unmapped */
TEST(PCI_MSIX_5, each_event_can_be_unmapped, NEEDS_MSIX)
{
	REQUIRE(messages_on(iommu.dev.pci) && prepare_device(AT, iommu.wanted));
	for (unsigned int event = 0; event < EVENTS; event++) {
		assign(event, 0);
		expect_assigned(AT, event, VIRTIO_NO_VECTOR);
	}
	iommu_start();
}

/* PCI-MSIX-6 (MUST): Vector fields read back the mapping or NO_VECTOR */
TEST(PCI_MSIX_6, vectors_read_back, NEEDS_MSIX)
{
	uint16_t last = last_vector();

	REQUIRE(prepare_device(AT, iommu.wanted));
	for (unsigned int event = 0; event < EVENTS; event++) {
		expect_assigned(AT, event, 0);
		expect_assigned(AT, event, last);
	}
	iommu_start();
}

/* PCI-MSIX-7 (MUST): All unmapped after reset */
TEST(PCI_MSIX_7, reset_unmaps_all, NEEDS_MSIX)
{
	REQUIRE(messages_on(iommu.dev.pci) && restart_with(AT, &(struct vectors){0, {0, 0}}));
	virtio_reset(&iommu.dev);
	for (unsigned int event = 0; event < EVENTS; event++)
		EXPECT_EQ(assigned(event), VIRTIO_NO_VECTOR, "%s after a reset", vector_name(event));
}

/* PCI-MSIX-8 (SHOULD NOT): Mapping does not fail without need */
/* All in one, and all apart as far as there are vectors. */
TEST(PCI_MSIX_8, events_can_share_a_vector, NEEDS_MSIX)
{
	uint16_t last = last_vector();

	REQUIRE(prepare_device(AT, iommu.wanted));
	for (unsigned int event = EVENTS; event; event--)
		expect_assigned(AT, event - 1, 0);
	for (unsigned int event = EVENTS; event; event--)
		expect_assigned(AT, event - 1, min(event, last));
	iommu_start();
}

/* PCI-MSIX-9 (MUST): Failure shown as NO_VECTOR */
TEST(PCI_MSIX_9, vector_behind_the_table_reads_no_vector, NEEDS_MSIX)
{
	uint16_t last = last_vector();

	REQUIRE(prepare_device(AT, iommu.wanted));
	for (unsigned int event = 0; event < EVENTS; event++) {
		EXPECT_EQ(assign(event, last + 1), VIRTIO_NO_VECTOR,
			  "%s after writing %#x", vector_name(event), last + 1);
		EXPECT_EQ(assign(event, 0xfffe), VIRTIO_NO_VECTOR, "%s after writing 0xfffe",
			  vector_name(event));
		expect_assigned(AT, event, 0);
	}
	iommu_start();
}

/* PCI-UN-1 (MUST NOT): MSI-X on and NO_VECTOR: no interrupt for that queue */
TEST(PCI_UN_1, queue_without_vector_sends_nothing, NEEDS_MSIX)
{
	const struct msix *msix = messages_on(iommu.dev.pci);
	struct msi_message message;

	REQUIRE(message_set(msix, 0, &message));
	REQUIRE(restart_with(AT, &(struct vectors){0, {VIRTIO_NO_VECTOR, 0}}));
	REQUIRE(request_with_message());
	EXPECT(message_stays_away(&message, event_count()), "no message", "message %#x of vector 0 came",
	       message.data);
	REQUIRE(restart_with(AT, &(struct vectors){0, {0, 0}}));
	REQUIRE(request_with_message());
	REQUIRE(message_comes(&message));
}

/* PCI-1 (MUST): PCI/PCIe-conformant interface */
/* PCI 3.0, 6.8.2: what is masked is sent when it is unmasked. */
TEST(PCI_1, masked_vector_keeps_its_message, NEEDS_MSIX)
{
	const struct msix *msix = messages_on(iommu.dev.pci);
	struct msi_message message;

	REQUIRE(message_set(msix, 0, &message));
	msix_mask(msix, 0, true);
	REQUIRE(restart_with(AT, &(struct vectors){VIRTIO_NO_VECTOR, {0, VIRTIO_NO_VECTOR}}));
	REQUIRE(request_with_message());
	EXPECT(message_stays_away(&message, event_count()), "no message while masked",
	       "message %#x of the masked vector came", message.data);
	msix_mask(msix, 0, false);
	EXPECT(message_comes(&message), "the message when unmasked", "message %#x did not come",
	       message.data);
}

static const char puts_up[] = "the device does not ask for a reset when a driver breaks the ring";

static void break_and_read_isr(struct source_line at, uint8_t mask, const char *expected)
{
	struct deadline deadline;
	bool broken_now;
	uint8_t isr;

	take_interrupts();
	broken_now = break_request_queue();
	isr = take_interrupts();
	deadline = deadline_in(REPLY_TIMEOUT_US);
	while (broken_now && !(isr & mask) && !deadline_over(&deadline))
		isr |= take_interrupts();
	iommu_restart(iommu.wanted);
	if (!broken_now)
		silent("%s", puts_up);
	else if (!(isr & mask))
		judge(BY_LEVEL, at, expected, "ISR status %#x", isr);
}

/* GEN-STATUS-3 (MUST): If DRIVER_OK was set, NEEDS_RESET is followed by a configuration-change ... */
TEST(GEN_STATUS_3, need_of_a_reset_is_told, NEEDS_NOTHING)
{
	break_and_read_isr(AT, 0xff, "a notification with NEEDS_RESET: a bit of the ISR status");
}

/* PCI-ISR-2 (MUST): ISR bit 1 set before a config-change notification */
TEST(PCI_ISR_2, need_of_a_reset_sets_bit_1, NEEDS_PCI)
{
	break_and_read_isr(AT, 2, "bit 1 of the ISR status is set with NEEDS_RESET");
}

/* Return true if the message of vector 0 comes when the device breaks, with @vector for such changes. */
static bool told_of_break(struct source_line at, uint16_t vector, bool *broke, bool comes)
{
	const struct msix *msix = messages_on(iommu.dev.pci);
	struct msi_message message;

	*broke = false;
	if (!msix || !message_set(msix, 0, &message) ||
	    !restart_with(at, &(struct vectors){vector, {VIRTIO_NO_VECTOR, VIRTIO_NO_VECTOR}}))
		return false;
	*broke = break_request_queue();
	return comes ? message_comes(&message) : !message_stays_away(&message, event_count());
}

/* PCI-CN-1 (MUST NOT): MSI-X on and NO_VECTOR: no interrupt for config changes */
TEST(PCI_CN_1, change_without_vector_sends_nothing, NEEDS_MSIX)
{
	bool broke, told = told_of_break(AT, VIRTIO_NO_VECTOR, &broke, false), still_broke;
	bool control = told_of_break(AT, 0, &still_broke, true);

	iommu_restart(iommu.wanted);
	if (!broke)
		SILENT("%s", puts_up);
	EXPECT(!told, "no message", "message of vector 0 came");
	REQUIRE(control);
}
