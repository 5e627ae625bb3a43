// SPDX-License-Identifier: BSD-3-Clause
#include "fdt/fdt.h"
#include "fdt/node.h"

bool fdt_virtio_mmio(const void *fdt, uint64_t *bases, unsigned int max, unsigned int *count,
		     struct error *error)
{
	for (int node = -1; (node = fdt_next_enabled(fdt, node, "virtio,mmio")) >= 0;) {
		if (*count == max)
			return error_set(error, "device tree: %s: more than %u devices on virtio-mmio",
					 fdt_node_name(fdt, node), max);
		if (!fdt_translate(fdt, node, 0, &bases[(*count)++], NULL, error))
			return false;
	}
	return true;
}
