// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "console.h"

#include "topology/topology.h"

bool topology_add_iommu(struct topology *topology, const struct iommu_node *node,
			struct error *error)
{
	if (topology->iommu_count == TOPOLOGY_MAX_IOMMUS)
		return error_set(error, "%s: more than %u IOMMUs", topology->source,
				 TOPOLOGY_MAX_IOMMUS);
	topology->iommus[topology->iommu_count++] = *node;
	return true;
}

bool topology_add_range(struct topology *topology, const struct endpoint_range *range,
			struct error *error)
{
	if (topology->range_count == TOPOLOGY_MAX_RANGES)
		return error_set(error, "%s: more than %u endpoint ranges", topology->source,
				 TOPOLOGY_MAX_RANGES);
	topology->ranges[topology->range_count++] = *range;
	return true;
}

static bool is_iommu(const struct topology *topology, uint16_t segment, uint16_t bdf)
{
	for (unsigned int i = 0; i < topology->iommu_count; i++) {
		const struct iommu_node *iommu = &topology->iommus[i];

		if (iommu->kind == IOMMU_PCI && iommu->segment == segment && iommu->bdf == bdf)
			return true;
	}
	return false;
}

static bool in_range(const struct endpoint_range *range, uint16_t segment, uint16_t rid)
{
	return !range->mmio && segment >= range->segment_first && segment <= range->segment_last &&
	       rid >= range->bdf_first && rid <= range->bdf_last;
}

bool topology_pci_endpoint(const struct topology *topology, uint16_t segment, uint16_t bdf,
			   unsigned int *iommu, uint32_t *id)
{
	if (is_iommu(topology, segment, bdf))
		return false;
	for (unsigned int i = 0; i < topology->range_count; i++) {
		const struct endpoint_range *range = &topology->ranges[i];
		uint16_t rid = bdf & range->rid_mask;

		if (!in_range(range, segment, rid))
			continue;
		*iommu = range->iommu;
		*id = ((uint32_t)(segment - range->segment_first) << 16) + rid - range->bdf_first +
		      range->endpoint_first;
		return true;
	}
	return false;
}

bool topology_mmio_endpoint(const struct topology *topology, uint64_t base, unsigned int *iommu,
			    uint32_t *id)
{
	for (unsigned int i = 0; i < topology->range_count; i++) {
		const struct endpoint_range *range = &topology->ranges[i];

		if (!range->mmio || range->base != base)
			continue;
		*iommu = range->iommu;
		*id = range->endpoint_first;
		return true;
	}
	return false;
}

static bool range_has_id(const struct endpoint_range *range, uint32_t id)
{
	uint32_t index = id - range->endpoint_first;

	if (range->mmio)
		return !index;
	return id >= range->endpoint_first &&
	       index >> 16 <= (uint32_t)(range->segment_last - range->segment_first) &&
	       (index & 0xffff) <= (uint32_t)(range->bdf_last - range->bdf_first);
}

bool topology_id_is_listed(const struct topology *topology, uint32_t id)
{
	for (unsigned int i = 0; i < topology->range_count; i++)
		if (range_has_id(&topology->ranges[i], id))
			return true;
	return false;
}

/* The first range of the IOMMU that has this function of its own segment. */
static const struct endpoint_range *range_of(const struct topology *topology, unsigned int iommu,
					     uint16_t bdf)
{
	uint16_t segment = topology->iommus[iommu].segment;

	for (unsigned int i = 0; i < topology->range_count; i++) {
		const struct endpoint_range *range = &topology->ranges[i];

		if (!range->mmio && range->segment_first == segment && range->iommu == iommu &&
		    bdf >= range->bdf_first && bdf <= range->bdf_last)
			return range;
	}
	return NULL;
}

uint32_t topology_iommu_id(const struct topology *topology, unsigned int iommu)
{
	uint16_t bdf = topology->iommus[iommu].bdf;
	const struct endpoint_range *range = range_of(topology, iommu, bdf);

	if (!range)
		range = range_of(topology, iommu, bdf - 1);
	return range ? range->endpoint_first + bdf - range->bdf_first : bdf;
}

static void print_iommu(const struct iommu_node *iommu)
{
	if (iommu->kind == IOMMU_PCI)
		printf("PCI " PCI_FORMAT "\n", PCI_ARGS(iommu->segment, iommu->bdf));
	else
		printf("MMIO 0x%llx\n", (unsigned long long)iommu->base);
}

static void print_range(const struct topology *topology, const struct endpoint_range *range)
{
	printf("# endpoints: %s: ", topology->source);
	if (range->mmio)
		printf("MMIO 0x%llx", (unsigned long long)range->base);
	else
		printf("PCI " PCI_FORMAT " to " PCI_FORMAT,
		       PCI_ARGS(range->segment_first, range->bdf_first),
		       PCI_ARGS(range->segment_last, range->bdf_last));
	if (!range->mmio && range->rid_mask != 0xffff)
		printf(" mask 0x%x", range->rid_mask);
	printf(", ids from 0x%x, behind the IOMMU at ", range->endpoint_first);
	print_iommu(&topology->iommus[range->iommu]);
}

void topology_print(const struct topology *topology)
{
	for (unsigned int i = 0; i < topology->iommu_count; i++) {
		printf("# iommu: %s: ", topology->source);
		print_iommu(&topology->iommus[i]);
	}
	for (unsigned int i = 0; i < topology->range_count; i++)
		print_range(topology, &topology->ranges[i]);
}
