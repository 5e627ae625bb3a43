// SPDX-License-Identifier: BSD-3-Clause
/*
 * Virtio over PCI (virtio 1.4, 4.1): revision, common configuration, interrupts as the ISR shows them.
 * Capabilities are in capabilities.c, the window in configuration space in window.c.
 */
#include "driver/names.h"
#include "driver/timing.h"
#include "judge/steps/notification.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"
#include "register.h"
#include "virtio/pci_layout.h"

static uint32_t value_at(unsigned int offset)
{
	return pci_read32(iommu.dev.pci, offset);
}

/* PCI-ID-5 (SHOULD): Revision >= 1 */
TEST(PCI_ID_5, revision_is_not_0, NEEDS_PCI)
{
	EXPECT_GE(value_at(PCI_CLASS_REVISION) & 0xff, 1, "revision id");
}

/* PCI-ID-6 (SHOULD): Subsystem device ID >= 0x40 */
TEST(PCI_ID_6, subsystem_is_not_that_of_a_legacy_device, NEEDS_PCI)
{
	EXPECT_GE(pci_read16(iommu.dev.pci, PCI_SUBSYSTEM_ID), 0x40, "subsystem device id");
}

/* PCI-COM-3 (MUST): device_feature shows bits 32*select.. for any select (0 for words without features) */
TEST(PCI_COM_3, words_without_features_are_0, NEEDS_PCI)
{
	uint32_t bits = iommu.dev.transport->offered(&iommu.dev, UINT32_MAX);

	for (uint32_t word = 4; word < 32; word++)
		bits |= iommu.dev.transport->offered(&iommu.dev, word);
	EXPECT(!bits, "device_feature is 0 where there are no feature bits: from 128 on",
	       "the words together are %#x", bits);
	bits = iommu.dev.transport->offered(&iommu.dev, 2) | iommu.dev.transport->offered(&iommu.dev, 3);
	if (bits)
		judge(VERDICT_WARN, AT, "no feature bit from 64 to 127, of which this device type has none",
		      "%#x", bits);
}

static uint64_t driver_features(void)
{
	uint64_t seen = 0;

	for (int word = 1; word >= 0; word--) {
		register_write32(iommu.dev.common + COMMON_DRIVER_FEATURE_SELECT, word);
		seen = seen << 32 | register_read32(iommu.dev.common + COMMON_DRIVER_FEATURE);
	}
	return seen;
}

/* PCI-COM-4 (MUST): driver_feature reads back the valid bits written */
TEST(PCI_COM_4, driver_features_read_back, NEEDS_PCI)
{
	EXPECT_EQ(driver_features(), iommu.wanted, "driver_feature, as it was written");
}

/* Later drivers know of more than 64 bits, and accept none of them. */
TEST(PCI_COM_4, words_without_features_are_written_without_effect, NEEDS_PCI)
{
	REQUIRE(virtio_reset(&iommu.dev));
	iommu.dev.transport->set_status(&iommu.dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	for (uint32_t word = 0; word < 4; word++)
		iommu.dev.transport->accept(&iommu.dev, word, word < 2 ? iommu.wanted >> 32 * word : 0);
	EXPECT_EQ(driver_features(), iommu.wanted, "driver_feature, after 0 to the words from 64 on");
	REQUIRE(restart_device(AT, iommu.wanted));
}

static bool queue_enabled(uint16_t queue)
{
	return iommu.dev.transport->queue_enabled(&iommu.dev, queue);
}

/* PCI-COM-8 (MUST): queue_enable is 0 after reset */
TEST(PCI_COM_8, reset_disables_the_queues, NEEDS_PCI)
{
	for (uint16_t queue = 0; queue < 2; queue++)
		EXPECT_EQ(queue_enabled(queue), 1, "queue_enable of queue %u before a reset", queue);
	virtio_reset(&iommu.dev);
	for (uint16_t queue = 0; queue < 2; queue++)
		EXPECT_EQ(queue_enabled(queue), 0, "queue_enable of queue %u after a reset", queue);
}

static void expect_no_queue(struct source_line at, uint16_t queue)
{
	iommu.dev.transport->queue_max(&iommu.dev, 0);
	expect_eq(at, iommu.dev.transport->queue_max(&iommu.dev, queue), 0,
		  "queue_size of queue %u, which is not there", queue);
}

/* PCI-COM-14 (MUST): queue_size is 0 for an absent queue */
TEST(PCI_COM_14, queue_behind_the_last_has_size_0, NEEDS_PCI)
{
	expect_no_queue(AT, register_read16(iommu.dev.common + COMMON_NUM_QUEUES));
	expect_no_queue(AT, 0x100);
}

TEST(PCI_COM_14, queue_65535_has_size_0, NEEDS_PCI)
{
	expect_no_queue(AT, UINT16_MAX);
}

static bool is_power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

/* PCI-COM-15 (MUST): Without packed rings queue_size is 0 or a power of 2 */
/* As offered: after a reset. */
TEST(PCI_COM_15, queue_sizes_are_powers_of_2, NEEDS_PCI)
{
	virtio_reset(&iommu.dev);
	for (uint16_t queue = 0; queue < 2; queue++) {
		uint16_t size = iommu.dev.transport->queue_max(&iommu.dev, queue);

		EXPECT(is_power_of_two(size), "a power of 2", "%u: queue_size of queue %u", size, queue);
	}
}

/* PCI-64-1 (MUST): Both halves of 64-bit config fields can be accessed on their own */
TEST(PCI_64_1, halves_can_be_read_alone, NEEDS_PCI)
{
	uint32_t words[6];

	for (unsigned int i = 0; i < 6; i++)
		words[i] = iommu_config_u32(4 * i);
	for (unsigned int i = 0; i < 36; i++) {
		EXPECT_EQ(iommu_config_u32(i / 6 * 4), words[i / 6], "%s, in round %u",
			  config_word_name(i / 6), i);
		EXPECT_EQ(iommu_config_u32(i % 6 * 4), words[i % 6], "%s, in round %u",
			  config_word_name(i % 6), i);
	}
}

static void write_half(unsigned int field, bool high, uint64_t value)
{
	register_write32(iommu.dev.common + field + (high ? 4 : 0), high ? value >> 32 : value);
}

static void expect_halves(struct source_line at, unsigned int field, uint64_t value, const char *when)
{
	static const char *const names[] = {"queue_desc", "queue_driver", "queue_device"};
	volatile uint8_t *low = iommu.dev.common + field;

	expect_eq(at, register_read32(low) | (uint64_t)register_read32(low + 4) << 32, value,
		  "%s of queue %u, %s", names[(field - COMMON_QUEUE_DESC) / sizeof(uint64_t)],
		  register_read16(iommu.dev.common + COMMON_QUEUE_SELECT), when);
}

/* Of a queue that is not enabled, so that it need not be an address of anything. */
static void write_halves(struct source_line at, unsigned int field, bool high_first)
{
	const uint64_t value = 0x123456789abcd000, other = 0x0fedcba987654000;
	const uint64_t upper = 0xffffffffull << 32;

	write_half(field, high_first, value);
	write_half(field, !high_first, value);
	expect_halves(at, field, value, high_first ? "high half first" : "low half first");
	write_half(field, false, other);
	expect_halves(at, field, (value & upper) | (other & ~upper), "low half written again");
	write_half(field, true, other);
	expect_halves(at, field, other, "high half written again");
}

TEST(PCI_64_1, halves_can_be_written_alone_in_any_order, NEEDS_PCI)
{
	static const uint8_t fields[] = {COMMON_QUEUE_DESC, COMMON_QUEUE_DRIVER, COMMON_QUEUE_DEVICE};

	REQUIRE(negotiate_device(AT, iommu.wanted));
	for (uint16_t queue = 0; queue < 2; queue++) {
		register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
		for (unsigned int i = 0; i < 2 * sizeof(fields); i++)
			write_halves(AT, fields[i / 2], i % 2);
	}
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* A request, with used buffer notifications or without. Return VIRTIO_USED_BUFFER if one came, else 0. */
static uint8_t interrupted(bool wanted)
{
	uint8_t seen;

	take_interrupts();
	ring_want_interrupt(&iommu.requests, wanted);
	attach(iommu.config.domain_start, nobodys_id(), 0);
	seen = wait_interrupt(wanted);
	ring_want_interrupt(&iommu.requests, false);
	return seen & VIRTIO_USED_BUFFER;
}

/* In configuration space. */
static bool interrupt_status(void)
{
	return pci_read16(iommu.dev.pci, PCI_STATUS) & 1 << 3;
}

/* PCI-ISR-1 (MUST): At least one ISR_CFG capability */
TEST(PCI_ISR_1, isr_status_is_there, NEEDS_PCI)
{
	EXPECT(iommu.dev.isr, "a capability of type 3, of at least one byte, that fits its BAR",
	       "the first one of type 3 is at %#x, 0 for none",
	       virtio_pci_structure(iommu.dev.pci, TYPE_ISR));
}

/* PCI-ISR-3 (MUST): MSI-X off: ISR bit 0 set before a used notification */
TEST(PCI_ISR_3, used_buffer_sets_bit_0, NEEDS_PCI)
{
	EXPECT_EQ(interrupted(true), VIRTIO_USED_BUFFER, "bit 0 of the ISR status after a request");
}

/* PCI-ISR-4 (MUST): MSI-X off: PCI Status.Interrupt = OR of ISR bits */
TEST(PCI_ISR_4, interrupt_status_shows_it, NEEDS_PCI)
{
	bool has_pin = pci_read8(iommu.dev.pci, PCI_INTERRUPT_PIN);
	struct deadline deadline = deadline_in(has_pin ? REPLY_TIMEOUT_US :
							 timing_quiet_us(TIMED_NOTIFICATION));
	bool set;

	take_interrupts();
	ring_want_interrupt(&iommu.requests, true);
	attach(iommu.config.domain_start, nobodys_id(), 0);
	do
		set = interrupt_status();
	while (!set && !deadline_over(&deadline));
	ring_want_interrupt(&iommu.requests, false);
	if (!set && !has_pin) {		/* PCI 3.0, 6.2.3: the bit is that of INTx */
		INFO("the device has no INTx, and never sets the bit");
		return;
	}
	EXPECT_EQ(set, 1, "Interrupt Status, while the ISR status is set");
	EXPECT_NE(take_interrupts(), 0, "ISR status, while Interrupt Status is set");
	EXPECT_EQ(interrupt_status(), 0, "Interrupt Status after reading the ISR status");
}

/* PCI-ISR-5 (MUST): Reading ISR clears it */
TEST(PCI_ISR_5, reading_clears_it, NEEDS_PCI)
{
	interrupted(true);
	EXPECT_EQ(take_interrupts(), 0, "ISR status when it is read again");
}

/* GEN-NU-1 (MUST): No EVENT_IDX: `used_event` is ignored */
/* Without EVENT_IDX the field does not exist. */
TEST(GEN_NU_1, used_event_does_not_count, NEEDS_SPLIT | NEEDS_NO_EVENT_IDX)
{
	for (unsigned int i = 0; i < 3; i++) {
		iommu.requests.avail->heads[iommu.requests.size] = iommu.requests.last_used + 1000;
		EXPECT_EQ(interrupted(true), VIRTIO_USED_BUFFER, "notification of buffer %u", i);
	}
	iommu.requests.avail->heads[iommu.requests.size] = 0;
}

/* GEN-NU-2 (SHOULD NOT): No EVENT_IDX, avail.flags=1: no used notification expected */
TEST(GEN_NU_2, no_notification_where_none_is_wanted, NEEDS_NO_EVENT_IDX)
{
	if (!notification_comes())
		SILENT("the device sends no notification (GEN-NU-3)");
	EXPECT_EQ(interrupted(false), 0, "notification with avail.flags 1");
}

/* GEN-NU-3 (MUST): No EVENT_IDX, avail.flags=0: notification sent */
TEST(GEN_NU_3, notification_where_one_is_wanted, NEEDS_NO_EVENT_IDX)
{
	EXPECT_EQ(interrupted(true), VIRTIO_USED_BUFFER, "notification with avail.flags 0");
}
