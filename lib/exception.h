/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EXCEPTION_H
#define EXCEPTION_H

/*
 * Called by the machine's exception handler after it has printed the registers. Ends the running
 * test as an error, and the run. @summary is one line: which exception, where.
 */
void exception_report(const char *summary) __attribute__((noreturn));

#endif
