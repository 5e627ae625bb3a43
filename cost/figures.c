// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "figures.h"
#include "util.h"

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

void figures_print_times(const struct figures *f, unsigned int rounds, const struct run *run,
			 const struct strategy *strategy)
{
	printf("# time workload=%s strategy=%s us=", run->workload->name, strategy->name);
	for (unsigned int i = 0; i < rounds; i++)
		printf("%s%lu", i ? "," : "", f->us[i]);
	printf("\n");
}
