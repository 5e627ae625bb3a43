// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bringing the IOMMU up: what its configuration must be for the suite to go on, and what is read of
 * it. The transport is played here.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/io.h>

#include "standard/property.h"
#include "driver/iommu.h"
#include "driver/iommu_internal.h"
#include "pci/pci.h"
#include "machine.h"
#include "memory.h"
#include "unit.h"

static struct {
	struct iommu_config config;
	uint32_t config_length;
	uint64_t offered, accepted;
	uint16_t queue_max[2];
	uint8_t status;
	bool no_transport, never_resets, never_agrees;
} device;

static unsigned int inits, posts;
static uint64_t ticks;
static struct error error;
static const struct iommu_rings plain;

uint64_t machine_ticks(void)
{
	return ticks;
}

uint64_t machine_tick_rate(void)
{
	return 1000;
}

void machine_relax(uint64_t until)
{
	(void)until;
	ticks++;
}

void *arena_alloc(size_t size, size_t align)
{
	static _Alignas(4096) uint8_t arena[2][8192];
	static unsigned int turn;

	CHECK(size <= sizeof(arena[0]) && align <= 4096);
	return arena[turn++ % 2];
}

void *arena_alloc_uninit(size_t size, size_t align)
{
	return arena_alloc(size, align);
}

unsigned int pci_find_capability(const struct pci_dev *dev, uint8_t id, unsigned int after)
{
	(void)dev;
	(void)id;
	(void)after;
	return 0;
}

void requests_init(void)
{
	inits++;
}

void events_init(void)
{
	inits++;
}

void domains_reset(void)
{
}

void events_post(void)
{
	posts++;
}

uint64_t fake_read(const volatile void *address, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, (const void *)address, width);
	return value;
}

void fake_write(volatile void *address, unsigned int width, uint64_t value)
{
	memcpy((void *)address, &value, width);
}

static uint8_t status(struct virtio_device *dev)
{
	(void)dev;
	return device.status;
}

static void set_status(struct virtio_device *dev, uint8_t value)
{
	(void)dev;
	if (device.never_agrees)
		value &= ~VIRTIO_FEATURES_OK;
	if (value || !device.never_resets)
		device.status = value;
}

static uint32_t offered(struct virtio_device *dev, uint32_t word)
{
	(void)dev;
	return device.offered >> 32 * word;
}

static void accept(struct virtio_device *dev, uint32_t word, uint32_t bits)
{
	(void)dev;
	device.accepted &= ~(0xffffffffull << 32 * word);
	device.accepted |= (uint64_t)bits << 32 * word;
}

static uint16_t queue_max(struct virtio_device *dev, uint16_t queue)
{
	(void)dev;
	return device.queue_max[queue];
}

static void queue_enable(struct virtio_device *dev, uint16_t queue, const struct ring *ring)
{
	(void)dev;
	CHECK(ring->size <= device.queue_max[queue]);
}

static const struct virtio_transport transport = {
	.status = status, .set_status = set_status, .offered = offered, .accept = accept,
	.queue_max = queue_max, .queue_enable = queue_enable,
};

bool virtio_open(struct virtio_device *dev, const struct device_location *place, struct error *why)
{
	(void)place;
	if (device.no_transport)
		return error_set(why, "no transport");
	*dev = (struct virtio_device){.transport = &transport,
				      .config = (uint8_t *)&device.config,
				      .config_length = device.config_length};
	return true;
}

#define BIT(name) VIRTIO_FEATURE(VIRTIO_IOMMU_F_##name)

static void start(void)
{
	memset(&device, 0, sizeof(device));
	device.config = (struct iommu_config){0xfffffffffffff000, 0x1000, 0xffffff, 3, 9, 512, 1, {0}};
	device.config_length = sizeof(device.config);
	device.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) | BIT(INPUT_RANGE) | BIT(DOMAIN_RANGE) |
			 BIT(MAP_UNMAP) | BIT(BYPASS) | BIT(PROBE) | BIT(MMIO) | BIT(BYPASS_CONFIG);
	device.queue_max[REQUEST_QUEUE] = 1024;
	device.queue_max[EVENT_QUEUE] = 16;
	inits = posts = 0;
}

static bool open_iommu(struct error *why)
{
	return iommu_find(NULL, why) && iommu_open(&plain, why);
}

static void comes_up(void)
{
	start();
	CHECK_OK(open_iommu(&error), error);
	CHECK(iommu_is_up());
	CHECK_EQ(inits, 2);
	CHECK_EQ(posts, 1);
	CHECK(!memcmp(&iommu.config, &device.config, sizeof(device.config)));
	CHECK_EQ(iommu.initial_bypass, 1);
	CHECK_EQ(iommu.granule, 0x1000);
	CHECK_EQ(iommu.events.size, 16);
	CHECK(iommu.requests.size <= RING_MAX_SIZE);
	iommu_set_bypass(0);
	CHECK_EQ(device.config.bypass, 0);
	CHECK_EQ(iommu_bypass(), 0);
}

/* 5.13.3: BYPASS is not accepted next to BYPASS_CONFIG; nor is what the suite does not know. */
static void features(void)
{
	start();
	device.offered |= 1ull << 50 | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX);
	CHECK_OK(open_iommu(&error), error);
	CHECK_EQ(device.accepted & (BIT(BYPASS) | BIT(BYPASS_CONFIG)), BIT(BYPASS_CONFIG));
	CHECK_EQ(device.accepted & (1ull << 50 | VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)), 0);
	device.offered &= ~BIT(BYPASS_CONFIG);
	CHECK_OK(open_iommu(&error), error);
	CHECK_EQ(device.accepted & (BIT(BYPASS) | BIT(BYPASS_CONFIG)), BIT(BYPASS));
}

/* A field of a feature that is not offered is not looked at. */
static void missing_fields(void)
{
	start();
	device.offered = VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	device.config = (struct iommu_config){0, 9, 1, 9, 1, UINT32_MAX, 7, {0}};
	device.config_length = offsetof(struct iommu_config, bypass);
	CHECK_OK(open_iommu(&error), error);
	CHECK(iommu.config.input_start == 0 && iommu.config.input_end == UINT64_MAX);
	CHECK(iommu.config.domain_start == 0 && iommu.config.domain_end == UINT32_MAX);
	CHECK_EQ(iommu.config.probe_size, 0);
	CHECK_EQ(iommu.config.bypass, 0);
	CHECK_EQ(iommu.granule, 4096);	/* of an empty mask */
	device.config.page_size_mask = 0x20010000;
	CHECK_OK(open_iommu(&error), error);
	CHECK(iommu.granule == 0x10000 && iommu.page == 0x10000);
	device.config.page_size_mask = UINT64_MAX;
	CHECK_OK(open_iommu(&error), error);
	CHECK(iommu.granule == 1 && iommu.page == 4096);
}

static void refuse(const char *fragment, const char *what)
{
	CHECK_ERROR(open_iommu(&error), error, fragment, what);
	start();
}

static void refusals(void)
{
	start();
	device.no_transport = true;
	refuse("no transport", "transport");
	device.never_resets = true;
	device.status = VIRTIO_ACKNOWLEDGE;
	refuse("device_status does not return to 0", "reset");
	device.config_length = 39;
	refuse("device configuration has 39 bytes, needs 40", "short configuration");
	device.config_length = 35;
	device.offered &= ~BIT(BYPASS_CONFIG);
	refuse("device configuration has 35 bytes, needs 36", "short configuration, no bypass");
	device.config.input_end = 0xfff;
	refuse("input_range 0x1000-0xfff is empty", "input range");
	device.config.domain_end = 2;
	refuse("domain_range 0x3-0x2 is empty", "domain range");
	device.config.probe_size = 4194305;
	refuse("probe_size 4194305 is more than this suite handles (4194304)", "probe size");
	device.never_agrees = true;
	refuse("does not come up with features 0x100000077", "features");
	device.queue_max[EVENT_QUEUE] = 0;
	refuse("does not come up", "no event queue");
	device.queue_max[REQUEST_QUEUE] = 0;
	refuse("does not come up", "no request queue");
}

int main(void)
{
	comes_up();
	features();
	missing_fields();
	refusals();
	return unit_end("iommu");
}
