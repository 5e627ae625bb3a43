// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "boot.h"

#include "msi_arm.h"

static const struct msi_controller *controller;

static const struct msi_controller *open_acpi(const struct boot_info *boot)
{
	struct error ignored;
	struct acpi acpi;

	return acpi_init(&acpi, boot, &ignored) ? gicv2m_open_acpi(&acpi) : NULL;
}

void msi_init(const struct boot_info *boot)
{
	if (!boot->fdt)
		controller = open_acpi(boot);
	if (boot->fdt)
		controller = gicv2m_open(boot->fdt);
	if (boot->fdt && !controller)
		controller = its_open(boot->fdt);
}

bool msi_alloc(struct msi_message *message, uint16_t requester)
{
	return controller && controller->alloc(message, requester);
}

bool msi_arrived(const struct msi_message *message)
{
	return controller->arrived(message);
}
