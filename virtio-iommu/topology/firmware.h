/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the firmware says of the IOMMU, as it stands: for the tests that judge the tables themselves.
 */
#ifndef TOPOLOGY_FIRMWARE_H
#define TOPOLOGY_FIRMWARE_H

#include <stdbool.h>
#include <stdint.h>

#include "pci/pci.h"

#include "topology/topology.h"

struct firmware {
	const uint8_t *viot;	/* NULL: there is none; its length is that of its header */
	uint32_t viot_length;	/* bytes */
	const void *fdt;	/* NULL: there is none; it has passed fdt_validate() */
	const struct pci *pci;
	const struct topology *topology;
	unsigned int iommu;	/* the one under test: the first of the topology */
};

extern struct firmware firmware;

#endif
