/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COST_FIGURES_H
#define COST_FIGURES_H

#include "groups.h"

/* Several rounds and short ones, so that a busy host disturbs only some of them. */
#define ROUNDS_MOST 25

/* What one strategy took for one workload. */
struct figures {
	struct iommu_counters counters;	/* of the last round */
	uint64_t copied;
	unsigned int table_pages, exposed_most;
	uint64_t exposed_us;
	uint64_t us[ROUNDS_MOST];
	uint64_t map, unmap, io;	/* instructions, 0 if these are not counted */
	bool varies;			/* the counts were others in another round */
};

/*
 * Note the counts of a round that began with those @before. They vary if another round before it has others.
 * Cycles are instructions if @counted.
 */
void figures_note(struct figures *f, const struct run *run, const struct iommu_counters *before, bool first,
		  bool counted);

/* Print a line of counts, one of instructions, or one of times in so many rounds. */
void figures_print_counts(const struct figures *f, const struct run *run, const struct strategy *strategy);
void figures_print_instructions(const struct figures *f, const struct run *run,
				const struct strategy *strategy);
void figures_print_times(const struct figures *f, unsigned int rounds, const struct run *run,
			 const struct strategy *strategy);

#endif
