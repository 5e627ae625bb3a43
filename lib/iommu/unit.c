// SPDX-License-Identifier: BSD-3-Clause
#include "fdt/fdt.h"
#include "fdt/iommu_map.h"
#include "fdt/node.h"
#include "iommu/unit.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "time.h"

struct iommu_domain *unit_new_domain(struct iommu_unit *unit)
{
	struct iommu_domain *domain = arena_alloc(sizeof(*domain), sizeof(uint64_t));

	domain->unit = unit;
	domain->number = ++unit->domains;
	return unit->ops->init_domain(domain) ? domain : NULL;
}

bool unit_map_table(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t size,
		    unsigned int rights)
{
	unsigned int bits = domain->unit->can.iova_bits;

	return !((iova + size - 1) >> bits) && table_map(&domain->table, iova, pa, size, rights);
}

bool unit_unmap_table(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	return table_unmap(&domain->table, iova, size);
}

bool unit_wait32(struct iommu_unit *unit, unsigned int offset, uint32_t mask, uint32_t value)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint32_t seen;

	while (((seen = unit_read32(unit, offset)) & mask) != value)
		if (deadline_over(&deadline))
			return error_set(&unit->error, "%s: register %#x reads %#x, and %#x of it stay other "
					 "than %#x", unit->ops->name, offset, seen, mask, value);
	return true;
}

bool unit_in_tree(struct platform *platform, const struct pci_dev *dev, const char *compatible,
		  uint64_t *registers, uint32_t *id, struct error *error)
{
	int node;

	*registers = 0;
	if (!platform->fdt)
		return true;
	if (!fdt_iommu_of(platform->fdt, &platform->pci, dev->segment, pci_requester_id(dev), &node, id,
			  error))
		return false;
	return node < 0 || fdt_node_check_compatible(platform->fdt, node, compatible) ||
	       fdt_translate(platform->fdt, node, 0, registers, NULL, error);
}

const char *fault_words(const struct fault_reason *reasons, unsigned int count, uint16_t code)
{
	for (unsigned int i = 0; i < count; i++)
		if (reasons[i].code == code)
			return reasons[i].words;
	return "a reason that the specification does not have";
}
