/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One clear message for input that cannot be used: what, where, which rule.
 *
 * What reads tables, trees or registers fills a struct error and returns false; only the top decides
 * to give up (bail_out() of console.h).
 */
#ifndef LIB_ERROR_H
#define LIB_ERROR_H

#include <stdbool.h>

struct error {
	char text[200];
};

/* Format the message, cut to the size of @text. Return false, for the caller to return in turn. */
bool error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
