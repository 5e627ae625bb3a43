// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "fdt/fdt.h"
#include "fdt/node.h"

#include "imsic.h"

#define SUPERVISOR_EXTERNAL 9
#define FILE_SHIFT	    12

/* RISC-V Advanced Interrupt Architecture, 3.1 and 3.6. */
#define MOST_IDS	2047
#define MOST_GUEST_BITS 6

/* Return true if @phandle, of an interrupt controller within the node of a CPU, belongs to @hart. */
static bool is_of_hart(const void *fdt, uint32_t phandle, uint64_t hart)
{
	int cpu = fdt_parent_offset(fdt, fdt_node_offset_by_phandle(fdt, phandle));
	unsigned int count;
	const fdt32_t *reg = cpu < 0 ? NULL : fdt_cells(fdt, cpu, "reg", &count);

	return reg && count && fdt32_ld(reg + count - 1) == hart;
}

/* Find which of the node's files is that of the hart's supervisor mode. Return false if there is none. */
static bool find_file(const void *fdt, int node, uint64_t hart, uint64_t *index)
{
	unsigned int count;
	const fdt32_t *cells = fdt_cells(fdt, node, "interrupts-extended", &count);

	for (*index = 0; cells && 2 * *index + 1 < count; ++*index)
		if (fdt32_ld(cells + 2 * *index + 1) == SUPERVISOR_EXTERNAL &&
		    is_of_hart(fdt, fdt32_ld(cells + 2 * *index), hart))
			return true;
	return false;
}

static bool read_node(const void *fdt, int node, uint64_t hart, struct imsic *imsic)
{
	uint32_t guest_bits = fdt_cell(fdt, node, "riscv,guest-index-bits", 0);
	uint64_t base, size, index, offset;
	struct error ignored;

	imsic->ids = fdt_cell(fdt, node, "riscv,num-ids", 0);
	if (!imsic->ids || imsic->ids > MOST_IDS || guest_bits > MOST_GUEST_BITS ||
	    fdt_cell(fdt, node, "riscv,group-index-bits", 0) ||
	    !find_file(fdt, node, hart, &index) ||
	    !fdt_translate(fdt, node, 0, &base, &size, &ignored))
		return false;
	offset = index << (FILE_SHIFT + guest_bits);
	imsic->doorbell = base + offset;
	return offset < size;
}

bool imsic_find(const void *fdt, uint64_t hart, struct imsic *imsic)
{
	int node = -1;

	while ((node = fdt_next_enabled(fdt, node, "riscv,imsics")) >= 0)
		if (read_node(fdt, node, hart, imsic))
			return true;
	return false;
}
