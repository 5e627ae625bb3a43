// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "fdt/fdt.h"
#include "fdt/iommu_map.h"
#include "fdt/node.h"

enum { MAP_RID = 0, MAP_PHANDLE = 1, MAP_ID = 2, MAP_LENGTH = 3, MAP_CELLS = 4 };

#define ALL_RIDS 0x10000u

bool fdt_iommu_map(const void *fdt, int node, struct fdt_iommu_map *map, struct error *error)
{
	unsigned int count;
	uint32_t mask = 0xffff;

	if (!fdt_cells(fdt, node, "iommu-map", &count) || count % MAP_CELLS)
		return error_set(error, "device tree: %s: iommu-map: no entries of 4 cells",
				 fdt_node_name(fdt, node));
	if (fdt_getprop(fdt, node, "iommu-map-mask", NULL))
		mask = fdt_cell(fdt, node, "iommu-map-mask", UINT32_MAX);
	if (mask > 0xffff)
		return error_set(error, "device tree: %s: iommu-map-mask: not one cell of 16 bits",
				 fdt_node_name(fdt, node));
	*map = (struct fdt_iommu_map){count / MAP_CELLS, mask};
	return true;
}

static bool check_entry(const void *fdt, int node, const struct fdt_iommu_map_entry *entry, uint16_t mask,
			struct error *error)
{
	if (entry->rid >= ALL_RIDS || entry->length > ALL_RIDS - entry->rid)
		return error_set(error, "device tree: %s: iommu-map: 0x%x requester ids from 0x%x on exceed "
				 "16 bits", fdt_node_name(fdt, node), entry->length, entry->rid);
	if (entry->rid & ~mask)
		return error_set(error, "device tree: %s: iommu-map: requester id 0x%x is hidden by "
				 "iommu-map-mask 0x%x", fdt_node_name(fdt, node), entry->rid, mask);
	if (entry->id > UINT32_MAX - (entry->length - 1))
		return error_set(error, "device tree: %s: iommu-map: 0x%x ids from 0x%x on exceed 32 bits",
				 fdt_node_name(fdt, node), entry->length, entry->id);
	return true;
}

bool fdt_iommu_map_entry(const void *fdt, int node, const struct fdt_iommu_map *map, unsigned int index,
			 struct fdt_iommu_map_entry *entry, struct error *error)
{
	unsigned int count;
	const fdt32_t *cells = fdt_cells(fdt, node, "iommu-map", &count) + index * MAP_CELLS;

	*entry = (struct fdt_iommu_map_entry){
		.rid = fdt32_ld(cells + MAP_RID),
		.phandle = fdt32_ld(cells + MAP_PHANDLE),
		.id = fdt32_ld(cells + MAP_ID),
		.length = fdt32_ld(cells + MAP_LENGTH),
	};
	return !entry->length || check_entry(fdt, node, entry, map->mask, error);
}

static bool search_map(const void *fdt, int node, uint16_t requester, int *iommu, uint32_t *id,
		       struct error *error)
{
	struct fdt_iommu_map_entry entry;
	struct fdt_iommu_map map;

	if (!fdt_iommu_map(fdt, node, &map, error))
		return false;
	requester &= map.mask;
	for (unsigned int i = 0; i < map.entries; i++) {
		if (!fdt_iommu_map_entry(fdt, node, &map, i, &entry, error))
			return false;
		if (requester < entry.rid || requester - entry.rid >= entry.length)
			continue;
		*id = entry.id + (requester - entry.rid);
		*iommu = fdt_node_offset_by_phandle(fdt, entry.phandle);
		return *iommu >= 0 ||
		       error_set(error, "device tree: %s: iommu-map: no node has the phandle 0x%x",
				 fdt_node_name(fdt, node), entry.phandle);
	}
	return true;
}

bool fdt_iommu_of(const void *fdt, const struct pci *pci, uint16_t segment, uint16_t requester, int *iommu,
		  uint32_t *id, struct error *error)
{
	*iommu = -FDT_ERR_NOTFOUND;
	for (int node = -1; (node = fdt_next_enabled(fdt, node, "pci-host-ecam-generic")) >= 0;) {
		const struct pci_host *host = fdt_pci_host_of(fdt, node, pci->hosts, pci->host_count);

		if (host && host->segment == segment && fdt_getprop(fdt, node, "iommu-map", NULL))
			return search_map(fdt, node, requester, iommu, id, error);
	}
	return true;
}
