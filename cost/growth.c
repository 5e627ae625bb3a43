// SPDX-License-Identifier: BSD-3-Clause
/*
 * Of each time the least one of some rounds counts: a busy machine only adds to it.
 */
#include "console.h"
#include "growth.h"
#include "memory.h"
#include "time.h"
#include "util.h"

#define PAGE 4096
#define OPERATIONS 32
#define ROUNDS 9
#define ACCESS_BYTES 64

/* Mappings that are made before the unit is asked for all of them at once. */
#define AT_ONCE 64

static const unsigned int numbers[] = {1, 10, 100, 1000, 10000, 100000};

enum operation { OPERATION_MAP, OPERATION_ACCESS, OPERATION_UNMAP, OPERATION_KINDS };

struct growth {
	struct master *master;
	struct iommu_domain *domain;
	uint8_t *page;			/* to which all mappings lead */
	unsigned int live;
	uint64_t us[OPERATION_KINDS];	/* of OPERATIONS */
	uint64_t commands;		/* of all three, of OPERATIONS */
};

/* Mappings do not touch, so that no unit can make one of two. */
static uint64_t iova_of(const struct growth *g, unsigned int index)
{
	return master_free_iova(g->master) + index * 2ull * PAGE;
}

static bool map_one(struct growth *g, unsigned int index)
{
	return unit_map(g->domain, iova_of(g, index), phys(g->page), PAGE, RIGHT_READ | RIGHT_WRITE);
}

static bool fill(struct growth *g, unsigned int number)
{
	for (unsigned int first; g->live < number;) {
		first = g->live;
		while (g->live < number && g->live - first < AT_ONCE)
			if (!map_one(g, g->live++))
				return false;
		if (!unit_sync_map(g->domain, iova_of(g, first), iova_of(g, g->live) - iova_of(g, first)))
			return false;
	}
	return true;
}

static bool do_map(struct growth *g, unsigned int index)
{
	return map_one(g, index) && unit_sync_map(g->domain, iova_of(g, index), PAGE);
}

static bool do_access(struct growth *g, unsigned int index)
{
	return dma_write(&g->master->dma, iova_of(g, index), ACCESS_BYTES) == DMA_DONE;
}

static bool do_unmap(struct growth *g, unsigned int index)
{
	return unit_unmap(g->domain, iova_of(g, index), PAGE) &&
	       unit_invalidate(g->domain, iova_of(g, index), PAGE);
}

static bool (*const operations[])(struct growth *g, unsigned int index) = {
	[OPERATION_MAP] = do_map,
	[OPERATION_ACCESS] = do_access,
	[OPERATION_UNMAP] = do_unmap,
};

static bool do_operations(struct growth *g, enum operation operation)
{
	uint64_t start = time_us(), took;

	for (unsigned int i = 0; i < OPERATIONS; i++)
		if (!operations[operation](g, g->live + i))
			return false;
	took = time_us() - start;
	g->us[operation] = min(g->us[operation], took);
	return true;
}

static bool do_rounds(struct growth *g)
{
	for (enum operation operation = 0; operation < OPERATION_KINDS; operation++)
		g->us[operation] = UINT64_MAX;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t before = g->master->unit->counters.commands;

		for (enum operation operation = 0; operation < OPERATION_KINDS; operation++)
			if (!do_operations(g, operation))
				return false;
		g->commands = g->master->unit->counters.commands - before;
	}
	return true;
}

static void print_number(const struct growth *g, const uint64_t *first)
{
	static const char *const names[] = {"map", "access", "unmap"};

	printf("# growth live=%u operations=%u commands=%lu table_pages=%u", g->live, OPERATIONS, g->commands,
	       g->domain->table.pages);
	for (enum operation operation = 0; operation < OPERATION_KINDS; operation++)
		printf(" %s=%lu", names[operation], g->us[operation] * 100 / max(first[operation], 1));
	printf("\n");
}

static bool show(struct growth *g)
{
	uint64_t first[OPERATION_KINDS];

	for (unsigned int i = 0; i < ARRAY_SIZE(numbers); i++) {
		if (!fill(g, numbers[i]) || !do_rounds(g))
			return false;
		for (enum operation operation = 0; operation < OPERATION_KINDS && !i; operation++)
			first[operation] = g->us[operation];
		print_number(g, first);
	}
	return true;
}

bool growth_run(struct master *master)
{
	struct growth g = {.master = master, .page = arena_alloc(PAGE, PAGE)};
	bool ok;

	if (master->unit->can.identity)
		return true;
	g.domain = master_new_domain(master);
	ok = g.domain && show(&g);
	if (!ok)
		printf("# growth: it fails with %u mappings: %s\n", g.live, master->unit->error.text);
	return unit_detach(master->unit, master->id) && ok;
}
