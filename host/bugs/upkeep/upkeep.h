/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * More bugs that take functions over from the device (takeover.h): of what it keeps beside the mappings, and
 * does not bring up to date.
 */
#ifndef UPKEEP_H
#define UPKEEP_H

#include "host/bugs/takeover/takeover.h"

/* The topics. Each function takes over for its mutants; returns false if none of them is active. */
bool tlb_install(void);
bool negative_install(void);
bool removal_install(void);
bool rights_install(void);
bool attachment_install(void);
bool window_install(void);
bool leftover_install(void);
bool residue_install(void);
bool outlived_install(void);
bool buckets_install(void);
bool checks_install(void);

/* upkeep.c: all of them. */
bool upkeep_install(void);

/*
 * domains.c: a place for each domain that exists, below MODEL_MAX_ENDPOINTS, for what a mutant keeps of it.
 */

/* Free the places of domains that have ended. To be called before each request that is carried out. */
void bug_free_places(void);

/* Return the place of a domain that exists. *@fresh: it had none. */
unsigned int bug_place_of(uint32_t domain, bool *fresh);

/*
 * domains.c: what a request that is about to be carried out does.
 */

/* Return the endpoint that leaves its domain, by DETACH or a move, or NULL. */
const struct model_endpoint *bug_find_leaving(const struct model_request *r);

/* Return true if the endpoint joins a domain. */
bool bug_joins(const struct model_request *r);

#endif
