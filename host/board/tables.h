/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TABLES_H
#define TABLES_H

#include <stdint.h>

/* Bytes of memory that either description of the machine may take. */
#define TABLES_SIZE 0x10000

/* Write RSDP, XSDT, FADT, MCFG and VIOT to guest memory at @base. Returns the RSDP's address. */
uint64_t tables_write(uint64_t base);

/* Write a device tree to guest memory at @base instead. Returns its address. */
const void *tree_write(uint64_t base);

/* The phandles in that tree. */
enum { PHANDLE_IOMMU = 1, PHANDLE_HOST = 2 };

#endif
