// SPDX-License-Identifier: BSD-3-Clause
#include "pci/pci.h"
#include "time.h"

/* Device Capabilities and Device Control of the PCI Express capability (PCIe 6.0, 7.5.3.3, 7.5.3.4). */
enum { EXPRESS_CAPABILITIES = 4, EXPRESS_CONTROL = 8 };
#define CAN_RESET (1u << 28)
#define INITIATE_RESET (1u << 15)

/* How long a function may take before it is accessed again (PCIe 6.0, 6.6.2), in microseconds. */
#define RESET_US 100000

/* The registers of the header that software sets, up to the interrupt line. */
#define HEADER_WORDS 16

bool pci_can_reset(const struct pci_dev *dev)
{
	unsigned int express = dev ? pci_find_capability(dev, PCI_CAP_EXPRESS, 0) : 0;

	return express && (pci_read32(dev, express + EXPRESS_CAPABILITIES) & CAN_RESET);
}

bool pci_reset(const struct pci_dev *dev)
{
	unsigned int express = pci_find_capability(dev, PCI_CAP_EXPRESS, 0);
	struct deadline deadline;
	uint32_t header[HEADER_WORDS];

	for (unsigned int i = 0; i < HEADER_WORDS; i++)
		header[i] = pci_read32(dev, 4 * i);
	pci_write16(dev, express + EXPRESS_CONTROL,
		    pci_read16(dev, express + EXPRESS_CONTROL) | INITIATE_RESET);
	deadline = deadline_in(RESET_US);
	while (!deadline_over(&deadline))
		;
	for (unsigned int i = HEADER_WORDS - 1; i > PCI_COMMAND / 4; i--)
		pci_write32(dev, 4 * i, header[i]);
	pci_write16(dev, PCI_COMMAND, header[PCI_COMMAND / 4]);
	return pci_read32(dev, PCI_VENDOR_ID) == header[0];
}
