/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More bugs that take functions over from the device (takeover/takeover.h): what stands between an access
 * and the mapping that it is for.
 */
#ifndef LOOKUP_H
#define LOOKUP_H

#include <stdbool.h>

/* Take over for the active mutant. Returns false if it is none of these. */
bool lookup_install(void);

/* The topics, as lookup_install(). */
bool invalidation_install(void);
bool tables_install(void);
bool span_install(void);
bool faults_install(void);
bool bypass_install(void);
bool empty_domains_install(void);
bool sessions_install(void);
bool tree_install(void);
bool placeholders_install(void);

#endif
