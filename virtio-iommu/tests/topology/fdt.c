// SPDX-License-Identifier: BSD-3-Clause
/*
 * The raw device tree (virtio/pci-iommu.yaml and pci/pci-iommu.txt of the Linux bindings).
 */
#include "fdt/fdt.h"
#include "fdt/node.h"
#include "judge/test.h"
#include "topology/firmware.h"

enum { RID = 0, PHANDLE = 1, ID = 2, LENGTH = 3, CELLS = 4 };

#define ALL_RIDS 0x10000u

static const void *fdt(void)
{
	return firmware.fdt;
}

static bool is_mmio_iommu(int node)
{
	return !fdt_node_check_compatible(fdt(), node, "virtio,mmio") &&
	       fdt_getprop(fdt(), node, "#iommu-cells", NULL);
}

static bool is_pci_iommu(int node)
{
	return !fdt_node_check_compatible(fdt(), node, "virtio,pci-iommu") ||
	       !fdt_node_check_compatible(fdt(), node, "pci1af4,1057");
}

/* By the device and function that its reg names, or the address of its registers. */
static bool is_under_test(int node)
{
	const struct iommu_node *iommu = &firmware.topology->iommus[firmware.iommu];
	unsigned int count;
	const fdt32_t *reg = fdt_cells(fdt(), node, "reg", &count);
	struct error ignored;
	uint64_t base;

	if (iommu->kind == IOMMU_PCI)
		return is_pci_iommu(node) && reg && (uint16_t)(fdt32_ld(reg) >> 8) == iommu->bdf;
	return is_mmio_iommu(node) && fdt_translate(fdt(), node, 0, &base, NULL, &ignored) &&
	       base == iommu->base;
}

static int iommu_node(void)
{
	for (int node = fdt_next_node(fdt(), -1, NULL); node >= 0;
	     node = fdt_next_node(fdt(), node, NULL))
		if (is_under_test(node))
			return node;
	return -1;
}

/* FDT-1 (table rule): the virtio-iommu is a child node of its host bridge; reg has 5 cells: BDF << 8, ... */
TEST(FDT_1, reg_is_the_bdf, NEEDS_FDT | NEEDS_PCI)
{
	int node = iommu_node();
	unsigned int count;
	const fdt32_t *reg = fdt_cells(fdt(), node, "reg", &count);

	REQUIRE(node >= 0 && count);
	EXPECT_EQ(count, 5, "cells of reg");
	EXPECT_EQ(fdt32_ld(reg), (uint32_t)firmware.topology->iommus[firmware.iommu].bdf << 8,
		  "first cell of reg, which is BDF << 8");
	for (unsigned int i = 1; i < count; i++)
		EXPECT_EQ(fdt32_ld(&reg[i]), 0, "cell %u of reg", i);
}

/* FDT-2 (table rule): compatible has "pci1af4,1057" */
TEST(FDT_2, compatible_has_the_pci_id, NEEDS_FDT | NEEDS_PCI)
{
	const char *compatible = fdt_getprop(fdt(), iommu_node(), "compatible", NULL);

	EXPECT(!fdt_node_check_compatible(fdt(), iommu_node(), "pci1af4,1057"),
	       "compatible has \"pci1af4,1057\"", "compatible has not: \"%.40s\"",
	       compatible ? compatible : "");
}

/* FDT-3 (table rule): #iommu-cells is 1: the single cell is the endpoint ID */
TEST(FDT_3, specifier_is_one_cell, NEEDS_FDT)
{
	EXPECT_EQ(fdt_cell(fdt(), iommu_node(), "#iommu-cells", 0), 1, "#iommu-cells");
}

/* FDT-4 (table rule): the virtio-iommu has no `iommus` of its own */
TEST(FDT_4, iommu_is_behind_no_iommu, NEEDS_FDT)
{
	EXPECT(!fdt_getprop(fdt(), iommu_node(), "iommus", NULL),
	       "the virtio-iommu has no property iommus",
	       "its node has a property iommus");
}

/* The map of the first host bridge from @node on that has one, and its number of cells. */
static const fdt32_t *next_map(int *node, unsigned int *count)
{
	do
		*node = fdt_next_node(fdt(), *node, NULL);
	while (*node >= 0 && !fdt_getprop(fdt(), *node, "iommu-map", NULL));
	return *node >= 0 ? fdt_cells(fdt(), *node, "iommu-map", count) : NULL;
}

static bool names_an_iommu(const fdt32_t *entry)
{
	int node = fdt_node_offset_by_phandle(fdt(), fdt32_ld(entry + PHANDLE));

	return node >= 0 && fdt_getprop(fdt(), node, "#iommu-cells", NULL);
}

static bool is_in_entry(const fdt32_t *entry, uint32_t rid)
{
	uint32_t first = fdt32_ld(entry + RID);

	return rid >= first && rid - first < fdt32_ld(entry + LENGTH);
}

/* FDT-5 (table rule): iommu-map has entries (rid-base, &iommu, iommu-base, length) within 16 bits, ... */
TEST(FDT_5, entries_are_whole, NEEDS_FDT)
{
	unsigned int count = 0;

	for (int node = -1; next_map(&node, &count) || node >= 0;)
		EXPECT(count && count % CELLS == 0, "iommu-map has entries of 4 cells", "%u cells",
		       count);
}

TEST(FDT_5, entries_name_an_iommu, NEEDS_FDT)
{
	unsigned int count;
	const fdt32_t *map;

	for (int node = -1; (map = next_map(&node, &count));)
		for (; count >= CELLS; count -= CELLS, map += CELLS)
			EXPECT(names_an_iommu(map), "an entry of iommu-map names an IOMMU",
			       "requester ids from %#x on: phandle %#x", fdt32_ld(map),
			       fdt32_ld(map + PHANDLE));
}

TEST(FDT_5, entries_have_16_bits, NEEDS_FDT)
{
	unsigned int count;
	const fdt32_t *map;

	for (int node = -1; (map = next_map(&node, &count));)
		for (; count >= CELLS; count -= CELLS, map += CELLS)
			EXPECT(fdt32_ld(map + LENGTH) <= ALL_RIDS &&
				       fdt32_ld(map) <= ALL_RIDS - fdt32_ld(map + LENGTH),
			       "requester ids of an entry have 16 bits", "%#x from %#x on",
			       fdt32_ld(map + LENGTH), fdt32_ld(map));
}

TEST(FDT_5, entries_do_not_overlap, NEEDS_FDT)
{
	unsigned int count;
	const fdt32_t *map;

	for (int node = -1; (map = next_map(&node, &count));)
		for (unsigned int i = 0; i + CELLS <= count; i += CELLS)
			for (unsigned int j = 0; j + CELLS <= count; j += CELLS)
				EXPECT(i == j || !is_in_entry(map + i, fdt32_ld(map + j)),
				       "a requester id is in one entry of iommu-map",
				       "%#x is in two", fdt32_ld(map + j));
}

/* FDT-7 (table rule): the IOMMU's own RID is left out of the map; it does not translate itself */
TEST(FDT_7, map_leaves_the_iommu_out, NEEDS_FDT | NEEDS_PCI)
{
	uint16_t bdf = firmware.topology->iommus[firmware.iommu].bdf;
	int parent = fdt_parent_offset(fdt(), iommu_node());
	unsigned int count = 0;
	const fdt32_t *map = fdt_cells(fdt(), parent, "iommu-map", &count);

	for (; map && count >= CELLS; count -= CELLS, map += CELLS)
		EXPECT(!is_in_entry(map, bdf), "the IOMMU's own requester id is not in iommu-map",
		       "%#x is in the entry from %#x on", bdf, fdt32_ld(map));
}

/* FDT-9 (table rule): iommu-map-mask: AND with the RID before the look-up; no entry is hidden by it */
TEST(FDT_9, mask_hides_no_entry, NEEDS_FDT)
{
	bool any = false;
	unsigned int count;
	const fdt32_t *map;

	for (int node = -1; (map = next_map(&node, &count));) {
		uint32_t mask = fdt_cell(fdt(), node, "iommu-map-mask", 0xffff);

		any |= fdt_getprop(fdt(), node, "iommu-map-mask", NULL) != NULL;
		for (; count >= CELLS; count -= CELLS, map += CELLS)
			EXPECT(!(fdt32_ld(map) & ~mask), "iommu-map-mask hides no entry",
			       "%#x with mask %#x", fdt32_ld(map), mask);
	}
	if (!any)
		SKIP("needs a device tree with iommu-map-mask");
}

/* Cells of one entry of iommus, as many as its IOMMU asks for; 0 if it is not whole. */
static unsigned int entry_cells(const fdt32_t *entry, unsigned int left)
{
	int node = fdt_node_offset_by_phandle(fdt(), fdt32_ld(entry));
	uint32_t cells = node < 0 ? left : fdt_cell(fdt(), node, "#iommu-cells", left);

	return cells < left ? 1 + cells : 0;
}

static bool is_whole(int node)
{
	unsigned int left, cells = 1;
	const fdt32_t *entry = fdt_cells(fdt(), node, "iommus", &left);

	for (; entry && left && cells; entry += cells, left -= cells)
		cells = entry_cells(entry, left);
	return entry && cells;
}

/* FDT-10 (table rule): an endpoint that is no PCI function, or names its ID itself, has `iommus = ... */
TEST(FDT_10, iommus_name_iommu_and_id, NEEDS_FDT)
{
	bool any = false;

	for (int node = -1; (node = fdt_next_node(fdt(), node, NULL)) >= 0;) {
		if (!fdt_getprop(fdt(), node, "iommus", NULL))
			continue;
		any = true;
		EXPECT(is_whole(node), "iommus has entries <&iommu ID>", "%s: not so",
		       fdt_node_name(fdt(), node));
	}
	if (!any)
		SKIP("needs a device tree with iommus");
}

/* FDT-11 (table rule): a virtio-iommu on MMIO is a node `virtio,mmio` with #iommu-cells; the device ID ... */
TEST(FDT_11, iommus_on_mmio_are_virtio_iommus, NEEDS_FDT)
{
	uint64_t base = 0;
	struct error error;
	bool any = false;

	for (int node = -1; (node = fdt_next_node(fdt(), node, NULL)) >= 0;) {
		if (!is_mmio_iommu(node))
			continue;
		any = true;
		if (!fdt_translate(fdt(), node, 0, &base, NULL, &error))
			return judge(VERDICT_ERROR, AT, "the address of the registers", "%s", error.text);
		EXPECT(virtio_mmio_type(base) == VIRTIO_TYPE_IOMMU,
		       "registers of a virtio-iommu on virtio-mmio", "%s: not at %#lx",
		       fdt_node_name(fdt(), node), base);
	}
	if (!any)
		SKIP("needs a device tree with an IOMMU on MMIO");
}
