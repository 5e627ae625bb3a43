/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Places at which something else may look on or interfere, in the order in which a request, a fault or
 * an access passes them. What is here by itself does nothing.
 *
 * Where one returns a bool, true means that it has taken the step over: the device does not do it.
 * What the driver does to the device is seen in ref_iommu.vdev.ops, which can be replaced at power-on.
 */
#ifndef IOMMU_HOOKS_H
#define IOMMU_HOOKS_H

#include "host/iommu/migration.h"
#include "host/iommu/parts.h"

/* An access of an endpoint. */
struct access {
	uint32_t endpoint;
	uint64_t address;
	uint32_t kind;		/* MAP_READ or MAP_WRITE */
};

enum access_fate { ACCESS_GOES_ON, ACCESS_PASSES, ACCESS_BLOCKED };

struct iommu_hooks {
	/* The device is set up: features, configuration, answers. */
	void (*power_on)(void);

	/* A request was read. Taken over: it does not come back. */
	bool (*request_read)(const struct chain *chain, struct model_request *r);

	/* It was decided on. */
	void (*request_decided)(const struct model_request *r, struct decision *d);

	/* It is about to be carried out. */
	bool (*request_execute)(const struct model_request *r);

	/* Its reply is about to be written. */
	void (*reply_ready)(const struct chain *chain, const struct model_request *r,
			    const struct decision *d, struct iommu_reply *reply);

	/* A fault is about to be reported. Taken over: it is not. */
	bool (*fault)(struct fault_record *record);

	/* There is no buffer for the report. */
	void (*event_lost)(const struct fault_record *record);

	/* There is one. Taken over: it is written and used already. */
	bool (*event_ready)(struct chain *chain, const struct fault_record *record, uint32_t *used);

	/* An endpoint accesses memory. Taken over: it reaches @extent. */
	bool (*access)(struct access *a, struct model_extent *extent);

	/* The model was asked, as nothing was cached. Returns what is to count in place of @found. */
	bool (*lookup)(const struct access *a, bool found, struct model_extent *extent,
		       uint8_t *reason);

	/* The access was translated. */
	void (*translated)(const struct access *a, const struct model_extent *extent, uint64_t *phys,
			   uint64_t *length);

	/* An endpoint sends a message. Where it passes, it goes to @phys. */
	enum access_fate (*message)(struct access *a, uint64_t *phys);

	/* An endpoint has come; it is about to leave its domain (taken over: it does not); it has gone. */
	void (*endpoint_came)(uint32_t endpoint);
	bool (*endpoint_goes)(uint32_t endpoint);
	void (*endpoint_gone)(uint32_t endpoint);

	/* A migration loads a piece of the state. True: it does not. Then all of it is done. */
	bool (*piece_lost)(enum migration_piece piece);
	void (*migrated)(void);
};

extern struct iommu_hooks iommu_hooks;

#endif
