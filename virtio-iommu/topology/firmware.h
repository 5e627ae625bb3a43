/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the firmware says of the IOMMU, as it is in memory: for the tests that judge that.
 */
#ifndef TOPOLOGY_FIRMWARE_H
#define TOPOLOGY_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

#include "topology/topology.h"

struct firmware {
	const uint8_t *viot;	/* NULL: there is none */
	uint32_t viot_length;	/* bytes, by its header */
	const void *fdt;	/* has passed fdt_validate(); NULL: there is none */
	struct pci *pci;
	const struct topology *topology;
	unsigned int iommu;	/* index in @topology of the one under test */
};

extern struct firmware firmware;

#endif
