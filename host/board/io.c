// SPDX-License-Identifier: BSD-3-Clause
/*
 * Accesses of the CPU to registers, by address.
 */
#include <stdio.h>

#include <asm/io.h>

#include "host/board/door.h"
#include "host/iommu/parts.h"
#include "host/machine/fatal.h"
#include "host/machine/options.h"
#include "host/pci/bus.h"
#include "host/virtio/capabilities.h"
#include "host/virtio/vdev.h"

#define NOBODY UINT32_MAX

static bool width_fits(uintptr_t address, unsigned int width)
{
	if (width <= 4 && !(address % width))
		return true;
	broken_rule("register access at %#lx, %u bytes wide: no device here takes that", address, width);
	return false;
}

static bool is_ecam(uintptr_t address)
{
	return address >= ECAM_BASE && address - ECAM_BASE < ECAM_SIZE;
}

static struct function *ecam_function(uintptr_t address)
{
	return bus_find((address - ECAM_BASE) >> 12);
}

static struct function *claim(uintptr_t address, unsigned int *bar, uint64_t *offset)
{
	struct function *f = bus_claim(address, bar, offset);

	if (!f)
		fatal("register access at %#lx: no device decodes that address", address);
	return f;
}

static bool logging;

static void log_reads(const char *ignored)
{
	(void)ignored;
	logging = true;
}

static void __attribute__((constructor)) add_option(void)
{
	static const struct added_option option = {
		.name = "log-reads", .help = "print what the IOMMU gives for reads of its registers",
		.apply = log_reads};

	options_add(&option);
}

/* Bus, offset in the BAR or in the registers on MMIO, width in bytes, value: for check/actuals. */
static uint32_t logged(bool is_iommu, const char *bus, uint64_t offset, unsigned int width, uint32_t value)
{
	if (logging && is_iommu)
		printf("# device: read %s %#lx %u %#x\n", bus, offset, width, value);
	return value;
}

static uint32_t read_bar(struct function *f, unsigned int bar, uint64_t offset, unsigned int width)
{
	bool is_iommu = f == &ref_iommu.vdev.function && bar == VDEV_BAR;

	return logged(is_iommu, "PCI", offset, width, f->ops->read(f, bar, offset, width));
}

static uint32_t read_mmio(struct vdev *dev, uint64_t offset, unsigned int width)
{
	return logged(dev == &ref_iommu.vdev, "MMIO", offset, width, vdev_mmio_read(dev, offset, width));
}

static uint32_t decode_read(const volatile void *pointer, unsigned int width)
{
	uintptr_t address = (uintptr_t)pointer;
	struct vdev *dev = vdev_mmio_find(address);
	struct function *f;
	unsigned int bar;
	uint64_t offset;

	if (!width_fits(address, width))
		return NOBODY;
	if (dev)
		return read_mmio(dev, address - dev->registers, width);
	if (is_ecam(address)) {
		f = ecam_function(address);
		return f ? function_config_read(f, address & 0xfff, width) : NOBODY;
	}
	f = claim(address, &bar, &offset);
	return read_bar(f, bar, offset, width);
}

static void decode_write(volatile void *pointer, unsigned int width, uint32_t value)
{
	uintptr_t address = (uintptr_t)pointer;
	struct vdev *dev = vdev_mmio_find(address);
	struct function *f;
	unsigned int bar;
	uint64_t offset;

	if (!width_fits(address, width))
		return;
	if (dev)
		return vdev_mmio_write(dev, address - dev->registers, width, value);
	if (is_ecam(address)) {
		f = ecam_function(address);
		if (f)
			function_config_write(f, address & 0xfff, width, value);
		return;
	}
	f = claim(address, &bar, &offset);
	f->ops->write(f, bar, offset, width, value);
}

static uint32_t read(const volatile void *pointer, unsigned int width)
{
	uint32_t value;

	door_lock();
	value = decode_read(pointer, width);
	door_unlock();
	return value;
}

static void write(volatile void *pointer, unsigned int width, uint32_t value)
{
	door_lock();
	decode_write(pointer, width, value);
	door_unlock();
}

static bool is_split(const volatile void *pointer)
{
	uintptr_t address = (uintptr_t)pointer;
	unsigned int bar;
	uint64_t offset;
	struct function *f = bus_claim(address, &bar, &offset);

	return f && f->ops->takes_64_bits && address % 8 == 0;
}

uint8_t io_read8(const volatile void *address)
{
	return read(address, 1);
}

uint16_t io_read16(const volatile void *address)
{
	return read(address, 2);
}

uint32_t io_read32(const volatile void *address)
{
	return read(address, 4);
}

uint64_t io_read64(const volatile void *address)
{
	const volatile uint32_t *half = address;

	if (!is_split(address))
		return read(address, 8);
	return read(half, 4) | (uint64_t)read(half + 1, 4) << 32;
}

void io_write8(volatile void *address, uint8_t value)
{
	write(address, 1, value);
}

void io_write16(volatile void *address, uint16_t value)
{
	write(address, 2, value);
}

void io_write32(volatile void *address, uint32_t value)
{
	write(address, 4, value);
}

void io_write64(volatile void *address, uint64_t value)
{
	volatile uint32_t *half = address;

	if (!is_split(address))
		return write(address, 8, value);
	write(half, 4, value);
	write(half + 1, 4, value >> 32);
}
