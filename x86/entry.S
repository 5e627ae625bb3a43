/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two ways in: PVH (32-bit protected mode, paging off, EBX = hvm_start_info) through the ELF note,
 * and the 64-bit Linux entry (long mode, RSI = zero page) through e_entry. Both end in 64-bit code
 * on our own stack, descriptors and page tables, with BSS cleared.
 */
#define XEN_ELFNOTE_PHYS32_ENTRY 18
#define PTE_PRESENT_WRITE 0x03
#define PTE_LARGE 0x80
#define BOOT_TABLES 6
#define CR0_PE_PG 0x80000001
#define CR4_PAE 0x20
#define MSR_EFER 0xc0000080
#define EFER_LME 0x100
#define MSR_FS_BASE 0xc0000100
#define CODE64 0x08
#define DATA64 0x10

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
	lgdt gdt_pointer
	pushq $CODE64
	pushq $enter
	lretq

/* RBX = what the loader passed, RBP = the C function that understands it. */
enter:
	movl $DATA64, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	movl $bss_start, %edi
	movl $bss_quads, %ecx
	rep stosq
	movl $stack_top, %esp
	/* The distribution's libfdt looks for its stack canary at %fs:0x28. */
	movl $MSR_FS_BASE, %ecx
	movl $thread_area, %eax
	xorl %edx, %edx
	wrmsr
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
gdt_pointer:
	.word gdt_end - gdt - 1
	.quad gdt

	.section .page_tables, "aw", @nobits
	.globl boot_pml4
	.balign 4096
boot_pml4:
	.skip 4096
boot_pdpt:
	.skip 4096
boot_pd:
	.skip 4 * 4096

	.bss
	.balign 16
thread_area:
	.skip 64
stack_bottom:
	.skip 0x8000
stack_top:

	.section .note.GNU-stack, "", @progbits
