/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Workloads: what devices do with buffers.
 */
#ifndef COST_WORKLOAD_H
#define COST_WORKLOAD_H

#include "mapper.h"

struct workload {
	const char *name;
	const char *kind;	/* of the device, as its master calls it */
	struct shape shape;
	unsigned int rights;	/* that the device needs */
	unsigned int groups;	/* of a round, of each endpoint */
	unsigned int endpoints;	/* with groups in flight at once */
	unsigned int sharers;	/* requests of a group that have one buffer */
	bool slow;		/* a few rounds have to do */
};

/* Return workload number @index, NULL behind the last. */
const struct workload *workload_at(unsigned int index);

/* Return true if the workload is one of @names: comma-separated, "usual", or "all". */
bool workload_is_asked(const struct workload *workload, const char *names);

/* Print a message and return false if one of @names is none. */
bool workloads_know(const char *names);

#endif
