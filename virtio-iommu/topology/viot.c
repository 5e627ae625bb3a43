// SPDX-License-Identifier: BSD-3-Clause
/*
 * Virtual I/O Translation table (ACPI 6.5, 5.2.32).
 */
#include <string.h>

#include "le.h"

#include "topology/topology.h"

/* Offsets in the table. */
enum { VIOT_NODE_COUNT = 36, VIOT_NODE_OFFSET = 38, VIOT_HEADER_SIZE = 48 };

/* Offsets in a node. */
enum { NODE_TYPE = 0, NODE_LENGTH = 2, NODE_HEADER_SIZE = 4 };
enum {
	RANGE_ENDPOINT = 4,
	RANGE_SEGMENT_FIRST = 8,
	RANGE_SEGMENT_LAST = 10,
	RANGE_BDF_FIRST = 12,
	RANGE_BDF_LAST = 14,
};
enum { MMIO_ENDPOINT = 4, MMIO_BASE = 8 };
enum { ENDPOINT_OUTPUT = 16 };		/* of both kinds */
enum { IOMMU_PCI_SEGMENT = 4, IOMMU_PCI_BDF = 6, IOMMU_MMIO_BASE = 8 };

enum viot_type {
	VIOT_PCI_RANGE = 1,
	VIOT_MMIO_ENDPOINT = 2,
	VIOT_IOMMU_PCI = 3,
	VIOT_IOMMU_MMIO = 4,
};

struct viot {
	const uint8_t *table;
	uint32_t length;
	struct topology *topology;
	struct error *error;
	uint32_t iommu_offsets[TOPOLOGY_MAX_IOMMUS];
};

static uint32_t least_length(uint8_t type)
{
	switch (type) {
	case VIOT_PCI_RANGE:
	case VIOT_MMIO_ENDPOINT:
		return 24;
	case VIOT_IOMMU_PCI:
	case VIOT_IOMMU_MMIO:
		return 16;
	default:
		return NODE_HEADER_SIZE;
	}
}

static bool check_node(const struct viot *viot, uint32_t at)
{
	const uint8_t *node = viot->table + at;
	uint32_t left = viot->length - at;
	uint8_t type;

	if (left < NODE_HEADER_SIZE)
		return error_set(viot->error,
				 "VIOT: offset 0x%x: node starts %u bytes before the end", at,
				 left);
	type = node[NODE_TYPE];
	if (le16(node + NODE_LENGTH) < least_length(type))
		return error_set(viot->error,
				 "VIOT: offset 0x%x: node length %u is less than %u (type %u)", at,
				 le16(node + NODE_LENGTH), least_length(type), type);
	if (le16(node + NODE_LENGTH) > left)
		return error_set(viot->error,
				 "VIOT: offset 0x%x: node length %u runs past the end (type %u)",
				 at, le16(node + NODE_LENGTH), type);
	return true;
}

static bool read_iommu(struct viot *viot, uint32_t at)
{
	const uint8_t *node = viot->table + at;
	struct iommu_node iommu = { .kind = IOMMU_PCI };

	if (node[NODE_TYPE] == VIOT_IOMMU_PCI) {
		iommu.segment = le16(node + IOMMU_PCI_SEGMENT);
		iommu.bdf = le16(node + IOMMU_PCI_BDF);
	} else if (node[NODE_TYPE] == VIOT_IOMMU_MMIO) {
		iommu.kind = IOMMU_MMIO;
		iommu.base = le64(node + IOMMU_MMIO_BASE);
	} else {
		return true;
	}
	if (!topology_add_iommu(viot->topology, &iommu, viot->error))
		return false;
	viot->iommu_offsets[viot->topology->iommu_count - 1] = at;
	return true;
}

static bool find_output(const struct viot *viot, uint32_t at, unsigned int *iommu)
{
	uint16_t output = le16(viot->table + at + ENDPOINT_OUTPUT);

	for (*iommu = 0; *iommu < viot->topology->iommu_count; ++*iommu)
		if (viot->iommu_offsets[*iommu] == output)
			return true;
	return error_set(viot->error,
			 "VIOT: offset 0x%x: output node 0x%x is no IOMMU node of the table",
			 at + ENDPOINT_OUTPUT, output);
}

/* Check that the highest id is still a 32-bit number. */
static bool check_ids(const struct viot *viot, uint32_t at, const struct endpoint_range *range)
{
	uint32_t segments = range->segment_last - range->segment_first;
	uint32_t functions = range->bdf_last - range->bdf_first;

	if (((uint64_t)segments << 16) + functions + range->endpoint_first > UINT32_MAX)
		return error_set(viot->error, "VIOT: offset 0x%x: ids from 0x%x on exceed 32 bits",
				 at + RANGE_ENDPOINT, range->endpoint_first);
	return true;
}

static bool read_pci_range(struct viot *viot, uint32_t at)
{
	const uint8_t *node = viot->table + at;
	struct endpoint_range range = {
		.segment_first = le16(node + RANGE_SEGMENT_FIRST),
		.segment_last = le16(node + RANGE_SEGMENT_LAST),
		.bdf_first = le16(node + RANGE_BDF_FIRST),
		.bdf_last = le16(node + RANGE_BDF_LAST),
		.rid_mask = 0xffff,
		.endpoint_first = le32(node + RANGE_ENDPOINT),
	};

	if (range.segment_first > range.segment_last)
		return error_set(viot->error,
				 "VIOT: offset 0x%x: first segment 0x%x is above the last, 0x%x",
				 at + RANGE_SEGMENT_FIRST, range.segment_first, range.segment_last);
	if (range.bdf_first > range.bdf_last)
		return error_set(viot->error,
				 "VIOT: offset 0x%x: first BDF 0x%x is above the last, 0x%x",
				 at + RANGE_BDF_FIRST, range.bdf_first, range.bdf_last);
	return find_output(viot, at, &range.iommu) && check_ids(viot, at, &range) &&
	       topology_add_range(viot->topology, &range, viot->error);
}

static bool read_endpoint(struct viot *viot, uint32_t at)
{
	const uint8_t *node = viot->table + at;
	struct endpoint_range range = { .mmio = true };

	if (node[NODE_TYPE] == VIOT_PCI_RANGE)
		return read_pci_range(viot, at);
	if (node[NODE_TYPE] != VIOT_MMIO_ENDPOINT)
		return true;
	range.base = le64(node + MMIO_BASE);
	range.endpoint_first = le32(node + MMIO_ENDPOINT);
	return find_output(viot, at, &range.iommu) &&
	       topology_add_range(viot->topology, &range, viot->error);
}

static bool for_each_node(struct viot *viot, bool (*read)(struct viot *viot, uint32_t at))
{
	uint16_t count = le16(viot->table + VIOT_NODE_COUNT);
	uint32_t at = le16(viot->table + VIOT_NODE_OFFSET);

	for (uint16_t i = 0; i < count; i++) {
		if (!check_node(viot, at) || !read(viot, at))
			return false;
		at += le16(viot->table + at + NODE_LENGTH);
	}
	if (at != viot->length)
		return error_set(viot->error,
				 "VIOT: offset 0x%x: the %u nodes end at 0x%x, the table at 0x%x",
				 VIOT_NODE_COUNT, count, at, viot->length);
	return true;
}

bool topology_from_viot(struct topology *topology, const void *table, uint32_t length,
			struct error *error)
{
	struct viot viot = {.table = table, .length = length, .topology = topology, .error = error};
	uint16_t offset;
	bool iommus;

	memset(topology, 0, sizeof(*topology));
	topology->source = "VIOT";
	if (length < VIOT_HEADER_SIZE)
		return error_set(error, "VIOT: offset 0x4: length %u is less than %u", length,
				 VIOT_HEADER_SIZE);
	offset = le16(viot.table + VIOT_NODE_OFFSET);
	if (offset < VIOT_HEADER_SIZE || offset > length)
		return error_set(error, "VIOT: offset 0x%x: node offset 0x%x is not 0x%x to 0x%x",
				 VIOT_NODE_OFFSET, offset, VIOT_HEADER_SIZE, length);
	/* A range may stand before the IOMMU that it names. */
	iommus = for_each_node(&viot, read_iommu);
	return for_each_node(&viot, read_endpoint) && iommus;
}
