/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the exception vectors (vectors.S) and the handler in C share.
 */
#ifndef ARM_EXCEPTIONS_H
#define ARM_EXCEPTIONS_H

/* Kinds of exceptions, each with a vector. */
#define KIND_SYNCHRONOUS 0
#define KIND_IRQ	 1
#define KIND_FIQ	 2
#define KIND_SERROR	 3

#define FRAME_SIZE 288	/* bytes */

#ifndef __ASSEMBLER__

#include <stdint.h>

struct exception_frame {
	uint64_t x[31];
	uint64_t sp, elr, spsr, esr, far;
};

_Static_assert(sizeof(struct exception_frame) == FRAME_SIZE, "vectors.S lays out the frame");

/* Report an exception of the program and end the run. */
void exception(const struct exception_frame *frame, unsigned int kind) __attribute__((noreturn));

/* Entered when the exception handler itself faults: switch the machine off. */
void exception_in_handler(void) __attribute__((noreturn));

#endif

#endif
