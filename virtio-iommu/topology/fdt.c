// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-iommus and the endpoints behind them in a device tree (virtio/pci-iommu.yaml,
 * virtio/mmio.yaml, pci/pci-iommu.txt and iommu/iommu.txt of the Linux bindings).
 */
#include <stddef.h>
#include <string.h>

#include "fdt/fdt.h"
#include "fdt/iommu_map.h"
#include "fdt/node.h"

#include "topology/topology.h"

struct reader {
	const void *fdt;
	const struct pci_host *hosts;
	unsigned int host_count;
	struct topology *topology;
	struct error *error;
	int iommu_nodes[TOPOLOGY_MAX_IOMMUS];
};

static bool tree_error(const struct reader *r, int node, const char *rule)
{
	return error_set(r->error, "device tree: %s: %s", fdt_node_name(r->fdt, node), rule);
}

static const struct pci_host *host_of(const struct reader *r, int node)
{
	return fdt_pci_host_of(r->fdt, node, r->hosts, r->host_count);
}

/* Read the BDF of a PCI function: bits 23:8 of the first cell of reg. */
static bool read_bdf(const struct reader *r, int node, uint16_t *bdf)
{
	unsigned int count;
	const fdt32_t *reg = fdt_cells(r->fdt, node, "reg", &count);

	if (!reg || count < 5)
		return tree_error(r, node, "reg: a PCI function has at least 5 cells");
	*bdf = fdt32_ld(reg) >> 8;
	return true;
}

static bool is_pci_iommu(const struct reader *r, int node)
{
	return !fdt_node_check_compatible(r->fdt, node, "virtio,pci-iommu") ||
	       !fdt_node_check_compatible(r->fdt, node, "pci1af4,1057");
}

static bool is_mmio_iommu(const struct reader *r, int node)
{
	return !fdt_node_check_compatible(r->fdt, node, "virtio,mmio") &&
	       fdt_getprop(r->fdt, node, "#iommu-cells", NULL);
}

static bool read_pci_iommu(struct reader *r, int node, struct iommu_node *iommu)
{
	const struct pci_host *host = host_of(r, fdt_parent_offset(r->fdt, node));

	if (!host)
		return tree_error(r, node,
			      "the virtio-iommu is not directly below a known host bridge");
	iommu->kind = IOMMU_PCI;
	iommu->segment = host->segment;
	return read_bdf(r, node, &iommu->bdf);
}

static bool read_iommu(struct reader *r, int node)
{
	struct iommu_node iommu = { .kind = IOMMU_MMIO };

	if (is_pci_iommu(r, node)) {
		if (!read_pci_iommu(r, node, &iommu))
			return false;
	} else if (is_mmio_iommu(r, node)) {
		if (!fdt_translate(r->fdt, node, 0, &iommu.base, NULL, r->error))
			return false;
	} else {
		return true;
	}
	if (!topology_add_iommu(r->topology, &iommu, r->error))
		return false;
	r->iommu_nodes[r->topology->iommu_count - 1] = node;
	return fdt_cell(r->fdt, node, "#iommu-cells", 0) == 1 ||
	       tree_error(r, node, "#iommu-cells: a virtio-iommu has one cell, the endpoint id");
}

enum target { TARGET_BROKEN, TARGET_FOREIGN, TARGET_IOMMU };

/* Find the node that a phandle in a property of @node refers to and, of a virtio-iommu, its index. */
static enum target find_iommu(const struct reader *r, int node, uint32_t phandle, int *target,
			      unsigned int *iommu)
{
	*target = fdt_node_offset_by_phandle(r->fdt, phandle);
	if (*target < 0) {
		error_set(r->error, "device tree: %s: no node has the phandle 0x%x of its IOMMU",
			  fdt_node_name(r->fdt, node), phandle);
		return TARGET_BROKEN;
	}
	for (*iommu = 0; *iommu < r->topology->iommu_count; ++*iommu)
		if (r->iommu_nodes[*iommu] == *target)
			return TARGET_IOMMU;
	return TARGET_FOREIGN;
}

/* Add an endpoint that names its id itself: a PCI function below a host bridge, or registers. */
static bool add_endpoint(const struct reader *r, int node, unsigned int iommu, uint32_t id)
{
	const struct pci_host *host = host_of(r, fdt_parent_offset(r->fdt, node));
	struct endpoint_range range = { .iommu = iommu, .mmio = !host, .rid_mask = 0xffff,
					.endpoint_first = id };

	if (host) {
		range.segment_first = range.segment_last = host->segment;
		if (!read_bdf(r, node, &range.bdf_first))
			return false;
		range.bdf_last = range.bdf_first;
	} else if (!fdt_translate(r->fdt, node, 0, &range.base, NULL, r->error)) {
		return false;
	}
	return topology_add_range(r->topology, &range, r->error);
}

/* Read iommus = <&iommu id>, ... An entry for another kind of IOMMU has as many cells as that one says. */
static bool read_iommus(struct reader *r, int node)
{
	unsigned int count, iommu;
	const fdt32_t *cells = fdt_cells(r->fdt, node, "iommus", &count);
	int target;

	if (!cells)
		return !fdt_getprop(r->fdt, node, "iommus", NULL) ||
		       tree_error(r, node, "iommus: not a whole number of cells");
	while (count) {
		enum target kind = find_iommu(r, node, fdt32_ld(cells), &target, &iommu);
		uint32_t id_cells;

		if (kind == TARGET_BROKEN)
			return false;
		id_cells = fdt_cell(r->fdt, target, "#iommu-cells", count);
		if (id_cells >= count)
			return tree_error(r, node,
				      "iommus: an entry has less cells than #iommu-cells asks for");
		if (kind == TARGET_IOMMU && !add_endpoint(r, node, iommu, fdt32_ld(cells + 1)))
			return false;
		cells += 1 + id_cells;
		count -= 1 + id_cells;
	}
	return true;
}

static bool add_map_entry(struct reader *r, int node, const struct pci_host *host,
			  const struct fdt_iommu_map_entry *entry, uint16_t mask)
{
	struct endpoint_range range = {
		.segment_first = host->segment,
		.segment_last = host->segment,
		.rid_mask = mask,
		.bdf_first = entry->rid,
		.bdf_last = entry->rid + entry->length - 1,
		.endpoint_first = entry->id,
	};
	int target;

	if (!entry->length)
		return true;
	switch (find_iommu(r, node, entry->phandle, &target, &range.iommu)) {
	case TARGET_BROKEN:
		return false;
	case TARGET_FOREIGN:
		return true;
	case TARGET_IOMMU:
		break;
	}
	return topology_add_range(r->topology, &range, r->error);
}

static bool read_map(struct reader *r, int node)
{
	const struct pci_host *host;
	struct fdt_iommu_map_entry entry;
	struct fdt_iommu_map map;

	if (!fdt_getprop(r->fdt, node, "iommu-map", NULL) || !(host = host_of(r, node)))
		return true;
	if (!fdt_iommu_map(r->fdt, node, &map, r->error))
		return false;
	for (unsigned int i = 0; i < map.entries; i++)
		if (!fdt_iommu_map_entry(r->fdt, node, &map, i, &entry, r->error) ||
		    !add_map_entry(r, node, host, &entry, map.mask))
			return false;
	return true;
}

static bool for_each_node(struct reader *r, bool (*read)(struct reader *r, int node))
{
	for (int node = fdt_next_node(r->fdt, -1, NULL); node >= 0;
	     node = fdt_next_node(r->fdt, node, NULL))
		if (fdt_is_enabled(r->fdt, node) && !read(r, node))
			return false;
	return true;
}

bool topology_from_fdt(struct topology *topology, const void *fdt, const struct pci_host *hosts,
		       unsigned int host_count, struct error *error)
{
	struct reader r = { .fdt = fdt, .hosts = hosts, .host_count = host_count,
			    .topology = topology, .error = error };

	memset(topology, 0, sizeof(*topology));
	topology->source = "FDT";
	/* What a node says of itself comes before what the host bridge says of all. */
	return for_each_node(&r, read_iommu) && for_each_node(&r, read_iommus) &&
	       for_each_node(&r, read_map);
}
