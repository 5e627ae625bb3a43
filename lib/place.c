// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "pci.h"
#include "place.h"

const char *place_name(const struct place *place)
{
	static char name[32];

	if (place->pci)
		snprintf(name, sizeof(name), PCI_FORMAT, PCI_ARGS(place->pci->segment, place->pci->bdf));
	else
		snprintf(name, sizeof(name), "MMIO %#lx", place->registers);
	return name;
}
