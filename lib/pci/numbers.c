// SPDX-License-Identifier: BSD-3-Clause
/*
 * Other numbers for buses that have one.
 */
#include <stddef.h>

#include "pci/pci.h"

static bool is_bridge(const struct pci_dev *dev)
{
	return dev->class_code >> 8 == PCI_CLASS_PCI_BRIDGE;
}

static bool is_used(const struct pci *pci, const struct pci_dev *bridge, uint8_t number)
{
	for (unsigned int i = 0; i < pci->device_count; i++) {
		const struct pci_dev *dev = &pci->devices[i];

		if (dev->segment != bridge->segment)
			continue;
		if (PCI_BUS(dev->bdf) == number ||
		    (is_bridge(dev) && dev->secondary <= number && number <= dev->subordinate))
			return true;
	}
	return false;
}

/* The numbers behind a root bus end where those of the next one begin. */
static unsigned int end_of_root(const struct pci *pci, const struct pci_dev *bridge)
{
	unsigned int end = bridge->host->bus_last + 1u;

	for (unsigned int i = 0; i < pci->device_count; i++) {
		const struct pci_dev *dev = &pci->devices[i];

		if (dev->segment == bridge->segment && !dev->bridge && dev->bdf >> 8 > bridge->bdf >> 8 &&
		    dev->bdf >> 8 < end)
			end = dev->bdf >> 8;
	}
	return end;
}

static bool is_simple(const struct pci *pci, const struct pci_dev *bridge)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (is_bridge(&pci->devices[i]) && pci->devices[i].bridge == bridge)
			return false;
	return !bridge->bridge;
}

/* A function learns its bus number from the writes to its configuration space (PCIe 6.0, 2.2.6.2). */
static void tell_number(const struct pci_dev *dev)
{
	pci_write16(dev, PCI_COMMAND, pci_read16(dev, PCI_COMMAND));
}

void pci_set_bus(struct pci *pci, struct pci_dev *bridge, uint8_t number)
{
	uint32_t others = pci_read32(bridge, PCI_BUS_NUMBERS) & 0xff0000ff;

	bridge->secondary = bridge->subordinate = number;
	pci_write32(bridge, PCI_BUS_NUMBERS, others | (uint32_t)number << 16 | (uint32_t)number << 8);
	for (unsigned int i = 0; i < pci->device_count; i++) {
		struct pci_dev *dev = &pci->devices[i];

		if (dev->bridge != bridge)
			continue;
		dev->bdf = (dev->bdf & 0xff) | number << 8;
		tell_number(dev);
	}
}

bool pci_move_bus(struct pci *pci, struct pci_dev *bridge)
{
	unsigned int end = end_of_root(pci, bridge);

	if (!is_simple(pci, bridge))
		return false;
	for (unsigned int number = PCI_BUS(bridge->bdf) + 1u; number < end; number++)
		if (!is_used(pci, bridge, number)) {
			pci_set_bus(pci, bridge, number);
			return true;
		}
	return false;
}
