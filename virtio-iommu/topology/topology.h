/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The virtio-iommus of the machine, and the endpoint ids of the devices behind them.
 *
 * They are read from the ACPI VIOT or from a device tree. The id of a PCI function follows from its BDF:
 * number the buses first.
 */
#ifndef TOPOLOGY_TOPOLOGY_H
#define TOPOLOGY_TOPOLOGY_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "pci/pci.h"

#define TOPOLOGY_MAX_IOMMUS 8
#define TOPOLOGY_MAX_RANGES 64

enum iommu_kind { IOMMU_PCI, IOMMU_MMIO };

/* A virtio-iommu. */
struct iommu_node {
	enum iommu_kind kind;
	uint16_t segment, bdf;	/* IOMMU_PCI */
	uint64_t base;		/* IOMMU_MMIO: guest-physical address of the registers */
};

/*
 * Endpoints behind one IOMMU. All bounds are inclusive. The id of a PCI function is
 * ((segment - segment_first) << 16) + (bdf & rid_mask) - bdf_first + endpoint_first.
 */
struct endpoint_range {
	unsigned int iommu;	/* index in struct topology */
	bool mmio;		/* one endpoint on MMIO; else PCI functions */
	uint16_t segment_first, segment_last, bdf_first, bdf_last;
	uint16_t rid_mask;	/* iommu-map-mask; 0xffff for a VIOT */
	uint64_t base;		/* mmio: guest-physical address of the endpoint's registers */
	uint32_t endpoint_first;
};

struct topology {
	const char *source;	/* what it was read from: "VIOT", "FDT" */
	struct iommu_node iommus[TOPOLOGY_MAX_IOMMUS];
	unsigned int iommu_count;
	struct endpoint_range ranges[TOPOLOGY_MAX_RANGES];
	unsigned int range_count;
};

/*
 * Read a VIOT of @length bytes (ACPI 6.5, 5.2.32) whose length and checksum have been checked, and skip nodes
 * of unknown type. Return false if any offset, length or count is wrong, if a range names no IOMMU of this
 * table, or if a limit above is exceeded; @topology then has what comes before that.
 */
bool topology_from_viot(struct topology *topology, const void *table, uint32_t length,
			struct error *error);

/*
 * Read a valid device tree: virtio-iommus on PCI and MMIO, iommu-map, iommu-map-mask and iommus
 * properties. @hosts are those of fdt_pci_hosts(). References to other kinds of IOMMU are skipped. Return
 * false if a property is broken, or if a limit above is exceeded; @topology then has what comes before that.
 */
bool topology_from_fdt(struct topology *topology, const void *fdt, const struct pci_host *hosts,
		       unsigned int host_count, struct error *error);

/*
 * Find the IOMMU that a PCI requester is behind (an index in @topology) and its endpoint id there. @bdf is
 * that of pci_requester_id(). Return false if it is behind none. An IOMMU itself is never an endpoint.
 */
bool topology_pci_endpoint(const struct topology *topology, uint16_t segment, uint16_t bdf,
			   unsigned int *iommu, uint32_t *id);

/* Like topology_pci_endpoint(), for a device with registers at guest-physical @base. */
bool topology_mmio_endpoint(const struct topology *topology, uint64_t base, unsigned int *iommu,
			    uint32_t *id);

/* Return true if some range has this id; there need not be such a device. */
bool topology_id_is_listed(const struct topology *topology, uint32_t id);

/*
 * Return the id that the IOMMU number @iommu, a function, has itself, or would have if the ranges before it
 * and after it were one.
 */
uint32_t topology_iommu_id(const struct topology *topology, unsigned int iommu);

/* Print one comment line per IOMMU and per range: "# iommu: ...", "# endpoints: ...". */
void topology_print(const struct topology *topology);

/* For the readers: append, or return false with a message if a limit above is exceeded. */
bool topology_add_iommu(struct topology *topology, const struct iommu_node *node,
			struct error *error);
bool topology_add_range(struct topology *topology, const struct endpoint_range *range,
			struct error *error);

#endif
