/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stacks: that of the program, above a page that is never mapped, that of exceptions, and both for the
 * second CPU.
 */

#include "arch.h"

#define STACK_SIZE	     0x20000
#define SECOND_STACK_SIZE    0x8000
#define EXCEPTION_STACK_SIZE 0x4000

	.section .bss.not_zeroed.stack, "aw", %nobits
	.balign	4096
	.global	stack_guard
stack_guard:
	.skip	GUARD_SIZE
	.skip	STACK_SIZE
	.global	stack_end
stack_end:
	.skip	EXCEPTION_STACK_SIZE
	.global	exception_stack_end
exception_stack_end:
	.skip	SECOND_STACK_SIZE
	.global	second_stack_end
second_stack_end:
	.skip	EXCEPTION_STACK_SIZE
	.global	second_exception_stack_end
second_exception_stack_end:

	.section .note.GNU-stack, "", %progbits
