/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * IOMMUs other than virtio's in the tables of ACPI, and who is behind them.
 */
#ifndef LIB_ACPI_IOMMU_H
#define LIB_ACPI_IOMMU_H

#include <stdbool.h>
#include <stdint.h>

#include "acpi/acpi.h"
#include "pci/pci.h"

/*
 * Put the guest-physical address of the registers of the remapping unit into *@registers that the DMAR (VT-d
 * rev. 4.1, 8) puts in front of a PCI function: the unit with a scope that names the function or a bridge
 * above it, else the one of the rest of the segment. 0: there is none. Scopes whose path leads over bridges
 * are skipped. Return false if the table is broken.
 */
bool acpi_dmar_unit(const struct acpi *acpi, const struct pci_dev *dev, uint64_t *registers,
		    struct error *error);

/*
 * Like acpi_dmar_unit(), for the SMMUv3 that the IORT (Arm DEN 0049E) puts in front of a PCI requester, and
 * its stream id there.
 */
bool acpi_iort_smmu(const struct acpi *acpi, uint16_t segment, uint16_t requester, uint64_t *registers,
		    uint32_t *stream, struct error *error);

#endif
