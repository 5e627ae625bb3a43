/* SPDX-License-Identifier: BSD-3-Clause */
#include "exceptions.h"

	.macro	first kind
	.balign	128
	sub	sp, sp, #FRAME_SIZE
	stp	x0, x1, [sp]
	mov	x1, #\kind
	b	save
	.endm

	.macro	nested
	.balign	128
	b	start_over
	.endm

	.text
	.balign	2048
	.global	vectors
vectors:
	/* Current EL with SP_EL0: the program. */
	first	KIND_SYNCHRONOUS
	first	KIND_IRQ
	first	KIND_FIQ
	first	KIND_SERROR

	/* Current EL with SP_EL1: the handler. */
	nested
	nested
	nested
	nested

	/*
	 * Lower EL. At EL1 nothing is lower. Where we left EL2, this is also its table: an HVC
	 * that is not served does nothing.
	 */
	.balign	128
	eret
	nested
	nested
	nested

	nested
	nested
	nested
	nested

save:
	stp	x2, x3, [sp, #16]
	stp	x4, x5, [sp, #32]
	stp	x6, x7, [sp, #48]
	stp	x8, x9, [sp, #64]
	stp	x10, x11, [sp, #80]
	stp	x12, x13, [sp, #96]
	stp	x14, x15, [sp, #112]
	stp	x16, x17, [sp, #128]
	stp	x18, x19, [sp, #144]
	stp	x20, x21, [sp, #160]
	stp	x22, x23, [sp, #176]
	stp	x24, x25, [sp, #192]
	stp	x26, x27, [sp, #208]
	stp	x28, x29, [sp, #224]
	mrs	x2, sp_el0
	stp	x30, x2, [sp, #240]
	mrs	x2, elr_el1
	mrs	x3, spsr_el1
	stp	x2, x3, [sp, #256]
	mrs	x2, esr_el1
	mrs	x3, far_el1
	stp	x2, x3, [sp, #272]
	mov	x0, sp
	mov	x29, xzr
	bl	exception

start_over:
	adrp	x0, exception_stack_end
	add	x0, x0, :lo12:exception_stack_end
	mov	sp, x0
	bl	exception_in_handler

	.section .note.GNU-stack, "", %progbits
