/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where messages for a hart go, as the tree tells (Devicetree binding interrupt-controller/
 * riscv,imsics.yaml).
 */
#ifndef RISCV_IMSIC_H
#define RISCV_IMSIC_H

#include <stdbool.h>
#include <stdint.h>

struct imsic {
	uint64_t doorbell;	/* page of the hart's interrupt file of supervisor mode, guest-physical */
	uint32_t ids;		/* interrupts 1 to ids are there */
};

/*
 * The file of @hart in a valid tree. False if there is none, or one that this program does not know: files
 * in groups, which are not side by side.
 */
bool imsic_find(const void *fdt, uint64_t hart, struct imsic *imsic);

#endif
