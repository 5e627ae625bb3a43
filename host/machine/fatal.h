/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FATAL_H
#define FATAL_H

/*
 * End the run, and the running test in error: the program above did to a device what no real one would put
 * up with. One line: what, where, which rule.
 */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Like fatal(), but returns in a hostile run: the caller then handles the error. */
void broken_rule(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
