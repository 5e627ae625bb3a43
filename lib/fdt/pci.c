// SPDX-License-Identifier: BSD-3-Clause
/*
 * Generic PCI host bridges in a device tree (IEEE 1275 PCI bus binding; host-generic-pci.yaml of
 * the Linux bindings).
 */
#include <stddef.h>

#include "fdt/fdt.h"
#include "fdt/node.h"

/* First cell of a PCI address: npt000ss bbbbbbbb dddddfff rrrrrrrr. */
enum {
	SPACE_MASK = 3 << 24,
	SPACE_MEMORY32 = 2 << 24,
	SPACE_MEMORY64 = 3 << 24,
	SPACE_PREFETCH = 1 << 30,
};

enum { PCI_ADDRESS_CELLS = 3, PCI_SIZE_CELLS = 2 };

#define BUS_SIZE 0x100000ull

struct reader {
	const void *fdt;
	int node;
	struct pci_host *host;
	struct error *error;
};

static uint64_t load64(const fdt32_t *cells)
{
	return (uint64_t)fdt32_ld(cells) << 32 | fdt32_ld(cells + 1);
}

static bool tree_error(const struct reader *r, const char *rule)
{
	return error_set(r->error, "device tree: %s: %s", fdt_node_name(r->fdt, r->node), rule);
}

static bool read_buses(const struct reader *r)
{
	uint64_t size, buses;
	unsigned int count;
	const fdt32_t *range = fdt_cells(r->fdt, r->node, "bus-range", &count);
	uint32_t first = 0, last = 255;

	if (!fdt_translate(r->fdt, r->node, 0, &r->host->ecam, &size, r->error))
		return false;
	buses = size / BUS_SIZE;
	if (range && count == 2) {
		first = fdt32_ld(range);
		last = fdt32_ld(range + 1);
	} else if (fdt_getprop(r->fdt, r->node, "bus-range", NULL)) {
		return tree_error(r, "bus-range: not two cells");
	} else if (buses && buses < 256) {
		last = buses - 1;
	}
	if (first > last || last > 255)
		return tree_error(r, "bus-range: not first <= last <= 255");
	if (!r->host->ecam || last - first + 1 > buses)
		return tree_error(r, "reg: less than 1 MiB for each bus of bus-range");
	r->host->bus_first = first;
	r->host->bus_last = last;
	return true;
}

static bool check_window(const struct reader *r, const struct pci_window *window)
{
	uint64_t last = window->pci_base + window->size - 1;

	if (last < window->pci_base)
		return tree_error(r, "ranges: a window wraps around");
	if (!window->is64 && last > UINT32_MAX)
		return tree_error(r, "ranges: a 32-bit window reaches above 4 GiB");
	if (r->host->window_count == PCI_MAX_WINDOWS)
		return error_set(r->error, "device tree: %s: ranges: more than %u memory windows",
				 fdt_node_name(r->fdt, r->node), PCI_MAX_WINDOWS);
	return true;
}

/* A window in the 64-bit space that lies below 4 GiB serves all BARs. */
static bool read_window(const struct reader *r, const fdt32_t *entry, int parent, int parent_cells)
{
	uint32_t high = fdt32_ld(entry);
	struct pci_window window = {
		.pci_base = load64(entry + 1),
		.cpu_base = parent_cells == 2 ? load64(entry + 3) : fdt32_ld(entry + 3),
		.size = load64(entry + 3 + parent_cells),
		.prefetch = high & SPACE_PREFETCH,
	};

	if ((high & SPACE_MASK) < SPACE_MEMORY32 || !window.size)
		return true;
	window.is64 = (high & SPACE_MASK) == SPACE_MEMORY64 &&
		      window.pci_base + window.size - 1 > UINT32_MAX;
	if (!check_window(r, &window) ||
	    !fdt_translate_from(r->fdt, parent, &window.cpu_base, window.size, r->error))
		return false;
	r->host->windows[r->host->window_count++] = window;
	return true;
}

/* The parent's cells have been checked with the reg property. */
static bool read_windows(const struct reader *r)
{
	int parent = fdt_parent_offset(r->fdt, r->node);
	int parent_cells = fdt_address_cells(r->fdt, parent);
	unsigned int count, entry = PCI_ADDRESS_CELLS + parent_cells + PCI_SIZE_CELLS;
	const fdt32_t *ranges = fdt_cells(r->fdt, r->node, "ranges", &count);

	if (fdt_address_cells(r->fdt, r->node) != PCI_ADDRESS_CELLS ||
	    fdt_size_cells(r->fdt, r->node) != PCI_SIZE_CELLS)
		return tree_error(r, "a PCI bus has #address-cells 3 and #size-cells 2");
	if (!ranges || count % entry)
		return error_set(r->error, "device tree: %s: ranges: no entries of %u cells",
				 fdt_node_name(r->fdt, r->node), entry);
	for (; count; count -= entry, ranges += entry)
		if (!read_window(r, ranges, parent, parent_cells))
			return false;
	return true;
}

static bool segment_is_used(const struct pci_host *hosts, unsigned int count, uint32_t segment)
{
	for (unsigned int i = 0; i < count; i++)
		if (hosts[i].segment == segment)
			return true;
	return false;
}

/* Bridges that name no domain get the lowest free number, in the order of the tree. */
static bool read_segment(const struct reader *r, const struct pci_host *hosts, unsigned int count)
{
	uint32_t segment = 0;

	if (fdt_getprop(r->fdt, r->node, "linux,pci-domain", NULL)) {
		segment = fdt_cell(r->fdt, r->node, "linux,pci-domain", UINT32_MAX);
		if (segment > 0xffff)
			return tree_error(r, "linux,pci-domain: not one cell of 16 bits");
		if (segment_is_used(hosts, count, segment))
			return tree_error(r, "linux,pci-domain: the number is in use");
	}
	while (segment_is_used(hosts, count, segment))
		segment++;
	r->host->segment = segment;
	return true;
}

bool fdt_pci_hosts(const void *fdt, struct pci_host *hosts, unsigned int max,
		   unsigned int *count, struct error *error)
{
	static const char ecam[] = "pci-host-ecam-generic", cam[] = "pci-host-cam-generic";
	int node = fdt_next_enabled(fdt, -1, cam);

	if (node >= 0)
		return error_set(error, "device tree: %s: %s: CAM is not supported, only ECAM",
				 fdt_node_name(fdt, node), cam);
	while ((node = fdt_next_enabled(fdt, node, ecam)) >= 0) {
		struct pci_host host = { 0 };
		struct reader r = { .fdt = fdt, .node = node, .host = &host, .error = error };

		if (*count == max)
			return error_set(error, "device tree: %s: more than %u host bridges",
					 fdt_node_name(fdt, node), max);
		if (!read_buses(&r) || !read_windows(&r) || !read_segment(&r, hosts, *count))
			return false;
		hosts[(*count)++] = host;
	}
	return true;
}

const struct pci_host *fdt_pci_host_of(const void *fdt, int node, const struct pci_host *hosts,
				       unsigned int count)
{
	struct error ignored;
	uint64_t ecam;

	if (node < 0 || fdt_node_check_compatible(fdt, node, "pci-host-ecam-generic") ||
	    !fdt_translate(fdt, node, 0, &ecam, NULL, &ignored))
		return NULL;
	for (unsigned int i = 0; i < count; i++)
		if (hosts[i].ecam == ecam)
			return &hosts[i];
	return NULL;
}
