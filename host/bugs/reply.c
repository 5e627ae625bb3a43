// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/virtio/access.h"
#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"

void bug_reply(const struct model_request *r, uint8_t *reply, uint32_t tail)
{
	static uint8_t counter;

	if (mutant(MUTANT_TAIL_RESERVED_DIRTY))
		memset(reply + tail + 1, 0xff, 3);
	if (mutant(MUTANT_TAIL_RESERVED_LAST_DIRTY))
		reply[tail + 3] = 1;
	if (mutant(MUTANT_STATUS_ALWAYS_OK))
		reply[tail] = STATUS_OK;
	if (mutant(MUTANT_STATUS_HIGH_BIT))
		reply[tail] |= 0x80;
	if (r->head.type != REQUEST_PROBE || !tail)
		return;
	if (mutant(MUTANT_PROBE_STATUS_IN_FRONT)) {
		reply[0] = reply[tail];
		reply[tail] = 0;
	}
	if (mutant(MUTANT_PROBE_DIFFERS))
		reply[tail - 1] = ++counter;
}

void bug_unwritten(const struct chain *chain, const struct model_request *r)
{
	uint8_t byte = 0xe7;

	if (mutant(MUTANT_UNKNOWN_TYPE_WRITES) && chain->writable.size &&
	    model_rule_applies(&reference.model, RULE_UNKNOWN_TYPE, r))
		chain_write(&reference.vdev, chain, chain->writable.size - 1, &byte, 1);
}

uint32_t bug_used_length(const struct model_request *r, const struct decision *d, uint32_t length)
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

void bug_overrun(const struct chain *chain)
{
	const struct chain_part *readable = &chain->readable, *writable = &chain->writable;
	uint8_t byte = 0xe7;

	if (mutant(MUTANT_READABLE_PART_WRITTEN) && readable->count)
		access_memory(&reference.vdev, readable->pieces[0].address + 1, &byte, 1, true);
	if (writable->count && (mutant(MUTANT_REPLY_RUNS_OVER) ||
				(mutant(MUTANT_SPARE_BYTES_RUN_OVER) &&
				 readable->size > sizeof(struct map_request) &&
				 readable->size < sizeof(struct probe_request))))
		access_memory(&reference.vdev,
			      writable->pieces[writable->count - 1].address +
				      writable->pieces[writable->count - 1].length,
			      &byte, 1, true);
}
