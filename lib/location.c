// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "location.h"
#include "pci/pci.h"

const char *location_name(const struct device_location *place)
{
	static char name[32];

	if (place->pci)
		snprintf(name, sizeof(name), PCI_FORMAT, PCI_ARGS(place->pci->segment, place->pci->bdf));
	else
		snprintf(name, sizeof(name), "MMIO %#lx", place->registers);
	return name;
}
