/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For assembly.
 */
#ifndef ARM_MACROS_H
#define ARM_MACROS_H

	.macro	address register, symbol
	adrp	\register, \symbol
	add	\register, \register, :lo12:\symbol
	.endm

	.macro	constant register, value
	movz	\register, #((\value) & 0xffff)
	movk	\register, #((\value) >> 16 & 0xffff), lsl #16
	.endm

#endif
