/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where all ways in meet: 64-bit code at any address, on our own stack; exceptions.
 */
#include "long_mode.h"

	.text
/* RBX = what the loader passed, RBP = the C function that understands it. */
	.globl enter
enter:
	clear_bss

/* Like enter, but BSS has been cleared. */
	.globl enter_cleared
enter_cleared:
	load_segments
	leaq stack_top(%rip), %rsp
	movq %rbx, %rdi
	call *%rbp
	ud2

/* One stub per exception: error code and vector on the stack, as in struct exception_frame. */
	.globl exception_stubs
	.balign 16
exception_stubs:
	.set vector, 0
	.rept 32
	.balign 16
	/* These push an error code of their own (AMD APM 2, 8.2): 8, 10-14, 17, 21, 29, 30. */
	.if !((0x60227d00 >> vector) & 1)
	pushq $0
	.endif
	pushq $vector
	jmp exception_common
	.set vector, vector + 1
	.endr

exception_common:
	pushq %rax
	pushq %rbx
	pushq %rcx
	pushq %rdx
	pushq %rsi
	pushq %rdi
	pushq %rbp
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, %rdi
	andq $-16, %rsp
	call x86_exception
	ud2

	.section .data.entry, "aw"
	.balign 8
gdt:
	.quad 0
	.quad 0x00af9b000000ffff	/* 64-bit code */
	.quad 0x00cf93000000ffff	/* data */
gdt_end:
	.balign 8
	.globl gdt_pointer
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.section .page_tables, "aw", @nobits
	.globl boot_pml4
	.balign 4096
boot_pml4:
	.skip 4096

	.bss
	.balign 16
	.globl thread_area
thread_area:
	.skip 64
stack_bottom:
	.skip 0x8000
	.globl stack_top
stack_top:

	.section .note.GNU-stack, "", @progbits
