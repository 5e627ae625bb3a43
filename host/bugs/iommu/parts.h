/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bugs of the IOMMU, by what they are about; install.c calls them from the hooks of the device. Each
 * function does nothing unless one of its mutants is active. Of those that return a bool and say nothing
 * else of it, true means: that is all, the device need not do it any more.
 */
#ifndef BUGS_IOMMU_PARTS_H
#define BUGS_IOMMU_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/bugs/mutant.h"
#include "host/iommu/hooks.h"
#include "host/iommu/parts.h"

/* device.c: At power-on: spoil features and answers, and look on at what the driver does to the device. */
void bug_device(void);

/* config.c: at power-on, before a device reset, and at a write. */
void bug_config_power_on(struct iommu_config *config);
void bug_config_reset(struct iommu_config *config);
bool bug_config_write(const struct vdev *dev, unsigned int offset, unsigned int width,
		      uint32_t value);

/* Return true if something else than config.bypass is in force for endpoints without a domain. */
bool bug_policy(bool *passes);

/* request.c: Return true if the request does not come back, because of its descriptors or its bytes. */
bool bug_loses(const struct chain *chain, const struct model_request *r);

/* Misread fields, or take them from the writable part. */
void bug_misread(struct model_request *r);
void bug_reads_writable(const struct chain *chain, struct model_request *r);

/* Make checks that should not be, leave out those that should, and see domains that are not there. */
void bug_decide(const struct model *m, const struct model_request *r, struct decision *d);

/* Answer OK before the effect: put the request off; carry out the one that was put off. */
bool bug_postpone(const struct model_request *r);
void bug_catch_up(void);

/* probe.c: PROBE, regions and ranges. */
void bug_misread_ranges(const struct model *m, struct model_request *r);
void bug_decide_probe(struct model *m, const struct model_request *r, struct decision *d);
void bug_forget_probes(void);
bool bug_region_passes(const struct model *m, const struct access *a);
bool bug_in_region(const struct model *m, const struct access *a);	/* whatever the mutant */

/* open.c: where the text leaves freedom, what is beyond it. */
void bug_decide_open(const struct model *m, const struct model_request *r, struct decision *d);
void bug_refused_open(struct model *m, const struct model_request *r);
void bug_change_map(const struct model *m, struct map_request *r);
bool bug_is_stuck(void);	/* no request is answered */
void bug_unstick(void);
void bug_new_batch(void);	/* a notification has come */
uint8_t bug_batch_status(uint8_t status);

/* effect.c: Do something wrong in place of what was asked. */
bool bug_attach(struct model *m, const struct model_request *r);
bool bug_detach(struct model *m, const struct model_request *r);
bool bug_map(struct model *m, const struct model_request *r);
bool bug_unmap(struct model *m, const struct model_request *r);

/* Do something for a request that is refused. */
void bug_refused(struct model *m, const struct model_request *r, const struct decision *d);

/* cache.c: Carry the request out, and keep in the cache what it should drop. */
bool bug_keeps_cached(struct model *m, const struct model_request *r);

/* Find in the cache what is there for another endpoint or another kind of access. */
bool bug_finds_cached(const struct access *a, struct model_extent *extent);

/* crowd.c: how many mappings are stored. */
bool bug_crowd(struct model *m, const struct map_request *r);
void bug_unmap_by_memory(struct model *m, const struct unmap_request *r);

/* unmap.c: cuts that are not seen, mappings that are lost, and what goes though refused. */
bool bug_misses_cut(const struct model *m, const struct unmap_request *r);
bool bug_unmap_walk(struct model *m, const struct unmap_request *r);
void bug_refused_unmap(struct model *m, const struct unmap_request *r, uint8_t answer);

/* reply.c: Spoil what is written, where, and what the driver is told of it. */
void bug_reply(const struct chain *chain, const struct model_request *r, const struct decision *d,
	       struct iommu_reply *reply);

/* properties.c: Spoil the list of properties in @size bytes. */
void bug_properties(uint8_t *bytes, uint32_t size);

/* translation.c: Misread fields of an access. */
void bug_access(struct access *a);

/* Before and after the lookup: whether the access passes or is blocked, whatever is mapped. */
bool bug_passes(const struct model *m, const struct access *a);
bool bug_blocks(const struct model *m, const struct access *a);

/* After the lookup has failed: find something all the same. */
bool bug_finds(const struct model *m, const struct access *a, struct model_extent *extent);

/* After it has found something. Returns false to take it for a fault. */
bool bug_extent(const struct access *a, struct model_extent *extent);
void bug_translated(const struct model *m, const struct access *a, const struct model_extent *extent,
		    uint64_t *phys, uint64_t *length);

/* A message passes, to *@phys, or is blocked, whatever is mapped or reserved. */
enum access_fate bug_message(const struct model *m, struct access *a, uint64_t *phys);

/* An endpoint was attached: config.bypass as it is now may be remembered. */
void bug_note_bypass(const struct model *m);

/* An endpoint was attached, @again to the domain that it was in. */
void bug_note_attach(uint32_t endpoint, bool again);

/* The device was reset. */
void bug_note_reset(void);

/* Hide a mapping from one endpoint. */
void bug_hide(uint32_t endpoint, uint64_t start);
void bug_hide_nothing(void);

/* event.c: Spoil the fields of a report, or drop it. */
bool bug_fault(struct fault_record *record);

/* There is a buffer for the report, or none. */
bool bug_event_ready(struct chain *chain, const struct fault_record *record, uint32_t *used);
void bug_event_lost(const struct fault_record *record);

/* The driver has offered buffers; it has reset the device. */
void bug_events_refilled(void);
void bug_events_reset(void);

/* Return true while requests wait for event buffers. */
bool bug_requests_stall(void);

/* Report an access that nothing stops. */
void bug_allowed(const struct model *m, const struct access *a);

#endif
