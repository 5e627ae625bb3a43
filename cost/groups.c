// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "machine.h"
#include "memory.h"
#include "groups.h"
#include "util.h"

#define PAGE 4096
#define BUFFERS_LEAST DMA_MAX_IN_FLIGHT
#define BUFFERS_BYTES (8 << 20)	/* of all buffers, if these are not the least */
#define LOOKED_AT 64		/* bytes of each buffer */
#define BLANK 1			/* a byte of no pattern */

/*
 * One group, step by step.
 */

static unsigned int distinct(const struct run *run)
{
	return run->workload->shape.depth / run->workload->sharers;
}

/* The same buffers for each strategy and each round. */
static unsigned int choose_set(struct run *run, struct party *p)
{
	p->random = p->random * 1103515245 + 12345;
	return (run->warm ? run->warm - 1 : p->random >> 16) % (run->buffers / distinct(run));
}

static void blank(const struct shape *shape, const struct buffer *b)
{
	for (unsigned int i = 0; i < shape->pieces; i++)
		memset(b->memory[i], BLANK, LOOKED_AT);
}

static bool choose_group(struct run *run, struct party *p)
{
	unsigned int first = choose_set(run, p) * distinct(run);

	for (unsigned int i = 0; i < run->workload->shape.depth; i++) {
		p->group[i] = p->buffers[first + i % distinct(run)];
		if (run->workload->rights == RIGHT_WRITE)
			blank(&run->workload->shape, &p->group[i]);
	}
	return true;
}

static bool map_group(struct run *run, struct party *p)
{
	struct mapper *m = &p->mapper;

	for (unsigned int i = 0; i < run->workload->shape.depth; i++)
		if (!m->strategy->map(m, &p->group[i]))
			return mapper_fail(m, "map");
	return mapper_ready(m) || mapper_fail(m, "make mappings work");
}

static bool post(struct run *run, struct party *p, unsigned int count)
{
	const struct workload *w = run->workload;
	uint64_t iovas[DMA_MAX_IN_FLIGHT][DMA_MAX_PIECES];
	struct dma_access accesses[DMA_MAX_IN_FLIGHT];

	for (unsigned int i = 0; i < count; i++) {
		accesses[i] = (struct dma_access){.iovas = iovas[i], .write = w->rights == RIGHT_WRITE};
		accesses[i].count = mapper_addresses(&p->mapper, &p->group[i], iovas[i]);
		accesses[i].size = w->shape.size / accesses[i].count;
	}
	return dma_post_all(&p->master->dma, accesses, count);
}

/* What a network reads leaves the machine; a read that is blocked is not done. */
static bool wait(struct party *p, unsigned int count)
{
	enum dma_result result = dma_wait_all(&p->master->dma, count);

	return result == DMA_DONE || (result == DMA_UNVERIFIED && !p->master->dma.ops->exact);
}

static bool post_group(struct run *run, struct party *p)
{
	return post(run, p, run->workload->shape.depth) || mapper_fail(&p->mapper, "post requests");
}

static bool wait_for_group(struct run *run, struct party *p)
{
	return wait(p, run->workload->shape.depth) || mapper_fail(&p->mapper, "let the device use buffers");
}

static bool unmap_group(struct run *run, struct party *p)
{
	struct mapper *m = &p->mapper;

	for (unsigned int i = 0; i < run->workload->shape.depth; i++)
		if (!m->strategy->unmap(m, &p->group[i]))
			return mapper_fail(m, "unmap");
	return mapper_done(m) || mapper_fail(m, "make unmappings final");
}

static bool is_blank(const uint8_t *bytes)
{
	for (unsigned int i = 0; i < LOOKED_AT; i++)
		if (bytes[i] != BLANK)
			return false;
	return true;
}

/* Has each piece what the device writes there? */
static bool arrived(const struct run *run, const struct party *p, const struct buffer *b)
{
	const struct shape *shape = &run->workload->shape;
	const struct dma_master *dma = &p->master->dma;

	for (unsigned int i = 0; i < shape->pieces; i++)
		if (dma->ops->exact ? !dma_is_pattern(dma, b->memory[i], i * (shape->size / shape->pieces),
						      LOOKED_AT) : is_blank(b->memory[i]))
			return false;
	return true;
}

static bool look_at_group(struct run *run, struct party *p)
{
	for (unsigned int i = 0; i < run->workload->shape.depth && run->workload->rights == RIGHT_WRITE; i++)
		if (!arrived(run, p, &p->group[i]))
			return mapper_fail(&p->mapper, "find what the device wrote");
	return true;
}

static bool do_step(struct run *run, enum step step)
{
	static bool (*const steps[])(struct run *run, struct party *p) = {
		[STEP_CHOOSE] = choose_group, [STEP_MAP] = map_group, [STEP_POST] = post_group,
		[STEP_WAIT] = wait_for_group, [STEP_UNMAP] = unmap_group, [STEP_LOOK] = look_at_group,
	};
	uint64_t start = machine_cycles();

	for (unsigned int i = 0; i < run->count; i++) {
		run->failed = &run->parties[i].mapper;
		if (!steps[step](run, &run->parties[i]))
			return false;
	}
	run->cycles[step] += machine_cycles() - start;
	return true;
}

bool run_groups(struct run *run, unsigned int groups)
{
	for (unsigned int i = 0; i < groups; i++)
		for (enum step step = 0; step < STEPS; step++)
			if (!do_step(run, step))
				return false;
	return true;
}

/* A strategy that keeps mappings has all of them before it is measured. */
static bool warm_up(struct run *run, const struct strategy *strategy)
{
	unsigned int groups = strategy->keeps ? run->buffers / distinct(run) : 0;
	bool ok = true;

	for (run->warm = 1; run->warm <= groups && ok; run->warm++)
		ok = run_groups(run, 1);
	run->warm = 0;
	return ok;
}

/*
 * Before and after groups.
 */

bool run_begin(struct run *run, const struct strategy *strategy)
{
	for (unsigned int i = 0; i < run->count; i++) {
		run->failed = &run->parties[i].mapper;
		run->parties[i].random = i + 1;
		if (!mapper_begin(run->failed, strategy, run->parties[i].master, &run->workload->shape))
			return false;
	}
	return warm_up(run, strategy);
}

bool run_end(struct run *run)
{
	for (unsigned int i = 0; i < run->count; i++) {
		run->failed = &run->parties[i].mapper;
		if (!mapper_end(run->failed))
			return false;
	}
	return true;
}

/* What the device read last, as it has it. */
static bool was_read(struct run *run, struct party *p)
{
	const struct shape *shape = &run->workload->shape;
	uint64_t piece = shape->size / shape->pieces;

	run->failed = &p->mapper;
	if (!p->master->dma.ops->recall || run->workload->rights != RIGHT_READ)
		return true;
	if (dma_recall(&p->master->dma, 0, run->seen, shape->size) != DMA_DONE)
		return mapper_fail(&p->mapper, "ask what the device read");
	for (unsigned int i = 0; i < shape->pieces; i++)
		if (memcmp(run->seen + i * piece, p->group[0].memory[i], LOOKED_AT))
			return mapper_fail(&p->mapper, "find in the device what it read");
	return true;
}

static void stamp_buffer(const struct shape *shape, const struct buffer *b, uint8_t stamp)
{
	for (unsigned int i = 0; i < shape->pieces; i++)
		for (unsigned int at = 0; at < LOOKED_AT; at++)
			b->memory[i][at] = (stamp + i + at) & 0x7f;
}

/* What is to be read is another thing each time. */
void run_stamp(struct run *run)
{
	run->stamp++;
	for (unsigned int i = 0; i < run->count; i++)
		for (unsigned int k = 0; k < run->buffers; k++)
			stamp_buffer(&run->workload->shape, &run->parties[i].buffers[k], run->stamp);
}

bool run_was_read(struct run *run)
{
	for (unsigned int i = 0; i < run->count; i++)
		if (!was_read(run, &run->parties[i]))
			return false;
	return true;
}

bool run_reaches_unmapped(struct run *run, bool *reached)
{
	struct party *p = &run->parties[0];
	struct mapper *m = run->failed = &p->mapper;

	choose_group(run, p);
	if (!m->strategy->map(m, p->group) || !mapper_ready(m) || !post(run, p, 1) || !wait(p, 1) ||
	    !m->strategy->unmap(m, p->group))
		return mapper_fail(m, "use one buffer more");
	blank(&run->workload->shape, p->group);
	(void)(post(run, p, 1) && wait(p, 1));
	*reached = arrived(run, p, p->group);
	return true;
}

unsigned int run_ios(const struct run *run, unsigned int groups)
{
	return groups * run->workload->shape.depth * run->count;
}

/*
 * Endpoints and buffers.
 */

static void make_buffers(struct run *run, struct party *p)
{
	const struct workload *w = run->workload;

	for (unsigned int i = 0; i < run->buffers; i++) {
		p->buffers[i] = (struct buffer){.rights = w->rights};
		for (unsigned int k = 0; k < w->shape.pieces; k++) {
			p->buffers[i].memory[k] = arena_alloc(align_up(w->shape.size / w->shape.pieces, PAGE),
							      PAGE);
			if (w->shape.pieces > 1)
				arena_alloc(PAGE, PAGE);	/* they lie apart */
		}
	}
}

/* A disk holds the pattern before anything is measured; in a network somebody answers. */
static bool prepare(struct run *run, struct party *p)
{
	struct dma_master *dma = &p->master->dma;
	uint64_t size = run->workload->shape.size;
	const struct strategy *any = &strategies[!p->master->unit->can.bypass];
	bool ok = mapper_begin(&p->mapper, any, p->master, &run->workload->shape);

	if (ok && dma->ops->input_driven)
		ok = dma_write(dma, dma->page_iova + DMA_DEEP_PAGE_BYTES, size) == DMA_DONE;
	else if (ok)
		ok = dma_prepare_write(dma, size);
	return mapper_end(&p->mapper) && ok;
}

static bool find_parties(struct run *run, struct master *masters, unsigned int count)
{
	const struct workload *w = run->workload;

	for (run->count = 0; run->count < w->endpoints; run->count++) {
		struct master *master = masters_find(masters, count, w->kind, run->count);

		if (!master || w->shape.size > master->dma.max_bytes)
			return false;
		run->parties[run->count].master = master;
	}
	return true;
}

bool run_prepare(struct run *run, struct master *masters, unsigned int count)
{
	uint64_t size = run->workload->shape.size;

	if (!find_parties(run, masters, count))
		return false;
	run->buffers = min(max(BUFFERS_BYTES / size, BUFFERS_LEAST), BUFFERS_MOST);
	run->seen = arena_alloc(size, PAGE);
	for (unsigned int i = 0; i < run->count; i++) {
		make_buffers(run, &run->parties[i]);
		if (!prepare(run, &run->parties[i]))
			return false;
	}
	return true;
}
