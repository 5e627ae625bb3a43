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

	/* Zero BSS. This needs no stack, which lies in BSS, too. */
	.macro clear_bss
	leaq bss_start(%rip), %rdi
	leaq image_end(%rip), %rcx
	subq %rdi, %rcx
	shrq $3, %rcx
	xorl %eax, %eax
	rep stosq
	.endm

#endif
