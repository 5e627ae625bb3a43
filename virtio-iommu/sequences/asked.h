/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which rules of the model the requests of sequences were about, and which pairs: of rules of one, and
 * of a rule and one of the request before it.
 */
#ifndef SEQUENCES_ASKED_H
#define SEQUENCES_ASKED_H

#include <stdint.h>

/* Note a request that the rules of this set (model_rules_about()) are about. */
void asked_note(uint64_t rules);

/* Begin to count for asked_times() from 0. */
void asked_begin(void);

/* Return how often the rarest rule of a set was asked since, next to those of the last request. */
unsigned int asked_times(uint64_t rules);

/* How many rules and pairs were asked in this boot. */
unsigned int asked_rules(void);
unsigned int asked_pairs(void);

#endif
