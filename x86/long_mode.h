/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * For assembly: what the entries and long_mode.S share.
 */
#ifndef X86_LONG_MODE_H
#define X86_LONG_MODE_H

/* Selectors of our descriptor table. */
#define CODE64 0x08
#define DATA64 0x10

#define CR0_PE_PG 0x80000001
#define CR4_PAE	  0x20

#define MSR_EFER    0xc0000080
#define MSR_FS_BASE 0xc0000100
#define EFER_LME    0x100

	/* Zero BSS. This needs no stack, which lies in BSS, too. */
	.macro clear_bss
	leaq bss_start(%rip), %rdi
	leaq image_end(%rip), %rcx
	subq %rdi, %rcx
	shrq $3, %rcx
	xorl %eax, %eax
	rep stosq
	.endm

	/* Our descriptors' segments; the distribution's libfdt looks for its stack canary at %fs:0x28. */
	.macro load_segments
	movl $DATA64, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $MSR_FS_BASE, %ecx
	leaq thread_area(%rip), %rax
	movq %rax, %rdx
	shrq $32, %rdx
	wrmsr
	.endm

#endif
