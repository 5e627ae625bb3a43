/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The device whose DMA is measured, and the IOMMU in front of it.
 */
#ifndef COST_MASTER_H
#define COST_MASTER_H

#include "dma/dma.h"
#include "iommu/iommu.h"

struct platform;

struct master {
	struct dma_master dma;
	struct pci_dev *dev;
	uint32_t id;			/* at the unit */
	struct iommu_unit *unit;
};

#define MASTERS_MOST 4

/* Open the masters on PCI: the first exact one, and those after it. Return how many there are. */
unsigned int masters_open(struct master *masters, struct platform *platform);

/*
 * Open the unit of this kind in front of the first of @count masters, and leave out others that are not
 * behind it. Return how many there are; 0, with a message in @error, if the unit cannot be used.
 */
unsigned int masters_open_unit(struct master *masters, unsigned int count, struct platform *platform,
			       const struct unit_ops *kind, struct error *error);

/* Return the master number @number of those with this kind of device, NULL if there is none. */
struct master *masters_find(struct master *masters, unsigned int count, const char *kind,
			    unsigned int number);

/*
 * Attach the master to a new domain in which it sees its private page where that is. Return the domain, NULL
 * with unit.error set if that fails.
 */
struct iommu_domain *master_new_domain(struct master *master);

/* Let the master see its private page where that is in a further domain. Return false if that fails. */
bool master_map_page(struct master *master, struct iommu_domain *domain);

/* Return an I/O virtual address from which on a new domain has nothing mapped. */
uint64_t master_free_iova(const struct master *master);

#endif
