/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second CPU, as PSCI starts it: X0 = struct cpu_context (cpus.c), MMU and data cache are off, interrupts
 * are masked. Nothing is written before the MMU is on.
 */
#include "macros.h"
#include "sysreg.h"

	.text
	.global	second_entry
second_entry:
	mov	x19, x0
	mrs	x0, CurrentEL
	cmp	x0, #2 << 2
	b.ne	1f
	bl	leave_el2
1:	constant x0, SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #CPACR_FPEN
	msr	cpacr_el1, x0
	address	x0, vectors
	msr	vbar_el1, x0
	ldp	x0, x1, [x19]
	ldp	x2, x20, [x19, #16]
	msr	mair_el1, x0
	msr	tcr_el1, x1
	msr	ttbr0_el1, x2
	msr	spsel, #1
	address	x0, second_exception_stack_end
	mov	sp, x0
	msr	spsel, #0
	address	x0, second_stack_end
	mov	sp, x0
	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	constant x0, SCTLR_ON
	msr	sctlr_el1, x0
	isb
	mov	x29, xzr
	br	x20

	.section .note.GNU-stack, "", %progbits
