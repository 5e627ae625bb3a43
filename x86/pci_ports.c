// SPDX-License-Identifier: BSD-3-Clause
/*
 * PCI configuration mechanism #1 (PCI 3.0, 3.2.2.3.2).
 */
#include <asm/io.h>

#include "pci/pci.h"

#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000u
#define CONFIG_SIZE    256

/* Select the register. Return the port at which it is. */
static uint16_t select(uint16_t bdf, unsigned int offset)
{
	port_write32(CONFIG_ADDRESS, CONFIG_ENABLE | (uint32_t)bdf << 8 | (offset & 0xfc));
	return CONFIG_DATA + (offset & 3);
}

static uint32_t port_read(const struct pci_host *host, uint16_t bdf, unsigned int offset,
			  unsigned int width)
{
	uint16_t port;

	(void)host;
	if (offset >= CONFIG_SIZE)
		return UINT32_MAX;
	port = select(bdf, offset);
	return width == 1 ? port_read8(port) : width == 2 ? port_read16(port) : port_read32(port);
}

static void port_write(const struct pci_host *host, uint16_t bdf, unsigned int offset,
		       unsigned int width, uint32_t value)
{
	uint16_t port;

	(void)host;
	if (offset >= CONFIG_SIZE)
		return;
	port = select(bdf, offset);
	if (width == 1)
		port_write8(port, value);
	else if (width == 2)
		port_write16(port, value);
	else
		port_write32(port, value);
}

bool pci_port_host(struct pci_host *host)
{
	port_write32(CONFIG_ADDRESS, CONFIG_ENABLE);
	if (port_read32(CONFIG_ADDRESS) != CONFIG_ENABLE)
		return false;
	*host = (struct pci_host){ .bus_last = 255, .read = port_read, .write = port_write };
	return true;
}
