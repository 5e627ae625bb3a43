/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ways in: PVH (32-bit protected mode, paging off, EBX = hvm_start_info) through the ELF note,
 * and the 64-bit Linux entry (long mode, RSI = zero page) through e_entry. Both end in long_mode.S with
 * our own descriptors and page tables. This file is linked at its address, and no part of the EFI
 * application.
 */
#include "long_mode.h"

#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define PTE_PRESENT_WRITE 0x03
#define PTE_LARGE 0x80
#define BOOT_TABLES 5

	.section .note.pvh, "a", @note
	.balign 4
	.long 2f - 1f, 4f - 3f, XEN_ELFNOTE_PHYS32_ENTRY
1:	.asciz "Xen"
2:	.balign 4
3:	.quad pvh_entry
4:

/*
 * Identity map the first 4 GiB in 2 MiB pages, cached; io_map() changes and adds. The same text is
 * right in 32-bit and in 64-bit code.
 */
	.macro make_page_tables
	movl $boot_pml4, %edi
	xorl %eax, %eax
	movl $1024, %ecx
	rep stosl
	movl $boot_pdpt, %edi
	movl $BOOT_TABLES * 1024, %ecx
	rep stosl
	movl $boot_pdpt + PTE_PRESENT_WRITE, boot_pml4
	.irp gib, 0, 1, 2, 3
	movl $boot_pd + \gib * 4096 + PTE_PRESENT_WRITE, boot_pdpt + \gib * 8
	.endr
	movl $boot_pd, %edi
	movl $PTE_LARGE + PTE_PRESENT_WRITE, %eax
	movl $4 * 512, %ecx
0:	stosl
	addl $4, %edi
	addl $0x200000, %eax
	decl %ecx
	jnz 0b
	.endm

	.section .text.entry, "ax"
	.code32
pvh_entry:
	cld
	make_page_tables
	movl $boot_pml4, %eax
	movl %eax, %cr3
	movl $CR4_PAE, %eax
	movl %eax, %cr4
	movl $MSR_EFER, %ecx
	rdmsr
	orl $EFER_LME, %eax
	wrmsr
	movl $CR0_PE_PG, %eax
	movl %eax, %cr0
	lgdt gdt_pointer
	ljmp $CODE64, $1f
	.code64
1:	movl %ebx, %ebx
	leaq x86_start_pvh(%rip), %rbp
	jmp enter

	.globl linux64_entry
linux64_entry:
	cli
	cld
	movq %rsi, %rbx
	make_page_tables
	leaq x86_start_linux64(%rip), %rbp
	movl $boot_pml4, %eax
	movq %rax, %cr3
	movl $CR0_PE_PG, %eax		/* some loaders leave caches disabled */
	movq %rax, %cr0
	lgdt gdt_pointer
	pushq $CODE64
	pushq $enter
	lretq

	.section .page_tables, "aw", @nobits
	.balign 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4 * 4096

	.section .note.GNU-stack, "", @progbits
