/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading nodes, for those who use libfdt themselves. A node is an offset of libfdt.
 */
#ifndef LIB_FDT_NODE_H
#define LIB_FDT_NODE_H

#include <libfdt.h>
#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/*
 * Property @name as an array of big-endian cells (fdt32_ld()), their number in @count. NULL if
 * the property is absent or no whole number of cells.
 */
const fdt32_t *fdt_cells(const void *fdt, int node, const char *name, unsigned int *count);

/* One cell, or @fallback if the property is absent or has another size. */
uint32_t fdt_cell(const void *fdt, int node, const char *name, uint32_t fallback);

/* Status is absent, "okay" or "ok". */
bool fdt_is_enabled(const void *fdt, int node);

/* The next such node behind @node (-1: from the start) that is @compatible; negative if there is none. */
int fdt_next_enabled(const void *fdt, int node, const char *compatible);

/* For messages; never NULL. */
const char *fdt_node_name(const void *fdt, int node);

/* Translate [*address, *address + size) as seen on @bus (a node) to what the CPU sees. */
bool fdt_translate_from(const void *fdt, int bus, uint64_t *address, uint64_t size,
			struct error *error);

#endif
