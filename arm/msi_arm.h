/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kinds of doorbells on ARM. Each finds its device in the tree or the tables, and says whether it
 * is there.
 */
#ifndef ARM_MSI_ARM_H
#define ARM_MSI_ARM_H

#include "acpi/acpi.h"
#include "pci/msi.h"

struct msi_controller {
	bool (*alloc)(struct msi_message *message, uint16_t requester);
	bool (*arrived)(const struct msi_message *message);
};

/* GICv2m frame, and ITS of a GICv3; NULL if there is none, or one that does not work. */
const struct msi_controller *gicv2m_open(const void *fdt);
const struct msi_controller *gicv2m_open_acpi(const struct acpi *acpi);
const struct msi_controller *its_open(const void *fdt);

#endif
