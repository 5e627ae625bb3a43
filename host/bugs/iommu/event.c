// SPDX-License-Identifier: BSD-3-Clause
/*
 * Mutants of the event queue.
 */
#include "host/virtio/access.h"
#include "host/bugs/iommu/parts.h"

/* The last buffer that was used, and one from before a reset. */
static struct chain last, old;
static bool has_last, has_old;
static unsigned int reports;
static struct fault_record repeated;
static bool repeats;
static bool ended;	/* a buffer was out of reach */
static bool lost;	/* a report found no buffer */
static bool ever_lost;	/* the same, and a reset changes nothing */
static bool reported;
static bool requests_stall;
static unsigned int waiting;	/* reports */
static uint32_t untold;	/* reports that found no buffer */

static void scribble(const struct chain *chain, const struct fault_record *record)
{
	chain_write(&ref_iommu.vdev, chain, 0, record, sizeof(*record));
}

void bug_events_reset(void)
{
	old = last;
	has_old = has_last && mutant(MUTANT_EVENT_BUFFER_SURVIVES_RESET);
	has_last = repeats = requests_stall = lost = false;
	reports = waiting = untold = 0;
}

bool bug_requests_stall(void)
{
	return requests_stall;
}

/* Use a buffer of the request queue for it, if there is one. */
static void take_request_buffer(const struct fault_record *record, uint32_t used)
{
	static struct chain chain;
	struct vdev *dev = &ref_iommu.vdev;
	struct vqueue *requests = &dev->queues[REQUEST_QUEUE];

	if (!vring_pop(dev, requests, &chain))
		return;
	if (used)
		chain_write(dev, &chain, 0, record, used);
	vring_push(dev, requests, &chain, used);
}

/* Returns true if there is no report but for the first. */
static bool is_suppressed(const struct fault_record *record)
{
	bool first = !reported;

	reported = true;
	if (mutant(MUTANT_REPORT_IN_REQUEST_BUFFER) && vdev_is_running(&ref_iommu.vdev))
		take_request_buffer(record, sizeof(struct request_tail));
	return mutant(MUTANT_REPORTS_NONE) || mutant(MUTANT_REPORT_IN_REQUEST_BUFFER) ||
	       (mutant(MUTANT_REPORT_FIRST_ONLY) && !first) || ever_lost;
}

/* A report is on its way. Returns true if it is dropped. */
static bool drops(const struct fault_record *record)
{
	if (has_old)
		scribble(&old, record);
	has_old = false;
	if (has_last && mutant(MUTANT_EVENT_OVERWRITES_LAST))
		scribble(&last, record);
	repeated = *record;
	repeats = mutant(MUTANT_EVENT_WITHOUT_END);
	return is_suppressed(record) || ended || lost ||
	       (mutant(MUTANT_EVENTS_END_AFTER_80) && ++reports > 80);
}

void bug_events_refilled(void)
{
	requests_stall = false;
	waiting = 0;
	if (repeats)
		events_deliver(&repeated);
}

void bug_event_lost(const struct fault_record *record)
{
	struct vdev *dev = &ref_iommu.vdev;

	if (!vdev_is_running(dev))
		return;
	untold += mutant(MUTANT_LOST_REPORTS_TOLD);
	ever_lost |= mutant(MUTANT_REPORT_NEVER_AFTER_NO_BUFFER);
	lost = mutant(MUTANT_EVENTS_END_WITH_FIRST_LOST);
	requests_stall = mutant(MUTANT_EVENT_WITHOUT_BUFFER_STALLS) ||
			 (mutant(MUTANT_BACKLOG_STALLS) && ++waiting >= mutant_number());
	if (mutant(MUTANT_EVENT_WITHOUT_BUFFER_BREAKS))
		vdev_break(dev);
	if (has_last && mutant(MUTANT_EVENT_INTO_LAST_BUFFER))
		scribble(&last, record);
	if (mutant(MUTANT_EVENT_TAKES_REQUEST_BUFFER))
		take_request_buffer(record, 0);
}

/* Piece after piece into one short buffer after the other. */
static void spread(struct chain *chain, const struct fault_record *record)
{
	struct vdev *dev = &ref_iommu.vdev;
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
	struct vdev *dev = &ref_iommu.vdev;
	static const uint8_t zeroes[256];

	chain_write(dev, chain, 0, zeroes, sizeof(zeroes));
	chain_write(dev, chain, 0, record, sizeof(*record));
	vring_push(dev, &dev->queues[EVENT_QUEUE], chain, chain->writable.size);
}

static void tell_untold(const struct chain *chain, struct fault_record record)
{
	record.reserved1 = untold;
	untold = 0;
	scribble(chain, &record);
	vring_push(&ref_iommu.vdev, &ref_iommu.vdev.queues[EVENT_QUEUE], chain, sizeof(record));
}

static void write_in_a_row(const struct chain_part *part, struct fault_record record)
{
	if (part->count)
		access_memory(&ref_iommu.vdev, part->pieces[0].address, &record, sizeof(record), true);
}

/* A buffer was found. Returns true if nothing else is to be done with it. */
static bool write_wrongly(struct chain *chain, const struct fault_record *record)
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
	if (untold && !is_short)
		return tell_untold(chain, *record), true;
	return false;
}

static uint32_t used_length(const struct chain *chain, const struct fault_record *record,
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

/* Returns true if the buffer, which then ends all reports, is out of reach. */
static bool out_of_reach(const struct chain *chain, const struct fault_record *record, uint32_t length)
{
	if (mutant(MUTANT_EVENTS_END_OUT_OF_REACH))
		ended = !chain_write(&ref_iommu.vdev, chain, 0, record, length);
	return ended;
}

static void use_twice(const struct chain *chain, const struct fault_record *record, uint32_t length)
{
	struct vdev *dev = &ref_iommu.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];

	if (!chain_write(dev, chain, 0, record, length))
		return;
	vring_push(dev, queue, chain, length);
	vring_push(dev, queue, chain, length);
	vring_flush(dev, queue);
}

bool bug_event_ready(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	if (write_wrongly(chain, record) || out_of_reach(chain, record, *used))
		return true;
	if (mutant(MUTANT_EVENT_BUFFER_TWICE))
		return use_twice(chain, record, *used), true;
	*used = used_length(chain, record, *used);
	return false;
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
	if (mutant(MUTANT_EVENT_EMPTY_DOMAIN_IS_NONE) && !ref_iommu.model.mapping_count)
		record->reason = FAULT_DOMAIN;
}

static void spoil_endpoint(struct fault_record *record)
{
	if (mutant(MUTANT_EVENT_ENDPOINT_0))
		record->endpoint = 0;
	if (mutant(MUTANT_EVENT_FIRST_ENDPOINT))
		record->endpoint = ref_iommu.model.endpoints[0].id;
	if (mutant(MUTANT_EVENT_ENDPOINT_IS_BDF))
		record->endpoint -= 0x100;
}

bool bug_fault(struct fault_record *record)
{
	spoil_reserved(record);
	spoil_reason(record);
	spoil_flags(record);
	spoil_address(record);
	spoil_endpoint(record);
	return drops(record);
}

/* An access that was allowed. */
void bug_allowed(const struct model *m, const struct access *a)
{
	const struct model_endpoint *e = model_endpoint(m, a->endpoint);
	bool bypass = e && (!e->attached || e->bypass);

	if (mutant(MUTANT_EVENT_FOR_ALLOWED_ACCESS) || (mutant(MUTANT_EVENT_IN_BYPASS) && bypass))
		events_report(FAULT_MAPPING, a->endpoint, a->address, a->kind == MAP_WRITE);
}
