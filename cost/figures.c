// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "figures.h"
#include "util.h"

#define SPREAD_MOST 15		/* percent, to each side */

static struct iommu_counters difference(const struct iommu_counters *a, const struct iommu_counters *b)
{
	return (struct iommu_counters){
		.register_reads = a->register_reads - b->register_reads,
		.register_writes = a->register_writes - b->register_writes,
		.notifications = a->notifications - b->notifications,
		.commands = a->commands - b->commands,
		.invalidations = a->invalidations - b->invalidations,
	};
}

static void add_mapper(struct figures *f, const struct mapper *m)
{
	f->copied += m->copied;
	f->table_pages += m->domain ? m->domain->table.pages : 0;
	f->exposed_most = max(f->exposed_most, m->exposed_most);
	f->exposed_us = max(f->exposed_us, mapper_exposed_us(m));
}

static void add_cycles(struct figures *f, const struct run *run)
{
	f->map = run->cycles[STEP_MAP];
	f->unmap = run->cycles[STEP_UNMAP];
	f->io = f->map + f->unmap + run->cycles[STEP_POST];
}

static bool is_same(const struct figures *a, const struct figures *b)
{
	return !memcmp(&a->counters, &b->counters, sizeof(a->counters)) && a->copied == b->copied &&
	       a->map == b->map && a->unmap == b->unmap && a->io == b->io;
}

void figures_note(struct figures *f, const struct run *run, const struct iommu_counters *before, bool first,
		  bool counted)
{
	struct figures now = *f;

	now.counters = difference(&run_unit(run)->counters, before);
	now.copied = now.table_pages = 0;
	for (unsigned int i = 0; i < run->count; i++)
		add_mapper(&now, &run->parties[i].mapper);
	if (counted)
		add_cycles(&now, run);
	now.varies |= !first && !is_same(&now, f);
	*f = now;
}

void figures_print_counts(const struct figures *f, const struct run *run, const struct strategy *strategy)
{
	const struct workload *w = run->workload;

	printf("# cost workload=%s strategy=%s ios=%u register_reads=%lu register_writes=%lu "
	       "notifications=%lu commands=%lu invalidations=%lu copied=%lu table_pages=%u "
	       "exposed=%u exposed_us=%lu%s\n",
	       w->name, strategy->name, run_ios(run, w->groups), f->counters.register_reads,
	       f->counters.register_writes, f->counters.notifications, f->counters.commands,
	       f->counters.invalidations, f->copied, f->table_pages, f->exposed_most, f->exposed_us,
	       f->varies ? " varies" : "");
}

void figures_print_instructions(const struct figures *f, const struct run *run,
				const struct strategy *strategy)
{
	const struct workload *w = run->workload;

	printf("# instructions workload=%s strategy=%s ios=%u map=%lu unmap=%lu io=%lu%s\n", w->name,
	       strategy->name, run_ios(run, w->groups), f->map, f->unmap, f->io,
	       f->varies ? " varies" : "");
}

static void sort(uint64_t *values, unsigned int count)
{
	for (unsigned int i = 1; i < count; i++)
		for (unsigned int j = i; j && values[j - 1] > values[j]; j--) {
			uint64_t value = values[j];

			values[j] = values[j - 1];
			values[j - 1] = value;
		}
}

/* Ratios to the round of "none" next to it, in percent: the median, and where the middle half lies. */
void figures_print_times(const struct figures *f, const struct figures *none, unsigned int rounds,
			 const struct run *run, const struct strategy *strategy)
{
	uint64_t percent[ROUNDS_MOST], low, middle, high;

	for (unsigned int i = 0; i < rounds; i++)
		percent[i] = f->us[i] * 100 / max(none->us[i], 1);
	sort(percent, rounds);
	low = percent[rounds / 4];
	middle = percent[rounds / 2];
	high = percent[rounds - 1 - rounds / 4];
	printf("# time workload=%s strategy=%s percent=%lu low=%lu high=%lu%s\n", run->workload->name,
	       strategy->name, middle, low, high,
	       max(high - middle, middle - low) * 100 > middle * SPREAD_MOST ? " spread" : "");
}

