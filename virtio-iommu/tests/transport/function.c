// SPDX-License-Identifier: BSD-3-Clause
/*
 * The IOMMU as a function on PCI (PCI 3.0, chapter 6; virtio 1.4, 4.1.1): its registers are where its BARs
 * are, and it reaches memory while it may.
 */
#include <string.h>

#include "judge/steps/noop_request.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"
#include "topology/firmware.h"
#include "virtio/pci_layout.h"

/* Look for the registers anew, in the midst of a session. */
static bool reopen(struct source_line at)
{
	struct virtio_device before = iommu.dev;
	struct error error = {0};

	if (!virtio_pci_open(&iommu.dev, before.pci, &error)) {
		judge(VERDICT_FAIL, at, "the registers are where the BAR was moved to", "%s", error.text);
		iommu.dev = before;
		return false;
	}
	iommu.dev.accepted = before.accepted;
	memcpy(iommu.dev.rings, before.rings, sizeof(before.rings));
	return true;
}

/* Each BAR that a structure lies in, once. Return false if one of them cannot be moved. */
static bool move_bars(void)
{
	static const uint8_t types[] = {TYPE_COMMON, TYPE_NOTIFY, TYPE_ISR, TYPE_DEVICE};
	unsigned int moved = 0;

	for (unsigned int i = 0; i < sizeof(types); i++) {
		unsigned int cap = virtio_pci_usable_structure(iommu.dev.pci, types[i]);
		uint8_t bar = cap ? pci_read8(iommu.dev.pci, cap + CAP_BAR) : 0;

		if (!cap || (moved >> bar & 1))
			continue;
		if (!pci_move_bar(firmware.pci, iommu.dev.pci, bar))
			return false;
		moved |= 1u << bar;
	}
	return true;
}

/* PCI-1 (MUST): PCI/PCIe-conformant interface */
/* PCI 3.0, 6.2.5: a session goes on where the registers are moved to, and so does the next one. */
TEST(PCI_1, device_works_wherever_its_registers_are, NEEDS_PCI)
{
	for (unsigned int i = 0; i < 2; i++) {
		bool moved = move_bars();

		if (!reopen(AT))
			return;
		if (!moved)
			SKIP("no room for the registers at another place");
		if (!expect_queue_works(AT, "whose notification goes to where the BAR was moved"))
			return (void)restart_device(AT, iommu.wanted);
		REQUIRE(restart_device(AT, iommu.wanted));
		if (!expect_queue_works(AT, "of a session behind that in which the BAR was moved"))
			return (void)restart_device(AT, iommu.wanted);
	}
}

/* PCI 3.0, 6.2.2: a function whose bit Bus Master is 0 generates no accesses. */
TEST(PCI_1, function_that_is_no_bus_master_leaves_memory_alone, NEEDS_PCI)
{
	uint16_t command = pci_read16(iommu.dev.pci, PCI_COMMAND);

	REQUIRE(expect_queue_works(AT, "of a bus master"));
	pci_write16(iommu.dev.pci, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
	expect_noop_left_alone(AT, "while the function is no bus master");
	virtio_reset(&iommu.dev);
	pci_write16(iommu.dev.pci, PCI_COMMAND, command);
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_queue_works(AT, "of a function that is bus master again");
}

/* PCI-COM-7 (MUST): Writing 0 to device_status resets and then reads 0 */
/* 4.1.4.3: on reset, queue_size is the most that the queue can have. */
TEST(PCI_COM_7, queue_sizes_are_as_at_first_after_a_reset, NEEDS_PCI)
{
	uint16_t most[2];

	REQUIRE(reset_device(AT));
	for (uint16_t queue = 0; queue < 2; queue++)
		most[queue] = iommu.dev.transport->queue_max(&iommu.dev, queue);
	for (uint16_t size = 1; size <= 4; size *= 2) {
		REQUIRE(restart_with_queues(AT, iommu.wanted, size, size));
		REQUIRE(reset_device(AT));
		for (uint16_t queue = 0; queue < 2; queue++)
			EXPECT_EQ(iommu.dev.transport->queue_max(&iommu.dev, queue), most[queue],
				  "queue_size of queue %u after a reset, which was %u before", queue, size);
	}
	REQUIRE(restart_device(AT, iommu.wanted));
}
