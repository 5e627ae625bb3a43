/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The I/Os of a workload: groups of requests in flight, at one endpoint or at several.
 */
#ifndef COST_GROUPS_H
#define COST_GROUPS_H

#include "workload.h"

#define ENDPOINTS_MOST 2
#define BUFFERS_MOST 32

/* One endpoint, with what is in flight there. */
struct party {
	struct master *master;
	struct mapper mapper;
	struct buffer buffers[BUFFERS_MOST];
	struct buffer group[DMA_MAX_IN_FLIGHT];
	uint32_t random;
};

enum step { STEP_CHOOSE, STEP_MAP, STEP_POST, STEP_WAIT, STEP_UNMAP, STEP_LOOK, STEPS };

struct run {
	const struct workload *workload;
	struct party parties[ENDPOINTS_MOST];
	unsigned int count;		/* of them */
	unsigned int buffers;		/* of each of them */
	unsigned int warm;		/* of a group that is to have all buffers in turn: its number + 1 */
	uint64_t cycles[STEPS];
	uint8_t stamp;			/* the first byte of what is to be read */
	uint8_t *seen;
	struct mapper *failed;
};

/* Return the unit in front of all endpoints. */
static inline struct iommu_unit *run_unit(const struct run *run)
{
	return run->parties[0].master->unit;
}

/*
 * Find the endpoints of run.workload, make their buffers, and get devices ready: a disk holds the pattern, in
 * a network somebody answers. Return false if there are none that can do it. The buffers are on the arena.
 */
bool run_prepare(struct run *run, struct master *masters, unsigned int count);

/*
 * Begin with a strategy, which has met all buffers if it keeps mappings, do groups, and end. Return false if
 * something fails: run.failed says what.
 */
bool run_begin(struct run *run, const struct strategy *strategy);
bool run_groups(struct run *run, unsigned int groups);
bool run_end(struct run *run);

/* What is to be read from now on is another thing than before. */
void run_stamp(struct run *run);

/* Return true if the device has what it read last; it is asked if it keeps that. */
bool run_was_read(struct run *run);

/*
 * Map one buffer more, let the device use it, unmap it, and let the device use it once more: store in
 * @reached whether it still got there. Return false if something before that fails: run.failed says what.
 */
bool run_reaches_unmapped(struct run *run, bool *reached);

/* Return the number of I/Os of so many groups. */
unsigned int run_ios(const struct run *run, unsigned int groups);

#endif
