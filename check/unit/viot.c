// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "topology/topology.h"
#include "unit.h"

enum { NODES = 36, OFFSET = 38, FIRST = 48 };

/* What a PCI requester is: the id behind IOMMU @iommu, or NONE. */
struct endpoint {
	uint16_t segment, bdf;
	unsigned int iommu;
	uint64_t id;
};

#define NONE UINT64_MAX

struct fixture {
	const char *file;
	struct iommu_node iommu;
	struct endpoint endpoints[8];
};

static const struct fixture fixtures[] = {
	{"viot-q35.aml",
	 {IOMMU_PCI, 0, 0x10, 0},
	 {{0, 0x00, 0, 0x00},
	  {0, 0xff, 0, 0xff},
	  {0, 0x10, 0, NONE},
	  {0, 0x100, 0, NONE},
	  {1, 0x18, 0, NONE}}},
	{"viot-pxb.aml",
	 {IOMMU_PCI, 0, 0x10, 0},
	 {{0, 0x18, 0, 0x18},
	  {0, 0x1000, 0, 0x1000},
	  {0, 0x11ff, 0, 0x11ff},
	  {0, 0xfff, 0, NONE},
	  {0, 0x1200, 0, NONE}}},
	{"viot-segments.aml",
	 {IOMMU_PCI, 0, 8, 0},
	 {{0, 0x10, 0, 0x10},
	  {0, 0x18, 0, 0x18},
	  {0, 0x11, 0, NONE},
	  {0, 8, 0, NONE},
	  {1, 8, 0, 0x10008},
	  {1, 0x10, 0, NONE},
	  {2, 8, 0, NONE}}},
	{"viot-hotplug.aml",
	 {IOMMU_PCI, 0, 0x20, 0},
	 {{0, 0x30, 0, 0x30}, {0, 0x38, 0, NONE}, {0, 0x100, 0, 0x100}, {0, 0x1ff, 0, 0x1ff}}},
	{"viot-all.aml",
	 {IOMMU_MMIO, 0, 0, 0xa003c00},
	 {{2, 0x100, 1, 0x20000},
	  {2, 0x1ff, 1, 0x200ff},
	  {3, 0x100, 1, 0x30000},
	  {3, 0x108, 1, 0x30008},
	  {2, 0x108, 0, NONE},
	  {1, 0x100, 0, NONE},
	  {4, 0x100, 0, NONE},
	  {2, 0xff, 0, NONE}}},
};

static void check_endpoint(const struct topology *topology, const struct endpoint *e,
			   const char *file)
{
	unsigned int iommu = 0;
	uint32_t id = 0;
	bool found = topology_pci_endpoint(topology, e->segment, e->bdf, &iommu, &id);

	unit_check(found == (e->id != NONE) && (!found || (id == e->id && iommu == e->iommu)),
		   __FILE__, __LINE__, "%s: %x:%04x: found %d id 0x%x iommu %u", file, e->segment,
		   e->bdf, found, id, iommu);
	if (e->id != NONE)
		CHECK(topology_id_is_listed(topology, e->id));
}

static void test_fixture(const char *directory, const struct fixture *fixture)
{
	struct blob table = blob_load(directory, fixture->file);
	struct topology topology;
	struct error error;

	if (CHECK_OK(topology_from_viot(&topology, table.bytes, table.size, &error), error)) {
		CHECK(!strcmp(topology.source, "VIOT"));
		CHECK(topology.iommus[0].kind == fixture->iommu.kind);
		CHECK_EQ(topology.iommus[0].segment, fixture->iommu.segment);
		CHECK_EQ(topology.iommus[0].bdf, fixture->iommu.bdf);
		CHECK_EQ(topology.iommus[0].base, fixture->iommu.base);
		for (unsigned int i = 0; i < 8 && (i == 0 || fixture->endpoints[i].bdf); i++)
			check_endpoint(&topology, &fixture->endpoints[i], fixture->file);
	}
	blob_free(&table);
}

static void test_print(const char *directory)
{
	static const char expected[] = "# iommu: VIOT: MMIO 0xa003c00\n"
				       "# iommu: VIOT: PCI 0002:01:01.0\n"
				       "# endpoints: VIOT: PCI 0002:01:00.0 to 0003:01:1f.7 mask "
				       "0xfff8, ids from 0x20000, "
				       "behind the IOMMU at PCI 0002:01:01.0\n"
				       "# endpoints: VIOT: MMIO 0xa003e00, ids from 0x42, behind "
				       "the IOMMU at MMIO 0xa003c00\n"
				       "# endpoints: VIOT: MMIO 0xa003a00, ids from 0x43, behind "
				       "the IOMMU at PCI 0002:01:01.0\n";
	struct blob table = blob_load(directory, "viot-all.aml");
	char text[sizeof(expected) + 100] = "";
	FILE *real = stdout;
	struct topology topology;
	struct error error;

	CHECK_OK(topology_from_viot(&topology, table.bytes, table.size, &error), error);
	topology.ranges[0].rid_mask = 0xfff8;
	stdout = fmemopen(text, sizeof(text), "w");
	topology_print(&topology);
	fclose(stdout);
	stdout = real;
	unit_check(!strcmp(text, expected), __FILE__, __LINE__, "printed:\n%s", text);
	blob_free(&table);
}

static void test_mmio_and_ids(const char *directory)
{
	struct blob table = blob_load(directory, "viot-all.aml");
	struct topology topology;
	unsigned int iommu;
	struct error error;
	uint32_t id;

	CHECK_OK(topology_from_viot(&topology, table.bytes, table.size, &error), error);
	CHECK_EQ(topology.iommu_count, 2);
	CHECK_EQ(topology.range_count, 3);
	CHECK(topology_mmio_endpoint(&topology, 0xa003e00, &iommu, &id) && id == 0x42 &&
	      iommu == 0);
	CHECK(topology_mmio_endpoint(&topology, 0xa003a00, &iommu, &id) && id == 0x43 &&
	      iommu == 1);
	CHECK(!topology_mmio_endpoint(&topology, 0xa003c00, &iommu, &id));
	CHECK(topology_id_is_listed(&topology, 0x42));
	CHECK(!topology_id_is_listed(&topology, 0x44));
	CHECK(!topology_id_is_listed(&topology, 0x1ffff));
	CHECK(!topology_id_is_listed(&topology, 0x20100));
	CHECK(topology_id_is_listed(&topology, 0x300ff));
	CHECK(!topology_id_is_listed(&topology, 0x40000));
	CHECK(!topology_id_is_listed(&topology, UINT32_MAX));
	blob_free(&table);
}

struct patch {
	unsigned int offset, width;
	uint64_t value;
	const char *message;
};

/* In viot-pxb.aml: IOMMU at 48, ranges at 64 and 88, end at 112. */
static const struct patch patches[] = {
	{ OFFSET, 2, 0, "VIOT: offset 0x26: node offset 0x0 is not 0x30 to 0x70" },
	{ OFFSET, 2, 47, "VIOT: offset 0x26: node offset 0x2f" },
	{ OFFSET, 2, 113, "VIOT: offset 0x26: node offset 0x71" },
	{ OFFSET, 2, 110, "VIOT: offset 0x6e: node starts 2 bytes before the end" },
	{ NODES, 2, 2, "VIOT: offset 0x24: the 2 nodes end at 0x58, the table at 0x70" },
	{ NODES, 2, 0, "VIOT: offset 0x24: the 0 nodes end at 0x30" },
	{ NODES, 2, 4, "VIOT: offset 0x70: node starts 0 bytes before the end" },
	{ 50, 2, 15, "VIOT: offset 0x30: node length 15 is less than 16 (type 3)" },
	{ 66, 2, 4, "VIOT: offset 0x40: node length 4 is less than 24 (type 1)" },
	{ 66, 2, 49, "VIOT: offset 0x40: node length 49 runs past the end (type 1)" },
	{ 90, 2, 0xffff, "VIOT: offset 0x58: node length 65535 runs past the end (type 1)" },
	{ 64, 4, 0x00170002, "VIOT: offset 0x40: node length 23 is less than 24 (type 2)" },
	{ 48, 4, 0x000f0004, "VIOT: offset 0x30: node length 15 is less than 16 (type 4)" },
	{ 48, 4, 0x000300ff, "VIOT: offset 0x30: node length 3 is less than 4 (type 255)" },
	{ 48, 4, 0x00000000, "VIOT: offset 0x30: node length 0 is less than 4 (type 0)" },
	{ 72, 4, 0x00000001, "VIOT: offset 0x48: first segment 0x1 is above the last, 0x0" },
	{ 76, 4, 0x00ff0100, "VIOT: offset 0x4c: first BDF 0x100 is above the last, 0xff" },
	{ 68, 4, 0xffffff01, "VIOT: offset 0x44: ids from 0xffffff01 on exceed 32 bits" },
	{ 80, 2, 0, "VIOT: offset 0x50: output node 0x0 is no IOMMU node" },
	{ 80, 2, 64, "VIOT: offset 0x50: output node 0x40 is no IOMMU node" },
	{ 104, 2, 49, "VIOT: offset 0x68: output node 0x31 is no IOMMU node" },
	{ 48, 1, 5, "VIOT: offset 0x50: output node 0x30 is no IOMMU node" },
	{ 64, 1, 2, NULL },	/* an MMIO endpoint may have any base */
	{ 88, 1, 9, NULL },	/* a node of unknown type is skipped */
	{ 68, 4, 0xffffff00, NULL },
};

static void test_patch(const struct blob *good, const struct patch *patch)
{
	struct blob table = blob_copy(good);
	struct error error = { "" };
	struct topology topology;

	blob_put(&table, patch->offset, patch->width, patch->value);
	if (patch->message)
		CHECK_ERROR(topology_from_viot(&topology, table.bytes, table.size, &error), error,
			    patch->message, patch->message);
	else
		CHECK_OK(topology_from_viot(&topology, table.bytes, table.size, &error), error);
	blob_free(&table);
}

/* A table with a broken node can still be judged: what stands in front of it has been read. */
static void test_in_front(const struct blob *good, unsigned int offset, uint16_t value,
			  unsigned int ranges)
{
	struct blob table = blob_copy(good);
	struct topology topology;
	struct error error;

	blob_put(&table, offset, 2, value);
	CHECK(!topology_from_viot(&topology, table.bytes, table.size, &error));
	CHECK_EQ(topology.iommu_count, 1);
	CHECK_EQ(topology.range_count, ranges);
	blob_free(&table);
}

static void test_short(const struct blob *good)
{
	struct error error = { "" };
	struct topology topology;

	for (size_t size = 36; size < good->size; size++) {
		struct blob table = blob_resized(good, size);

		CHECK_ERROR(topology_from_viot(&topology, table.bytes, table.size, &error), error,
			    "VIOT: offset 0x", "cut table");
		blob_free(&table);
	}
}

/* @count nodes of 24 bytes behind the IOMMU, or in its place. */
static void test_limit(const struct blob *good, uint8_t type, unsigned int count,
		       const char *message)
{
	struct blob table = blob_resized(good, 64 + 24 * count);
	struct error error = { "" };
	struct topology topology;

	blob_put(&table, NODES, 2, 1 + count);
	for (unsigned int i = 0; i < count; i++) {
		blob_put(&table, 64 + 24 * i, 4, 0x180000 | type);
		blob_put(&table, 64 + 24 * i + 4, 8, 0);
		blob_put(&table, 64 + 24 * i + 12, 4, 0);
		blob_put(&table, 64 + 24 * i + 16, 2, 48);
	}
	if (message)
		CHECK_ERROR(topology_from_viot(&topology, table.bytes, table.size, &error), error,
			    message, message);
	else
		CHECK_OK(topology_from_viot(&topology, table.bytes, table.size, &error), error);
	blob_free(&table);
}

static void test_any_byte(const char *directory, const char *file)
{
	struct blob table = blob_load(directory, file);
	struct topology topology;
	struct error error;

	for (size_t at = 36; at < table.size; at++) {
		uint8_t was = table.bytes[at];

		for (unsigned int value = 0; value < 256; value++) {
			table.bytes[at] = value;
			(void)topology_from_viot(&topology, table.bytes, table.size, &error);
		}
		table.bytes[at] = was;
	}
	blob_free(&table);
}

int main(int argc, char **argv)
{
	const char *directory = argc > 1 ? argv[1] : ".";
	struct blob good = blob_load(directory, "viot-pxb.aml");

	for (unsigned int i = 0; i < sizeof(fixtures) / sizeof(fixtures[0]); i++)
		test_fixture(directory, &fixtures[i]);
	test_mmio_and_ids(directory);
	test_print(directory);
	for (unsigned int i = 0; i < sizeof(patches) / sizeof(patches[0]); i++)
		test_patch(&good, &patches[i]);
	test_in_front(&good, 104, 64, 1);
	test_in_front(&good, 90, 25, 1);
	test_in_front(&good, 90, 20, 1);
	test_in_front(&good, NODES, 4, 2);
	test_in_front(&good, 66, 4, 0);
	test_short(&good);
	test_limit(&good, 1, TOPOLOGY_MAX_RANGES, NULL);
	test_limit(&good, 1, TOPOLOGY_MAX_RANGES + 1, "VIOT: more than 64 endpoint ranges");
	test_limit(&good, 3, TOPOLOGY_MAX_IOMMUS - 1, NULL);
	test_limit(&good, 4, TOPOLOGY_MAX_IOMMUS, "VIOT: more than 8 IOMMUs");
	test_any_byte(directory, "viot-pxb.aml");
	test_any_byte(directory, "viot-all.aml");
	blob_free(&good);
	return unit_end("viot");
}
