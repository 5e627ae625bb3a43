// SPDX-License-Identifier: BSD-3-Clause
/*
 * I/O remapping table (Arm DEN 0049E, 3).
 */
#include "acpi/iommu.h"
#include "le.h"

/* Offsets in the table, in each node, in those of two types, and in an id mapping. */
enum { IORT_NODE_COUNT = 36, IORT_NODES = 40, IORT_HEADER = 48 };
enum { NODE_TYPE = 0, NODE_LENGTH = 1, NODE_MAPPING_COUNT = 8, NODE_MAPPINGS = 12, NODE_HEADER = 16 };
enum { ROOT_SEGMENT = 28, ROOT_LENGTH = 32 };
enum { SMMU_REGISTERS = 16, SMMU_LENGTH = 60 };
enum {
	MAPPING_INPUT = 0,
	MAPPING_LAST = 4,	/* the number of ids, less one */
	MAPPING_OUTPUT = 8,
	MAPPING_NODE = 12,
	MAPPING_SIZE = 20,
};

enum { TYPE_ROOT_COMPLEX = 2, TYPE_SMMU_V3 = 4 };

struct iort {
	const uint8_t *table;
	uint32_t length;
	struct error *error;
};

static uint32_t least_length(uint8_t type)
{
	return type == TYPE_ROOT_COMPLEX ? ROOT_LENGTH : type == TYPE_SMMU_V3 ? SMMU_LENGTH : NODE_HEADER;
}

static bool check_mappings(const struct iort *iort, uint32_t at)
{
	const uint8_t *node = iort->table + at;
	uint32_t length = le16(node + NODE_LENGTH);
	uint64_t first = le32(node + NODE_MAPPINGS), count = le32(node + NODE_MAPPING_COUNT);

	if (count && (first < NODE_HEADER || first + count * MAPPING_SIZE > length))
		return error_set(iort->error, "IORT: offset 0x%x: %u id mappings at 0x%x are not within the "
				 "node's %u bytes", at + NODE_MAPPING_COUNT, (unsigned int)count,
				 (unsigned int)first, length);
	return true;
}

/* An id mapping names a node by its offset, which need not be one of those that were walked over. */
static bool check_node(const struct iort *iort, uint32_t at)
{
	const uint8_t *node = iort->table + at;
	uint32_t left, length, least;

	if (at < IORT_HEADER || at > iort->length || iort->length - at < NODE_HEADER)
		return error_set(iort->error, "IORT: no node can be at offset 0x%x", at);
	left = iort->length - at;
	length = le16(node + NODE_LENGTH);
	least = least_length(node[NODE_TYPE]);
	if (length < least || length > left)
		return error_set(iort->error, "IORT: offset 0x%x: node length %u is not %u to %u (type %u)",
				 at, length, least, left, node[NODE_TYPE]);
	return check_mappings(iort, at);
}

/* What is being looked for, and what was found. */
struct search {
	uint16_t segment, requester;
	uint64_t registers;
	uint32_t stream;
};

static bool read_mapping(const struct iort *iort, const uint8_t *mapping, struct search *search)
{
	uint32_t index = search->requester - le32(mapping + MAPPING_INPUT);
	uint32_t smmu = le32(mapping + MAPPING_NODE);

	if (index > le32(mapping + MAPPING_LAST))
		return true;
	if (!check_node(iort, smmu))
		return false;
	if (iort->table[smmu + NODE_TYPE] != TYPE_SMMU_V3)
		return true;
	search->registers = le64(iort->table + smmu + SMMU_REGISTERS);
	search->stream = le32(mapping + MAPPING_OUTPUT) + index;
	return true;
}

static bool read_node(const struct iort *iort, uint32_t at, struct search *search)
{
	const uint8_t *node = iort->table + at;
	uint32_t first = le32(node + NODE_MAPPINGS);

	if (node[NODE_TYPE] != TYPE_ROOT_COMPLEX || le32(node + ROOT_SEGMENT) != search->segment)
		return true;
	for (uint32_t i = 0; i < le32(node + NODE_MAPPING_COUNT) && !search->registers; i++)
		if (!read_mapping(iort, node + first + i * MAPPING_SIZE, search))
			return false;
	return true;
}

static bool search_nodes(const struct iort *iort, struct search *search)
{
	uint32_t count = le32(iort->table + IORT_NODE_COUNT), at = le32(iort->table + IORT_NODES);

	for (uint32_t i = 0; i < count; i++, at += le16(iort->table + at + NODE_LENGTH))
		if (!check_node(iort, at) || !read_node(iort, at, search))
			return false;
	return true;
}

bool acpi_iort_smmu(const struct acpi *acpi, uint16_t segment, uint16_t requester, uint64_t *registers,
		    uint32_t *stream, struct error *error)
{
	struct iort iort = {.error = error};
	struct search search = {.segment = segment, .requester = requester};

	*registers = 0;
	iort.table = acpi_table(acpi, "IORT", &iort.length);
	if (!iort.table)
		return true;
	if (iort.length < IORT_HEADER)
		return error_set(error, "IORT: offset 0x4: length %u is less than %u", iort.length,
				 IORT_HEADER);
	if (!search_nodes(&iort, &search))
		return false;
	*registers = search.registers;
	*stream = search.stream;
	return true;
}
