/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The machine as its firmware describes it: tables or tree, host bridges, and all PCI functions.
 */
#ifndef LIB_PLATFORM_PLATFORM_H
#define LIB_PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "acpi/acpi.h"
#include "error.h"
#include "pci/pci.h"

struct boot_info;

struct platform {
	struct acpi acpi;
	const void *fdt;	/* has passed fdt_validate(); NULL: there is none */
	struct pci pci;
};

/*
 * Fill @platform, and set all bridges and BARs up. Comments on the console tell of what is missing. Return
 * false if the description is broken or exceeds a limit.
 */
bool platform_find(struct platform *platform, const struct boot_info *boot, struct error *error);

/* Return the function at @bdf, NULL if there is none. */
struct pci_dev *platform_function(struct platform *platform, uint16_t segment, uint16_t bdf);

#endif
