// SPDX-License-Identifier: BSD-3-Clause
/*
 * IMSIC (RISC-V Advanced Interrupt Architecture, chapter 3): a message is the number of an interrupt,
 * written to the page of a hart's interrupt file. There it stays pending, as it is not enabled.
 */
#include <stddef.h>

#include "boot.h"
#include "csr.h"
#include "fdt.h"
#include "fdt_node.h"
#include "machine_riscv.h"
#include "msi.h"

#define SISELECT 0x150
#define SIREG	 0x151
#define EIP0	 0x80	/* by SISELECT; with 64 bits, each second one is there */

#define SUPERVISOR_EXTERNAL 9
#define FILE_SHIFT	    12
#define MOST_IDS	    2047

static uint64_t doorbell;
static uint32_t ids, taken;

#define CSR(number) CSR_(number)
#define CSR_(number) #number

static void select_pending(uint32_t interrupt)
{
	asm volatile("csrw " CSR(SISELECT) ", %0" : : "r"(EIP0 + interrupt / 64 * 2) : "memory");
}

/* Numbers come round again: what is pending is taken back. */
bool msi_alloc(struct msi_message *message, uint16_t requester)
{
	uint32_t interrupt;

	(void)requester;
	if (!ids)
		return false;
	interrupt = 1 + taken++ % ids;
	select_pending(interrupt);
	asm volatile("csrc " CSR(SIREG) ", %0" : : "r"(1ull << interrupt % 64) : "memory");
	*message = (struct msi_message){doorbell, interrupt, interrupt};
	return true;
}

bool msi_arrived(const struct msi_message *message)
{
	uint64_t pending;

	select_pending(message->interrupt);
	asm volatile("csrr %0, " CSR(SIREG) : "=r"(pending) : : "memory");
	return pending >> message->interrupt % 64 & 1;
}

/* The phandle is that of the interrupt controller within a node of a CPU. */
static bool is_boot_hart(const void *fdt, uint32_t phandle)
{
	int cpu = fdt_parent_offset(fdt, fdt_node_offset_by_phandle(fdt, phandle));
	unsigned int count;
	const fdt32_t *reg = cpu < 0 ? NULL : fdt_cells(fdt, cpu, "reg", &count);

	return reg && count && fdt32_ld(reg + count - 1) == boot_hart;
}

/* Of the boot hart's file among those of the node; false if it is none of supervisor mode. */
static bool find_file(const void *fdt, int node, unsigned int *index)
{
	unsigned int count;
	const fdt32_t *cells = fdt_cells(fdt, node, "interrupts-extended", &count);

	for (*index = 0; cells && 2 * *index + 1 < count; ++*index)
		if (fdt32_ld(cells + 2 * *index + 1) == SUPERVISOR_EXTERNAL &&
		    is_boot_hart(fdt, fdt32_ld(cells + 2 * *index)))
			return true;
	return false;
}

/* Files of several groups are not side by side: such a node is left alone. */
static bool use(const void *fdt, int node)
{
	unsigned int guest_bits = fdt_cell(fdt, node, "riscv,guest-index-bits", 0), index;
	uint32_t count = fdt_cell(fdt, node, "riscv,num-ids", 0);
	struct error ignored;
	uint64_t base;

	if (!fdt_is_enabled(fdt, node) || !count || count > MOST_IDS || guest_bits > 7 ||
	    fdt_cell(fdt, node, "riscv,group-index-bits", 0) || !find_file(fdt, node, &index) ||
	    !fdt_translate(fdt, node, 0, &base, NULL, &ignored))
		return false;
	doorbell = base + ((uint64_t)index << (FILE_SHIFT + guest_bits));
	ids = count;
	return true;
}

void msi_init(const struct boot_info *boot)
{
	int node = -1;

	do
		node = fdt_node_offset_by_compatible(boot->fdt, node, "riscv,imsics");
	while (node >= 0 && !use(boot->fdt, node));
}
