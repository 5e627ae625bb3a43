// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of what a request is taken for, and of what is left of others in its answer.
 */
#include <string.h>

#include "host/bugs/upkeep/upkeep.h"
#include "util.h"

/* Ids of endpoints are numbers of N bits. */
static bool read_endpoint(const struct chain *chain, struct model_request *r)
{
	uint32_t mask = (1ull << mutant_number()) - 1;

	(void)chain;
	if (r->head.type == REQUEST_ATTACH || r->head.type == REQUEST_DETACH)
		r->attach.endpoint &= mask;
	if (r->head.type == REQUEST_PROBE)
		r->probe.endpoint &= mask;
	return false;
}

/* The tail of a refusal is not cleared, and lies where the id of the last request was. */
static void leave_id_in_tail(const struct chain *chain, const struct model_request *r,
			     const struct decision *d, struct iommu_reply *reply)
{
	static uint32_t last;

	(void)chain;
	if (d->answer == STATUS_NOENT && reply->length > reply->tail)
		memcpy(reply->bytes + reply->tail + 1, &last, 3);
	last = r->attach.domain;
}

/* A status that is not OK stays until the next notification. */

static uint8_t sticky;

static void forget_status(struct vdev *dev, unsigned int queue)
{
	sticky = STATUS_OK;
	right_ops->notified(dev, queue);
}

static void keep_status(const struct chain *chain, const struct model_request *r,
			const struct decision *d, struct iommu_reply *reply)
{
	(void)chain, (void)r;
	if (d->answer == ANSWER_UNWRITTEN)
		return;
	if (d->answer != STATUS_OK)
		sticky = d->answer;
	reply->bytes[reply->tail] = sticky;
}

/* Properties are put together where those of the last PROBE were. */
static void leave_properties(const struct chain *chain, const struct model_request *r,
			     const struct decision *d, struct iommu_reply *reply)
{
	static uint8_t list[REPLY_MAX];
	const struct model *m = &ref_iommu.model;
	uint32_t size = 0;

	(void)chain;
	if (r->head.type != REQUEST_PROBE || d->answer != STATUS_OK)
		return;
	for (unsigned int i = 0; i < m->region_count; i++)
		size += (m->regions[i].endpoint == r->probe.endpoint) * sizeof(struct property_resv_mem);
	memcpy(list, reply->bytes, min(size, m->config.probe_size));
	memcpy(reply->bytes, list, m->config.probe_size);
}

/* DETACH looks for the domain first. */
static void decide_domain_first(const struct model_request *r, struct decision *d)
{
	if (r->head.type == REQUEST_DETACH && d->answer == STATUS_NOENT &&
	    !bug_count_members(r->detach.domain))
		d->answer = STATUS_INVAL;
}

bool residue_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_ENDPOINT_BITS, {.request_read = read_endpoint}, {0}},
		{MUTANT_TAIL_RESERVED_LEAKS, {.reply_ready = leave_id_in_tail}, {0}},
		{MUTANT_BATCH_STATUS_STICKS, {.reply_ready = keep_status}, {.notified = forget_status}},
		{MUTANT_PROBE_STALE_BUFFER, {.reply_ready = leave_properties}, {0}},
		{MUTANT_DETACH_DOMAIN_FIRST, {.request_decided = decide_domain_first}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
