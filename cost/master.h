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

/*
 * Open the first exact master on PCI, and the unit of this kind in front of it. Return false if there is none
 * or it cannot be used.
 */
bool master_open(struct master *master, struct platform *platform, const struct unit_ops *kind,
		 struct error *error);

/*
 * Attach the master to a new domain in which it sees its private page where that is. Return the domain, NULL
 * with unit.error set if that fails.
 */
struct iommu_domain *master_new_domain(struct master *master);

/* Return an I/O virtual address from which on a new domain has nothing mapped. */
uint64_t master_free_iova(const struct master *master);

#endif
