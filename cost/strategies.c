// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "mapper.h"
#include "memory.h"
#include "time.h"
#include "util.h"

#define PAGE 4096

/* I/O virtual addresses come round: later than what is deferred is invalidated. */
#define ADDRESSES 256

_Static_assert(ADDRESSES >= DEFERRED_MOST + 2 * DMA_MAX_IN_FLIGHT, "no address is taken twice");
_Static_assert(!(ADDRESSES % DMA_MAX_IN_FLIGHT), "those of a group are neighbours");

/* One page stays free after each buffer. */
static uint64_t next_iova(struct mapper *m)
{
	uint64_t iova = master_free_iova(m->master) + m->turn % ADDRESSES * (m->pages_size + PAGE);

	if (m->turn++ % m->shape.depth == 0)
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
	b->iova = phys(b->memory[0]);
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

/* Pieces that lie apart in memory do not for the device. */
static bool gathered_map(struct mapper *m, struct buffer *b)
{
	unsigned int rights = least_rights(m->master->unit, b->rights);
	bool ok = true;

	b->iova = next_iova(m);
	for (unsigned int i = 0; i < m->shape.pieces && ok; i++)
		ok = unit_map(m->domain, b->iova + i * m->piece_size, phys(b->memory[i]), m->piece_size,
			      rights);
	return ok;
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
	return m->shape.depth * (m->pages_size + PAGE);
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

/* Shared: requests in flight of the same memory use one mapping, which is as strict as if it were alone. */

static struct kept *find_kept(struct mapper *m, const struct buffer *b)
{
	for (unsigned int i = 0; i < m->kept_count; i++)
		if (m->kept[i].memory == b->memory[0] && m->kept[i].rights == b->rights)
			return &m->kept[i];
	return NULL;
}

static bool keep(struct mapper *m, struct buffer *b)
{
	if (m->kept_count == KEPT_MOST || !strict_map(m, b))
		return false;
	m->kept[m->kept_count++] = (struct kept){b->memory[0], b->rights, b->iova, 1};
	return true;
}

static bool kept_map(struct mapper *m, struct buffer *b)
{
	struct kept *kept = find_kept(m, b);

	if (!kept)
		return keep(m, b);
	b->iova = kept->iova;
	if (!kept->users++ && m->exposed)
		m->exposed--;
	return true;
}

static bool shared_unmap(struct mapper *m, struct buffer *b)
{
	struct kept *kept = find_kept(m, b);

	if (--kept->users)
		return true;
	*kept = m->kept[--m->kept_count];
	return strict_unmap(m, b);
}

/* Optimistic and persistent: a mapping is kept for the next use of the same memory. */

static bool persistent_unmap(struct mapper *m, struct buffer *b)
{
	if (!--find_kept(m, b)->users)
		expose(m);
	return true;
}

/* Let go of all that is idle, with one invalidation. */
static bool tear_down(struct mapper *m)
{
	unsigned int busy = 0;

	for (unsigned int i = 0; i < m->kept_count; i++) {
		if (m->kept[i].users)
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

static uint64_t piece_bytes(const struct mapper *m)
{
	return m->shape.size / m->shape.pieces;
}

static void copy(struct mapper *m, void *to, const void *from)
{
	memcpy(to, from, piece_bytes(m));
	m->copied += piece_bytes(m);
}

static bool bounce_map(struct mapper *m, struct buffer *b)
{
	b->iova = master_free_iova(m->master) + m->turn++ % m->shape.depth * (m->pages_size + PAGE);
	for (unsigned int i = 0; i < m->shape.pieces && b->rights & RIGHT_READ; i++)
		copy(m, bounce_slot(m, b) + i * piece_bytes(m), b->memory[i]);
	return true;
}

static bool bounce_unmap(struct mapper *m, struct buffer *b)
{
	for (unsigned int i = 0; i < m->shape.pieces && b->rights & RIGHT_WRITE; i++)
		copy(m, b->memory[i], bounce_slot(m, b) + i * piece_bytes(m));
	return true;
}

const struct strategy strategies[STRATEGIES] = {
	{.name = "none", .untranslated = true, .exposes = true, .map = none_map, .unmap = none_unmap},
	{.name = "strict", .map = strict_map, .unmap = strict_unmap},
	{.name = "batched", .exposes = true, .map = gathered_map, .ready = batched_ready,
	 .unmap = batched_unmap, .done = batched_done},
	{.name = "deferred", .exposes = true, .map = strict_map, .unmap = deferred_unmap,
	 .end = deferred_end},
	{.name = "shared", .map = kept_map, .unmap = shared_unmap},
	{.name = "optimistic", .exposes = true, .keeps = true, .map = kept_map, .unmap = optimistic_unmap,
	 .end = tear_down},
	{.name = "persistent", .exposes = true, .keeps = true, .map = kept_map, .unmap = persistent_unmap,
	 .end = tear_down},
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

bool mapper_begin(struct mapper *m, const struct strategy *strategy, struct master *master,
		  const struct shape *shape)
{
	*m = (struct mapper){.strategy = strategy, .master = master, .shape = *shape};
	m->piece_size = align_up(shape->size / shape->pieces, PAGE);
	m->pages_size = shape->pieces * m->piece_size;
	if (strategy->untranslated)
		return unit_attach(master->unit, master->id, NULL) || mapper_fail(m, "attach to no domain");
	m->domain = master_new_domain(master);
	if (!m->domain)
		return mapper_fail(m, "make a domain");
	return !strategy->begin || strategy->begin(m) || mapper_fail(m, "begin");
}

void mapper_restart_counts(struct mapper *m)
{
	m->exposed_most = m->exposed;
	m->exposed_since = time_us();
	m->exposed_us = m->copied = 0;
}

unsigned int mapper_addresses(const struct mapper *m, const struct buffer *b, uint64_t *iovas)
{
	unsigned int count = m->strategy->untranslated ? m->shape.pieces : 1;

	iovas[0] = b->iova;
	for (unsigned int i = 1; i < count; i++)
		iovas[i] = phys(b->memory[i]);
	return count;
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
