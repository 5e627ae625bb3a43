/* SPDX-License-Identifier: BSD-3-Clause */
/* What trace.c and trace_registers.c share. */
#ifndef DRIVER_TRACE_INTERNAL_H
#define DRIVER_TRACE_INTERNAL_H

#include <stdbool.h>

struct register_access;

/* Print @line as it is, and note if it waits for an answer, or is one. */
void trace_put(const char *line);

/* Return true if a line waits for its answer. */
bool trace_is_waiting(void);

/* The observer: print an access, if it is to the device under test. */
void trace_register(const struct register_access *access);

/* Print how often the last accesses were repeated. Any other line comes after that. */
void trace_registers_flush(void);

/* Forget the last accesses. */
void trace_registers_begin(void);

#endif
