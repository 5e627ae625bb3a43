/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RISC-V Linux boot protocol (Documentation/arch/riscv/boot.rst): A0 is the hart, A1 the tree, SATP is 0,
 * supervisor mode, on one hart.
 */
#include "csr.h"
#include "exceptions.h"
#include "arch.h"


	.section .head, "ax"
	.option	push
	.option	norvc
header:
	j	entry
	nop
	.quad	0x200000		/* text_offset: at a multiple of 2 MiB */
	.quad	image_end - header	/* image_size: with BSS, tables and stacks */
	.quad	0			/* flags: little endian */
	.long	2			/* version 0.2 of this header */
	.long	0
	.quad	0
	.ascii	"RISCV\0\0\0"
	.ascii	"RSC\x05"
	.long	0
	.option	pop

	.text
entry:
	csrw	sie, zero
	csrw	satp, zero
	mv	s0, a0
	mv	s1, a1
	li	t0, SSTATUS_FS_INITIAL	/* the distribution's libfdt may use FP registers */
	csrs	sstatus, t0
	lla	sp, stack_end
	lla	t0, exception_stack_end
	csrw	sscratch, t0
	lla	t0, trap
	csrw	stvec, t0
	call	relocate
	call	zero_bss
	mv	a0, s0
	mv	a1, s1
	call	riscv_start

/* The image is linked at 0. The build refuses all but R_RISCV_RELATIVE. */
relocate:
	lla	t0, relocations_start
	lla	t1, relocations_end
	lla	t2, image_start
1:	bgeu	t0, t1, 2f
	ld	t3, 0(t0)		/* r_offset */
	ld	t4, 16(t0)		/* r_addend */
	addi	t0, t0, 24
	add	t3, t3, t2
	add	t4, t4, t2
	sd	t4, 0(t3)
	j	1b
2:	ret

zero_bss:
	lla	t0, bss_start
	lla	t1, bss_end
1:	bgeu	t0, t1, 2f
	sd	zero, 0(t0)
	addi	t0, t0, 8
	j	1b
2:	ret

/*
 * The program was interrupted: SSCRATCH is a good stack. What happens in the handler goes elsewhere.
 */
	.balign	4
trap:
	csrrw	sp, sscratch, sp
	addi	sp, sp, -FRAME_SIZE
	sd	x1, 1 * 8(sp)
	sd	x3, 3 * 8(sp)
	sd	x4, 4 * 8(sp)
	sd	x5, 5 * 8(sp)
	lla	t0, trap_in_handler
	csrw	stvec, t0
	.irp	n, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18
	sd	x\n, \n * 8(sp)
	.endr
	.irp	n, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	sd	x\n, \n * 8(sp)
	.endr
	csrr	t0, sscratch
	csrr	t1, sepc
	csrr	t2, scause
	csrr	t3, stval
	sd	t0, 2 * 8(sp)
	sd	t1, FRAME_EPC(sp)
	sd	t2, FRAME_CAUSE(sp)
	sd	t3, FRAME_VALUE(sp)
	mv	a0, sp
	call	exception

	.balign	4
trap_in_handler:
	lla	sp, exception_stack_end
	call	exception_in_handler

	.section .note.GNU-stack, "", %progbits
