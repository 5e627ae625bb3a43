// SPDX-License-Identifier: BSD-3-Clause
/*
 * The raw VIOT (ACPI 6.5, 5.2.32). A node offset that is wrong leaves no IOMMU to be tested, and
 * ends the run.
 */
#include "judge/test.h"
#include "le.h"
#include "topology/firmware.h"

enum { TABLE_REVISION = 8, NODE_COUNT = 36, NODE_OFFSET = 38 };
enum { TABLE_RESERVED = 40, TABLE_HEADER = 48 };
enum { NODE_TYPE = 0, NODE_RESERVED = 1, NODE_LENGTH = 2, NODE_HEADER = 4 };
enum { PCI_RANGE = 1, MMIO_ENDPOINT = 2, IOMMU_ON_PCI = 3, IOMMU_ON_MMIO = 4, TYPES = 5 };
enum { ENDPOINT_ID = 4, SEGMENT_FIRST = 8, SEGMENT_LAST = 10, BDF_FIRST = 12, BDF_LAST = 14 };
enum { OUTPUT = 16 };
enum { MMIO_BASE = 8, IOMMU_SEGMENT = 4, IOMMU_BDF = 6 };

/* Sizes and reserved bytes [first, end) by type; 0 and from 5 on are not used. */
static const struct {
	uint8_t size, first, end;
} types[TYPES] = {
	[PCI_RANGE] = {24, 18, 24},
	[MMIO_ENDPOINT] = {24, 18, 24},
	[IOMMU_ON_PCI] = {16, 8, 16},
	[IOMMU_ON_MMIO] = {16, 4, 8},
};

static bool is_known(const uint8_t *node)
{
	return node[NODE_TYPE] && node[NODE_TYPE] < TYPES;
}

static uint32_t offset_of(const uint8_t *node)
{
	return node - firmware.viot;
}

/* A node of a type that is known is whole. */
static bool is_inside(const uint8_t *node)
{
	uint32_t left = firmware.viot_length - offset_of(node), least;

	if (left < NODE_HEADER)
		return false;
	least = is_known(node) ? types[node[NODE_TYPE]].size : NODE_HEADER;
	return le16(node + NODE_LENGTH) >= least && le16(node + NODE_LENGTH) <= left;
}

/* Return the node after @node, the first one for NULL; NULL where they end, or break off. */
static const uint8_t *next_node(const uint8_t *node)
{
	const uint8_t *next = node ? node + le16(node + NODE_LENGTH) :
				     firmware.viot + le16(firmware.viot + NODE_OFFSET);

	return offset_of(next) < firmware.viot_length && is_inside(next) ? next : NULL;
}

/* The same, for nodes of one type. */
static const uint8_t *next_of(const uint8_t *node, uint8_t type)
{
	do
		node = next_node(node);
	while (node && node[NODE_TYPE] != type);
	return node;
}

static bool is_endpoint(const uint8_t *node)
{
	return node[NODE_TYPE] == PCI_RANGE || node[NODE_TYPE] == MMIO_ENDPOINT;
}

/* VIOT-1 (table rule): BDF = bus<<8 | device<<3 | function; ranges inclusive at both ends, for ... */
TEST(VIOT_1, ranges_go_upwards, NEEDS_VIOT)
{
	for (const uint8_t *node = NULL; (node = next_of(node, PCI_RANGE));)
		EXPECT(le16(node + SEGMENT_FIRST) <= le16(node + SEGMENT_LAST) &&
			       le16(node + BDF_FIRST) <= le16(node + BDF_LAST),
		       "first segment and BDF of a range are not above the last ones",
		       "offset %#x: %04x:%04x to %04x:%04x", offset_of(node),
		       le16(node + SEGMENT_FIRST), le16(node + BDF_FIRST), le16(node + SEGMENT_LAST),
		       le16(node + BDF_LAST));
}

/* The node at @offset is an IOMMU. */
static bool is_iommu(uint32_t offset)
{
	for (const uint8_t *node = NULL; (node = next_node(node));)
		if (offset_of(node) == offset)
			return is_known(node) && !is_endpoint(node);
	return false;
}

/* VIOT-3 (table rule): output node = offset from table start to a type 3 or 4 node of the same table */
TEST(VIOT_3, output_nodes_are_iommus, NEEDS_VIOT)
{
	for (const uint8_t *node = NULL; (node = next_node(node));)
		EXPECT(!is_endpoint(node) || is_iommu(le16(node + OUTPUT)),
		       "output node is the offset of a node of type 3 or 4",
		       "offset %#x: output node %#x", offset_of(node), le16(node + OUTPUT));
}

static bool is_virtio_iommu(uint16_t segment, uint16_t bdf)
{
	const struct pci *pci = firmware.pci;

	for (unsigned int i = 0; i < pci->device_count; i++)
		if (pci->devices[i].segment == segment && pci->devices[i].bdf == bdf)
			return virtio_pci_type(&pci->devices[i]) == VIRTIO_TYPE_IOMMU;
	return false;
}

TEST(VIOT_3, nodes_of_type_3_are_virtio_iommus, NEEDS_VIOT)
{
	for (const uint8_t *node = NULL; (node = next_of(node, IOMMU_ON_PCI));)
		EXPECT(is_virtio_iommu(le16(node + IOMMU_SEGMENT), le16(node + IOMMU_BDF)),
		       "a node of type 3 names a function 1af4:1057", "offset %#x: %04x:%04x",
		       offset_of(node), le16(node + IOMMU_SEGMENT), le16(node + IOMMU_BDF));
}

/* VIOT-4 (table rule): MMIO endpoint is matched by the base address of the device's first memory resource */
TEST(VIOT_4, endpoints_on_mmio_have_addresses, NEEDS_VIOT)
{
	if (!next_of(NULL, MMIO_ENDPOINT))
		SKIP("needs a VIOT with an endpoint on MMIO");
	for (const uint8_t *node = NULL; (node = next_of(node, MMIO_ENDPOINT));)
		EXPECT(le64(node + MMIO_BASE), "the base address of the endpoint's registers",
		       "offset %#x: 0", offset_of(node));
}

/* VIOT-5 (table rule): node length >= the size of its type; nodes inside the table; node offset not 0 ... */
TEST(VIOT_5, nodes_fill_the_table, NEEDS_VIOT)
{
	uint16_t count = le16(firmware.viot + NODE_COUNT), i = 0;
	const uint8_t *node = NULL, *next;
	uint32_t end;

	for (; i < count && (next = next_node(node)); i++)
		node = next;
	REQUIRE(node);
	end = offset_of(node) + le16(node + NODE_LENGTH);
	EXPECT(i == count && end == firmware.viot_length,
	       "node count nodes, each as long as its type, up to the end of the table",
	       "%u of %u nodes are whole, they end at %#x, the table at %#x", i, count, end,
	       firmware.viot_length);
}

static bool is_zero(const uint8_t *first, const uint8_t *end)
{
	while (first < end)
		if (*first++)
			return false;
	return true;
}

static bool reserved_is_zero(const uint8_t *node)
{
	return !node[NODE_RESERVED] &&
	       (!is_known(node) || is_zero(node + types[node[NODE_TYPE]].first,
					   node + types[node[NODE_TYPE]].end));
}

/* VIOT-6 (table rule): reserved fields 0; types 0 and >= 5 not used */
TEST(VIOT_6, reserved_fields_are_0, NEEDS_VIOT)
{
	EXPECT(is_zero(firmware.viot + TABLE_RESERVED, firmware.viot + TABLE_HEADER),
	       "reserved fields are 0", "those at offset %#x are not", TABLE_RESERVED);
	for (const uint8_t *node = NULL; (node = next_node(node));)
		EXPECT(reserved_is_zero(node), "reserved fields are 0",
		       "those of the node at offset %#x are not", offset_of(node));
}

TEST(VIOT_6, types_are_defined, NEEDS_VIOT)
{
	for (const uint8_t *node = NULL; (node = next_node(node));)
		EXPECT(is_known(node), "node type 1 to 4", "offset %#x: type %u", offset_of(node),
		       node[NODE_TYPE]);
}

/* VIOT-10 (table rule): type 4 base address names the virtio-mmio register block; the device is also ... */
TEST(VIOT_10, nodes_of_type_4_are_virtio_iommus, NEEDS_VIOT)
{
	if (!next_of(NULL, IOMMU_ON_MMIO))
		SKIP("needs a VIOT with an IOMMU on MMIO");
	for (const uint8_t *node = NULL; (node = next_of(node, IOMMU_ON_MMIO));) {
		uint64_t base = le64(node + MMIO_BASE);

		EXPECT(virtio_mmio_type(base) == VIRTIO_TYPE_IOMMU,
		       "registers of a virtio-iommu on virtio-mmio", "offset %#x: not at %#lx",
		       offset_of(node), base);
	}
}

static bool ids_meet(const uint8_t *a, const uint8_t *b)
{
	uint32_t size_a = le16(a + BDF_LAST) - le16(a + BDF_FIRST);
	uint32_t size_b = le16(b + BDF_LAST) - le16(b + BDF_FIRST);

	return le16(a + OUTPUT) == le16(b + OUTPUT) &&
	       (le32(a + ENDPOINT_ID) - le32(b + ENDPOINT_ID) <= size_b ||
		le32(b + ENDPOINT_ID) - le32(a + ENDPOINT_ID) <= size_a);
}

/* VIOT-11 (table rule): several segments: either one node with a segment range or one node per segment ... */
TEST(VIOT_11, segments_have_ids_of_their_own, NEEDS_VIOT)
{
	bool several = false;

	for (const uint8_t *a = NULL; (a = next_of(a, PCI_RANGE));)
		for (const uint8_t *b = a; (b = next_of(b, PCI_RANGE));) {
			if (le16(a + SEGMENT_FIRST) == le16(b + SEGMENT_FIRST))
				continue;
			several = true;
			EXPECT(!ids_meet(a, b), "ranges of different segments have different ids",
			       "those at offsets %#x and %#x share some", offset_of(a), offset_of(b));
		}
	if (!several)
		SKIP("needs a VIOT with PCI segments");
}

/* VIOT-13 (table rule): the bytes of the table add up to 0; the revision is 0 */
TEST(VIOT_13, bytes_add_up_to_0, NEEDS_VIOT)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < firmware.viot_length; i++)
		sum += firmware.viot[i];
	EXPECT_EQ(sum, 0, "sum of the bytes of the table");
}

TEST(VIOT_13, revision_is_0, NEEDS_VIOT)
{
	EXPECT_EQ(firmware.viot[TABLE_REVISION], 0, "revision of the table");
}
