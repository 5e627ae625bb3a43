// SPDX-License-Identifier: BSD-3-Clause
/*
 * Places and sizes of rings that break rules (virtio 1.4, 2.7 and 4.1.4.3), and registers accessed in
 * every way but the right one.
 */
#include <stdio.h>
#include <string.h>

#include <asm/io.h>

#include "judge/options.h"
#include "judge/steps/hostile.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "virtio/pci_layout.h"

#define NEEDS (NEEDS_HOSTILE | NEEDS_PCI | NEEDS_DMA)

struct place_case {
	const char *name;
	uint16_t size;
	struct {
		enum hostile_target place;	/* 0: not written at all */
		uint8_t offset;
	} desc, driver, device;
	uint16_t enable;
};

static void write_half(unsigned int field, uint64_t value)
{
	io_write32(iommu.dev.common + field, value);
	io_write32(iommu.dev.common + field + 4, value >> 32);
}

static void set_up_queue(uint16_t queue, const struct place_case *c)
{
	io_write16(iommu.dev.common + COMMON_QUEUE_SELECT, queue);
	io_write16(iommu.dev.common + COMMON_QUEUE_SIZE, c->size);
	if (c->desc.place)
		write_half(COMMON_QUEUE_DESC, hostile_address(c->desc.place) + c->desc.offset);
	if (c->driver.place)
		write_half(COMMON_QUEUE_DRIVER, hostile_address(c->driver.place) + c->driver.offset);
	if (c->device.place)
		write_half(COMMON_QUEUE_DEVICE, hostile_address(c->device.place) + c->device.offset);
	io_write16(iommu.dev.common + COMMON_QUEUE_ENABLE, c->enable);
}

/* The victim is attached by the ring that was there; a reset takes it, and the wrong ring comes. */
static void try_place(struct source_line at, const struct place_case *c, struct victim *victim)
{
	if (!hostile_restart(at, c->name, iommu.wanted, victim) || !hostile_negotiate(iommu.wanted))
		return;
	hostile_rings_open();
	for (uint16_t queue = 0; queue < 2; queue++)
		set_up_queue(queue, c);
	virtio_driver_ok(&iommu.dev);
	hostile_send(1);
	virtio_notify(&iommu.dev, EVENT_QUEUE);
	hostile_judge_rings(at, c->name);
}

#define SIZE  HOSTILE_SIZE
#define DESC  {TARGET_DESC, 0}
#define AVAIL {TARGET_AVAIL, 0}
#define USED  {TARGET_USED, 0}

TEST(HOST_4, rings_in_wrong_places_and_sizes, NEEDS)
{
	static const struct place_case cases[] = {
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
	struct victim victim;

	hostile_setup(&victim);
	for (unsigned int i = 0; i < ARRAY_SIZE(cases) && no_defect_so_far(); i++)
		if (test_case(cases[i].name))
			try_place(AT, &cases[i], &victim);
	hostile_check_recovery(AT, &victim);
}

/* One access of each width at each offset; a wide one must not be cut over a boundary on all CPUs. */
static void write_all(volatile uint8_t *base, uint32_t length, uint64_t value)
{
	for (uint32_t at = 0; at < length; at++) {
		io_write8(base + at, value);
		if (at % 2 == 0 && at + 2 <= length)
			io_write16(base + at, value);
		if (at % 4 == 0 && at + 4 <= length)
			io_write32(base + at, value);
		if (at % 8 == 0 && at + 8 <= length)
			io_write64(base + at, value);
	}
}

static void read_all(const volatile uint8_t *base, uint32_t length)
{
	for (uint32_t at = 0; at < length; at++) {
		io_read8(base + at);
		if (at % 2 == 0 && at + 2 <= length)
			io_read16(base + at);
		if (at % 4 == 0 && at + 4 <= length)
			io_read32(base + at);
		if (at % 8 == 0 && at + 8 <= length)
			io_read64(base + at);
	}
}

static void sweep(struct source_line at, const char *name, volatile uint8_t *base, uint32_t length,
		  struct victim *victim)
{
	static const uint64_t values[] = {0, UINT64_MAX, 0};

	if (!test_case(name) || !hostile_restart(at, name, iommu.wanted, victim))
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

/* What follows configuration in its page, if anything, belongs to nobody. */
TEST(HOST_5, registers_in_all_widths, NEEDS)
{
	struct victim victim;

	hostile_setup(&victim);
	sweep(AT, "device-configuration", iommu.dev.config, iommu.dev.config_length + 24, &victim);
	expect_same_config(AT);
	sweep(AT, "common-configuration", iommu.dev.common, COMMON_SIZE + 8, &victim);
	sweep(AT, "notifications", iommu.dev.notify, iommu.dev.notify_length, &victim);
	hostile_check_recovery(AT, &victim);
	expect_same_config(AT);
}

/* Two values, with and without a reset in front, and a notification behind each. */
TEST(HOST_5, status_in_any_order, NEEDS)
{
	static const uint8_t values[] = {0x01, 0x02, 0x03, 0x04, 0x07, 0x08, 0x0b, 0x0f, 0x40, 0x80,
					 0xff};
	enum { COUNT = sizeof(values) };
	struct victim victim;

	hostile_setup(&victim);
	for (unsigned int i = 0; i < COUNT * COUNT && no_defect_so_far(); i++) {
		char name[24];

		snprintf(name, sizeof(name), "status-%02x-%02x", values[i / COUNT], values[i % COUNT]);
		if (!test_case(name) || (i % COUNT == 0 && !hostile_restart(AT, name, iommu.wanted, &victim)))
			continue;
		iommu.dev.transport->set_status(&iommu.dev, values[i / COUNT]);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		iommu.dev.transport->set_status(&iommu.dev, values[i % COUNT]);
		virtio_notify(&iommu.dev, REQUEST_QUEUE);
		expect_reset(AT, "after a reset, %s", name);
	}
	hostile_check_recovery(AT, &victim);
}
