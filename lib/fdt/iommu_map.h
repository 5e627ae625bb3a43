/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The iommu-map property of a PCI host bridge (pci/pci-iommu.txt of the Linux bindings): which requesters are
 * behind which IOMMU, with which ids. A node is an offset of libfdt.
 */
#ifndef LIB_FDT_IOMMU_MAP_H
#define LIB_FDT_IOMMU_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "pci/pci.h"

struct fdt_iommu_map {
	unsigned int entries;
	uint16_t mask;	/* iommu-map-mask: the bits of a requester id that count */
};

/* Requester @rid + n has id @id + n, for n < @length, at the IOMMU with this phandle. */
struct fdt_iommu_map_entry {
	uint32_t rid, phandle, id, length;
};

/*
 * Read how many entries the property of @node has, which has one, and the mask. Return false if it is
 * broken.
 */
bool fdt_iommu_map(const void *fdt, int node, struct fdt_iommu_map *map, struct error *error);

/*
 * Read entry @index of the property. Return false if it exceeds 16 bits of a requester id or 32 bits of an
 * id, or begins with a requester id that the mask hides. An entry of length 0, which says nothing, is not
 * checked.
 */
bool fdt_iommu_map_entry(const void *fdt, int node, const struct fdt_iommu_map *map, unsigned int index,
			 struct fdt_iommu_map_entry *entry, struct error *error);

/*
 * Find the IOMMU that a PCI requester of this @segment is behind: its node, negative if there is none, and
 * the id that it has there. Return false if the property is broken, or no node has the phandle.
 */
bool fdt_iommu_of(const void *fdt, const struct pci *pci, uint16_t segment, uint16_t requester, int *iommu,
		  uint32_t *id, struct error *error);

#endif
