/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One clear message for input that cannot be used: what, where, which rule.
 *
 * Whoever reads tables, trees or registers takes a struct error and returns false after filling
 * it; only the top decides to give up (console.h: bail_out()).
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <stdbool.h>

struct error {
	char text[200];
};

/* Format the message (cut to the size of @text). Returns false, to be returned in turn. */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
