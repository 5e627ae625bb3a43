/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where messages for a hart go, by the tree (Devicetree binding interrupt-controller/riscv,imsics.yaml).
 */
#ifndef RISCV_IMSIC_H
#define RISCV_IMSIC_H

#include <stdbool.h>
#include <stdint.h>

/* The interrupt file of a hart. */
struct imsic {
	uint64_t doorbell;	/* guest-physical: page of the interrupt file of supervisor mode */
	uint32_t ids;		/* there are interrupts 1 to ids */
};

/*
 * Find the interrupt file of @hart in a valid tree. Return false if there is none, or only one of a kind
 * that is not supported: files in groups, which are not side by side.
 */
bool imsic_find(const void *fdt, uint64_t hart, struct imsic *imsic);

#endif
