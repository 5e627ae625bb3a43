// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "pci/location.h"
#include "pci/pci.h"

const char *location_name(const struct device_location *location)
{
	const struct pci_dev *pci = location->pci;
	static char name[32];

	if (pci)
		snprintf(name, sizeof(name), PCI_FORMAT, PCI_ARGS(pci->segment, pci->bdf));
	else
		snprintf(name, sizeof(name), "MMIO %#lx", location->registers);
	return name;
}
