// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>
#include <string.h>

#include "judge/accesses.h"
#include "memory.h"
#include "time.h"
#include "util.h"

/*
 * An access that should work is given all the time that a busy host may take, and less where the
 * verdict is bad already. A report that comes meanwhile may be a late one, of the access before. One that
 * should be blocked may stay silent: it is waited for until a fault is reported, and shorter.
 */
#define BAD_ALREADY_US 200000

static void expect_in_time(struct endpoint *ep, uint64_t quiet)
{
	ep->dma.timeout_us = REPLY_TIMEOUT_US;
	ep->dma.grace_us = max(quiet, timing_patience_us(TIMED_REPORT));
}

void set_timeout(struct endpoint *ep, bool may_be_blocked)
{
	uint64_t quiet = quiet_us(ep);

	ep->dma.grace_us = may_be_blocked ? 0 : quiet;
	if (is_slow(ep))
		ep->dma.timeout_us = REPLY_TIMEOUT_US;
	else if (may_be_blocked)
		ep->dma.timeout_us = quiet;
	else if (!no_defect_so_far())
		ep->dma.timeout_us = max(quiet, BAD_ALREADY_US);
	else
		expect_in_time(ep, quiet);
}

/* Of a stand-in nothing is seen: what is said of its accesses is left to runs with others. */
static bool is_unseen(const struct endpoint *ep)
{
	return !does_dma(ep);
}

static struct effect try_write(struct endpoint *ep, uint64_t iova, size_t size, void *target,
			       size_t expected)
{
	set_timeout(ep, expected < size);
	return write_effect(ep, iova, size, target, expected);
}

static struct effect try_read(struct endpoint *ep, uint64_t iova, const void *source, size_t size,
			      bool may_be_blocked)
{
	set_timeout(ep, may_be_blocked);
	return read_effect(ep, iova, source, size);
}

/* An rng or a console writes only: what takes a read is skipped, unless a write has shown a breach. */
static bool skip_if_write_only(const struct endpoint *ep)
{
	if (ep->dma.ops->exact)
		return false;
	skip("endpoint %#x, a %s, does not read memory", ep->id, ep->dma.ops->name);
	return true;
}

static bool report_stray(struct source_line at, const char *expected, const struct effect *effect)
{
	if (!effect->stray)
		return true;
	judge_harm(at, expected, "memory at %#lx changed, which nothing maps there", phys(effect->stray));
	return false;
}

bool expect_writes(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		   void *target, size_t size)
{
	struct effect effect;
	char expected[128];

	if (is_unseen(ep))
		return true;
	effect = try_write(ep, iova, size, target, size);
	if (effect.exact && !effect.stray)
		return true;
	if (otherwise == SET_UP && !has_worked(ep))
		otherwise = VERDICT_ERROR;
	snprintf(expected, sizeof(expected), "endpoint %#x writes %zu bytes at %#lx to memory at %#lx%s",
		 ep->id, size, iova, phys(target), otherwise == SET_UP ? " (N-MAP-1, N-BYP-1)" : "");
	if (!report_stray(at, expected, &effect))
		return false;
	if (effect.done)
		judge(otherwise, at, expected,
		      "the endpoint reports success, memory at %#lx has not changed so",
		      phys(target));
	else
		judge(otherwise, at, expected, "the access was refused");
	return false;
}

/* A disk may complete a read that is blocked, with zeroes. */
static bool tells_reads_apart(struct source_line at, const uint8_t *source, size_t size)
{
	if (!memchr(source, 0, size))
		return true;
	judge(VERDICT_ERROR, at, "the source of a read has no byte that is 0", "one at %#lx", phys(source));
	return false;
}

bool can_read(struct endpoint *ep, uint64_t iova, const void *source, size_t size)
{
	struct source_line at = {"can_read", 0};

	return !skip_if_write_only(ep) && tells_reads_apart(at, source, size) &&
	       try_read(ep, iova, source, size, true).exact;
}

bool expect_reads(struct source_line at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		  const void *source, size_t size)
{
	struct effect effect;
	char expected[100];

	if (is_unseen(ep) || skip_if_write_only(ep))
		return true;
	if (!tells_reads_apart(at, source, size))
		return false;
	effect = try_read(ep, iova, source, size, false);
	if (effect.exact && !effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "endpoint %#x reads %zu bytes at %#lx from memory at %#lx",
		 ep->id, size, iova, phys(source));
	if (!report_stray(at, expected, &effect))
		return false;
	judge(otherwise, at, expected, effect.done ? "it reports success, and read other bytes" :
						    "the access was refused");
	return false;
}

bool expect_write_blocked(struct source_line at, struct endpoint *ep, uint64_t iova, size_t size)
{
	struct effect effect;
	char expected[100];

	if (is_unseen(ep))
		return true;
	effect = try_write(ep, iova, size, NULL, 0);
	if (!effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "endpoint %#x cannot write %zu bytes at %#lx", ep->id,
		 size, iova);
	return report_stray(at, expected, &effect);
}

bool expect_write_stays_in(struct source_line at, struct endpoint *ep, uint64_t iova, size_t size,
			   void *target, size_t allowed)
{
	struct effect effect;
	char expected[100];

	if (is_unseen(ep))
		return true;
	effect = try_write(ep, iova, size, target, allowed);
	if (!effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "of %zu bytes that endpoint %#x writes at %#lx, none past "
		 "the first %zu arrives", size, ep->id, iova, allowed);
	return report_stray(at, expected, &effect);
}

static bool report_leak(struct source_line at, const char *expected, const struct effect *effect)
{
	if (!effect->leaked)
		return true;
	judge_harm(at, expected, "it read the bytes at %#lx", phys(effect->leaked));
	return false;
}

bool expect_read_blocked(struct source_line at, struct endpoint *ep, uint64_t iova, const void *secret,
			 size_t size)
{
	struct effect effect;
	char expected[100];

	if (is_unseen(ep) || skip_if_write_only(ep))
		return true;
	if (!tells_reads_apart(at, secret, size))
		return false;
	set_timeout(ep, true);
	effect = blocked_read_effect(ep, iova, secret, size);
	if (!effect.leaked && !effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "endpoint %#x cannot read %zu bytes at %#lx", ep->id, size,
		 iova);
	return report_leak(at, expected, &effect) && report_stray(at, expected, &effect);
}

/* "endpoint 0x18 writes 4097 bytes at 0x2a4fff: as its pages permit" */
static void describe_parts(char *text, size_t size, const struct endpoint *ep, const char *verb,
			   uint64_t iova, struct access_parts all)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < all.count; i++)
		bytes += all.parts[i].size;
	snprintf(text, size, "endpoint %#x %s %zu bytes at %#lx: %s", ep->id, verb, bytes, iova,
		 all_parts_are(all, PART_MOVED) ? "all arrive" :
						  "none arrives that its page does not permit");
}

static bool report_parts(struct source_line at, const char *expected, const struct effect *effect,
			 struct access_parts all)
{
	if (!report_leak(at, expected, effect) || !report_stray(at, expected, effect))
		return false;
	if (effect->exact || !all_parts_are(all, PART_MOVED))
		return true;
	judge(BY_LEVEL, at, expected, effect->done ? "it reports success, and other bytes arrived" :
						      "the access was refused");
	return false;
}

bool expect_write_parts(struct source_line at, struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	struct effect effect;
	char expected[120];

	if (is_unseen(ep))
		return true;
	set_timeout(ep, !all_parts_are(all, PART_MOVED));
	effect = write_parts(ep, iova, all);
	describe_parts(expected, sizeof(expected), ep, "writes", iova, all);
	return report_parts(at, expected, &effect, all);
}

bool expect_read_parts(struct source_line at, struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	struct effect effect;
	char expected[120];

	if (is_unseen(ep) || skip_if_write_only(ep))
		return true;
	for (unsigned int i = 0; i < all.count; i++)
		if (all.parts[i].memory && !tells_reads_apart(at, all.parts[i].memory, all.parts[i].size))
			return false;
	set_timeout(ep, !all_parts_are(all, PART_MOVED));
	effect = read_parts(ep, iova, all);
	describe_parts(expected, sizeof(expected), ep, "reads", iova, all);
	return report_parts(at, expected, &effect, all);
}
