// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/virtio/access.h"
#include "host/bugs/iommu/parts.h"

static void spoil_tail(uint8_t *tail)
{
	tail[0] = bug_batch_status(tail[0]);
	if (mutant(MUTANT_TAIL_RESERVED_DIRTY))
		memset(tail + 1, 0xff, 3);
	if (mutant(MUTANT_TAIL_RESERVED_LAST_DIRTY))
		tail[3] = 1;
	if (mutant(MUTANT_STATUS_ALWAYS_OK))
		tail[0] = STATUS_OK;
	if (mutant(MUTANT_STATUS_HIGH_BIT))
		tail[0] |= 0x80;
}

static void spoil_properties(struct iommu_reply *reply, uint8_t status)
{
	static uint8_t counter;
	uint32_t size = ref_iommu.model.config.probe_size;
	uint8_t *tail = reply->bytes + reply->tail;

	if (status == STATUS_OK && size <= reply->tail)
		bug_properties(reply->bytes, size);
	if (mutant(MUTANT_PROBE_STATUS_IN_FRONT) && reply->tail) {
		reply->bytes[0] = tail[0];
		tail[0] = 0;
	}
	if (mutant(MUTANT_PROBE_ERROR_IN_FRONT) && reply->tail && status != STATUS_OK) {
		memcpy(reply->bytes, tail, sizeof(struct request_tail));
		reply->length = reply->used = sizeof(struct request_tail);
	}
	if (mutant(MUTANT_PROBE_DIFFERS) && reply->tail)
		tail[-1] = ++counter;
}

/* In an area that is too large the tail goes to the midst of what is too much. */
static void move_tail(const struct model_request *r, struct iommu_reply *reply)
{
	uint32_t asked = model_reply_size(&ref_iommu.model, r->head.type);
	uint32_t to = (r->writable + asked + 1) / 2 - sizeof(struct request_tail);

	if (!mutant(MUTANT_PROBE_TAIL_IN_BETWEEN) || to > reply->tail)
		return;
	memmove(reply->bytes + to, reply->bytes + reply->tail, sizeof(struct request_tail));
	reply->tail = to;
	reply->length = reply->used = to + sizeof(struct request_tail);
}

static void write_unwritten(const struct chain *chain, const struct model_request *r)
{
	uint8_t byte = 0xe7;

	if (mutant(MUTANT_UNKNOWN_TYPE_WRITES) && chain->writable.size &&
	    model_rule_applies(&ref_iommu.model, RULE_UNKNOWN_TYPE, r))
		chain_write(&ref_iommu.vdev, chain, chain->writable.size - 1, &byte, 1);
}

static uint32_t used_length(const struct model_request *r, const struct decision *d, uint32_t length)
{
	if (mutant(MUTANT_USED_LENGTH_0))
		return 0;
	if (mutant(MUTANT_USED_LENGTH_TOO_LARGE))
		return length + 1;
	if (mutant(MUTANT_USED_LENGTH_COUNTS_READABLE))
		return length + r->readable;
	if (mutant(MUTANT_PROBE_USED_LENGTH_4) && r->head.type == REQUEST_PROBE)
		return sizeof(struct request_tail);
	if (mutant(MUTANT_REFUSED_USED_LENGTH_0) && d->answer != STATUS_OK)
		return 0;
	return length;
}

static void overrun(const struct chain *chain)
{
	const struct chain_part *readable = &chain->readable, *writable = &chain->writable;
	uint8_t byte = 0xe7;

	if (mutant(MUTANT_READABLE_PART_WRITTEN) && readable->count)
		access_memory(&ref_iommu.vdev, readable->pieces[0].address + 1, &byte, 1, true);
	if (writable->count && (mutant(MUTANT_REPLY_RUNS_OVER) ||
				(mutant(MUTANT_SPARE_BYTES_RUN_OVER) &&
				 readable->size > sizeof(struct map_request) &&
				 readable->size < sizeof(struct probe_request))))
		access_memory(&ref_iommu.vdev,
			      writable->pieces[writable->count - 1].address +
				      writable->pieces[writable->count - 1].length,
			      &byte, 1, true);
}

void bug_reply(const struct chain *chain, const struct model_request *r, const struct decision *d,
	       struct iommu_reply *reply)
{
	overrun(chain);
	if (d->answer == ANSWER_UNWRITTEN) {
		write_unwritten(chain, r);
		reply->used = MUTATE(UNPARSED_USED_LENGTH_4, 4, 0);
		return;
	}
	move_tail(r, reply);
	spoil_tail(reply->bytes + reply->tail);
	if (r->head.type == REQUEST_PROBE)
		spoil_properties(reply, d->answer);
	reply->used = used_length(r, d, reply->used);
	if (mutant(MUTANT_TAIL_PARTLY_WRITTEN))
		reply->length -= 3;
}
