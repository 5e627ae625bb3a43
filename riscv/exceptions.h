/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the trap vector (entry.S) and the handler in C share.
 */
#ifndef RISCV_EXCEPTIONS_H
#define RISCV_EXCEPTIONS_H

/* Offsets in, and size of, struct exception_frame. */
#define FRAME_EPC   256
#define FRAME_CAUSE 264
#define FRAME_VALUE 272
#define FRAME_SIZE  288

#ifndef __ASSEMBLER__

#include <stddef.h>
#include <stdint.h>

struct exception_frame {
	uint64_t x[32];		/* x[0] is not filled */
	uint64_t epc, cause, value, unused;
};

_Static_assert(sizeof(struct exception_frame) == FRAME_SIZE, "entry.S lays out the frame");
_Static_assert(offsetof(struct exception_frame, epc) == FRAME_EPC, "entry.S lays out the frame");
_Static_assert(offsetof(struct exception_frame, cause) == FRAME_CAUSE, "entry.S lays out the frame");
_Static_assert(offsetof(struct exception_frame, value) == FRAME_VALUE, "entry.S lays out the frame");

/* Report an exception of the program and end the run. */
void exception(const struct exception_frame *frame) __attribute__((noreturn));

/* Entered when the exception handler itself faults: switch the machine off. */
void exception_in_handler(void) __attribute__((noreturn));

#endif

#endif
