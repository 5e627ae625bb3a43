/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_PROOF_H
#define COST_PROOF_H

#include "master.h"

/*
 * Show by DMA that the unit does what is asked of it: untranslated, mapped with each right, unmapped, mapped
 * to another page, detached; that it reports what it blocks; and, of two masters, that each has the mappings
 * of its domain. Print a line for each. Return false if one fails: figures would mean nothing.
 */
bool proof_run(struct master *masters, unsigned int count);

#endif
