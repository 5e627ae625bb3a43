/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strategies: when a buffer of DMA is mapped, and when it is taken from the device again.
 *
 * Buffers come in groups, as those of several requests in flight. Each is mapped, all are ready, the device
 * uses them; each is unmapped, and all are done with. What a strategy puts off makes it cheap, and leaves the
 * device a while in reach of memory that its owner believes gone: mapper.exposed.
 */
#ifndef COST_MAPPER_H
#define COST_MAPPER_H

#include "master.h"

/* Mappings that are gathered for one invalidation, and kept by the strategies that keep some. */
#define DEFERRED_MOST 64
#define KEPT_MOST 64
#define IDLE_MOST 16

/* What the buffers of a workload are like. */
struct shape {
	uint64_t size;		/* in bytes */
	unsigned int pieces;	/* that lie apart in memory: if more than one, each of whole pages */
	unsigned int depth;	/* buffers of a group */
};

struct buffer {
	uint8_t *memory[DMA_MAX_PIECES];	/* of each piece: whole pages */
	unsigned int rights;	/* that the device needs */
	uint64_t iova;		/* while it is mapped: of all pieces, one after another */
};

struct kept {
	const uint8_t *memory;	/* the first piece */
	unsigned int rights;
	uint64_t iova;
	unsigned int users;	/* requests in flight that use it */
};

struct mapper {
	const struct strategy *strategy;
	struct master *master;
	struct shape shape;
	struct iommu_domain *domain;	/* NULL: untranslated */
	uint64_t piece_size;		/* of its mapping: whole pages */
	uint64_t pages_size;		/* of all pieces of a buffer */
	unsigned int turn;		/* of I/O virtual addresses */
	uint64_t group_first;		/* the first I/O virtual address of the group */
	unsigned int exposed, exposed_most;	/* buffers that are unmapped, and maybe in reach */
	uint64_t exposed_since, exposed_us;	/* since when some are; the longest time that is over */
	uint64_t copied;		/* bytes */
	struct kept kept[KEPT_MOST];
	unsigned int kept_count;
	uint8_t *pool;			/* bounce */
	const char *error;		/* what went wrong */
};

struct strategy {
	const char *name;
	bool untranslated;		/* the master is attached to no domain */
	bool exposes;			/* what is unmapped may be in reach before the group is done */
	bool keeps;			/* what was used before is mapped already */
	bool (*begin)(struct mapper *m);		/* or NULL */
	bool (*map)(struct mapper *m, struct buffer *b);
	bool (*ready)(struct mapper *m);		/* or NULL */
	bool (*unmap)(struct mapper *m, struct buffer *b);
	bool (*done)(struct mapper *m);			/* or NULL */
	bool (*end)(struct mapper *m);			/* or NULL: nothing is left */
};

/* The first one is "none", which others are compared to. */
#define STRATEGIES 8

extern const struct strategy strategies[STRATEGIES];

/* Return true if the unit can do what the strategy is about. */
bool strategy_fits(const struct strategy *strategy, const struct iommu_unit *unit);

/*
 * Begin: attach the master to a new domain, for buffers of this shape; end: leave nothing mapped, and detach
 * it. Return false, with m.error set, if that fails.
 */
bool mapper_begin(struct mapper *m, const struct strategy *strategy, struct master *master,
		  const struct shape *shape);
bool mapper_end(struct mapper *m);

/* Count from now on what is exposed and copied. */
void mapper_restart_counts(struct mapper *m);

/* Store the addresses at which the device finds the pieces of a mapped buffer. Return how many there are. */
unsigned int mapper_addresses(const struct mapper *m, const struct buffer *b, uint64_t *iovas);

/* Return the longest time in us for which a buffer that was unmapped has been in reach so far. */
uint64_t mapper_exposed_us(const struct mapper *m);

/* Note what went wrong. Return false. */
bool mapper_fail(struct mapper *m, const char *what);

/* Like those of struct strategy, any of which may be NULL. */
bool mapper_ready(struct mapper *m);
bool mapper_done(struct mapper *m);

#endif
