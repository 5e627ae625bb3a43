// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>
#include <time.h>

#include "host/board/door.h"
#include "host/bugs/other_cpu/other_cpu.h"
#include "host/bugs/takeover/takeover.h"
#include "smp.h"
#include "util.h"

/* Let the other CPU do what it is about to. */
static void open_door(void)
{
	static const struct timespec moment = {.tv_nsec = 200000};

	if (smp_ended())
		return;
	door_unlock();
	nanosleep(&moment, NULL);
	door_lock();
}

/*
 * Accesses that have their memory and have not moved bytes yet, of either direction. What takes memory away
 * waits for them, but where that is the bug.
 */
static unsigned int about_to_move[2];

static bool lets_requests_pass(void)
{
	return mutant(MUTANT_UNMAP_BEFORE_OTHER_CPU) || mutant(MUTANT_DETACH_BEFORE_OTHER_CPU) ||
	       mutant(MUTANT_MOVE_BEFORE_OTHER_CPU) || mutant(MUTANT_BYPASS_OFF_BEFORE_OTHER_CPU) ||
	       mutant(MUTANT_RESET_BEFORE_OTHER_CPU) || mutant(MUTANT_ANSWER_BEFORE_WRITES_OF_OTHER_CPU) ||
	       mutant(MUTANT_ANSWER_BEFORE_READS_OF_OTHER_CPU);
}

void bug_before_move(bool write)
{
	if (!lets_requests_pass())
		return;
	about_to_move[write]++;
	open_door();
	about_to_move[write]--;
}

static bool is_awaited(void)
{
	return (about_to_move[true] && !mutant(MUTANT_ANSWER_BEFORE_WRITES_OF_OTHER_CPU)) ||
	       (about_to_move[false] && !mutant(MUTANT_ANSWER_BEFORE_READS_OF_OTHER_CPU));
}

static void await_accesses(enum mutant_id undrained)
{
	while (!mutant(undrained) && is_awaited())
		open_door();
}

/* How many requests have been carried out. */
static unsigned int requests;

static bool execute(const struct model_request *r)
{
	requests++;
	if (r->head.type == REQUEST_UNMAP)
		await_accesses(MUTANT_UNMAP_BEFORE_OTHER_CPU);
	if (r->head.type == REQUEST_DETACH)
		await_accesses(MUTANT_DETACH_BEFORE_OTHER_CPU);
	if (r->head.type == REQUEST_ATTACH)
		await_accesses(MUTANT_MOVE_BEFORE_OTHER_CPU);
	return false;
}

static void reset(struct vdev *dev)
{
	await_accesses(MUTANT_RESET_BEFORE_OTHER_CPU);
	right_ops->reset(dev);
}

static void write_after_accesses(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	await_accesses(MUTANT_BYPASS_OFF_BEFORE_OTHER_CPU);
	right_ops->config_write(dev, offset, width, value);
}

/*
 * Whose access it is, and whether it may go on, in one place for all CPUs.
 */

bool bug_before_lookup(uint32_t *endpoint)
{
	static uint32_t current;
	unsigned int before = requests;

	if (!mutant(MUTANT_ENDPOINT_OF_OTHER_CPU) && !mutant(MUTANT_REQUEST_CUTS_OTHER_CPU_OFF))
		return true;
	current = *endpoint;
	open_door();
	if (mutant(MUTANT_ENDPOINT_OF_OTHER_CPU))
		*endpoint = current;
	return !mutant(MUTANT_REQUEST_CUTS_OTHER_CPU_OFF) || requests == before;
}

/*
 * Configuration.
 */

/* It is made anew: for a moment there is nothing in its first half. */
static void write_in_pieces(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	struct iommu_config *config = &ref_iommu.model.config, before = *config;

	memset(config, 0, offsetof(struct iommu_config, domain_start));
	open_door();
	memcpy(config, &before, offsetof(struct iommu_config, domain_start));
	right_ops->config_write(dev, offset, width, value);
}

/* What the policy is made from is put there as it is. */
static void write_twice(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	uint8_t *bypass = &ref_iommu.model.config.bypass, before = *bypass;

	*bypass = UINT8_MAX;
	open_door();
	*bypass = before;
	right_ops->config_write(dev, offset, width, value);
}

/*
 * Queues.
 */

static bool is_answering, is_reporting;
static unsigned int reports;

static void answer_slowly(const struct chain *chain, const struct model_request *r, const struct decision *d,
			  struct iommu_reply *reply)
{
	unsigned int before = reports;

	(void)chain, (void)r, (void)d;
	is_answering = true;
	open_door();
	is_answering = false;
	if (mutant(MUTANT_REPORT_OVERWRITES_ANSWER) && reports != before)
		memset(reply->bytes, FAULT_MAPPING, reply->length);
}

static bool lose_beside_answer(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)chain, (void)record, (void)used;
	reports++;
	return mutant(MUTANT_REPORT_LOST_BESIDE_ANSWER) && is_answering;
}

static bool report_slowly(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)chain, (void)record, (void)used;
	is_reporting = true;
	open_door();
	is_reporting = false;
	return false;
}

/* The buffer is taken, and not given back. */
static bool lose_beside_report(const struct chain *chain, struct model_request *r)
{
	(void)chain, (void)r;
	return is_reporting;
}

bool other_cpu_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_UNMAP_BEFORE_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_DETACH_BEFORE_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_MOVE_BEFORE_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_BYPASS_OFF_BEFORE_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_RESET_BEFORE_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_ANSWER_BEFORE_WRITES_OF_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_ANSWER_BEFORE_READS_OF_OTHER_CPU, {.request_execute = execute},
		 {.reset = reset, .config_write = write_after_accesses}},
		{MUTANT_ENDPOINT_OF_OTHER_CPU, {.request_execute = execute}, {0}},
		{MUTANT_REQUEST_CUTS_OTHER_CPU_OFF, {.request_execute = execute}, {0}},
		{MUTANT_CONFIG_WRITTEN_IN_PIECES, {0}, {.config_write = write_in_pieces}},
		{MUTANT_BYPASS_WRITTEN_TWICE, {0}, {.config_write = write_twice}},
		{MUTANT_REPORT_LOST_BESIDE_ANSWER,
		 {.reply_ready = answer_slowly, .event_ready = lose_beside_answer}, {0}},
		{MUTANT_REPORT_OVERWRITES_ANSWER,
		 {.reply_ready = answer_slowly, .event_ready = lose_beside_answer}, {0}},
		{MUTANT_ANSWER_LOST_BESIDE_REPORT,
		 {.request_read = lose_beside_report, .event_ready = report_slowly}, {0}},
	};

	return takeover_use(rows, ARRAY_SIZE(rows));
}
