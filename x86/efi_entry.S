/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way in from UEFI firmware (UEFI 2.10, 2.3.4): long mode, identity mapped, at any address, on the
 * firmware's stack; RCX = handle, RDX = system table. Part of the EFI application only.
 */
#include "efi/pe.h"

#include "long_mode.h"

#define CR4_LA57 0x1000

	.section .head, "a"
	.globl header
header:
	.ascii "MZ"
	.org header + 0x3c
	.long pe_header - header
	pe_header PE_X86_64, efi_entry

	.text
	.globl efi_entry
efi_entry:
	pushq %rdi
	pushq %rsi
	pushq %rbx
	cld
	movq %rcx, %rbx
	call relocate
	clear_bss
	movq %rbx, %rdi
	movq %rdx, %rsi
	call x86_leave_firmware		/* comes back if that cannot be done */
	popq %rbx
	popq %rsi
	popq %rdi
	ret

/* The image is linked at 0. The build refuses all but R_X86_64_RELATIVE. Keeps RBX and RDX. */
relocate:
	leaq relocations_start(%rip), %rsi
	leaq relocations_end(%rip), %rcx
	leaq header(%rip), %rdi
1:	cmpq %rcx, %rsi
	jae 2f
	movq (%rsi), %r8		/* r_offset */
	movq 16(%rsi), %rax		/* r_addend */
	addq %rdi, %rax
	movq %rax, (%rdi, %r8)
	addq $24, %rsi
	jmp 1b
2:	ret

/*
 * RDI = the root of our page tables: for five levels, if the firmware uses as many, as that cannot be
 * changed here. All else in CR4 goes, before CR0 may lose what it asks for.
 */
	.globl x86_take_over
x86_take_over:
	movq %cr4, %rax
	andl $CR4_LA57, %eax
	orl $CR4_PAE, %eax
	movq %rax, %cr4
	leaq stack_top(%rip), %rsp	/* that of the firmware may not be mapped */
	movq %rdi, %cr3
	movl $CR0_PE_PG, %eax
	movq %rax, %cr0
	lgdt gdt_pointer(%rip)
	leaq x86_start_uefi(%rip), %rbp
	pushq $CODE64
	leaq enter_cleared(%rip), %rax
	pushq %rax
	lretq

	.section .note.GNU-stack, "", @progbits
