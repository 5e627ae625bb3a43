// SPDX-License-Identifier: BSD-3-Clause
#include "console.h"
#include "platform/platform.h"

#include "topology/firmware.h"

struct firmware firmware;

static bool names_iommu(bool ok, const struct topology *topology, const struct error *error)
{
	if (!ok && topology->iommu_count)
		printf("# %s\n", error->text);
	return ok || topology->iommu_count;
}

bool firmware_read(struct platform *platform, struct topology *topology, struct error *error)
{
	struct pci *pci = &platform->pci;

	firmware = (struct firmware){.pci = pci, .topology = topology, .fdt = platform->fdt};
	if (platform->fdt &&
	    !names_iommu(topology_from_fdt(topology, platform->fdt, pci->hosts, pci->host_count, error),
			 topology, error))
		return false;
	firmware.viot = acpi_table(&platform->acpi, "VIOT", &firmware.viot_length);
	if (!topology->iommu_count && firmware.viot &&
	    !names_iommu(topology_from_viot(topology, firmware.viot, firmware.viot_length, error), topology,
			 error))
		return false;
	return topology->iommu_count ||
	       error_set(error, "no virtio-iommu: neither a VIOT nor the device tree describes one");
}

bool firmware_locate_iommu(struct platform *platform, struct device_location *location, struct error *error)
{
	const struct iommu_node *node = &firmware.topology->iommus[firmware.iommu];

	*location = (struct device_location){.registers = node->base};
	if (node->kind == IOMMU_MMIO)
		return true;
	location->pci = platform_function(platform, node->segment, node->bdf);
	return location->pci || error_set(error, "%s: the virtio-iommu at " PCI_FORMAT " does not exist",
					  firmware.topology->source, PCI_ARGS(node->segment, node->bdf));
}
