// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include <asm/io.h>

#include "boot.h"
#include "machine.h"
#include "pci/pci.h"
#include "register.h"
#include "util.h"

#define CONFIG_SIZE 4096

enum { CAPABILITY_FIRST = 0x40, CAPABILITY_LAST = 0xfc };

__attribute__((weak)) bool pci_port_host(struct pci_host *host)
{
	(void)host;
	return false;
}

/* Return NULL for what is not in the ECAM. Buses take 1 MiB each, functions 4 KiB (PCIe 6.0, 7.2.2). */
static uint8_t *ecam_register(const struct pci_host *host, uint16_t bdf, unsigned int offset)
{
	if (PCI_BUS(bdf) < host->bus_first || PCI_BUS(bdf) > host->bus_last ||
	    offset >= CONFIG_SIZE)
		return NULL;
	return host->config + ((bdf - PCI_BDF(host->bus_first, 0, 0)) << 12) + offset;
}

static uint32_t ecam_read(const struct pci_host *host, uint16_t bdf, unsigned int offset,
			  unsigned int width)
{
	uint8_t *address = ecam_register(host, bdf, offset);

	if (!address)
		return UINT32_MAX;
	return width == 1   ? io_read8(address)
	       : width == 2 ? io_read16(address)
			    : io_read32(address);
}

static void ecam_write(const struct pci_host *host, uint16_t bdf, unsigned int offset,
		       unsigned int width, uint32_t value)
{
	uint8_t *address = ecam_register(host, bdf, offset);

	if (!address)
		return;
	if (width == 1)
		io_write8(address, value);
	else if (width == 2)
		io_write16(address, value);
	else
		io_write32(address, value);
}

bool pci_open_host(struct pci_host *host, struct error *error)
{
	uint64_t size = (uint64_t)(host->bus_last - host->bus_first + 1) << 20;

	if (!host->ecam && !host->read)
		return error_set(error, "PCI segment %u: no way to configuration space",
				 host->segment);
	if (!host->ecam)
		return true;
	host->config = io_map(host->ecam, size);
	if (!host->config)
		return error_set(
			error, "PCI segment %u: ECAM at 0x%llx, 0x%llx bytes, cannot be mapped",
			host->segment, (unsigned long long)host->ecam, (unsigned long long)size);
	host->read = ecam_read;
	host->write = ecam_write;
	return true;
}

static uint32_t config_read(const struct pci_dev *dev, unsigned int offset, unsigned int width)
{
	uint32_t value;

	register_note_config(REGISTER_READ, dev, offset, width, 0);
	value = dev->host->read(dev->host, dev->bdf, offset, width);
	register_note_config(REGISTER_VALUE, dev, offset, width, value);
	return value;
}

static void config_write(const struct pci_dev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	register_note_config(REGISTER_WRITE, dev, offset, width, value);
	dev->host->write(dev->host, dev->bdf, offset, width, value);
}

uint8_t pci_read8(const struct pci_dev *dev, unsigned int offset)
{
	return config_read(dev, offset, 1);
}

uint16_t pci_read16(const struct pci_dev *dev, unsigned int offset)
{
	return config_read(dev, offset, 2);
}

uint32_t pci_read32(const struct pci_dev *dev, unsigned int offset)
{
	return config_read(dev, offset, 4);
}

void pci_write8(const struct pci_dev *dev, unsigned int offset, uint8_t value)
{
	config_write(dev, offset, 1, value);
}

void pci_write16(const struct pci_dev *dev, unsigned int offset, uint16_t value)
{
	config_write(dev, offset, 2, value);
}

void pci_write32(const struct pci_dev *dev, unsigned int offset, uint32_t value)
{
	config_write(dev, offset, 4, value);
}

/* The way to a capability is not for the observer: each access to one goes it again. */
static uint32_t quiet_read(const struct pci_dev *dev, unsigned int offset, unsigned int width)
{
	return dev->host->read(dev->host, dev->bdf, offset, width);
}

static unsigned int first_capability(const struct pci_dev *dev)
{
	if (!(quiet_read(dev, PCI_STATUS, 2) & PCI_STATUS_CAPABILITIES))
		return 0;
	return quiet_read(dev, PCI_CAPABILITIES, 1);
}

/* Follow the list from its start each time, to see if it is a loop. */
unsigned int pci_find_capability(const struct pci_dev *dev, uint8_t id, unsigned int after)
{
	unsigned int at = first_capability(dev);
	bool is_past = !after;
	uint64_t seen = 0;		/* a bit for each four bytes */

	for (;;) {
		uint16_t header;

		at &= ~3u;	/* the low bits are reserved (PCI 3.0, 6.7) */
		if (at < CAPABILITY_FIRST || at > CAPABILITY_LAST || seen & 1ull << at / 4)
			return 0;
		seen |= 1ull << at / 4;
		header = quiet_read(dev, at, 2);
		if (is_past && (header & 0xff) == id)
			return at;
		is_past |= at == after;
		at = header >> 8;
	}
}

void *pci_map_bar(struct pci_dev *dev, unsigned int bar, uint64_t offset, uint64_t length)
{
	const struct pci_bar *b = &dev->bars[bar < PCI_BARS ? bar : 0];
	struct error ignored;

	if (bar >= PCI_BARS || b->io || !b->address || !length || dev->no_room ||
	    !pci_size_bars(dev, &ignored))
		return NULL;
	if (offset > b->size || length > b->size - offset)
		return NULL;
	return io_map(b->address + offset, length);
}

void pci_enable(const struct pci_dev *dev)
{
	uint16_t command = pci_read16(dev, PCI_COMMAND);

	if (dev->no_room)
		return;
	pci_write16(dev, PCI_COMMAND, command | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
					      PCI_COMMAND_INTX_DISABLE);
}

uint16_t pci_requester_id(const struct pci_dev *dev)
{
	uint16_t id = dev->bdf;

	for (const struct pci_dev *bridge = dev->bridge; bridge; bridge = bridge->bridge) {
		if (bridge->port_type == PCI_PORT_TO_PCI)
			id = PCI_BDF(bridge->secondary, 0, 0);
		else if (bridge->port_type == PCI_PORT_NONE)
			id = bridge->bdf;
	}
	return id;
}

#define IO_APIC 0xfec00000ull
#define MIB	0x100000ull

static uint64_t end_below(const struct memory_range *ranges, unsigned int count, uint64_t limit)
{
	uint64_t end = 0;

	for (unsigned int i = 0; i < count; i++) {
		const struct memory_range *range = &ranges[i];

		if (range->base < limit && range->base + range->size > end)
			end = range->base + range->size;
	}
	return end;
}

void pci_find_hole(struct pci_host *host, const struct boot_info *boot)
{
	uint64_t ram = end_below(boot->ram, boot->ram_count, IO_APIC);
	uint64_t start = end_below(boot->reserved, boot->reserved_count, IO_APIC);
	uint64_t ecam_end = host->ecam + ((uint64_t)(host->bus_last - host->bus_first + 1) << 20);

	if (host->window_count)
		return;
	start = max(start, ram);
	if (host->ecam && host->ecam < IO_APIC)
		start = max(start, ecam_end);
	start = align_up(start, MIB);
	if (start >= IO_APIC)
		return;
	host->windows[host->window_count++] = (struct pci_window){
		.pci_base = start, .cpu_base = start, .size = IO_APIC - start,
	};
}
