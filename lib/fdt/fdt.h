/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a flattened device tree (Devicetree Specification 0.4) says about the machine: a thin
 * layer over libfdt.
 *
 * Works with the MMU off. Functions with an @error check what they read. If it is broken they return
 * false, and @error names the node, the property and the rule.
 */
#ifndef LIB_FDT_FDT_H
#define LIB_FDT_FDT_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"
#include "pci/pci.h"

struct boot_info;

/* Bytes: no boot protocol allows a larger tree. */
#define FDT_MAX_SIZE (2u << 20)

/* Check header, structure and strings. All other functions need a tree that has passed. */
bool fdt_validate(const void *fdt, struct error *error);

/* Return the size of the tree in bytes. */
uint32_t fdt_size(const void *fdt);

/*
 * Add memory nodes to @boot's RAM, and the memory reservation block and /reserved-memory to what is
 * reserved. Return false if they are broken, or if there is no memory at all.
 */
bool fdt_memory(const void *fdt, struct boot_info *boot, struct error *error);

/* Return the command line, which lies in the tree; empty if there is none. */
const char *fdt_bootargs(const void *fdt);

/* A UART, as the tree describes it. */
struct fdt_console {
	enum { FDT_UART_NONE, FDT_UART_PL011, FDT_UART_16550 } kind;
	uint64_t base;			/* guest-physical */
	uint32_t reg_shift;		/* log2 of the distance of registers in bytes */
	uint32_t reg_io_width;		/* bytes of one access */
};

/*
 * Fill @console with the UART that /chosen/stdout-path names; if it names none that we know, with the first
 * one of a kind that we know. Return true, with FDT_UART_NONE, if there is none.
 */
bool fdt_console(const void *fdt, struct fdt_console *console, struct error *error);

/* Print to @console from now on. Nothing changes if it is FDT_UART_NONE or cannot be mapped. */
void fdt_console_use(const struct fdt_console *console);

/*
 * Set *@id to the number of the first CPU that is not @own (its property reg). Return false if there is no
 * other.
 */
bool fdt_other_cpu(const void *fdt, uint64_t own, uint64_t *id);

/* Return true if the tree has PSCI. It is called by HVC if *@hvc, else by SMC. */
bool fdt_psci(const void *fdt, bool *hvc);

/*
 * Append the generic ECAM host bridges to @hosts, which holds *@count and has room for @max. Return false if
 * one is broken, if there are more, or if one has CAM only.
 */
bool fdt_pci_hosts(const void *fdt, struct pci_host *hosts, unsigned int max,
		   unsigned int *count, struct error *error);

/*
 * Return the one of @hosts, those of fdt_pci_hosts(), that @node (an offset of libfdt) describes, by the
 * address of its ECAM; NULL if it is none.
 */
const struct pci_host *fdt_pci_host_of(const void *fdt, int node, const struct pci_host *hosts,
				       unsigned int count);

/*
 * Append the guest-physical addresses of the registers of all virtio,mmio nodes to @bases, which holds
 * *@count and has room for @max. There need not be a device at each. Return false if a node is broken or
 * there are more.
 */
bool fdt_virtio_mmio(const void *fdt, uint64_t *bases, unsigned int max, unsigned int *count,
		     struct error *error);

/*
 * Put entry @index of the reg property of @node (an offset of libfdt) into *@base and *@size, translated to
 * what the CPU sees by the ranges of all buses above. @size may be NULL. Return false if there is no such
 * entry, or it cannot be translated.
 */
bool fdt_translate(const void *fdt, int node, unsigned int index, uint64_t *base, uint64_t *size,
		   struct error *error);

#endif
