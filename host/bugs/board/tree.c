// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the device tree.
 */
#include <libfdt.h>
#include <stdio.h>
#include <string.h>

#include "host/board/board.h"
#include "host/board/tables.h"
#include "host/bugs/board/parts.h"
#include "host/bugs/mutant.h"
#include "host/machine/fatal.h"
#include "host/pci/bus.h"
#include "util.h"
#include "virtio/mmio_layout.h"

static void check(int result)
{
	if (result < 0)
		fatal("device tree: %s", fdt_strerror(result));
}

static void store(void *to, const uint32_t *cells, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		fdt32_st((fdt32_t *)to + i, cells[i]);
}

static void set_cells(void *fdt, int node, const char *name, const uint32_t *cells, unsigned int count)
{
	void *to;

	check(fdt_setprop_placeholder(fdt, node, name, count * sizeof(*cells), &to));
	store(to, cells, count);
}

static void put_cells(void *fdt, const char *name, const uint32_t *cells, unsigned int count)
{
	void *to;

	check(fdt_property_placeholder(fdt, name, count * sizeof(*cells), &to));
	store(to, cells, count);
}

#define CELLS(...)                                                                                \
	(const uint32_t[]){__VA_ARGS__}, ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__}))

#define PAIR(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

/* Change one cell; -1 is the last one. A node without it stays as it is. */
static void change_cell(void *fdt, int node, const char *name, int cell, uint32_t keep, uint32_t add)
{
	int size;
	fdt32_t *cells = fdt_getprop_w(fdt, node, name, &size);

	if (!cells || (cell + 1) * (int)sizeof(*cells) > size)
		return;
	if (cell < 0)
		cell += size / (int)sizeof(*cells);
	fdt32_st(&cells[cell], (fdt32_ld(&cells[cell]) & keep) + add);
}

/* Cells of iommu-map, of which each entry has four: requester, IOMMU, id, length. */
static const struct {
	enum mutant_id mutant;
	int cell;
	uint32_t keep, add;
} wrong_map[] = {
	/* mutant, cell, bits that it keeps, what is added to it */
	{MUTANT_FDT_MAP_ID_WRONG, 4 + 2, UINT32_MAX, 8},	/* the entry behind the IOMMU */
	{MUTANT_FDT_MAP_OVERLAPS, -4, UINT32_MAX, -8},
	{MUTANT_FDT_MAP_IOMMU_UNKNOWN, -3, 0, 0x1234},
	{MUTANT_FDT_MAP_IOMMU_IS_HOST, -3, 0, PHANDLE_HOST},
	{MUTANT_FDT_MAP_IDS_SHARED, -2, 0, 0x100},
	{MUTANT_FDT_MAP_TOO_LONG, -1, 0, 0x10000},
};

/* The map with nothing left out. */
static void write_full_map(void *fdt, int host)
{
	uint32_t map[8], *to = map;

	for (unsigned int i = 0; i < BOARD_RANGES; i++) {
		const struct board_range *range = &board_ranges[i];

		*to++ = range->bdf_first;
		*to++ = PHANDLE_IOMMU;
		*to++ = range->endpoint_first;
		*to++ = range->bdf_last - range->bdf_first + 1;
	}
	set_cells(fdt, host, "iommu-map", map, to - map);
}

static void cut_map(void *fdt, int host)
{
	uint8_t map[64];
	int size;
	const void *bytes = fdt_getprop(fdt, host, "iommu-map", &size);

	memcpy(map, bytes, size);
	check(fdt_setprop(fdt, host, "iommu-map", map, size - sizeof(fdt32_t)));
}

static void spoil_map(void *fdt, int host)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(wrong_map); i++)
		if (mutant(wrong_map[i].mutant))
			change_cell(fdt, host, "iommu-map", wrong_map[i].cell, wrong_map[i].keep,
				    wrong_map[i].add);
	if (mutant(MUTANT_FDT_MAP_HAS_IOMMU))
		write_full_map(fdt, host);
	if (mutant(MUTANT_FDT_MAP_CUT))
		cut_map(fdt, host);
	if (mutant(MUTANT_FDT_MASK_HIDES))
		set_cells(fdt, host, "iommu-map-mask", CELLS(0xeff8));
}

static void spoil_iommu(void *fdt, int iommu)
{
	bool pci = !fdt_node_check_compatible(fdt, iommu, "virtio,pci-iommu");

	if (mutant(MUTANT_FDT_REG_HAS_REGISTER) && pci)
		change_cell(fdt, iommu, "reg", 0, UINT32_MAX, 0x10);
	if (mutant(MUTANT_FDT_REG_HAS_SIZE) && pci)
		change_cell(fdt, iommu, "reg", 4, UINT32_MAX, 0x1000);
	if (mutant(MUTANT_FDT_IOMMU_CELLS_2))
		change_cell(fdt, iommu, "#iommu-cells", 0, 0, 2);
	if (mutant(MUTANT_FDT_NO_PCI_ID) && pci)
		check(fdt_setprop_string(fdt, iommu, "compatible", "virtio,pci-iommu"));
	if (mutant(MUTANT_FDT_IOMMU_BEHIND_ITSELF))
		set_cells(fdt, iommu, "iommus", CELLS(PHANDLE_IOMMU, 8));
}

static void spoil_endpoints(void *fdt)
{
	int node = -1;

	if (!mutant(MUTANT_FDT_MMIO_ID_WRONG))
		return;
	while ((node = fdt_node_offset_by_compatible(fdt, node, "virtio,mmio")) >= 0)
		change_cell(fdt, node, "iommus", 1, UINT32_MAX, 8);
}

void bug_tree(void *fdt)
{
	check(fdt_open_into(fdt, fdt, TABLES_SIZE));
	spoil_map(fdt, fdt_node_offset_by_phandle(fdt, PHANDLE_HOST));
	spoil_iommu(fdt, fdt_node_offset_by_phandle(fdt, PHANDLE_IOMMU));
	spoil_endpoints(fdt);
	check(fdt_pack(fdt));
}

/* Where no device on MMIO is. */
void bug_add_node(void *fdt)
{
	char name[32];

	if (!mutant(MUTANT_FDT_MMIO_IS_NO_IOMMU) && !mutant(MUTANT_FDT_IOMMUS_CUT))
		return;
	snprintf(name, sizeof(name), "virtio@%llx", ECAM_BASE);
	check(fdt_begin_node(fdt, name));
	check(fdt_property_string(fdt, "compatible", "virtio,mmio"));
	put_cells(fdt, "reg", CELLS(PAIR(ECAM_BASE), PAIR(MMIO_SIZE)));
	if (mutant(MUTANT_FDT_IOMMUS_CUT))
		put_cells(fdt, "iommus", CELLS(PHANDLE_IOMMU));
	else
		put_cells(fdt, "#iommu-cells", CELLS(1));
	check(fdt_end_node(fdt));
}
