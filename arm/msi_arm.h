/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The interrupt controllers on ARM that take messages.
 */
#ifndef ARM_MSI_ARM_H
#define ARM_MSI_ARM_H

#include "acpi/acpi.h"
#include "pci/msi.h"

/* Like msi_alloc() and msi_arrived(), of one controller. */
struct msi_controller {
	bool (*alloc)(struct msi_message *message, uint16_t requester);
	bool (*arrived)(const struct msi_message *message);
};

/* Return the GICv2m frame that a valid tree describes; NULL if there is none, or it cannot be used. */
const struct msi_controller *gicv2m_open(const void *fdt);

/* Like gicv2m_open(), from the MADT. */
const struct msi_controller *gicv2m_open_acpi(const struct acpi *acpi);

/*
 * Set up the ITS of a GICv3 that a valid tree describes, and return it. NULL if there is none, or it cannot
 * be used. Takes memory from the arena.
 */
const struct msi_controller *its_open(const void *fdt);

#endif
