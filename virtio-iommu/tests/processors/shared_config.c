// SPDX-License-Identifier: BSD-3-Clause
/*
 * One processor writes config.bypass, and the other reads the configuration: it gets what was there before or
 * what is there after, never anything between. A device that makes its configuration anew for each write, or
 * changes it in steps, shows those that look meanwhile what never was.
 */
#include <string.h>

#include "driver/trace.h"
#include "judge/steps/bypass.h"
#include "judge/steps/second_cpu.h"
#include "judge/test.h"
#include "time.h"

#define BUDGET_US 1000000

/* Of the second CPU, which reads the whole configuration. */
struct reader {
	struct iommu_config usual, torn;	/* @torn: the first one that is otherwise */
	uint32_t reads, bypass;		/* @bypass: as the last one has it */
	uint32_t other, illegal;	/* how many had other fields, or an illegal bypass */
	uint32_t stop;
};

static bool is_usual(const struct reader *r, struct iommu_config seen)
{
	seen.bypass = r->usual.bypass;
	return !memcmp(&seen, &r->usual, sizeof(seen));
}

static void read_all_the_time(void *argument)
{
	struct reader *r = argument;
	struct iommu_config seen;

	while (!shared_read(&r->stop)) {
		iommu_read_config(&seen);
		if (!is_usual(r, seen) && !r->other++)
			r->torn = seen;
		r->illegal += seen.bypass > 1;
		shared_write(&r->bypass, seen.bypass);
		shared_write(&r->reads, r->reads + 1);
	}
}

/* Wait for one that has begun from now on. */
static bool wait_for_read(const struct reader *r)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint32_t first = shared_read(&r->reads);

	while (shared_read(&r->reads) - first < 2)
		if (deadline_over(&deadline))
			return false;
	return true;
}

static bool play_round(struct source_line at, const struct reader *r, uint8_t value)
{
	iommu_set_bypass(value);
	if (!wait_for_read(r)) {
		judge(VERDICT_ERROR, at, "the other CPU reads the configuration", "it does not");
		return false;
	}
	return expect_eq(at, shared_read(&r->bypass), value, "bypass as the other CPU reads it afterwards");
}

static void play_rounds(struct source_line at, const struct reader *r)
{
	struct deadline deadline = deadline_in(BUDGET_US);
	unsigned int round = 0;

	while (round < race_rounds() && !deadline_passed(&deadline) && play_round(at, r, round % 2))
		round++;
	trace("%u rounds", round);
}

static bool play(struct source_line at, struct reader *r)
{
	*r = (struct reader){0};
	iommu_read_config(&r->usual);
	if (!second_cpu_start(at, read_all_the_time, r))
		return false;
	play_rounds(at, r);
	return second_cpu_stop(at, &r->stop);
}

/* DEV-CFG-1 (MUST): `page_size_mask` is non-zero; its lowest set bit is the mapping granule */
TEST(DEV_CFG_1, another_cpu_reads_the_same_values, NEEDS_BYPASS_CONFIG | NEEDS_SECOND_CPU)
{
	const struct iommu_config *torn;
	struct reader r;

	if (!play(AT, &r))
		return;
	torn = &r.torn;
	EXPECT(!r.other, "fields other than bypass stay as they are",
	       "%u of %u times: page_size_mask %#lx, input %#lx-%#lx, domain %#x-%#x, probe_size %u",
	       r.other, r.reads, (unsigned long)torn->page_size_mask, (unsigned long)torn->input_start,
	       (unsigned long)torn->input_end, torn->domain_start, torn->domain_end, torn->probe_size);
}

/* DEV-CFG-6 (MUST NOT): `bypass` never reads as anything but 0 or 1 */
TEST(DEV_CFG_6, another_cpu_reads_0_or_1_while_bypass_is_written, NEEDS_BYPASS_CONFIG | NEEDS_SECOND_CPU)
{
	struct reader r;

	if (play(AT, &r))
		EXPECT_EQ(r.illegal, 0, "times that another CPU reads neither 0 nor 1, of %u", r.reads);
}
