/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second CPU: from real mode, at the start of a page below 1 MiB to which [second_start, second_end) was
 * copied and filled in (cpus.c), to long mode and our own descriptors, page tables and stack.
 */
#include "long_mode.h"

#define OFFSET(symbol) (symbol - second_start)

	.text
	.globl second_start
second_start:
	.code16
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	lgdtl OFFSET(second_gdt)
	movl OFFSET(second_cr4), %eax
	movl %eax, %cr4
	movl OFFSET(second_cr3), %eax
	movl %eax, %cr3
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $CR0_PE_PG, %eax
	movl %eax, %cr0
	ljmpl *OFFSET(second_far)
	.code64
second_long:
	jmp *second_go(%rip)

/* struct parameters of cpus.c. */
	.balign 8
	.globl second_parameters
second_parameters:
second_go:
	.quad 0
second_cr3:
	.long 0
second_cr4:
	.long 0
second_far:
	.long OFFSET(second_long)	/* the address of the page is added */
	.word CODE64
second_gdt:
	.word 0
	.long 0
	.globl second_end
second_end:

	.globl second_enter
second_enter:
	lgdt gdt_pointer(%rip)
	load_segments
	leaq second_stack_top(%rip), %rsp
	xorl %ebp, %ebp
	call x86_second_cpu
	ud2

	.bss
	.balign 16
	.skip 0x8000
second_stack_top:

	.section .note.GNU-stack, "", @progbits
