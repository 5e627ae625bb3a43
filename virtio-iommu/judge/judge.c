// SPDX-License-Identifier: BSD-3-Clause
/*
 * Expectations of tests, in the words of the standard. The words are put together where something is
 * wrong: a kept one costs no text, which is dear where each instruction is emulated.
 */
#include <stdio.h>

#include "judge/test.h"

uint32_t fresh_domain(void)
{
	uint32_t domain;

	if (!take_domain(&domain))
		skip_rest("the domain range has too few ids");
	return domain;
}

static bool report_breach(const char *at, const struct reply *reply, const char *expected)
{
	if (!reply->used)
		judge(VERDICT_FAIL, at, expected, "the request did not come back");
	else if (reply->breach)
		judge(VERDICT_FAIL, at, expected, "%s", reply->breach);
	else
		return true;
	return false;
}

bool expect_status(const char *at, enum verdict otherwise, const struct reply *reply,
		   uint8_t status)
{
	char expected[40];

	if (reply->used && !reply->breach && reply->delivered && reply->status == status)
		return true;
	snprintf(expected, sizeof(expected), "status %s", status_name(status));
	if (!report_breach(at, reply, expected))
		return false;
	if (!reply->delivered)
		judge(otherwise, at, expected, "used.len %u does not cover the status (raw byte %#x)",
		      reply->length, reply->status);
	else
		judge(otherwise, at, expected, "status %s, raw %#x, used.len %u",
		      status_name(reply->status), reply->status, reply->length);
	return false;
}

bool expect_unwritten(const char *at, const struct reply *reply)
{
	const char *expected = "used.len 0 and no byte of the writable part touched";

	if (!report_breach(at, reply, expected))
		return false;
	if (reply->length) {
		judge(BY_LEVEL, at, expected, "used.len %u", reply->length);
		return false;
	}
	for (uint32_t i = 0; i < reply->writable; i++)
		if (reply->bytes[i] != reply->poison) {
			judge(BY_LEVEL, at, expected, "byte %u is %#x, was %#x", i, reply->bytes[i],
			      reply->poison);
			return false;
		}
	return true;
}

/*
 * An access that should work is given all the time that a busy host may take, and less where the
 * verdict is bad already. One that should be blocked may stay silent: it is waited for until a fault is
 * reported, and shorter.
 */
#define BAD_ALREADY_US 200000

static void set_timeout(struct endpoint *ep, bool may_be_blocked)
{
	if (is_slow(ep))
		ep->dma.timeout_us = REPLY_TIMEOUT_US;
	else if (may_be_blocked)
		ep->dma.timeout_us = quiet_us(ep);
	else
		ep->dma.timeout_us = no_defect_so_far() ? REPLY_TIMEOUT_US : BAD_ALREADY_US;
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
static bool skip_if_write_only(const char *at, const struct endpoint *ep)
{
	if (ep->dma.ops->exact)
		return false;
	skip(at, "endpoint %#x, a %s, does not read memory", ep->id, ep->dma.ops->name);
	return true;
}

bool can_read(struct endpoint *ep, uint64_t iova, const void *source, size_t size)
{
	return !skip_if_write_only("can_read", ep) && try_read(ep, iova, source, size, true).exact;
}

static bool report_stray(const char *at, const char *expected, const struct effect *effect)
{
	if (!effect->stray)
		return true;
	judge(VERDICT_FAIL, at, expected, "memory at %#lx changed, which nothing maps there",
	      phys(effect->stray));
	return false;
}

bool expect_writes(const char *at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		   void *target, size_t size)
{
	struct effect effect = try_write(ep, iova, size, target, size);
	char expected[100];

	if (effect.exact && !effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "endpoint %#x writes %zu bytes at %#lx to memory at %#lx",
		 ep->id, size, iova, phys(target));
	if (!report_stray(at, expected, &effect))
		return false;
	judge(otherwise, at, expected, effect.done ? "they did not arrive" : "the access was refused");
	return false;
}

/* A disk may complete a read that is blocked, with zeroes. */
static bool tells_reads_apart(const char *at, const uint8_t *source, size_t size)
{
	if (!memchr(source, 0, size))
		return true;
	judge(VERDICT_ERROR, at, "the source of a read has no byte that is 0", "one at %#lx", phys(source));
	return false;
}

bool expect_reads(const char *at, enum verdict otherwise, struct endpoint *ep, uint64_t iova,
		  const void *source, size_t size)
{
	struct effect effect;
	char expected[100];

	if (skip_if_write_only(at, ep))
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
	judge(otherwise, at, expected, effect.done ? "it read other bytes" : "the access was refused");
	return false;
}

bool expect_write_blocked(const char *at, struct endpoint *ep, uint64_t iova, size_t size)
{
	struct effect effect = try_write(ep, iova, size, NULL, 0);
	char expected[100];

	if (!effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "endpoint %#x cannot write %zu bytes at %#lx", ep->id,
		 size, iova);
	return report_stray(at, expected, &effect);
}

bool expect_write_stays_in(const char *at, struct endpoint *ep, uint64_t iova, size_t size,
			   void *target, size_t allowed)
{
	struct effect effect = try_write(ep, iova, size, target, allowed);
	char expected[100];

	if (!effect.stray)
		return true;
	snprintf(expected, sizeof(expected), "of %zu bytes that endpoint %#x writes at %#lx, none past "
		 "the first %zu arrives", size, ep->id, iova, allowed);
	return report_stray(at, expected, &effect);
}

static bool report_leak(const char *at, const char *expected, const struct effect *effect)
{
	if (!effect->leaked)
		return true;
	judge(VERDICT_FAIL, at, expected, "it read the bytes at %#lx", phys(effect->leaked));
	return false;
}

bool expect_read_blocked(const char *at, struct endpoint *ep, uint64_t iova, const void *secret,
			 size_t size)
{
	struct effect effect;
	char expected[100];

	if (skip_if_write_only(at, ep))
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

static bool all_moved(struct access_parts all)
{
	for (unsigned int i = 0; i < all.count; i++)
		if (all.parts[i].fate != PART_MOVED)
			return false;
	return true;
}

/* "endpoint 0x18 writes 4097 bytes at 0x2a4fff: as its pages permit" */
static void describe_parts(char *text, size_t size, const struct endpoint *ep, const char *verb,
			   uint64_t iova, struct access_parts all)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < all.count; i++)
		bytes += all.parts[i].size;
	snprintf(text, size, "endpoint %#x %s %zu bytes at %#lx: %s", ep->id, verb, bytes, iova,
		 all_moved(all) ? "all arrive" : "none arrives that its page does not permit");
}

static bool report_parts(const char *at, const char *expected, const struct effect *effect,
			 struct access_parts all)
{
	if (!report_leak(at, expected, effect) || !report_stray(at, expected, effect))
		return false;
	if (effect->exact || !all_moved(all))
		return true;
	judge(BY_LEVEL, at, expected, effect->done ? "other bytes did" : "the access was refused");
	return false;
}

bool expect_write_parts(const char *at, struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	struct effect effect;
	char expected[120];

	set_timeout(ep, !all_moved(all));
	effect = write_parts(ep, iova, all);
	describe_parts(expected, sizeof(expected), ep, "writes", iova, all);
	return report_parts(at, expected, &effect, all);
}

bool expect_read_parts(const char *at, struct endpoint *ep, uint64_t iova, struct access_parts all)
{
	struct effect effect;
	char expected[120];

	if (skip_if_write_only(at, ep))
		return true;
	for (unsigned int i = 0; i < all.count; i++)
		if (all.parts[i].memory && !tells_reads_apart(at, all.parts[i].memory, all.parts[i].size))
			return false;
	set_timeout(ep, !all_moved(all));
	effect = read_parts(ep, iova, all);
	describe_parts(expected, sizeof(expected), ep, "reads", iova, all);
	return report_parts(at, expected, &effect, all);
}

/* Steps of a set-up are not tied to a line of the test. */
#define SETUP_STEP "join, enable_dma or leave"

/*
 * Behind a device, or on a bus, endpoints may be inseparable (5.13.6.3). Where the next one is refused a
 * domain of its own for that, nothing can be said of two domains.
 */
static bool attach_or_report(struct endpoint *ep, uint32_t domain, uint32_t flags)
{
	struct reply reply = attach(domain, ep->id, flags);

	if (reply.delivered && !reply.breach && reply.status == STATUS_UNSUPP &&
	    others_are_elsewhere(ep->id, domain))
		skip_rest("the device does not let these endpoints be in different domains");
	return expect_status(SETUP_STEP, VERDICT_ERROR, &reply, STATUS_OK);
}

bool enable_dma(struct endpoint *ep, uint32_t domain)
{
	struct reply reply = map(domain, ep->page_iova, ep->page_iova + PRIVATE_PAGE - 1,
				 phys(ep->dma.page), MAP_RW);

	dma_set_page_iova(&ep->dma, ep->page_iova);
	return expect_status(SETUP_STEP, VERDICT_ERROR, &reply, STATUS_OK);
}

bool attach_endpoint(struct endpoint *ep, uint32_t domain)
{
	return attach_or_report(ep, domain, 0);
}

bool attach_with_dma(struct endpoint *ep, uint32_t domain)
{
	return attach_or_report(ep, domain, 0) && enable_dma(ep, domain);
}

bool attach_bypass(struct endpoint *ep, uint32_t domain)
{
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	return attach_or_report(ep, domain, ATTACH_BYPASS);
}

bool detach_endpoint(struct endpoint *ep, uint32_t domain)
{
	struct reply reply = detach(domain, ep->id);

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	return expect_status(SETUP_STEP, VERDICT_ERROR, &reply, STATUS_OK);
}
