/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FATAL_H
#define FATAL_H

/*
 * The program above did to a device what no real one would put up with: the running test is in
 * error, and the run ends. One line: what, where, which rule.
 */
void fatal(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The same, unless the run is there to break rules: then the device sees to it. */
void broken_rule(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
