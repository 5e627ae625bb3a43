// SPDX-License-Identifier: BSD-3-Clause
#include "iommu_parts.h"
#include "mutant.h"
#include "personality.h"

#define KEPT 16

/* Reports that wait for a buffer. */
static struct fault_record kept[KEPT];
static unsigned int kept_count;
static bool drop_next;
static bool lost;	/* a report found no buffer */

void events_reset(void)
{
	kept_count = 0;
	lost = false;
}

/* A buffer too small for the record goes back empty: the report is lost (DEV-FAULT-5). */
static bool deliver(const struct fault_record *record)
{
	static struct chain chain;
	struct vdev *dev = &reference.vdev;
	struct vqueue *queue = &dev->queues[EVENT_QUEUE];
	uint32_t length = sizeof(*record);

	if (!vdev_is_running(dev) || !queue->enabled || !vring_pop(dev, queue, &chain)) {
		lost |= MUTATE(EVENTS_END_WITH_FIRST_LOST, vdev_is_running(dev), false);
		if (mutant(MUTANT_EVENT_WITHOUT_BUFFER_BREAKS) && vdev_is_running(dev))
			vdev_break(dev);
		return false;
	}
	if (chain.writable.size < length)
		length = 0;
	if (chain_write(dev, &chain, 0, record, length))
		vring_push(dev, queue, chain.head,
			   MUTATE(EVENT_LENGTH_32, 32, MUTATE(EVENT_LENGTH_0, 0, length)));
	return true;
}

static void keep(const struct fault_record *record)
{
	if (kept_count < KEPT)
		kept[kept_count++] = *record;
}

/* Mutants that can be seen in one field of the record. */
static void spoil(struct fault_record *record)
{
	if (mutant(MUTANT_EVENT_RESERVED))
		record->reserved[1] = 1;
	if (mutant(MUTANT_EVENT_RESERVED1))
		record->reserved1 = 0x80000000;
	if (mutant(MUTANT_EVENT_EXEC_FLAG))
		record->flags |= 1 << 2;
	if (mutant(MUTANT_EVENT_WRONG_DIRECTION))
		record->flags ^= FAULT_READ | FAULT_WRITE;
	if (mutant(MUTANT_EVENT_ENDPOINT_0))
		record->endpoint = 0;
	if (mutant(MUTANT_EVENT_FIRST_ENDPOINT))
		record->endpoint = reference.model.endpoints[0].id;
	if (mutant(MUTANT_EVENT_ENDPOINT_IS_BDF))
		record->endpoint -= 0x100;
	if (mutant(MUTANT_EVENT_ADDRESS_0))
		record->address = 0;
	if (mutant(MUTANT_EVENT_ADDRESS_OF_PAGE))
		record->address &= ~4095ull;
	if (mutant(MUTANT_EVENT_ADDRESS_32_BITS))
		record->address = (uint32_t)record->address;
	if (mutant(MUTANT_EVENT_REASON_SWAPPED))
		record->reason = record->reason == FAULT_DOMAIN ? FAULT_MAPPING : FAULT_DOMAIN;
	if (mutant(MUTANT_EVENT_REASON_UNKNOWN))
		record->reason = FAULT_UNKNOWN;
}

void events_report(uint8_t reason, uint32_t endpoint, uint64_t address, bool write)
{
	struct fault_record record = {
		.reason = reason,
		.flags = (write ? FAULT_WRITE : FAULT_READ) | FAULT_ADDRESS,
		.endpoint = endpoint,
		.address = address,
	};

	if (personality->no_addresses) {
		record.flags &= ~(uint32_t)FAULT_ADDRESS;
		record.address = 0;
	}
	drop_next = !drop_next;
	if (lost)
		return;
	if (personality->no_events || (personality->half_events && !drop_next))
		return;
	spoil(&record);
	if ((personality->late_events || !deliver(&record)) && personality->patient_events)
		keep(&record);
}

bool events_catch_up(void)
{
	bool any = false;

	while (kept_count && deliver(&kept[0])) {
		any = true;
		kept_count--;
		for (unsigned int i = 0; i < kept_count; i++)
			kept[i] = kept[i + 1];
	}
	return any;
}
