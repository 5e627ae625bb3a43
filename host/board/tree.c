// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device tree of this machine (host-generic-pci.yaml, virtio/pci-iommu.yaml and
 * pci/pci-iommu.txt of the Linux bindings).
 */
#include <libfdt.h>
#include <stdio.h>

#include "host/board/board.h"
#include "host/board/hooks.h"
#include "host/board/tables.h"
#include "host/machine/fatal.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"
#include "util.h"
#include "virtio/mmio_layout.h"

enum { MEMORY32 = 0x02000000, MAP_CELLS = 4 };

static int failed;

static void check(int result)
{
	if (result < 0)
		failed = result;
}

static void put_cells(void *fdt, const char *name, const uint32_t *cells, unsigned int count)
{
	fdt32_t *to;

	check(fdt_property_placeholder(fdt, name, count * sizeof(*to), (void **)&to));
	for (unsigned int i = 0; i < count && !failed; i++)
		fdt32_st(&to[i], cells[i]);
}

#define CELLS(fdt, name, ...)                                                                     \
	put_cells(fdt, name, (const uint32_t[]){__VA_ARGS__},                                     \
		  ARRAY_SIZE(((const uint32_t[]){__VA_ARGS__})))

#define PAIR(value) (uint32_t)((uint64_t)(value) >> 32), (uint32_t)(value)

static void write_memory(void *fdt, uint64_t base, uint64_t size)
{
	char name[32];

	snprintf(name, sizeof(name), "memory@%lx", base);
	check(fdt_begin_node(fdt, name));
	check(fdt_property_string(fdt, "device_type", "memory"));
	CELLS(fdt, "reg", PAIR(base), PAIR(size));
	check(fdt_end_node(fdt));
}

/* What an IOMMU has on any transport. */
static void write_specifier(void *fdt)
{
	CELLS(fdt, "#iommu-cells", 1);
	CELLS(fdt, "phandle", PHANDLE_IOMMU);
}

static void begin_mmio(void *fdt, uint64_t base)
{
	char name[32];

	snprintf(name, sizeof(name), "virtio@%lx", base);
	check(fdt_begin_node(fdt, name));
	check(fdt_property_string(fdt, "compatible", "virtio,mmio"));
	CELLS(fdt, "reg", PAIR(base), PAIR(MMIO_SIZE));
}

static void write_mmio(void *fdt)
{
	struct board_mmio endpoint;

	if (board_iommu_registers()) {
		begin_mmio(fdt, board_iommu_registers());
		write_specifier(fdt);
		check(fdt_end_node(fdt));
	}
	for (unsigned int i = 0; board_mmio_endpoint(i, &endpoint); i++) {
		begin_mmio(fdt, endpoint.registers);
		if (endpoint.behind)
			CELLS(fdt, "iommus", PHANDLE_IOMMU, endpoint.id);
		check(fdt_end_node(fdt));
	}
}

static void write_iommu(void *fdt)
{
	static const char compatible[] = "virtio,pci-iommu\0pci1af4,1057";
	uint16_t bdf = board_iommu_bdf();
	char name[32];

	snprintf(name, sizeof(name), "iommu@%x,0", PCI_DEVICE(bdf));
	check(fdt_begin_node(fdt, name));
	check(fdt_property(fdt, "compatible", compatible, sizeof(compatible)));
	CELLS(fdt, "reg", (uint32_t)bdf << 8, 0, 0, 0, 0);
	write_specifier(fdt);
	check(fdt_end_node(fdt));
}

static unsigned int add_map(uint32_t *map, uint32_t first, uint32_t end,
			    const struct board_range *range)
{
	if (first >= end)
		return 0;
	map[0] = first;
	map[1] = PHANDLE_IOMMU;
	map[2] = first - range->bdf_first + range->endpoint_first;
	map[3] = end - first;
	return MAP_CELLS;
}

/* The IOMMU itself is left out of the map. */
static void write_map(void *fdt)
{
	uint32_t iommu = board_iommu_registers() ? UINT32_MAX : board_iommu_bdf(), map[16];
	unsigned int n = 0;

	for (unsigned int i = 0; i < BOARD_RANGES; i++) {
		const struct board_range *range = &board_ranges[i];
		uint32_t end = range->bdf_last + 1u;
		bool inside = iommu >= range->bdf_first && iommu < end;

		n += add_map(map + n, range->bdf_first, inside ? iommu : end, range);
		if (inside)
			n += add_map(map + n, iommu + 1, end, range);
	}
	put_cells(fdt, "iommu-map", map, n);
	CELLS(fdt, "phandle", PHANDLE_HOST);
}

static void write_host(void *fdt)
{
	char name[32];

	snprintf(name, sizeof(name), "pcie@%llx", ECAM_BASE);
	check(fdt_begin_node(fdt, name));
	check(fdt_property_string(fdt, "compatible", "pci-host-ecam-generic"));
	check(fdt_property_string(fdt, "device_type", "pci"));
	CELLS(fdt, "#address-cells", 3);
	CELLS(fdt, "#size-cells", 2);
	CELLS(fdt, "bus-range", 0, 255);
	CELLS(fdt, "reg", PAIR(ECAM_BASE), PAIR(ECAM_SIZE));
	CELLS(fdt, "ranges", MEMORY32, PAIR(PCI_WINDOW_BASE), PAIR(PCI_WINDOW_BASE),
	      PAIR(PCI_WINDOW_SIZE));
	write_map(fdt);
	if (!board_iommu_registers())
		write_iommu(fdt);
	check(fdt_end_node(fdt));
}

const void *tree_write(uint64_t base)
{
	void *fdt = ram_at(base, TABLES_SIZE);

	check(fdt_create(fdt, TABLES_SIZE));
	check(fdt_finish_reservemap(fdt));
	check(fdt_begin_node(fdt, ""));
	check(fdt_property_string(fdt, "compatible", "virtio-iommu-tests,host"));
	CELLS(fdt, "#address-cells", 2);
	CELLS(fdt, "#size-cells", 2);
	write_memory(fdt, RAM_BASE, ram_size());
	write_memory(fdt, RAM_HIGH_BASE, RAM_HIGH_SIZE);
	write_host(fdt);
	write_mmio(fdt);
	board_hooks.tree_ends(fdt);
	check(fdt_end_node(fdt));
	check(fdt_finish(fdt));
	if (failed)
		fatal("device tree: %s", fdt_strerror(failed));
	board_hooks.tree_written(fdt);
	return fdt;
}
