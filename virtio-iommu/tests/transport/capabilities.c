// SPDX-License-Identifier: BSD-3-Clause
/*
 * What configuration space says of a virtio device on PCI (virtio 1.4, 4.1.2 and 4.1.4). Each structure
 * is looked at; the suite drives the device by the first one of each type.
 */
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"
#include "register.h"
#include "virtio/pci_layout.h"

#define VENDOR_VIRTIO 0x1af4
#define DEVICE_FIRST 0x1040
#define DEVICE_LAST 0x107f

#define EACH_STRUCTURE(cap, type)                                                                 \
	for (unsigned int cap = 0; (cap = virtio_pci_next_structure(iommu.dev.pci, type, cap));)

static uint32_t word(unsigned int offset)
{
	return pci_read32(iommu.dev.pci, offset);
}

/* PCI-ID-1 (MUST): Vendor 0x1AF4 */
TEST(PCI_ID_1, vendor_is_0x1af4, NEEDS_PCI)
{
	EXPECT_EQ(iommu.dev.pci->vendor, VENDOR_VIRTIO, "vendor id");
}

/* PCI-ID-2 (MUST): Device ID 0x1040+23 = 0x1057; type 23 has no transitional ID */
TEST(PCI_ID_2, device_is_0x1040_and_the_type, NEEDS_PCI)
{
	EXPECT_EQ(iommu.dev.pci->device, DEVICE_FIRST + VIRTIO_TYPE_IOMMU, "device id");
}

/* PCI-ID-4 (SHOULD): Device ID in 0x1040-0x107f */
TEST(PCI_ID_4, device_is_not_that_of_a_legacy_device, NEEDS_PCI)
{
	EXPECT_GE(iommu.dev.pci->device, DEVICE_FIRST, "device id");
	EXPECT_LE(iommu.dev.pci->device, DEVICE_LAST, "device id");
}

static uint8_t least_length(uint8_t type)
{
	switch (type) {
	case TYPE_NOTIFY:
	case TYPE_ACCESS:
		return CAP_EXTENDED_SIZE;
	case TYPE_SHARED_MEMORY:
		return CAP_SIZE_64;
	case TYPE_VENDOR:
		return CAP_VENDOR_ID + sizeof(uint16_t);
	default:
		return CAP_SIZE;
	}
}

/* PCI-CAP-1 (MUST): cap_len covers the extra data */
TEST(PCI_CAP_1, capabilities_are_long_enough, NEEDS_PCI)
{
	unsigned int cap = 0;

	while ((cap = pci_find_capability(iommu.dev.pci, PCI_CAP_VENDOR, cap))) {
		uint8_t type = pci_read8(iommu.dev.pci, cap + CAP_TYPE);

		EXPECT_GE(pci_read8(iommu.dev.pci, cap + CAP_LENGTH), least_length(type),
			  "cap_len of the capability of type %u at %#x", type, cap);
	}
}

static void expect_aligned(struct source_line at, uint8_t type, uint32_t to)
{
	EACH_STRUCTURE(cap, type) {
		uint32_t offset = word(cap + CAP_OFFSET);

		expect_eq(at, offset % to, 0, "offset %#x modulo %u, of the structure of type %u", offset, to,
			  type);
	}
}

/* PCI-COM-1 (MUST): COMMON_CFG offset 4-byte aligned */
TEST(PCI_COM_1, common_configuration_is_aligned, NEEDS_PCI)
{
	expect_aligned(AT, TYPE_COMMON, 4);
}

/* PCI-DEV-1 (MUST): DEVICE_CFG offset 4-byte aligned */
TEST(PCI_DEV_1, device_configuration_is_aligned, NEEDS_PCI)
{
	expect_aligned(AT, TYPE_DEVICE, 4);
}

static void expect_structure(struct source_line at, uint8_t type)
{
	expect_ne(at, virtio_pci_structure(iommu.dev.pci, type), 0,
		  "place of a capability of type %u", type);
}

/* PCI-COM-2 (MUST): At least one COMMON_CFG capability */
/* Without them the run ends before it. */
TEST(PCI_COM_2, common_configuration_is_there, NEEDS_PCI)
{
	expect_structure(AT, TYPE_COMMON);
}

/* PCI-NTF-1 (MUST): At least one NOTIFY_CFG capability */
TEST(PCI_NTF_1, notification_area_is_there, NEEDS_PCI)
{
	expect_structure(AT, TYPE_NOTIFY);
}

/* One set of rules for devices that offer NOTIFICATION_DATA, and one for others. */
#define ONLY_WITH_DATA()                                                                          \
	do {                                                                                      \
		if (!iommu_offers(VIRTIO_F_NOTIFICATION_DATA))                                    \
			NOT_APPLICABLE("needs a device that offers NOTIFICATION_DATA");                     \
	} while (0)
#define ONLY_WITHOUT_DATA()                                                                       \
	do {                                                                                      \
		if (iommu_offers(VIRTIO_F_NOTIFICATION_DATA))                                     \
			NOT_APPLICABLE("needs a device without feature NOTIFICATION_DATA");                 \
	} while (0)

static void expect_multiplier(struct source_line at, uint32_t least, const char *expected)
{
	EACH_STRUCTURE(cap, TYPE_NOTIFY) {
		uint32_t multiplier = word(cap + CAP_NOTIFY_MULTIPLIER);
		bool power = !(multiplier & (multiplier - 1));

		if (multiplier && (!power || multiplier < least))
			judge(BY_LEVEL, at, expected, "%#x: notify_off_multiplier", multiplier);
	}
}

static void expect_length(struct source_line at, uint32_t least)
{
	EACH_STRUCTURE(cap, TYPE_NOTIFY)
		expect_ge(at, word(cap + CAP_STRUCTURE_LENGTH), least, "length of the notification area");
}

static void expect_room(struct source_line at, uint32_t width)
{
	for (uint16_t queue = 0; queue < 2; queue++) {
		uint64_t end;

		register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
		end = (uint64_t)register_read16(iommu.dev.common + COMMON_QUEUE_NOTIFY_OFF) *
			      iommu.dev.notify_multiplier + width;
		expect_le(at, end, iommu.dev.notify_length,
			  "end of the doorbell of queue %u, in the notification area", queue);
	}
}

/* PCI-NTF-2 (MUST): No bit 38: offset 2-byte aligned */
TEST(PCI_NTF_2, notification_area_is_aligned, NEEDS_PCI)
{
	ONLY_WITHOUT_DATA();
	expect_aligned(AT, TYPE_NOTIFY, 2);
}

/* PCI-NTF-3 (MUST): No bit 38: multiplier 0 or an even power of 2 */
TEST(PCI_NTF_3, multiplier_is_0_or_an_even_power_of_2, NEEDS_PCI)
{
	ONLY_WITHOUT_DATA();
	expect_multiplier(AT, 2, "0 or an even power of 2");
}

/* PCI-NTF-4 (MUST + MUST): No bit 38: length >= 2 and enough for all queues */
TEST(PCI_NTF_4, notification_area_has_2_bytes_or_more, NEEDS_PCI)
{
	ONLY_WITHOUT_DATA();
	expect_length(AT, 2);
}

/* PCI-NTF-5 (MUST): No bit 38: length >= off*mult + 2 for each queue */
TEST(PCI_NTF_5, notification_area_covers_each_queue, NEEDS_PCI)
{
	ONLY_WITHOUT_DATA();
	expect_room(AT, 2);
}

/* PCI-NTF-6 (MUST): Bit 38 offered: multiplier 0 or a power of 2 that is a multiple of 4 */
TEST(PCI_NTF_6, multiplier_with_data_is_a_multiple_of_4, NEEDS_PCI)
{
	ONLY_WITH_DATA();
	expect_multiplier(AT, 4, "0 or a power of 2 that is a multiple of 4");
}

/* PCI-NTF-7 (MUST): Bit 38 offered: offset 4-byte aligned */
TEST(PCI_NTF_7, notification_area_with_data_is_aligned, NEEDS_PCI)
{
	ONLY_WITH_DATA();
	expect_aligned(AT, TYPE_NOTIFY, 4);
}

/* PCI-NTF-8 (MUST + MUST): Bit 38 offered: length >= 4 and enough for all queues */
TEST(PCI_NTF_8, notification_area_with_data_has_4_bytes_or_more, NEEDS_PCI)
{
	ONLY_WITH_DATA();
	expect_length(AT, 4);
}

/* PCI-NTF-9 (MUST): Bit 38 offered: length >= off*mult + 4 for each queue */
TEST(PCI_NTF_9, notification_area_with_data_covers_each_queue, NEEDS_PCI)
{
	ONLY_WITH_DATA();
	expect_room(AT, 4);
}

#define NEEDS_STRUCTURE(type, name)                                                               \
	do {                                                                                      \
		if (!virtio_pci_structure(iommu.dev.pci, type))                                   \
			NOT_APPLICABLE("there is no " name " capability");                                  \
	} while (0)

/* PCI-SHM-1 (MUST): SHM region lies inside its BAR */
TEST(PCI_SHM_1, shared_memory_lies_in_its_bar, NEEDS_PCI)
{
	NEEDS_STRUCTURE(TYPE_SHARED_MEMORY, "shared memory");
	EACH_STRUCTURE(cap, TYPE_SHARED_MEMORY) {
		uint64_t offset = word(cap + CAP_OFFSET) | (uint64_t)word(cap + CAP_OFFSET_HIGH) << 32;
		uint64_t length = word(cap + CAP_STRUCTURE_LENGTH) |
				  (uint64_t)word(cap + CAP_LENGTH_HIGH) << 32;

		uint8_t bar = pci_read8(iommu.dev.pci, cap + CAP_BAR);

		EXPECT(pci_map_bar(iommu.dev.pci, bar, offset, length), "a region that fits its BAR",
		       "%#lx bytes at %#lx of BAR %u", length, offset, bar);
	}
}

/* PCI-SHM-2 (MUST): SHM ids unique */
TEST(PCI_SHM_2, shared_memory_ids_are_unique, NEEDS_PCI)
{
	bool seen[256] = {false};

	NEEDS_STRUCTURE(TYPE_SHARED_MEMORY, "shared memory");
	EACH_STRUCTURE(cap, TYPE_SHARED_MEMORY) {
		uint8_t id = pci_read8(iommu.dev.pci, cap + CAP_ID);

		EXPECT(!seen[id], "an id that no other region has", "id %u twice", id);
		seen[id] = true;
	}
}

/* PCI-VND-1 (MUST NOT): Vendor data capability: vendor_id != 0x1AF4 */
TEST(PCI_VND_1, vendor_data_is_not_that_of_virtio, NEEDS_PCI)
{
	NEEDS_STRUCTURE(TYPE_VENDOR, "vendor data");
	EACH_STRUCTURE(cap, TYPE_VENDOR) {
		uint16_t vendor = pci_read16(iommu.dev.pci, cap + CAP_VENDOR_ID);

		EXPECT_NE(vendor, VENDOR_VIRTIO, "vendor_id of vendor data");
	}
}

/* PCI-VND-2 (MUST): ...size multiple of 4 */
TEST(PCI_VND_2, size_of_vendor_data_is_a_multiple_of_4, NEEDS_PCI)
{
	NEEDS_STRUCTURE(TYPE_VENDOR, "vendor data");
	EACH_STRUCTURE(cap, TYPE_VENDOR) {
		uint8_t length = pci_read8(iommu.dev.pci, cap + CAP_LENGTH);

		EXPECT_EQ(length % 4, 0, "cap_len %u of vendor data, modulo 4", length);
	}
}

static uint32_t sum_of_words(unsigned int cap)
{
	unsigned int end = cap + pci_read8(iommu.dev.pci, cap + CAP_LENGTH);
	uint32_t sum = 0;

	for (unsigned int at = cap; at + 4 <= end; at += 4)
		sum = sum * 31 + word(at);
	return sum;
}

/* PCI-VND-3 (MUST NOT): ...reads have no side effects */
TEST(PCI_VND_3, reading_vendor_data_changes_nothing, NEEDS_PCI)
{
	NEEDS_STRUCTURE(TYPE_VENDOR, "vendor data");
	EACH_STRUCTURE(cap, TYPE_VENDOR)
		for (unsigned int i = 0; i < 3; i++) {
			uint32_t sum = sum_of_words(cap);

			EXPECT_EQ(sum_of_words(cap), sum, "sum over the vendor data at %#x, read again", cap);
		}
}

enum { EXTENDED_FIRST = 0x100, EXTENDED_END = 0x1000, EXTENDED_SR_IOV = 0x10 };

/* PCIe 6.0, 7.6.3; reads as ones or zeroes where there is no extended configuration space. */
static bool has_extended(uint16_t id)
{
	uint32_t header = 0;

	for (unsigned int at = EXTENDED_FIRST, steps = 0;
	     at >= EXTENDED_FIRST && at < EXTENDED_END && steps < 64; at = header >> 20 & ~3u, steps++) {
		header = word(at);
		if (!header || header == UINT32_MAX)
			return false;
		if ((header & 0xffff) == id)
			return true;
	}
	return false;
}

/* GEN-RSVD-9 (SHOULD + MUST NOT): SR_IOV (37) offered exactly when the PCI SR-IOV capability is there */
TEST(GEN_RSVD_9, sr_iov_is_offered_with_its_capability, NEEDS_PCI)
{
	bool there = has_extended(EXTENDED_SR_IOV), offered = iommu_offers(VIRTIO_F_SR_IOV);

	if (there && !offered)
		judge(VERDICT_WARN, AT, "SR_IOV (bit 37), as the capability is there", "features %#lx",
		      iommu.offered);
	EXPECT(there || !offered, "no SR_IOV (bit 37) without its capability", "features %#lx",
	       iommu.offered);
}

static bool has_admin_fields(struct source_line at, uint16_t *index, uint16_t *count)
{
	if (!restart_device(at, iommu.wanted | VIRTIO_FEATURE(VIRTIO_F_ADMIN_VQ)))
		return false;
	*index = register_read16(iommu.dev.common + COMMON_ADMIN_INDEX);
	*count = register_read16(iommu.dev.common + COMMON_ADMIN_COUNT);
	return true;
}

/* PCI-COM-16 (MUST): admin_queue_index >= num_queues */
TEST(PCI_COM_16, admin_queues_come_behind_the_others, NEEDS_PCI)
{
	uint16_t index, count;

	if (!iommu_offers(VIRTIO_F_ADMIN_VQ))
		NOT_APPLICABLE("needs feature ADMIN_VQ");
	REQUIRE(has_admin_fields(AT, &index, &count));
	EXPECT_GE(index, register_read16(iommu.dev.common + COMMON_NUM_QUEUES),
		  "admin_queue_index, after num_queues");
}

/* PCI-COM-17 (MUST): admin_queue_num <= 0x10000 - index */
TEST(PCI_COM_17, indexes_of_admin_queues_have_16_bits, NEEDS_PCI)
{
	uint16_t index, count;

	if (!iommu_offers(VIRTIO_F_ADMIN_VQ))
		NOT_APPLICABLE("needs feature ADMIN_VQ");
	REQUIRE(has_admin_fields(AT, &index, &count));
	EXPECT_LE(count, 0x10000 - index, "admin_queue_num, after %u other queues", index);
}

static void write_features(uint64_t features)
{
	for (uint32_t i = 0; i < 2; i++)
		iommu.dev.transport->accept(&iommu.dev, i, features >> 32 * i);
}

static uint64_t read_features(void)
{
	uint64_t seen = 0;

	for (int i = 1; i >= 0; i--) {
		register_write32(iommu.dev.common + COMMON_DRIVER_FEATURE_SELECT, i);
		seen = seen << 32 | register_read32(iommu.dev.common + COMMON_DRIVER_FEATURE);
	}
	return seen;
}

/* PCI-COM-5 (MAY): Invalid bits can be mirrored */
TEST(PCI_COM_5, invalid_bits_leave_valid_ones_alone, NEEDS_PCI)
{
	uint64_t seen;

	REQUIRE(reset_device(AT));
	iommu.dev.transport->set_status(&iommu.dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	write_features(iommu.wanted | ~iommu.offered);
	seen = read_features();
	if ((seen & iommu.offered) != iommu.wanted)	/* PCI-COM-4 */
		judge(VERDICT_FAIL, AT, "driver_feature shows the valid bits as they were written",
		      "%#lx, written were %#lx", seen & iommu.offered, iommu.wanted);
	INFO("bits that are not offered are %s", seen & ~iommu.offered ? "shown" : "dropped");
}
