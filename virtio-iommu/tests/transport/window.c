// SPDX-License-Identifier: BSD-3-Clause
/*
 * The window in configuration space (virtio 1.4, 4.1.4.9): what is done through it is done to the BAR, once,
 * at the moment of the access, in as many bytes as it is set to, and at any structure.
 */
#include "driver/names.h"
#include "driver/timing.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"
#include "register.h"
#include "time.h"
#include "util.h"
#include "virtio/pci_layout.h"

/* A field in the first capability of @type, or in none. */
static uint32_t field(uint8_t type, unsigned int offset)
{
	unsigned int cap = virtio_pci_usable_structure(iommu.dev.pci, type);

	return cap ? pci_read32(iommu.dev.pci, cap + offset) : 0;
}

/* Set the window to a byte of the BAR where the structure @type lies. Returns pci_cfg_data, 0 for none. */
static unsigned int window(uint8_t type, unsigned int offset, unsigned int width)
{
	const struct pci_dev *pci = iommu.dev.pci;
	unsigned int cap = virtio_pci_structure(pci, TYPE_ACCESS);

	if (!cap)
		return 0;
	pci_write8(pci, cap + CAP_BAR, field(type, CAP_BAR));
	pci_write32(pci, cap + CAP_OFFSET, field(type, CAP_OFFSET) + offset);
	pci_write32(pci, cap + CAP_STRUCTURE_LENGTH, width);
	return cap + CAP_ACCESS_DATA;
}

static uint32_t read_window(unsigned int data, unsigned int width)
{
	return width == 1 ? pci_read8(iommu.dev.pci, data) :
	       width == 2 ? pci_read16(iommu.dev.pci, data) : pci_read32(iommu.dev.pci, data);
}

static void write_window(unsigned int data, unsigned int width, uint32_t value)
{
	if (width == 1)
		pci_write8(iommu.dev.pci, data, value);
	else if (width == 2)
		pci_write16(iommu.dev.pci, data, value);
	else
		pci_write32(iommu.dev.pci, data, value);
}

#define NO_WINDOW "there is no access window (PCI-ACC-1)"

/* PCI-ACC-1 (MUST): At least one PCI_CFG (type 5) capability */
TEST(PCI_ACC_1, access_window_is_there, NEEDS_PCI)
{
	EXPECT_NE(virtio_pci_structure(iommu.dev.pci, TYPE_ACCESS), 0, "place of a capability of type 5");
}

/*
 * Fields of common configuration that read as they were written, with two values for each: those of the first
 * queue from FEATURES_OK on, and the selectors in front of what they select.
 */
static const struct common_field {
	const char *name;
	uint8_t offset, width;
	uint32_t values[2];
	bool selects;		/* what others read */
	bool of_queue;
} fields[] = {
	{"device_feature_select", COMMON_DEVICE_FEATURE_SELECT, 4, {1, 0}, .selects = true},
	{"driver_feature_select", COMMON_DRIVER_FEATURE_SELECT, 4, {1, 0}, .selects = true},
	{"queue_select", COMMON_QUEUE_SELECT, 2, {1, 0}, .selects = true},
	{"device_status", COMMON_DEVICE_STATUS, 1,
	 {VIRTIO_ACKNOWLEDGE, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER}, .selects = false},
	{"queue_size", COMMON_QUEUE_SIZE, 2, {1, 2}, .of_queue = true},
	{"low half of queue_desc", COMMON_QUEUE_DESC, 4, {0x89abc000, 0x12345000}, .of_queue = true},
	{"high half of queue_desc", COMMON_QUEUE_DESC + 4, 4, {0x76543210, 0xfedc}, .of_queue = true},
	{"low half of queue_driver", COMMON_QUEUE_DRIVER, 4, {0x5a5a5000, 0xa5a5a000}, .of_queue = true},
	{"high half of queue_driver", COMMON_QUEUE_DRIVER + 4, 4, {0x1111, 0x2222}, .of_queue = true},
	{"low half of queue_device", COMMON_QUEUE_DEVICE, 4, {0x13579000, 0x2468a000}, .of_queue = true},
	{"high half of queue_device", COMMON_QUEUE_DEVICE + 4, 4, {0x3333, 0x4444}, .of_queue = true},
};

/* Fields that may change together with what a driver writes, and are not written here. */
static const struct common_field shown[] = {
	{.name = "config_msix_vector", .offset = COMMON_CONFIG_VECTOR, .width = 2},
	{.name = "num_queues", .offset = COMMON_NUM_QUEUES, .width = 2},
	{.name = "queue_msix_vector", .offset = COMMON_QUEUE_VECTOR, .width = 2},
	{.name = "queue_enable", .offset = COMMON_QUEUE_ENABLE, .width = 2},
	{.name = "queue_notify_off", .offset = COMMON_QUEUE_NOTIFY_OFF, .width = 2},
};

#define FIELDS (ARRAY_SIZE(fields) + ARRAY_SIZE(shown))

static const struct common_field *common_field(unsigned int index)
{
	return index < ARRAY_SIZE(fields) ? &fields[index] : &shown[index - ARRAY_SIZE(fields)];
}

static uint32_t read_directly(const struct common_field *f)
{
	return register_read(iommu.dev.common + f->offset, f->width);
}

/* All bytes of pci_cfg_data are ones after it: those that a write does not have are not zeroes by chance. */
static void fill_window(void)
{
	unsigned int select = COMMON_DRIVER_FEATURE_SELECT;

	write_window(window(TYPE_COMMON, select, 4), 4, UINT32_MAX);
	register_write32(iommu.dev.common + select, 0);
}

static void expect_others(struct source_line at, const struct common_field *written,
			  const uint32_t before[FIELDS])
{
	for (unsigned int i = 0; i < FIELDS && !written->selects; i++) {
		const struct common_field *f = common_field(i);

		if (f != written)
			expect_eq(at, read_directly(f), before[i],
				  "%s, after a write of %s through the window", f->name, written->name);
	}
}

static void expect_written(struct source_line at, const struct common_field *f, uint32_t value)
{
	uint32_t before[FIELDS];

	if (!f->selects)
		fill_window();
	for (unsigned int i = 0; i < FIELDS; i++)
		before[i] = read_directly(common_field(i));
	write_window(window(TYPE_COMMON, f->offset, f->width), f->width, value);
	expect_eq(at, read_directly(f), value, "%s, written through the window", f->name);
	expect_others(at, f, before);
}

/* PCI-ACC-2 (MUST): Write to pci_cfg_data performs the BAR write */
/* The field, and no other. */
TEST(PCI_ACC_2, access_window_writes, NEEDS_PCI)
{
	if (!virtio_pci_structure(iommu.dev.pci, TYPE_ACCESS))
		SILENT(NO_WINDOW);
	for (unsigned int of_queue = 0; of_queue < 2; of_queue++) {
		REQUIRE(of_queue ? negotiate_device(AT, iommu.wanted) : reset_device(AT));
		for (unsigned int i = 0; i < 2 * ARRAY_SIZE(fields); i++)
			if (fields[i / 2].of_queue == of_queue)
				expect_written(AT, &fields[i / 2], fields[i / 2].values[i % 2]);
	}
	REQUIRE(restart_device(AT, iommu.wanted));
}

TEST(PCI_ACC_2, access_window_writes_bypass, NEEDS_PCI | NEEDS_BYPASS_CONFIG)
{
	size_t offset = offsetof(struct iommu_config, bypass);

	if (!virtio_pci_structure(iommu.dev.pci, TYPE_ACCESS))
		SILENT(NO_WINDOW);
	for (unsigned int i = 0; i < 4; i++) {
		write_window(window(TYPE_DEVICE, offset, 1), 1, i % 2);
		EXPECT_EQ(iommu_bypass(), i % 2, "bypass, written through the window");
	}
}

/* Each time that it is done, also without setting the window anew. */
TEST(PCI_ACC_2, access_window_notifies, NEEDS_PCI)
{
	bool wide = iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA);
	unsigned int width = wide ? 4 : 2, data;
	uint32_t offset;

	register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, REQUEST_QUEUE);
	offset = register_read16(iommu.dev.common + COMMON_QUEUE_NOTIFY_OFF) * iommu.dev.notify_multiplier;
	data = window(TYPE_NOTIFY, offset, width);
	if (!data)
		SILENT(NO_WINDOW);
	for (unsigned int i = 0; i < 3; i++) {
		ring_publish(&iommu.requests, queue_noop());
		write_window(data, width, virtio_notification(&iommu.dev, REQUEST_QUEUE));
		EXPECT_EQ(wait_requests_used(1), 1, "requests used, notified through the window");
	}
}

/* PCI-ACC-3 (MUST): Read of pci_cfg_data performs the BAR read */
TEST(PCI_ACC_3, access_window_reads, NEEDS_PCI)
{
	if (!virtio_pci_structure(iommu.dev.pci, TYPE_ACCESS))
		SILENT(NO_WINDOW);
	for (unsigned int i = 0; i < FIELDS; i++) {
		const struct common_field *f = common_field(i);
		uint32_t seen = read_window(window(TYPE_COMMON, f->offset, f->width), f->width);

		EXPECT_EQ(seen, read_directly(f), "%s, through the window", f->name);
	}
	for (unsigned int i = 0; 4 * i < offsetof(struct iommu_config, bypass); i++)
		EXPECT_EQ(read_window(window(TYPE_DEVICE, 4 * i, 4), 4), iommu_config_u32(4 * i),
			  "%s, through the window", config_word_name(i));
}

static void expect_read_anew(struct source_line at, const struct common_field *f)
{
	unsigned int data = window(TYPE_COMMON, f->offset, f->width);

	for (unsigned int i = 0; i < 2; i++) {
		register_write(iommu.dev.common + f->offset, f->width, f->values[i]);
		expect_eq(at, read_window(data, f->width), f->values[i],
			  "%s, through a window that is set already", f->name);
	}
}

/* The window is set once, and shows the register as it is at each read. */
TEST(PCI_ACC_3, access_window_reads_anew_each_time, NEEDS_PCI)
{
	if (!virtio_pci_structure(iommu.dev.pci, TYPE_ACCESS))
		SILENT(NO_WINDOW);
	for (unsigned int of_queue = 0; of_queue < 2; of_queue++) {
		REQUIRE(of_queue ? negotiate_device(AT, iommu.wanted) : reset_device(AT));
		register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, 0);
		for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
			if (fields[i].of_queue == of_queue)
				expect_read_anew(AT, &fields[i]);
	}
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* A read of the ISR status clears it: what it was must not be lost. */
TEST(PCI_ACC_3, access_window_reads_the_isr_status_once, NEEDS_PCI)
{
	unsigned int data = window(TYPE_ISR, 0, 1);

	if (!data || !iommu.dev.isr)
		SILENT(NO_WINDOW);
	for (unsigned int i = 0; i < 2; i++) {
		struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
		uint8_t seen = 0;

		take_interrupts();
		ring_want_interrupt(&iommu.requests, true);
		attach(iommu.config.domain_start, nobodys_id(), 0);
		do
			seen |= read_window(data, 1);
		while (!(seen & VIRTIO_USED_BUFFER) && !deadline_over(&deadline));
		ring_want_interrupt(&iommu.requests, false);
		EXPECT_EQ(seen & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
			  "bit 0 of the ISR status after a request, through the window");
		EXPECT_EQ(take_interrupts(), 0, "ISR status, after it was read through the window");
	}
}
