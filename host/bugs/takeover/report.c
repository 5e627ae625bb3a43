// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of reports and of interrupts: which buffer a report goes to, what is in it, and who hears of it.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/takeover/takeover.h"
#include "util.h"

static struct vqueue *event_queue(void)
{
	return &ref_iommu.vdev.queues[EVENT_QUEUE];
}

static void give_back(struct chain *chain, uint32_t used)
{
	vring_push(&ref_iommu.vdev, event_queue(), chain, used);
	vring_flush(&ref_iommu.vdev, event_queue());
}

/* A buffer that is too small goes back empty. */
static uint32_t record_length(const struct chain *chain)
{
	return chain->writable.size < sizeof(struct fault_record) ? 0 : sizeof(struct fault_record);
}

static void write_report(struct chain *chain, const struct fault_record *record)
{
	if (chain_write(&ref_iommu.vdev, chain, 0, record, record_length(chain)))
		give_back(chain, record_length(chain));
}

static bool write_low_address(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)record, (void)used;
	for (unsigned int i = 0; i < chain->writable.count; i++)
		chain->writable.pieces[i].address = (uint32_t)chain->writable.pieces[i].address;
	return false;
}

static bool write_first_piece(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	if (!*used)
		return false;
	if (chain_write(&ref_iommu.vdev, chain, 0, record, min(*used, chain->writable.pieces[0].length)))
		give_back(chain, *used);
	return true;
}

/* On MMIO the addresses of the queue count, and QueueReady does not. */
static void deliver_unready(const struct fault_record *record)
{
	struct vqueue *queue = event_queue();

	if (!ref_iommu.vdev.registers || queue->enabled || !queue->desc || !queue->size)
		return;
	queue->enabled = true;
	events_deliver(record);
	queue->enabled = false;
}

static bool fault_with_low_address(struct fault_record *record)
{
	record->address &= (1ull << mutant_number()) - 1;
	return false;
}

/* Endpoints that were attached since the reset. */

static bool was_attached[MODEL_MAX_ENDPOINTS];

static void reset_attached(struct vdev *dev)
{
	for (unsigned int i = 0; i < MODEL_MAX_ENDPOINTS; i++)
		was_attached[i] = false;
	right_ops->reset(dev);
}

static bool note_attached(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		was_attached[i] |= r->head.type == REQUEST_ATTACH && m->endpoints[i].id == r->attach.endpoint;
	return false;
}

static bool fault_by_past(struct fault_record *record)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count && record->reason == FAULT_DOMAIN; i++)
		if (m->endpoints[i].id == record->endpoint && was_attached[i])
			record->reason = FAULT_MAPPING;
	return false;
}

/* Reports that wait in a ring of N. */

#define MAX_WAITING 64

static struct fault_record waiting[MAX_WAITING];
static unsigned int first_waiting, waiting_count;

static void deliver_waiting(void)
{
	while (waiting_count && events_deliver(&waiting[first_waiting % mutant_number()])) {
		first_waiting++;
		waiting_count--;
	}
}

static bool fault_waits(struct fault_record *record)
{
	waiting[(first_waiting + waiting_count++) % mutant_number()] = *record;
	deliver_waiting();
	return true;
}

static void reset_waiting(struct vdev *dev)
{
	waiting_count = 0;
	right_ops->reset(dev);
}

static void notified_of_buffers(struct vdev *dev, unsigned int queue)
{
	deliver_waiting();
	right_ops->notified(dev, queue);
}

/* Buffers that are passed over. */

static unsigned int skipped;

static bool fault_behind_skipped(struct fault_record *record)
{
	static struct chain chain;

	(void)record;
	while (skipped && event_queue()->enabled && vdev_is_running(&ref_iommu.vdev) &&
	       vring_pop(&ref_iommu.vdev, event_queue(), &chain))
		skipped--;
	return false;
}

static void skip_next(const struct fault_record *record)
{
	(void)record;
	skipped++;
}

static void reset_skipped(struct vdev *dev)
{
	skipped = 0;
	right_ops->reset(dev);
}

/* The next buffer, which was taken at the last report. */

static struct chain held;
static bool has_held;

static void hold_next(void)
{
	has_held = vring_pop(&ref_iommu.vdev, event_queue(), &held);
}

static bool write_to_held(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)used;
	write_report(has_held ? &held : chain, record);
	if (has_held)
		held = *chain;
	else
		hold_next();
	return true;
}

static void use_held(const struct fault_record *record)
{
	if (has_held && event_queue()->enabled && vdev_is_running(&ref_iommu.vdev))
		write_report(&held, record);
	has_held = false;
}

static void reset_held(struct vdev *dev)
{
	has_held = false;
	right_ops->reset(dev);
}

/* The ISR status. */

static void notified_clears(struct vdev *dev, unsigned int queue)
{
	dev->isr &= ~ISR_QUEUE;
	right_ops->notified(dev, queue);
}

static bool write_unseen(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	uint8_t isr = ref_iommu.vdev.isr;

	(void)used;
	write_report(chain, record);
	ref_iommu.vdev.isr = isr;
	return true;
}

/* What is in a report, and what is reported. */

static bool use_whole(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)record;
	*used = *used ? chain->writable.size : 0;
	return false;
}

static bool fault_with_flags_of_mapping(struct fault_record *record)
{
	const struct model_endpoint *ep = bug_find_translated(record->endpoint);
	const struct model_mapping *mapping = ep ? bug_find_mapping(ep->domain, record->address) : NULL;
	uint32_t allowed = mapping ? mapping->flags : MAP_RW;

	record->flags &= ~(uint32_t)(FAULT_READ | FAULT_WRITE);
	record->flags |= (allowed & MAP_READ ? FAULT_READ : 0) | (allowed & MAP_WRITE ? FAULT_WRITE : 0);
	return false;
}

static bool execute_in_order(const struct model_request *r)
{
	(void)r;
	bug_update_joined();
	return false;
}

static bool fault_of_first_member(struct fault_record *record)
{
	const struct model *m = &ref_iommu.model;
	const struct model_endpoint *ep = bug_find_attached(record->endpoint);

	bug_update_joined();
	for (unsigned int i = 0; i < m->endpoint_count && ep; i++)
		if (bug_is_member(m->endpoints[i].id, ep->domain) && !bug_joined_before(&m->endpoints[i]))
			record->endpoint = m->endpoints[i].id;
	return false;
}

/* The next granule is looked up if the access ends near it. */
static void look_ahead(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	const struct model *m = &ref_iommu.model;
	uint64_t last = bug_whole_access.address + (bug_whole_access.size - 1);
	uint64_t end = last | (model_granule(m) - 1);
	struct model_extent next;
	uint8_t reason;

	(void)phys, (void)length;
	if (a->address < bug_whole_access.address || a->address > last || last > extent->end ||
	    end - last > mutant_number() || end == UINT64_MAX)
		return;
	if (!model_translate(m, a->endpoint, end + 1, a->kind, &next, &reason))
		events_report(reason, a->endpoint, end + 1, a->kind == MAP_WRITE);
}

/* Reports that wait, in rings of which that of the addresses has one entry more. */

static uint64_t addresses[128], waited, gone;
static bool is_old;

static void note_waiting(const struct fault_record *record)
{
	addresses[waited++ % (mutant_number() + 1)] = record->address;
}

static void notified_of_room(struct vdev *dev, unsigned int queue)
{
	is_old = true;
	right_ops->notified(dev, queue);
	is_old = false;
}

static bool write_with_other_address(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	struct fault_record changed = *record;

	if (!is_old || !*used)
		return false;
	changed.address = addresses[gone++ % mutant_number()];
	chain_write(&ref_iommu.vdev, chain, 0, &changed, sizeof(changed));
	vring_push(&ref_iommu.vdev, &ref_iommu.vdev.queues[EVENT_QUEUE], chain, *used);
	vring_flush(&ref_iommu.vdev, &ref_iommu.vdev.queues[EVENT_QUEUE]);
	return true;
}

bool report_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_EVENT_BUFFER_ADDR_32, {.event_ready = write_low_address}, {0}},
		{MUTANT_MMIO_EVENTQ_READY_IGNORED, {.event_lost = deliver_unready}, {0}},
		{MUTANT_EVENT_FIRST_PIECE_ONLY, {.event_ready = write_first_piece}, {0}},
		{MUTANT_EVENT_ADDRESS_BITS, {.fault = fault_with_low_address}, {0}},
		{MUTANT_EVENT_REASON_AFTER_DETACH, {.request_execute = note_attached, .fault = fault_by_past},
		 {.reset = reset_attached}},
		{MUTANT_EVENT_BACKLOG_SKEW,
		 {.event_lost = note_waiting, .event_ready = write_with_other_address},
		 {.notified = notified_of_room}},
		{MUTANT_EVENT_OVERFLOW_REPEATS, {.fault = fault_waits},
		 {.reset = reset_waiting, .notified = notified_of_buffers}},
		{MUTANT_EVENT_SKIPS_NEXT_BUFFER, {.fault = fault_behind_skipped, .event_lost = skip_next},
		 {.reset = reset_skipped}},
		{MUTANT_QRESET_KEEPS_EVENT_BUFFER, {.event_lost = use_held, .event_ready = write_to_held},
		 {.reset = reset_held}},
		{MUTANT_EVENT_USED_LEN_WHOLE_BUFFER, {.event_ready = use_whole}, {0}},
		{MUTANT_EVENT_FLAGS_OF_MAPPING, {.fault = fault_with_flags_of_mapping}, {0}},
		{MUTANT_EVENT_PREFETCH, {.translated = look_ahead}, {0}},
		{MUTANT_EVENT_FIRST_MEMBER,
		 {.request_execute = execute_in_order, .fault = fault_of_first_member}, {0}},
		{MUTANT_KICK_CLEARS_ISR, {0}, {.notified = notified_clears}},
		{MUTANT_ISR_NOT_FOR_EVENTS, {.event_ready = write_unseen}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
