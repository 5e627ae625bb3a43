// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "mapper.h"
#include "memory.h"
#include "time.h"
#include "util.h"

#define PAGE 4096

/* I/O virtual addresses come round: later than what is deferred is invalidated. A multiple of GROUP. */
#define ADDRESSES 256

_Static_assert(ADDRESSES >= DEFERRED_MOST + 2 * GROUP && !(ADDRESSES % GROUP), "no address is taken twice");

/* One page stays free after each buffer. */
static uint64_t next_iova(struct mapper *m)
{
	uint64_t iova = master_free_iova(m->master) + m->turn % ADDRESSES * (m->pages_size + PAGE);

	if (m->turn++ % GROUP == 0)
		m->group_first = iova;
	return iova;
}

static void expose(struct mapper *m)
{
	if (!m->exposed++)
		m->exposed_since = time_us();
	m->exposed_most = max(m->exposed_most, m->exposed);
}

uint64_t mapper_exposed_us(const struct mapper *m)
{
	uint64_t now = m->exposed ? time_us() - m->exposed_since : 0;

	return max(m->exposed_us, now);
}

static void cover(struct mapper *m)
{
	m->exposed_us = mapper_exposed_us(m);
	m->exposed = 0;
}

/* None: the device uses the memory where it is. */

static bool none_map(struct mapper *m, struct buffer *b)
{
	(void)m;
	b->iova = phys(b->memory);
	return true;
}

/* It is in reach at all times, so that no number means anything. */
static bool none_unmap(struct mapper *m, struct buffer *b)
{
	(void)m;
	(void)b;
	return true;
}

/* Strict: each mapping works before the next call, each unmapping is over before the next call. */

/* What can be written can be read, too, where a mapping does not say less. */
static unsigned int least_rights(const struct iommu_unit *unit, unsigned int needed)
{
	return needed == RIGHT_WRITE && !unit->can.write_only ? RIGHT_READ | RIGHT_WRITE : needed;
}

static bool gathered_map(struct mapper *m, struct buffer *b)
{
	b->iova = next_iova(m);
	return unit_map(m->domain, b->iova, phys(b->memory), m->pages_size,
			least_rights(m->master->unit, b->rights));
}

static bool strict_map(struct mapper *m, struct buffer *b)
{
	return gathered_map(m, b) && unit_sync_map(m->domain, b->iova, m->pages_size);
}

static bool strict_unmap(struct mapper *m, struct buffer *b)
{
	return unit_unmap(m->domain, b->iova, m->pages_size) &&
	       unit_invalidate(m->domain, b->iova, m->pages_size);
}

/* Batched: the unit is asked once for all mappings of a group, and once for all unmappings. */

static uint64_t group_size(const struct mapper *m)
{
	return GROUP * (m->pages_size + PAGE);
}

static bool batched_ready(struct mapper *m)
{
	return unit_sync_map(m->domain, m->group_first, group_size(m));
}

static bool batched_unmap(struct mapper *m, struct buffer *b)
{
	expose(m);
	return unit_unmap(m->domain, b->iova, m->pages_size);
}

static bool batched_done(struct mapper *m)
{
	bool ok = unit_invalidate(m->domain, m->group_first, group_size(m));

	cover(m);
	return ok;
}

/*
 * Deferred: unmappings are gathered until there are many. A driver also looks at the clock; without that the
 * number of invalidations does not depend on how busy the machine is.
 */

static bool flush(struct mapper *m)
{
	bool ok = unit_invalidate_all(m->domain);

	cover(m);
	return ok;
}

static bool deferred_unmap(struct mapper *m, struct buffer *b)
{
	expose(m);
	if (!unit_unmap(m->domain, b->iova, m->pages_size))
		return false;
	return m->exposed < DEFERRED_MOST || flush(m);
}

static bool deferred_end(struct mapper *m)
{
	return !m->exposed || flush(m);
}

/* Optimistic and persistent: a mapping is kept for the next use of the same memory. */

static struct kept *find_kept(struct mapper *m, const struct buffer *b)
{
	for (unsigned int i = 0; i < m->kept_count; i++)
		if (m->kept[i].memory == b->memory && m->kept[i].rights == b->rights)
			return &m->kept[i];
	return NULL;
}

static bool keep(struct mapper *m, struct buffer *b)
{
	if (m->kept_count == KEPT_MOST || !strict_map(m, b))
		return false;
	m->kept[m->kept_count++] = (struct kept){b->memory, b->rights, b->iova, true};
	return true;
}

static bool kept_map(struct mapper *m, struct buffer *b)
{
	struct kept *kept = find_kept(m, b);

	if (!kept)
		return keep(m, b);
	b->iova = kept->iova;
	kept->busy = true;
	if (m->exposed)
		m->exposed--;
	return true;
}

static bool persistent_unmap(struct mapper *m, struct buffer *b)
{
	find_kept(m, b)->busy = false;
	expose(m);
	return true;
}

/* Let go of all that is idle, with one invalidation. */
static bool tear_down(struct mapper *m)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < m->kept_count; i++) {
		if (m->kept[i].busy)
			m->kept[busy++] = m->kept[i];
		else if (!unit_unmap(m->domain, m->kept[i].iova, m->pages_size))
			return false;
	}
	m->kept_count = busy;
	return flush(m);
}

static bool optimistic_unmap(struct mapper *m, struct buffer *b)
{
	return persistent_unmap(m, b) && (m->exposed < IDLE_MOST || tear_down(m));
}

/* Bounce: the device reaches a pool that is always mapped, and bytes are copied. */

static uint8_t *bounce_slot(const struct mapper *m, const struct buffer *b)
{
	return m->pool + (b->iova - master_free_iova(m->master));
}

static bool bounce_begin(struct mapper *m)
{
	uint64_t size = group_size(m), iova = master_free_iova(m->master);

	m->pool = arena_alloc_uninit(size, PAGE);
	return unit_map(m->domain, iova, phys(m->pool), size, RIGHT_READ | RIGHT_WRITE) &&
	       unit_sync_map(m->domain, iova, size);
}

static void copy(struct mapper *m, void *to, const void *from, uint64_t size)
{
	memcpy(to, from, size);
	m->copied += size;
}

static bool bounce_map(struct mapper *m, struct buffer *b)
{
	b->iova = master_free_iova(m->master) + m->turn++ % GROUP * (m->pages_size + PAGE);
	if (b->rights & RIGHT_READ)
		copy(m, bounce_slot(m, b), b->memory, b->size);
	return true;
}

static bool bounce_unmap(struct mapper *m, struct buffer *b)
{
	if (b->rights & RIGHT_WRITE)
		copy(m, b->memory, bounce_slot(m, b), b->size);
	return true;
}

const struct strategy strategies[STRATEGIES] = {
	{.name = "none", .untranslated = true, .exposes = true, .map = none_map, .unmap = none_unmap},
	{.name = "strict", .map = strict_map, .unmap = strict_unmap},
	{.name = "batched", .exposes = true, .map = gathered_map, .ready = batched_ready,
	 .unmap = batched_unmap, .done = batched_done},
	{.name = "deferred", .exposes = true, .map = strict_map, .unmap = deferred_unmap,
	 .end = deferred_end},
	{.name = "optimistic", .exposes = true, .map = kept_map, .unmap = optimistic_unmap, .end = tear_down},
	{.name = "persistent", .exposes = true, .map = kept_map, .unmap = persistent_unmap, .end = tear_down},
	{.name = "bounce", .begin = bounce_begin, .map = bounce_map, .unmap = bounce_unmap},
};

bool strategy_fits(const struct strategy *strategy, const struct iommu_unit *unit)
{
	return strategy->untranslated ? unit->can.bypass : !unit->can.identity;
}

bool mapper_fail(struct mapper *m, const char *what)
{
	m->error = what;
	return false;
}

bool mapper_begin(struct mapper *m, const struct strategy *strategy, struct master *master, uint64_t size)
{
	*m = (struct mapper){.strategy = strategy, .master = master, .pages_size = align_up(size, PAGE)};
	if (strategy->untranslated)
		return unit_attach(master->unit, master->id, NULL) || mapper_fail(m, "attach to no domain");
	m->domain = master_new_domain(master);
	if (!m->domain)
		return mapper_fail(m, "make a domain");
	return !strategy->begin || strategy->begin(m) || mapper_fail(m, "begin");
}

bool mapper_ready(struct mapper *m)
{
	return !m->strategy->ready || m->strategy->ready(m);
}

bool mapper_done(struct mapper *m)
{
	return !m->strategy->done || m->strategy->done(m);
}

bool mapper_end(struct mapper *m)
{
	if (m->strategy->end && !m->strategy->end(m))
		return mapper_fail(m, "end");
	return m->strategy->untranslated || unit_detach(m->master->unit, m->master->id) ||
	       mapper_fail(m, "detach");
}
