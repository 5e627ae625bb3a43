/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What DMA shows of a unit. Each statement is a line "# proof: ID: STATEMENT: ANSWER", with the requirement
 * of the virtio standard that it shows (virtio-iommu/standard/requirements.tsv), or without one.
 *
 * An IOMMU of another kind need not be as virtio has it: the answer "no" says that it is not. "NO" is for
 * what any IOMMU does, without which figures mean nothing.
 */
#ifndef COST_PROOF_H
#define COST_PROOF_H

#include "master.h"

/* Show whether DMA passes before anybody has touched the IOMMU. */
void proof_run_at_power_on(struct master *master);

/*
 * Show that the unit does what is asked of it: untranslated, mapped with each right, unmapped, mapped to
 * another page, attached elsewhere, detached; that it reports what it blocks; and, of two masters, that each
 * has the mappings of its domain. Return false if something fails that any IOMMU does.
 */
bool proof_run(struct master *masters, unsigned int count);

#endif
