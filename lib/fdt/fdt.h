/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flattened device tree (Devicetree Specification 0.4) says about the machine: a thin
 * layer over libfdt.
 *
 * Works with the MMU off. Nothing in the tree is believed: a broken one gives false and a message
 * that names the node, the property and the rule.
 */
#ifndef LIB_FDT_FDT_H
#define LIB_FDT_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "pci/pci.h"

struct boot_info;

/* No boot protocol allows a larger tree. */
#define FDT_MAX_SIZE (2u << 20)

/* Header, structure and strings are consistent. All other functions need a tree that passed. */
bool fdt_validate(const void *fdt, struct error *error);

/* Bytes of the tree. */
uint32_t fdt_size(const void *fdt);

/*
 * Memory nodes go to boot_add_ram(); the memory reservation block and /reserved-memory to
 * boot_add_reserved(). False if there is no memory at all.
 */
bool fdt_memory(const void *fdt, struct boot_info *boot, struct error *error);

/* Command line, empty if there is none. Points into the tree. */
const char *fdt_bootargs(const void *fdt);

struct fdt_console {
	enum { FDT_UART_NONE, FDT_UART_PL011, FDT_UART_16550 } kind;
	uint64_t base;			/* guest-physical */
	uint32_t reg_shift;		/* log2 of the distance of registers in bytes */
	uint32_t reg_io_width;		/* bytes of one access */
};

/*
 * The UART that /chosen/stdout-path names; if it names none that we know, the first one of a
 * kind that we know. True with FDT_UART_NONE if there is none.
 */
bool fdt_console(const void *fdt, struct fdt_console *console, struct error *error);

/* Print there from now on, if it is a UART that we know and can be mapped. Else nothing changes. */
void fdt_console_use(const struct fdt_console *console);

/* True if the tree has PSCI; *@hvc: call it by HVC, else by SMC. */
bool fdt_psci(const void *fdt, bool *hvc);

/*
 * Append the generic ECAM host bridges to @hosts, which has room for @max, adding to *@count.
 */
bool fdt_pci_hosts(const void *fdt, struct pci_host *hosts, unsigned int max,
		   unsigned int *count, struct error *error);

/*
 * Append the addresses of the registers of all virtio,mmio nodes, whether or not a device is there,
 * to @bases, which has room for @max, adding to *@count.
 */
bool fdt_virtio_mmio(const void *fdt, uint64_t *bases, unsigned int max, unsigned int *count,
		     struct error *error);

/*
 * Entry @index of the reg property of @node (an offset of libfdt), translated to what the CPU
 * sees by the ranges of all buses above. @size may be NULL.
 */
bool fdt_translate(const void *fdt, int node, unsigned int index, uint64_t *base, uint64_t *size,
		   struct error *error);

#endif
