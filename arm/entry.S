/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ways in, at EL2 or EL1.
 *
 * arm64 Linux boot protocol (Documentation/arch/arm64/booting.rst): X0 is the tree, MMU and data
 * cache are off, the image is clean to the point of coherency, interrupts are masked.
 *
 * UEFI firmware (UEFI 2.10, 2.3.6): X0 = handle, X1 = system table, identity mapped and cached, on the
 * firmware's stack.
 */
#include "arch.h"
#include "efi/pe.h"
#include "macros.h"
#include "sysreg.h"

	.section .head, "ax"
	.global	header
header:
	ccmp	x18, #0, #13, pl	/* does nothing: its bytes begin with "MZ" */
	b	entry
	.quad	0			/* text_offset */
	.quad	image_end - header	/* image_size: with BSS, tables and stacks */
	.quad	1 << 3 | 1 << 1		/* flags: anywhere in RAM, 4 KiB pages, little endian */
	.quad	0, 0, 0
	.ascii	"ARM\x64"
	.long	pe_header - header
	pe_header PE_AARCH64, efi_entry

	.text
entry:
	mov	x19, x0
	address	x20, arm_start
	bl	drop_cache		/* no dirty line may be written over what follows */
	bl	relocate
	bl	zero_bss

/* X19 = the tree, X20 = the C function to go on with. MMU and data cache are off. */
take_over:
	mrs	x0, CurrentEL
	cmp	x0, #2 << 2
	b.ne	el1
	bl	leave_el2
el1:
	constant x0, SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #CPACR_FPEN		/* the distribution's libfdt uses FP registers */
	msr	cpacr_el1, x0
	address	x0, vectors
	msr	vbar_el1, x0
	isb

	/* The program runs on SP_EL0, so that an exception finds a good stack in SP_EL1. */
	msr	spsel, #1
	address	x0, exception_stack_end
	mov	sp, x0
	msr	spsel, #0
	address	x0, stack_end
	mov	sp, x0

	mov	x0, x19
	bl	mmu_prepare
	bl	drop_cache		/* no stale line may hide what was written uncached */

	tlbi	vmalle1
	ic	iallu
	dsb	sy
	isb
	constant x0, SCTLR_ON
	msr	sctlr_el1, x0
	isb
	mov	x0, x19
	mov	x29, xzr
	blr	x20

/* Whatever is cached must be in memory before the MMU goes off. */
efi_entry:
	stp	x29, x30, [sp, #-32]!
	stp	x19, x20, [sp, #16]
	mov	x19, x0
	mov	x20, x1
	bl	relocate
	bl	zero_bss
	mov	x0, x19
	mov	x1, x20
	bl	arm_leave_firmware
	tbnz	x0, #63, 1f
	msr	daifset, #15
	mov	x19, x0
	address	x20, arm_start_uefi
	bl	drop_cache
	bl	mmu_off
	b	take_over
1:	ldp	x19, x20, [sp, #16]
	ldp	x29, x30, [sp], #32
	ret

mmu_off:
	constant x0, SCTLR_OFF
	constant x1, SCTLR_EL2_OFF
	mrs	x2, CurrentEL
	cmp	x2, #2 << 2
	b.ne	1f
	msr	sctlr_el2, x1
	isb
	ret
1:	msr	sctlr_el1, x0
	isb
	ret

	.global	leave_el2
/* Return to the caller at EL1, with nothing trapped and the virtual counter not offset. */
leave_el2:
	mov	x0, #HCR_RW
	msr	hcr_el2, x0
	isb
	mov	x0, #CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN
	msr	cnthctl_el2, x0
	msr	cntvoff_el2, xzr
	mov	x0, #CPTR_EL2_RES1
	msr	cptr_el2, x0
	msr	hstr_el2, xzr
	mrs	x0, midr_el1
	msr	vpidr_el2, x0
	mrs	x0, mpidr_el1
	msr	vmpidr_el2, x0
	address	x0, vectors
	msr	vbar_el2, x0
	constant x0, SCTLR_OFF
	msr	sctlr_el1, x0
	mov	x0, #SPSR_EL1H_MASKED
	msr	spsr_el2, x0
	msr	elr_el2, lr
	eret

/* Clean and invalidate the image's memory by line (CTR_EL0.DminLine: log2 of words). */
drop_cache:
	mrs	x3, ctr_el0
	ubfx	x3, x3, #16, #4
	mov	x2, #4
	lsl	x2, x2, x3
	address	x0, image_start
	address	x1, image_end
1:	dc	civac, x0
	add	x0, x0, x2
	cmp	x0, x1
	b.lo	1b
	dsb	sy
	ret

/* The image is linked at 0. The build refuses all but R_AARCH64_RELATIVE. */
relocate:
	address	x0, relocations_start
	address	x1, relocations_end
	address	x2, image_start
1:	cmp	x0, x1
	b.hs	2f
	ldp	x3, x4, [x0], #16	/* r_offset, r_info */
	ldr	x4, [x0], #8		/* r_addend */
	add	x4, x4, x2
	str	x4, [x2, x3]
	b	1b
2:	ret

zero_bss:
	address	x0, bss_start
	address	x1, bss_end
1:	cmp	x0, x1
	b.hs	2f
	stp	xzr, xzr, [x0], #16
	b	1b
2:	ret

	.section .note.GNU-stack, "", %progbits
