/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For the drivers of units: registers with a count, and domains whose mappings are a table.
 */
#ifndef LIB_IOMMU_UNIT_H
#define LIB_IOMMU_UNIT_H

#include "iommu/iommu.h"
#include "register.h"

static inline uint32_t unit_read32(struct iommu_unit *unit, unsigned int offset)
{
	unit->counters.register_reads++;
	return register_read32(unit->registers + offset);
}

static inline uint64_t unit_read64(struct iommu_unit *unit, unsigned int offset)
{
	unit->counters.register_reads++;
	return register_read64(unit->registers + offset);
}

static inline void unit_write32(struct iommu_unit *unit, unsigned int offset, uint32_t value)
{
	unit->counters.register_writes++;
	register_write32(unit->registers + offset, value);
}

static inline void unit_write64(struct iommu_unit *unit, unsigned int offset, uint64_t value)
{
	unit->counters.register_writes++;
	register_write64(unit->registers + offset, value);
}

/*
 * Wait until these bits of a register of 32 bits read as @value. False, with unit.error set, if they do
 * not.
 */
bool unit_wait32(struct iommu_unit *unit, unsigned int offset, uint32_t mask, uint32_t value);

/*
 * Find the unit that the device tree puts in front of a PCI function, if it is @compatible: the
 * guest-physical
 * address of its registers, 0 if there is none, and the id of the function. Return false if the tree is
 * broken.
 */
bool unit_in_tree(struct platform *platform, const struct pci_dev *dev, const char *compatible,
		  uint64_t *registers, uint32_t *id, struct error *error);

/* map() and unmap() of struct unit_ops, for domains whose table was made. */
bool unit_map_table(struct iommu_domain *domain, uint64_t iova, uint64_t pa, uint64_t size,
		    unsigned int rights);
bool unit_unmap_table(struct iommu_domain *domain, uint64_t iova, uint64_t size);

/* What a code in a fault record means. */
struct fault_reason {
	uint16_t code;
	const char *words;
};

/* Return the words for a code, of the @count reasons that a kind of unit has. */
const char *fault_words(const struct fault_reason *reasons, unsigned int count, uint16_t code);

#endif
