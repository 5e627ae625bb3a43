/* SPDX-License-Identifier: BSD-3-Clause */
/* An EFI application with another one in it, which it loads as high up as high.c says. */
#include "efi/pe.h"

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
	movq %rcx, %rdi
	movq %rdx, %rsi
	call high_main
	popq %rbx
	popq %rsi
	popq %rdi
	ret

	.section .rodata, "a"
	.globl inner_start, inner_end
	.balign 4096
inner_start:
	.incbin INNER
inner_end:

	.section .note.GNU-stack, "", @progbits
