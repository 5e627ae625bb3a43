/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator of the machine: what happens to a machine from outside is asked for by a line on the console,
 * and answered by one on its input (docs/architecture.md).
 */
#ifndef LIB_OPERATOR_H
#define LIB_OPERATOR_H

#include <stdbool.h>

struct operator_answer {
	bool came;	/* in time */
	bool ok;	/* it is done */
	char text[256];	/* what the answer says besides: of a refusal, why; if none came, that */
};

/* Ask for @request, in printf form: a verb and its arguments. Wait until it is done, or refused. */
struct operator_answer operator_ask(const char *request, ...) __attribute__((format(printf, 1, 2)));

#endif
