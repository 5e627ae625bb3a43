// SPDX-License-Identifier: BSD-3-Clause
/*
 * Addresses and sizes of rings that break rules (virtio 1.4, 2.7 and 4.1.4.3), and registers accessed in
 * every way but the right one.
 *
 * The text says what a driver writes to these registers, and of a device only that configuration other than
 * bypass is read-only for the driver, and that a reset leads back to the beginning.
 *
 * Broken is a device that takes an address or a size as it comes, and then reads or writes there: past the
 * end of its own tables, of memory, of 2^64, or in its own registers; one whose read-only fields can be
 * written; and one that a second value of device_status confuses for good.
 *
 * It is told apart by the parts of the watched page that were given to it as no ring, by the configuration
 * read again, and by a reset after which it serves requests. A VMM that ends or hangs is the runner's to
 * see.
 *
 * Tolerated: what lies under a wrong ring may change, for the device was told to write there; requests are
 * done or not; the device asks for a reset or goes on.
 */
#include <stdio.h>
#include <string.h>

#include "judge/options.h"
#include "judge/steps/hostile.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "register.h"
#include "virtio/pci_layout.h"

#define NEEDS (NEEDS_HOSTILE | NEEDS_PCI | NEEDS_MAP_UNMAP)

struct address_case {
	const char *name;
	uint16_t size;
	struct {
		enum hostile_target target;	/* 0: not written at all */
		uint8_t offset;
	} desc, driver, device;
	uint16_t enable;
};

static void write_address(unsigned int field, uint64_t value)
{
	register_write32(iommu.dev.common + field, value);
	register_write32(iommu.dev.common + field + 4, value >> 32);
}

static void set_up_queue(const struct hostile *h, uint16_t queue, const struct address_case *c)
{
	register_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
	register_write16(iommu.dev.common + COMMON_QUEUE_SIZE, c->size);
	if (c->desc.target)
		write_address(COMMON_QUEUE_DESC, hostile_address(h, c->desc.target) + c->desc.offset);
	if (c->driver.target)
		write_address(COMMON_QUEUE_DRIVER, hostile_address(h, c->driver.target) + c->driver.offset);
	if (c->device.target)
		write_address(COMMON_QUEUE_DEVICE, hostile_address(h, c->device.target) + c->device.offset);
	register_write16(iommu.dev.common + COMMON_QUEUE_ENABLE, c->enable);
}

/* The victim is attached by the ring that was there; a reset takes it, and the wrong ring comes. */
static void run_case(struct source_line at, struct hostile *h, const struct address_case *c)
{
	if (!hostile_restart(at, h, c->name, iommu.wanted) || !hostile_negotiate(iommu.wanted))
		return;
	hostile_clear_rings(h);
	for (uint16_t queue = 0; queue < 2; queue++)
		set_up_queue(h, queue, c);
	virtio_driver_ok(&iommu.dev);
	hostile_send(h, 1);
	virtio_notify(&iommu.dev, EVENT_QUEUE);
	hostile_judge_rings(at, h, c->name);
}

#define SIZE  HOSTILE_SIZE
#define DESC  {TARGET_DESC, 0}
#define AVAIL {TARGET_AVAIL, 0}
#define USED  {TARGET_USED, 0}

/* HOST-4 (no keyword): The same for the places and sizes of rings */
TEST(HOST_4, rings_in_wrong_places_and_sizes, NEEDS)
{
	static const struct address_case cases[] = {
		/* queue_size, queue_desc, queue_driver, queue_device, queue_enable */
		{"size-0", 0, DESC, AVAIL, USED, 1},
		{"size-3", 3, DESC, AVAIL, USED, 1},
		{"size-65535", 0xffff, DESC, AVAIL, USED, 1},
		{"size-32768", 0x8000, DESC, AVAIL, USED, 1},
		{"no-addresses", SIZE, {0, 0}, {0, 0}, {0, 0}, 1},
		{"no-available-ring", SIZE, DESC, {0, 0}, USED, 1},
		{"no-used-ring", SIZE, DESC, AVAIL, {0, 0}, 1},
		{"enabled-by-65535", SIZE, DESC, AVAIL, USED, 0xffff},
		{"table-off-by-1", SIZE, {TARGET_DESC, 1}, AVAIL, USED, 1},
		{"available-off-by-1", SIZE, DESC, {TARGET_AVAIL, 1}, USED, 1},
		{"used-off-by-1", SIZE, DESC, AVAIL, {TARGET_USED, 1}, 1},
		{"all-in-one-place", SIZE, DESC, DESC, DESC, 1},
		{"used-is-available", SIZE, DESC, AVAIL, AVAIL, 1},
		{"table-no-memory", SIZE, {TARGET_OUTSIDE, 0}, AVAIL, USED, 1},
		{"available-no-memory", SIZE, DESC, {TARGET_OUTSIDE, 0}, USED, 1},
		{"used-no-memory", SIZE, DESC, AVAIL, {TARGET_OUTSIDE, 0}, 1},
		{"table-past-the-bus", SIZE, {TARGET_HIGH, 0}, AVAIL, USED, 1},
		{"available-past-the-bus", SIZE, DESC, {TARGET_HIGH, 0}, USED, 1},
		{"used-past-the-bus", SIZE, DESC, AVAIL, {TARGET_HIGH, 0}, 1},
		{"table-wraps", SIZE, {TARGET_WRAP, 0}, AVAIL, USED, 1},
		{"available-wraps", SIZE, DESC, {TARGET_WRAP, 0}, USED, 1},
		{"used-wraps", SIZE, DESC, AVAIL, {TARGET_WRAP, 0}, 1},
		{"table-past-the-end", SIZE, {TARGET_END, 0}, AVAIL, USED, 1},
		{"table-of-registers", SIZE, {TARGET_FEATURE_SELECT, 0}, AVAIL, USED, 1},
		{"available-in-registers", SIZE, DESC, {TARGET_FEATURE_SELECT, 0}, USED, 1},
		{"used-in-registers", SIZE, DESC, AVAIL, {TARGET_FEATURE_SELECT, 0}, 1},
		{"used-in-doorbells", SIZE, DESC, AVAIL, {TARGET_DOORBELL, 0}, 1},
	};
	struct hostile h;

	hostile_setup(&h);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases) && no_defect_so_far(); i++)
		if (test_case(cases[i].name))
			run_case(AT, &h, &cases[i]);
	hostile_check_recovery(AT, &h);
}

/* One access of each width at each offset; a wide one must not be cut over a boundary on all CPUs. */
static void write_all(volatile uint8_t *base, uint32_t length, uint64_t value)
{
	for (uint32_t at = 0; at < length; at++) {
		register_write8(base + at, value);
		if (at % 2 == 0 && at + 2 <= length)
			register_write16(base + at, value);
		if (at % 4 == 0 && at + 4 <= length)
			register_write32(base + at, value);
		if (at % 8 == 0 && at + 8 <= length)
			register_write64(base + at, value);
	}
}

static void read_all(const volatile uint8_t *base, uint32_t length)
{
	for (uint32_t at = 0; at < length; at++) {
		register_read8(base + at);
		if (at % 2 == 0 && at + 2 <= length)
			register_read16(base + at);
		if (at % 4 == 0 && at + 4 <= length)
			register_read32(base + at);
		if (at % 8 == 0 && at + 8 <= length)
			register_read64(base + at);
	}
}

static void sweep(struct source_line at, struct hostile *h, const char *name, volatile uint8_t *base,
		  uint32_t length)
{
	static const uint64_t values[] = {0, UINT64_MAX, 0};

	if (!test_case(name) || !hostile_restart(at, h, name, iommu.wanted))
		return;
	for (unsigned int i = 0; i < 3; i++) {
		write_all(base, length, values[i]);
		read_all(base, length);
	}
}

static void expect_same_config(struct source_line at)
{
	struct iommu_config now;

	iommu_read_config(&now);
	now.bypass = iommu.config.bypass;
	expect_bytes(at, &now, &iommu.config, sizeof(now), "the configuration, but for bypass");
}

/* HOST-5 (no keyword): Accesses to registers of any width, at any offset, in any order, end neither ... */
/* What follows configuration in its page, if anything, has no owner. */
TEST(HOST_5, registers_in_all_widths, NEEDS)
{
	struct hostile h;

	hostile_setup(&h);
	sweep(AT, &h, "device-configuration", iommu.dev.config, iommu.dev.config_length + 24);
	expect_same_config(AT);
	sweep(AT, &h, "common-configuration", iommu.dev.common, COMMON_SIZE + 8);
	sweep(AT, &h, "notifications", iommu.dev.notify, iommu.dev.notify_length);
	hostile_check_recovery(AT, &h);
	expect_same_config(AT);
}

/* Two values, with and without a reset in front, and a notification after each. */
TEST(HOST_5, status_in_any_order, NEEDS)
{
	static const uint8_t values[] = {0x01, 0x02, 0x03, 0x04, 0x07, 0x08, 0x0b, 0x0f, 0x40, 0x80,
					 0xff};
	enum { COUNT = sizeof(values) };
	struct hostile h;

	hostile_setup(&h);
	for (unsigned int i = 0; i < COUNT * COUNT && no_defect_so_far(); i++) {
		char name[24];

		snprintf(name, sizeof(name), "status-%02x-%02x", values[i / COUNT], values[i % COUNT]);
		if (!test_case(name) || (i % COUNT == 0 && !hostile_restart(AT, &h, name, iommu.wanted)))
			continue;
		iommu.dev.transport->set_status(&iommu.dev, values[i / COUNT]);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		iommu.dev.transport->set_status(&iommu.dev, values[i % COUNT]);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		expect_reset(AT, "after a reset, %s", name);
	}
	hostile_check_recovery(AT, &h);
}
