/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The places of most mutants, kept out of the device that is right. Each function does nothing unless
 * one of its mutants is active.
 */
#ifndef BUGS_H
#define BUGS_H

#include <stdbool.h>
#include <stdint.h>

#include "host/iommu/parts.h"
#include "standard/model.h"
#include "host/bugs/mutant.h"

/* bugs_request.c: fields that are not read as they stand. */
void bug_misread(struct model_request *r);

/* What lies in the writable part is looked at. */
void bug_reads_writable(const struct chain *chain, struct model_request *r);

/* True: the request does not come back, because of its descriptors or its bytes. */
bool bug_drops_long(const struct chain *chain);
bool bug_loses(const struct model_request *r);

/* Checks that are made and should not be, or not made and should be, and domains that are not there. */
void bug_decide(const struct model_request *r, struct decision *d);

/* Answers with OK that come before their effect: true if the request is put off. */
bool bug_postpone(const struct model_request *r);
void bug_catch_up(void);

/* bugs_probe.c: PROBE, regions and ranges. */
void bug_misread_ranges(struct model_request *r);
void bug_decide_probe(const struct model_request *r, struct decision *d);
void bug_forget_probes(void);

/* bugs_open.c: where the text leaves freedom, what is beyond it. */
void bug_decide_open(const struct model_request *r, struct decision *d);
void bug_refused_open(const struct model_request *r, const struct decision *d);
void bug_change_map(struct map_request *r);
bool bug_is_stuck(void);	/* no request is answered */
void bug_unstick(void);
void bug_new_batch(void);	/* a notification has come */
uint8_t bug_batch_status(uint8_t status);

/* bugs_effect.c: what is done wrongly in place of the right thing. True: that is all. */
bool bug_attach(const struct model_request *r);
bool bug_detach(const struct model_request *r);
bool bug_map(const struct model_request *r);
bool bug_unmap(const struct model_request *r);

/* And what a request that is refused does all the same. */
void bug_refused(const struct model_request *r, const struct decision *d);

/* Device reset. True: that is all. */
bool bug_reset(void);

/* bugs_crowd.c: how mappings are stored. True: nothing is mapped. */
bool bug_crowd(const struct map_request *r);
void bug_unmap_by_memory(const struct unmap_request *r);

/* bugs_unmap.c: cuts that are not seen, mappings that are lost, and what goes though refused. */
bool bug_misses_cut(const struct unmap_request *r);
bool bug_unmap_walk(const struct unmap_request *r);
void bug_refused_unmap(const struct unmap_request *r, uint8_t answer);

/* virtio/port.c: forget where endpoints' rings were, which may have changed, unless the mutant is @keeper. */
void bug_rings_forget(enum mutant_id keeper);

/* virtio/virtio.c: replace steps of the devices that will be plugged in. */
void bugs_install_virtio(void);

/* bugs_reply.c: what is written, and what the driver is told of it. */
void bug_reply(const struct model_request *r, uint8_t *reply, uint32_t tail);
void bug_unwritten(const struct chain *chain, const struct model_request *r);
uint32_t bug_used_length(const struct model_request *r, const struct decision *d, uint32_t length);
void bug_overrun(const struct chain *chain);

/* bugs_translation.c */
struct access {
	uint32_t endpoint;
	uint64_t address;
	uint32_t kind;		/* MAP_READ or MAP_WRITE */
};

/* Fields of an access that are not read as they stand. */
void bug_access(struct access *a);

/* Before the lookup: passes or is blocked, whatever is mapped. */
bool bug_passes(const struct access *a);
bool bug_blocks(const struct access *a);
bool bug_region_passes(const struct access *a);	/* bugs_probe.c */
bool bug_in_region(const struct access *a);	/* whatever the mutant */

/* After the lookup has failed: finds something all the same. */
bool bug_finds(const struct access *a, struct model_extent *extent);

/* After it has found something. False: takes it for a fault. */
bool bug_extent(const struct access *a, struct model_extent *extent);
void bug_result(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		uint64_t *length);

/* bugs_config.c: at power-on, device reset and a write. True: that is all. */
void bug_power_on(uint8_t bypass);
void bug_config_reset(uint8_t initial_bypass);
bool bug_config_write(const struct vdev *dev, unsigned int offset, unsigned int width,
		      uint32_t value);

/* Whether something else than config.bypass is in force for endpoints without a domain. */
bool bug_policy(bool *passes);

/* A message: passes, to *@phys, or is blocked, whatever is mapped or reserved. */
bool bug_message_passes(struct access *a, uint64_t *phys);
bool bug_message_blocked(const struct access *a);
void bug_note_message(const struct access *a, uint64_t phys);

/* An endpoint was attached: config.bypass as it is now may be remembered. */
void bug_note_bypass(void);

/* An endpoint was attached, @again to the domain that it was in. */
void bug_note_attach(uint32_t endpoint, bool again);

/* An endpoint whose backend was not told of what is mapped at @address. */
bool bug_backend_misses(const struct vdev *dev, uint32_t endpoint, uint64_t address);

/* Mappings that one endpoint does not get to see. */
void bug_hide(uint32_t endpoint, uint64_t start);
void bug_hide_nothing(void);

/* bugs_event.c: fields of a report, and its used length. */
void bug_record(struct fault_record *record);
uint32_t bug_event_length(const struct chain *chain, const struct fault_record *record,
			  uint32_t length);

/* A report comes: true if it is dropped. It has found a buffer: true if that is all; or none. */
bool bug_event(const struct fault_record *record);
bool bug_event_buffer(struct chain *chain, const struct fault_record *record);
void bug_event_without_buffer(const struct fault_record *record);
void bug_event_out_of_reach(void);

/* Buffers have come: true if a report is repeated. */
bool bug_event_again(struct fault_record *record);

void bug_event_reset(void);

/* An access that nothing stops is reported all the same. */
void bug_allowed(const struct access *a);

/* Requests wait for event buffers. */
extern bool bug_requests_stall;

/* hostile.c: what a driver that breaks rules may bring about. True: that is all. */
bool bug_hostile_request(const struct chain *chain, const struct model_request *r);

/* Translation ends with the device. */
bool bug_open_when_broken(void);

#endif
