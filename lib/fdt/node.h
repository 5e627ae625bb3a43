/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading nodes, beside libfdt. A node is an offset of libfdt.
 */
#ifndef LIB_FDT_NODE_H
#define LIB_FDT_NODE_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Return property @name as an array of *@count big-endian cells (fdt32_ld()), which lie in the tree. NULL,
 * with *@count as it was, if the property is absent or no whole number of cells.
 */
const fdt32_t *fdt_cells(const void *fdt, int node, const char *name, unsigned int *count);

/* Return property @name if it is one cell, @fallback if it is absent or has another size. */
uint32_t fdt_cell(const void *fdt, int node, const char *name, uint32_t fallback);

/* Return true if the status of @node is absent, "okay" or "ok". */
bool fdt_is_enabled(const void *fdt, int node);

/*
 * Return the next enabled node after @node (-1: from the start) that is @compatible; negative if there is
 * none.
 */
int fdt_next_enabled(const void *fdt, int node, const char *compatible);

/* Return the name of @node, for messages; never NULL. */
const char *fdt_node_name(const void *fdt, int node);

/*
 * Translate [*@address, *@address + @size) from what @bus, a node, sees to what the CPU sees. Return false,
 * with a message in @error, if the ranges on the way do not hold it.
 */
bool fdt_translate_from(const void *fdt, int bus, uint64_t *address, uint64_t size,
			struct error *error);

#endif
