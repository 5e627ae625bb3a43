// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "boot.h"
#include "console.h"
#include "fdt/fdt.h"
#include "platform/platform.h"

/* The tree comes first: with one no tables are needed. */
static bool find_hosts(struct platform *platform, struct error *error)
{
	struct pci *pci = &platform->pci;

	if (platform->fdt &&
	    !fdt_pci_hosts(platform->fdt, pci->hosts, PCI_MAX_HOSTS, &pci->host_count, error))
		return false;
	if (!pci->host_count &&
	    !acpi_mcfg(&platform->acpi, pci->hosts, PCI_MAX_HOSTS, &pci->host_count, error))
		return false;
	if (!pci->host_count && pci_port_host(&pci->hosts[0]))
		pci->host_count = 1;
	if (!pci->host_count)
		printf("# PCI: no host bridge in tree or MCFG, and no configuration ports\n");
	return true;
}

static void print_unplaced(const struct pci *pci)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (pci->devices[i].no_room)
			printf("# PCI " PCI_FORMAT ": no window has room for its BARs: not used\n",
			       PCI_ARGS(pci->devices[i].segment, pci->devices[i].bdf));
}

bool platform_find(struct platform *platform, const struct boot_info *boot, struct error *error)
{
	struct pci *pci = &platform->pci;

	platform->fdt = boot->fdt;
	if (!acpi_init(&platform->acpi, boot, error) || !find_hosts(platform, error))
		return false;
	for (unsigned int i = 0; i < pci->host_count; i++)
		pci_find_hole(&pci->hosts[i], boot);
	if (!pci_scan(pci, error))
		return false;
	print_unplaced(pci);
	return true;
}

struct pci_dev *platform_function(struct platform *platform, uint16_t segment, uint16_t bdf)
{
	struct pci *pci = &platform->pci;

	for (unsigned int i = 0; i < pci->device_count; i++)
		if (pci->devices[i].segment == segment && pci->devices[i].bdf == bdf)
			return &pci->devices[i];
	return NULL;
}
