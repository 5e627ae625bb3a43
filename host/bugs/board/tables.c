// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the VIOT.
 */
#include <string.h>

#include "host/board/viot.h"
#include "host/bugs/board/parts.h"
#include "host/bugs/mutant.h"
#include "host/pci/bus.h"
#include "util.h"

#define AT(field) offsetof(struct viot, field), sizeof(((struct viot *)NULL)->field)

/* Those that are one field. */
static const struct {
	enum mutant_id mutant;
	uint16_t offset, size;
	uint64_t value;
} wrong_fields[] = {
	{MUTANT_VIOT_BDFS_SWAPPED, AT(ranges[1].bdf_last), PCI_BDF(14, 0, 0)},
	{MUTANT_VIOT_ENDPOINT_START_WRONG, AT(ranges[0].endpoint), 0x108},
	{MUTANT_VIOT_RANGE_TOO_LONG, AT(ranges[1].bdf_last), 0xffff},
	{MUTANT_VIOT_OUTPUT_IS_A_RANGE, AT(ranges[1].output), offsetof(struct viot, ranges)},
	{MUTANT_VIOT_NODE_TOO_SHORT, AT(ranges[1].length), 20},
	{MUTANT_VIOT_NODE_RUNS_OVER, AT(ranges[1].length), 25},
	{MUTANT_VIOT_COUNT_TOO_SMALL, AT(node_count), VIOT_RANGES},
	{MUTANT_VIOT_COUNT_TOO_LARGE, AT(node_count), VIOT_RANGES + 2},
	{MUTANT_VIOT_RESERVED_OF_TABLE, AT(reserved), 1ull << 63},
	{MUTANT_VIOT_RESERVED_OF_NODE, AT(ranges[0].reserved), 1},
	{MUTANT_VIOT_RESERVED_OF_RANGE, AT(ranges[1].reserved2[5]), 1},
	{MUTANT_VIOT_RESERVED_OF_IOMMU, AT(iommu.pci.reserved[0]), 1},
	{MUTANT_VIOT_IDS_SHARED, AT(ranges[1].endpoint), 0x110},
	{MUTANT_VIOT_FUNCTION_TWICE, AT(ranges[1].bdf_first), PCI_BDF(15, 0, 0)},
	{MUTANT_VIOT_REVISION, AT(header.revision), 1},
};

#define SPARE sizeof(struct viot_endpoint)

/* And those that are a node. All lengths are SPARE, 24, which is enough for every type. */
static const struct {
	enum mutant_id mutant;
	uint8_t node[SPARE];
} wrong_nodes[] = {
	{MUTANT_VIOT_TYPE_0, {0, 0, SPARE}},
	{MUTANT_VIOT_TYPE_5, {5, 0, SPARE}},
	{MUTANT_VIOT_IOMMU_IS_HOST_BRIDGE, {VIOT_IOMMU_PCI, 0, SPARE}},
	{MUTANT_VIOT_IOMMU_IS_NOWHERE, {VIOT_IOMMU_PCI, 0, SPARE, [6] = 0xff}},
	{MUTANT_VIOT_IOMMU_IS_NO_MMIO, {VIOT_IOMMU_MMIO, 0, SPARE, [11] = ECAM_BASE >> 24}},
	{MUTANT_VIOT_MMIO_BASE_0,
	 {VIOT_MMIO_ENDPOINT, 0, SPARE, [6] = 3, [16] = offsetof(struct viot, iommu)}},
	{MUTANT_VIOT_SEGMENTS_SHARE_IDS,
	 {VIOT_PCI_RANGE, 0, SPARE, [5] = 1, [8] = 1, [10] = 1, [14] = 0xff,
	  [16] = offsetof(struct viot, iommu)}},
};

static void add_node(struct viot *viot, const uint8_t *node)
{
	memcpy((uint8_t *)viot + viot->header.length, node, SPARE);
	viot->header.length += SPARE;
	viot->node_count++;
}

static void shift_ids(struct viot *viot)
{
	unsigned int count = (viot->header.length - offsetof(struct viot, endpoints)) / SPARE;

	for (unsigned int i = 0; i < count; i++)
		viot->endpoints[i].endpoint += 8;
}

void bug_viot(struct viot *viot)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong_fields); i++)
		if (mutant(wrong_fields[i].mutant))
			memcpy((uint8_t *)viot + wrong_fields[i].offset, &wrong_fields[i].value,
			       wrong_fields[i].size);
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong_nodes); i++)
		if (mutant(wrong_nodes[i].mutant))
			add_node(viot, wrong_nodes[i].node);
	if (mutant(MUTANT_VIOT_MMIO_ID_WRONG))
		shift_ids(viot);
	table_seal(&viot->header);
	if (mutant(MUTANT_VIOT_CHECKSUM))
		viot->header.checksum++;
}
