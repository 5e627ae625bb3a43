// SPDX-License-Identifier: BSD-3-Clause
/*
 * Mutants of the event queue.
 */
#include "host/virtio/access.h"
#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"

/* The last buffer that was used, and one from before a reset. */
static struct chain last, old;
static bool has_last, has_old;
static unsigned int reports;
static struct fault_record repeated;
static bool repeats;
static bool ended;

bool bug_requests_stall;

static void scribble(const struct chain *chain, const struct fault_record *record)
{
	chain_write(&reference.vdev, chain, 0, record, sizeof(*record));
}

void bug_event_reset(void)
{
	old = last;
	has_old = has_last && mutant(MUTANT_EVENT_BUFFER_SURVIVES_RESET);
	has_last = repeats = bug_requests_stall = false;
	reports = 0;
}

/* A report is on its way. True: it is dropped. */
bool bug_event(const struct fault_record *record)
{
	if (has_old)
		scribble(&old, record);
	has_old = false;
	if (has_last && mutant(MUTANT_EVENT_OVERWRITES_LAST))
		scribble(&last, record);
	repeated = *record;
	repeats = mutant(MUTANT_EVENT_WITHOUT_END);
	return ended || (mutant(MUTANT_EVENTS_END_AFTER_80) && ++reports > 80);
}

void bug_event_out_of_reach(void)
{
	ended = mutant(MUTANT_EVENTS_END_OUT_OF_REACH);
}

bool bug_event_again(struct fault_record *record)
{
	*record = repeated;
	return repeats;
}

void bug_event_without_buffer(const struct fault_record *record)
{
	static struct chain chain;
	struct vqueue *requests = &reference.vdev.queues[REQUEST_QUEUE];

	bug_requests_stall = mutant(MUTANT_EVENT_WITHOUT_BUFFER_STALLS);
	if (has_last && mutant(MUTANT_EVENT_INTO_LAST_BUFFER))
		scribble(&last, record);
	if (mutant(MUTANT_EVENT_TAKES_REQUEST_BUFFER) &&
	    vring_pop(&reference.vdev, requests, &chain))
		vring_push(&reference.vdev, requests, &chain, 0);
}

/* Piece after piece into one short buffer after the other. */
static void spread(struct chain *chain, const struct fault_record *record)
{
	struct vdev *dev = &reference.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];
	uint32_t at = 0, length;

	do {
		length = sizeof(*record) - at;
		if (length > chain->writable.size)
			length = chain->writable.size;
		chain_write(dev, chain, 0, (const uint8_t *)record + at, length);
		vring_push(dev, queue, chain, length);
		at += length;
	} while (at < sizeof(*record) && vring_pop(dev, queue, chain));
}

static void fill_up(const struct chain *chain, const struct fault_record *record)
{
	struct vdev *dev = &reference.vdev;
	static const uint8_t zeroes[256];

	chain_write(dev, chain, 0, zeroes, sizeof(zeroes));
	chain_write(dev, chain, 0, record, sizeof(*record));
	vring_push(dev, &dev->queues[EVENT_QUEUE], chain, chain->writable.size);
}

static void write_in_a_row(const struct chain_part *part, struct fault_record record)
{
	if (part->count)
		access_memory(&reference.vdev, part->pieces[0].address, &record, sizeof(record), true);
}

/* A buffer was found. True: that is all. */
bool bug_event_buffer(struct chain *chain, const struct fault_record *record)
{
	bool is_short = chain->writable.size < sizeof(*record);

	last = *chain;
	has_last = true;
	if (mutant(MUTANT_EVENT_OVERRUNS_SHORT_BUFFER) && is_short)
		write_in_a_row(&chain->writable, *record);
	if (mutant(MUTANT_EVENT_INTO_FIRST_PIECE) && !is_short)
		write_in_a_row(&chain->writable, *record);
	if (mutant(MUTANT_EVENT_IGNORES_DIRECTION))
		write_in_a_row(&chain->readable, *record);
	if (mutant(MUTANT_EVENT_SPREAD) && is_short && chain->writable.size)
		return spread(chain, record), true;
	if (mutant(MUTANT_EVENT_FILLS_BUFFER) && !is_short)
		return fill_up(chain, record), true;
	return false;
}

uint32_t bug_event_length(const struct chain *chain, const struct fault_record *record,
			  uint32_t length)
{
	if (mutant(MUTANT_EVENT_LENGTH_32))
		return 32;
	if (mutant(MUTANT_EVENT_LENGTH_0))
		return 0;
	if (mutant(MUTANT_EVENT_SHORT_LENGTH_FALSE) && !length)
		return chain->writable.size;
	if (mutant(MUTANT_EVENT_DOMAIN_LENGTH) && record->reason == FAULT_DOMAIN)
		return 16;
	return length;
}

static void spoil_address(struct fault_record *record)
{
	static uint64_t before;
	uint64_t now = record->address;

	if (mutant(MUTANT_EVENT_ADDRESS_0))
		record->address = 0;
	if (mutant(MUTANT_EVENT_ADDRESS_OF_PAGE))
		record->address &= ~4095ull;
	if (mutant(MUTANT_EVENT_ADDRESS_OF_8_BYTES))
		record->address &= ~7ull;
	if (mutant(MUTANT_EVENT_ADDRESS_32_BITS))
		record->address = (uint32_t)record->address;
	if (mutant(MUTANT_EVENT_ADDRESS_STALE))
		record->address = before;
	before = now;
}

static void spoil_flags(struct fault_record *record)
{
	bool is_read = record->flags & FAULT_READ;

	if (mutant(MUTANT_EVENT_EXEC_FLAG))
		record->flags |= 1 << 2;
	if (mutant(MUTANT_EVENT_READ_FLAG) && is_read)
		record->flags |= 1 << 16;
	if (mutant(MUTANT_EVENT_WRONG_DIRECTION) ||
	    (mutant(MUTANT_EVENT_SINGLE_BYTE_WRITE_IS_READ) && !is_read && record->address % 2))
		record->flags ^= FAULT_READ | FAULT_WRITE;
}

static void spoil_reserved(struct fault_record *record)
{
	bool is_read = record->flags & FAULT_READ;

	if (mutant(MUTANT_EVENT_RESERVED) || (mutant(MUTANT_EVENT_READ_RESERVED) && is_read))
		record->reserved[1] = 1;
	if (mutant(MUTANT_EVENT_RESERVED1) ||
	    (mutant(MUTANT_EVENT_READ_SIZE_IN_RESERVED1) && is_read))
		record->reserved1 = 0x80000000;
}

static void spoil_reason(struct fault_record *record)
{
	if (mutant(MUTANT_EVENT_REASON_SWAPPED))
		record->reason = record->reason == FAULT_DOMAIN ? FAULT_MAPPING : FAULT_DOMAIN;
	if (mutant(MUTANT_EVENT_REASON_UNKNOWN))
		record->reason = FAULT_UNKNOWN;
	if (mutant(MUTANT_EVENT_READ_REASON) && (record->flags & FAULT_READ))
		record->reason = 3;
	if (mutant(MUTANT_EVENT_EMPTY_DOMAIN_IS_NONE) && !reference.model.mapping_count)
		record->reason = FAULT_DOMAIN;
}

static void spoil_endpoint(struct fault_record *record)
{
	if (mutant(MUTANT_EVENT_ENDPOINT_0))
		record->endpoint = 0;
	if (mutant(MUTANT_EVENT_FIRST_ENDPOINT))
		record->endpoint = reference.model.endpoints[0].id;
	if (mutant(MUTANT_EVENT_ENDPOINT_IS_BDF))
		record->endpoint -= 0x100;
}

void bug_record(struct fault_record *record)
{
	spoil_reserved(record);
	spoil_reason(record);
	spoil_flags(record);
	spoil_address(record);
	spoil_endpoint(record);
}

/* An access that was allowed. */
void bug_allowed(const struct access *a)
{
	const struct model_endpoint *e = model_endpoint(&reference.model, a->endpoint);
	bool bypass = e && (!e->attached || e->bypass);

	if (mutant(MUTANT_EVENT_FOR_ALLOWED_ACCESS) || (mutant(MUTANT_EVENT_IN_BYPASS) && bypass))
		events_report(FAULT_MAPPING, a->endpoint, a->address, a->kind == MAP_WRITE);
}
