// SPDX-License-Identifier: BSD-3-Clause
#include "fuzz.h"
#include "topology/topology.h"

static void check_range(const struct topology *topology, const struct endpoint_range *range)
{
	HOLDS(range->iommu < topology->iommu_count);
	HOLDS(range->segment_first <= range->segment_last);
	HOLDS(range->bdf_first <= range->bdf_last);
	HOLDS(topology_id_is_listed(topology, range->endpoint_first));
}

static void check_function(const struct topology *topology, uint16_t segment, uint16_t bdf)
{
	unsigned int iommu;
	uint32_t id;

	if (!topology_pci_endpoint(topology, segment, bdf, &iommu, &id))
		return;
	HOLDS(iommu < topology->iommu_count);
	HOLDS(topology_id_is_listed(topology, id));
}

void check_topology(const struct topology *topology)
{
	unsigned int iommu;
	uint32_t id;

	HOLDS(topology->iommu_count <= TOPOLOGY_MAX_IOMMUS);
	HOLDS(topology->range_count <= TOPOLOGY_MAX_RANGES);
	for (unsigned int i = 0; i < topology->range_count; i++) {
		const struct endpoint_range *range = &topology->ranges[i];

		check_range(topology, range);
		check_function(topology, range->segment_first, range->bdf_first);
		check_function(topology, range->segment_last, range->bdf_last);
		if (range->mmio)
			HOLDS(topology_mmio_endpoint(topology, range->base, &iommu, &id) &&
			      iommu < topology->iommu_count);
	}
}

void check_hosts(const struct pci_host *hosts, unsigned int count)
{
	HOLDS(count <= PCI_MAX_HOSTS);
	for (unsigned int i = 0; i < count; i++) {
		const struct pci_host *host = &hosts[i];
		uint64_t size = (uint64_t)(host->bus_last - host->bus_first + 1) << 20;

		HOLDS(host->bus_first <= host->bus_last);
		HOLDS(host->ecam && host->ecam + size > host->ecam);
		HOLDS(host->window_count <= PCI_MAX_WINDOWS);
		for (unsigned int w = 0; w < host->window_count; w++) {
			const struct pci_window *window = &host->windows[w];

			HOLDS(window->size);
			HOLDS(window->pci_base + window->size - 1 >= window->pci_base);
			HOLDS(window->cpu_base + window->size - 1 >= window->cpu_base);
		}
	}
}
