/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a device is: a PCI function, or registers at a fixed address.
 */
#ifndef LIB_PCI_LOCATION_H
#define LIB_PCI_LOCATION_H

#include <stdint.h>

struct pci_dev;

struct device_location {
	struct pci_dev *pci;	/* NULL: registers */
	uint64_t registers;	/* guest-physical */
};

/* Return "0000:00:02.0" or "MMIO 0xa000000", which is overwritten by the next call. */
const char *location_name(const struct device_location *location);

#endif
