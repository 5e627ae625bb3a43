// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who is behind which unit by DMAR and IORT, and what is refused there.
 */
#include <string.h>

#include "acpi/iommu.h"
#include "unit.h"

enum { TABLE_AT = 0x1000 };

static struct acpi acpi;

/* Let the table be all that there is. */
static void install(struct blob *table, const char *signature)
{
	acpi.count = 1;
	acpi.tables[0].address = TABLE_AT;
	acpi.tables[0].length = table->size;
	memcpy(acpi.tables[0].signature, signature, 5);
	machine_clear();
	machine_put(TABLE_AT, table->bytes, table->size);
}

/* Values of @width bytes at offsets: what is left out is 0. */
struct value {
	unsigned int offset, width;
	uint64_t value;
};

static struct blob make(size_t size, const struct value *values, unsigned int count)
{
	const struct blob empty = {(uint8_t *)"", 0};
	struct blob table = blob_resized(&empty, size);

	for (unsigned int i = 0; i < count; i++)
		blob_put(&table, values[i].offset, values[i].width, values[i].value);
	return table;
}

#define MAKE(size, values) make(size, values, sizeof(values) / sizeof(values[0]))

/* A value that breaks the table, and what is said of it. */
struct patch {
	struct value value;
	const char *message;
};

/*
 * A unit with two functions and a bridge, one of another segment, a memory region, and the unit of the rest.
 */
enum { DMAR_SIZE = 48 + 40 + 16 + 24 + 24 };

static const struct value dmar_values[] = {
	{48, 2, 0}, {50, 2, 40}, {52, 1, 0}, {54, 2, 0}, {56, 8, 0xfed90000},
	{64, 1, 1}, {65, 1, 8}, {69, 1, 0}, {70, 1, 2}, {71, 1, 0},
	{72, 1, 1}, {73, 1, 8}, {77, 1, 3}, {78, 1, 0x1f}, {79, 1, 7},
	{80, 1, 2}, {81, 1, 8}, {85, 1, 0}, {86, 1, 5}, {87, 1, 0},
	{88, 2, 0}, {90, 2, 16}, {92, 1, 1}, {94, 2, 1}, {96, 8, 0xfed91000},
	{104, 2, 1}, {106, 2, 24},
	{128, 2, 0}, {130, 2, 24}, {132, 1, 1}, {134, 2, 0}, {136, 8, 0xfed92000},
	{144, 1, 3}, {145, 1, 8}, {149, 1, 0}, {150, 1, 9}, {151, 1, 0},
};

static const struct patch dmar_patches[] = {
	{{50, 2, 3}, "DMAR: offset 0x30: structure length 3 is not 16 to 104"},
	{{50, 2, 15}, "DMAR: offset 0x30: structure length 15 is not 16 to 104"},
	{{50, 2, 105}, "DMAR: offset 0x30: structure length 105 is not 16 to 104"},
	{{106, 2, 0}, "DMAR: offset 0x68: structure length 0 is not 4 to 48"},
	{{106, 2, 46}, "DMAR: offset 0x96: structure starts 2 bytes before the end"},
	{{65, 1, 7}, "DMAR: offset 0x40: scope length 7 is not 8 to 24"},
	{{65, 1, 25}, "DMAR: offset 0x40: scope length 25 is not 8 to 24"},
	{{50, 2, 17}, "DMAR: offset 0x40: scope length 0 is not 8 to 1"},
};

static uint64_t unit_of(const struct pci_dev *dev)
{
	struct error error = {""};
	uint64_t registers;

	CHECK_OK(acpi_dmar_unit(&acpi, dev, &registers, &error), error);
	return registers;
}

static uint64_t dmar_unit(uint16_t segment, uint16_t bdf)
{
	return unit_of(&(struct pci_dev){.segment = segment, .bdf = bdf});
}

static void test_dmar(void)
{
	struct pci_dev named = {.bdf = 0x28}, other = {.bdf = 0x30}, port = {.bdf = 0x100, .bridge = &named};
	struct blob table = MAKE(DMAR_SIZE, dmar_values);

	install(&table, "DMAR");
	CHECK_EQ(dmar_unit(0, 0x10), 0xfed90000);
	CHECK_EQ(dmar_unit(0, 0x3ff), 0xfed90000);
	CHECK_EQ(dmar_unit(0, 0x11), 0xfed92000);	/* another function */
	CHECK_EQ(unit_of(&named), 0xfed90000);		/* a bridge, and all that is below it */
	CHECK_EQ(unit_of(&port), 0xfed90000);
	CHECK_EQ(unit_of(&(struct pci_dev){.bdf = 0x208, .bridge = &port}), 0xfed90000);
	CHECK_EQ(unit_of(&(struct pci_dev){.bdf = 0x208, .bridge = &other}), 0xfed92000);
	CHECK_EQ(dmar_unit(0, 0x48), 0xfed92000);	/* an I/O APIC is none */
	CHECK_EQ(dmar_unit(1, 0x10), 0xfed91000);
	CHECK_EQ(dmar_unit(2, 0x10), 0);
	acpi.count = 0;
	CHECK_EQ(dmar_unit(0, 0x10), 0);
	blob_free(&table);
}

static void test_broken_dmar(void)
{
	struct pci_dev last = {.bdf = 0x3ff};
	struct error error = {""};
	uint64_t registers;
	struct blob table;

	for (unsigned int i = 0; i < sizeof(dmar_patches) / sizeof(dmar_patches[0]); i++) {
		const struct value *value = &dmar_patches[i].value;

		table = MAKE(DMAR_SIZE, dmar_values);
		blob_put(&table, value->offset, value->width, value->value);
		install(&table, "DMAR");
		CHECK_ERROR(acpi_dmar_unit(&acpi, &last, &registers, &error), error,
			    dmar_patches[i].message, dmar_patches[i].message);
		blob_free(&table);
	}
	table = make(47, NULL, 0);
	install(&table, "DMAR");
	CHECK_ERROR(acpi_dmar_unit(&acpi, &last, &registers, &error), error, "length 47 is less than 48",
		    "short");
	blob_free(&table);
}

/* An ITS, an SMMU, and two root complexes: one in front of both by halves, one of another segment. */
enum { ITS = 48, SMMU = 72, ROOT = 132, OTHER = 204, IORT_SIZE = 256 };

static const struct value iort_values[] = {
	{36, 4, 4}, {40, 4, ITS},
	{ITS, 1, 0}, {ITS + 1, 2, 24},
	{SMMU, 1, 4}, {SMMU + 1, 2, 60}, {SMMU + 16, 8, 0x9050000},
	{ROOT, 1, 2}, {ROOT + 1, 2, 72}, {ROOT + 8, 4, 2}, {ROOT + 12, 4, 32}, {ROOT + 28, 4, 0},
	{ROOT + 32, 4, 0}, {ROOT + 36, 4, 0xff}, {ROOT + 40, 4, 0}, {ROOT + 44, 4, ITS},
	{ROOT + 52, 4, 0x100}, {ROOT + 56, 4, 0xfeff}, {ROOT + 60, 4, 0x10000}, {ROOT + 64, 4, SMMU},
	{OTHER, 1, 2}, {OTHER + 1, 2, 52}, {OTHER + 8, 4, 1}, {OTHER + 12, 4, 32}, {OTHER + 28, 4, 7},
	{OTHER + 32, 4, 8}, {OTHER + 36, 4, 0}, {OTHER + 40, 4, 0x77}, {OTHER + 44, 4, SMMU},
};

static const struct patch iort_patches[] = {
	{{36, 4, 5}, "IORT: no node can be at offset 0x100"},
	{{40, 4, 47}, "IORT: no node can be at offset 0x2f"},
	{{40, 4, 0xfffffff0}, "IORT: no node can be at offset 0xfffffff0"},
	{{ITS + 1, 2, 15}, "IORT: offset 0x30: node length 15 is not 16 to 208 (type 0)"},
	{{SMMU + 1, 2, 59}, "IORT: offset 0x48: node length 59 is not 60 to 184 (type 4)"},
	{{OTHER + 1, 2, 53}, "IORT: offset 0xcc: node length 53 is not 32 to 52 (type 2)"},
	{{ROOT + 8, 4, 3}, "IORT: offset 0x8c: 3 id mappings at 0x20 are not within the node's 72 bytes"},
	{{ROOT + 8, 4, 0xffffffff}, "IORT: offset 0x8c: 4294967295 id mappings at 0x20"},
	{{ROOT + 12, 4, 15}, "IORT: offset 0x8c: 2 id mappings at 0xf"},
	{{ROOT + 12, 4, 0xfffffff0}, "IORT: offset 0x8c: 2 id mappings at 0xfffffff0"},
	{{ROOT + 64, 4, 245}, "IORT: no node can be at offset 0xf5"},
	{{ROOT + 64, 4, 0}, "IORT: no node can be at offset 0x0"},
};

static uint64_t iort_smmu(uint16_t segment, uint16_t requester, uint32_t *stream)
{
	struct error error = {""};
	uint64_t registers;

	CHECK_OK(acpi_iort_smmu(&acpi, segment, requester, &registers, stream, &error), error);
	return registers;
}

static void test_iort(void)
{
	struct blob table = MAKE(IORT_SIZE, iort_values);
	uint32_t stream;

	install(&table, "IORT");
	CHECK_EQ(iort_smmu(0, 0x100, &stream), 0x9050000);
	CHECK_EQ(stream, 0x10000);
	CHECK_EQ(iort_smmu(0, 0xffff, &stream), 0x9050000);
	CHECK_EQ(stream, 0x1feff);
	CHECK_EQ(iort_smmu(0, 0xff, &stream), 0);	/* straight to the ITS */
	CHECK_EQ(iort_smmu(7, 8, &stream), 0x9050000);
	CHECK_EQ(stream, 0x77);
	CHECK_EQ(iort_smmu(7, 7, &stream), 0);
	CHECK_EQ(iort_smmu(7, 9, &stream), 0);
	CHECK_EQ(iort_smmu(3, 8, &stream), 0);
	acpi.count = 0;
	CHECK_EQ(iort_smmu(0, 0x100, &stream), 0);
	blob_free(&table);
}

static void test_broken_iort(void)
{
	struct error error = {""};
	uint64_t registers;
	struct blob table;
	uint32_t stream;

	for (unsigned int i = 0; i < sizeof(iort_patches) / sizeof(iort_patches[0]); i++) {
		const struct value *value = &iort_patches[i].value;

		table = MAKE(IORT_SIZE, iort_values);
		blob_put(&table, value->offset, value->width, value->value);
		install(&table, "IORT");
		CHECK_ERROR(acpi_iort_smmu(&acpi, 0, 0x200, &registers, &stream, &error), error,
			    iort_patches[i].message, iort_patches[i].message);
		blob_free(&table);
	}
	table = make(47, NULL, 0);
	install(&table, "IORT");
	CHECK_ERROR(acpi_iort_smmu(&acpi, 0, 0, &registers, &stream, &error), error,
		    "length 47 is less than 48", "short");
	blob_free(&table);
}

int main(void)
{
	test_dmar();
	test_broken_dmar();
	test_iort();
	test_broken_iort();
	return unit_end("acpi_iommu");
}
