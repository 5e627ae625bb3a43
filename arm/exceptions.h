/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between the exception vectors (vectors.S) and the handler in C.
 */
#ifndef ARM_EXCEPTIONS_H
#define ARM_EXCEPTIONS_H

#define KIND_SYNCHRONOUS 0
#define KIND_IRQ	 1
#define KIND_FIQ	 2
#define KIND_SERROR	 3

#define FRAME_SIZE 288

#ifndef __ASSEMBLER__

#include <stdint.h>

struct exception_frame {
	uint64_t x[31];
	uint64_t sp, elr, spsr, esr, far;
};

_Static_assert(sizeof(struct exception_frame) == FRAME_SIZE, "vectors.S lays out the frame");

/* The program was interrupted. */
void exception(const struct exception_frame *frame, unsigned int kind) __attribute__((noreturn));

/* So was the handler. */
void exception_in_handler(void) __attribute__((noreturn));

#endif

#endif
