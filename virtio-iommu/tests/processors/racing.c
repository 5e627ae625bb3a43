// SPDX-License-Identifier: BSD-3-Clause
/*
 * One processor lets an endpoint write to or read from a page all the time, while the other takes the page
 * away, and waits for the answer only.
 *
 * The text has no time between a request and its effect: OK says that it is done. A device whose accesses are
 * carried out by another thread than its requests may have found the memory of an access before the request,
 * and move bytes after the answer. The race is tried in many rounds, each with another distance between an
 * access and the request. What was moved before the answer breaks nothing: the page gets other bytes behind
 * it. A write that comes later changes them; a read that comes later has brought them to the endpoint.
 */
#include <string.h>

#include "driver/trace.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "judge/steps/second_cpu.h"
#include "memory.h"
#include "smp.h"
#include "time.h"
#include "util.h"

enum { END, ACCESS, DIMENSIONS };
enum { END_UNMAP, END_FEWER_RIGHTS, END_DETACH, END_MOVE, END_BYPASS, END_RESET, ENDS };
enum { ACCESS_WRITE, ACCESS_READ, ACCESSES };

static const char *const ends[ENDS] = {
	[END_UNMAP] = "unmap",
	[END_FEWER_RIGHTS] = "map with fewer rights",
	[END_DETACH] = "detach",
	[END_MOVE] = "move",
	[END_BYPASS] = "bypass off",
	[END_RESET] = "device reset",
};
static const char *const accesses[ACCESSES] = {"write", "read"};

static const struct dimension dimensions[DIMENSIONS] = {
	[END] = {"ended by", ends, ENDS, NULL},
	[ACCESS] = {"access", accesses, ACCESSES, NULL},
};

static const struct product_rule rules[] = {
	{{{END, BIT(END_FEWER_RIGHTS)}, {ACCESS, BIT(ACCESS_READ)}},
	 "a right to write may imply the one to read"},
};

#define BUDGET_US 1000000	/* after which no round begins */
#define WARM_UP 2		/* times that all accesses end before the request, at least */
#define DISTANCES 16		/* of the request from an access, in steps of STEP_US */
#define STEP_US 7
#define LATE_US 5000		/* an access that is still under way is not waited for any longer */

struct race {
	unsigned int end, round;
	bool write;
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;		/* not watched: it is accessed all the time */
	uint8_t then[BUSY_BYTES];	/* what is there from the answer on */
};

static struct race race_of(const cell_t cell)
{
	struct race r = {.end = cell[END], .write = cell[ACCESS] == ACCESS_WRITE, .ep = endpoint(0)};

	r.target = arena_alloc(iommu.page, iommu.page);
	r.iova = r.end == END_BYPASS ? phys(r.target) : iova_window(3) + iommu.page;
	return r;
}

/* Other bytes at each call, none of which is 0, nor one of a pattern. */
static void change(struct race *r)
{
	static uint64_t calls;
	uint64_t number = calls++;

	for (unsigned int i = 0; i < BUSY_BYTES; i++, number /= 0x7f)
		r->then[i] = 1 + number % 0x7f;
	memcpy(r->target, r->then, BUSY_BYTES);
}

/* Where it is not attached, it is at its own address. */
static bool join(struct source_line at, struct race *r)
{
	struct reply reply;

	if (!set_unattached_bypass(r->end == END_BYPASS)) {
		skip("unattached endpoints %s bypass", r->end == END_BYPASS ? "never" : "always");
		return false;
	}
	if (r->end == END_BYPASS)
		return true;
	r->domain = fresh_domain();
	if (!attach_with_dma(at, r->ep, r->domain))
		return false;
	reply = map_page(r->domain, r->iova, r->target, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/* The first time, the pattern goes to where it comes from, too. */
static bool reach(struct source_line at, const struct race *r)
{
	return r->round || expect_writes(at, SET_UP, r->ep, r->iova, r->target, BUSY_BYTES);
}

static bool set_up(struct source_line at, struct race *r)
{
	if (!join(at, r) || !reach(at, r))
		return false;
	change(r);
	return true;
}

static bool is_granted(struct source_line at, struct reply reply, bool moves)
{
	if (moves && reply.delivered && !reply.breach && reply.status == STATUS_UNSUPP) {
		silent("the device does not move endpoints so");
		return false;
	}
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

static bool switch_bypass_off(void)
{
	iommu_set_bypass(0);
	if (!(iommu_bypass() & 1))
		return true;
	skip("config.bypass does not take the value 0");
	return false;
}

static bool map_for_reads(struct source_line at, const struct race *r)
{
	struct reply reply = map_page(r->domain, r->iova, r->target, MAP_READ);

	if (!is_refusal(&reply))
		return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	silent("the device maps no page for reads alone");
	return false;
}

/* Return true when the answer is there, else the cell is judged. */
static bool take_away(struct source_line at, const struct race *r)
{
	switch (r->end) {
	case END_DETACH:
		return is_granted(at, detach(r->domain, r->ep->id), false);
	case END_MOVE:
		return is_granted(at, attach(fresh_domain(), r->ep->id, 0), true);
	case END_BYPASS:
		return switch_bypass_off();
	case END_RESET:
		return reset_device(at);
	case END_FEWER_RIGHTS:
		return is_granted(at, unmap_page(r->domain, r->iova), false) && map_for_reads(at, r);
	default:
		return is_granted(at, unmap_page(r->domain, r->iova), false);
	}
}

static void keep_distance(unsigned int round)
{
	struct deadline deadline = deadline_in(round % DISTANCES * STEP_US);

	while (!deadline_passed(&deadline))
		;
}

static void let_end(const struct busy_endpoint *b)
{
	struct deadline deadline = deadline_in(LATE_US);

	while (!shared_read(&b->idle) && !deadline_over(&deadline))
		;
}

/* Return false if the cell is judged. */
static bool let_meet(struct source_line at, struct race *r)
{
	struct busy_endpoint b = {.ep = r->ep, .iova = r->iova, .write = r->write};
	bool at_work, answered;

	if (!busy_start(at, &b))
		return false;
	at_work = busy_wait(&b, WARM_UP);
	keep_distance(r->round);
	answered = take_away(at, r);
	change(r);
	let_end(&b);
	if (!busy_stop(at, &b))
		return false;
	if (!at_work)
		judge(VERDICT_ERROR, at, "the endpoint is at work for the second CPU",
		      "%u times all accesses have ended well", b.rounds);
	return at_work && answered;
}

/* Stop the endpoints, and take all out of their domains. */
static bool part(struct source_line at)
{
	endpoints_quiesce();
	if (!iommu_is_up() && !restart_device(at, iommu.wanted))
		return false;
	iommu_detach_all();
	return true;
}

static bool has_read_late(const struct race *r)
{
	uint8_t seen[BUSY_BYTES];

	for (unsigned int i = 0; i < BUSY_UNDER_WAY; i++)
		if (dma_recall(&r->ep->dma, i, seen, BUSY_BYTES) == DMA_DONE &&
		    !memcmp(seen, r->then, BUSY_BYTES))
			return true;
	return false;
}

/* What an endpoint has read it can tell in a domain of its own. */
static void judge_race(struct source_line at, const struct race *r)
{
	bool late;

	if (!r->write && !attach_with_dma(at, r->ep, fresh_domain()))
		return;
	late = r->write ? memcmp(r->target, r->then, BUSY_BYTES) : has_read_late(r);
	if (late)
		judge(BY_LEVEL, at, "nothing is moved through what is taken away after the answer",
		      "in round %u a %s at %#lx came after the answer to: %s", r->round,
		      r->write ? "write" : "read", r->iova, ends[r->end]);
}

static bool play_round(struct source_line at, struct race *r)
{
	bool met = set_up(at, r) && let_meet(at, r);

	if (!part(at) || !met)
		return false;
	judge_race(at, r);
	return no_defect_so_far() && part(at);
}

static void play(struct source_line at, const cell_t cell)
{
	struct deadline deadline = deadline_in(BUDGET_US);
	struct race r = race_of(cell);

	while (r.round < race_rounds() && !deadline_passed(&deadline) && play_round(at, &r))
		r.round++;
	trace("%u rounds", r.round);
}

static const struct product racing = {
	.name = "accesses by another CPU",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

#define NEEDS_RACE (NEEDS_DMA | NEEDS_EXACT | NEEDS_SECOND_CPU)

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, nothing_is_moved_by_another_cpu, NEEDS_RACE)
{
	PRODUCT(&racing, END, BIT(END_DETACH));
}

/* N-FLIGHT-1 (ISOLATION): An access that is under way moves nothing through a mapping once the UNMAP ... */
TEST(N_FLIGHT_1, nothing_is_moved_by_another_cpu, NEEDS_RACE)
{
	PRODUCT(&racing, END, BIT(END_UNMAP) | BIT(END_FEWER_RIGHTS));
}

/* N-FLIGHT-2 (ISOLATION): An access that is under way moves nothing through the old domain once the ... */
TEST(N_FLIGHT_2, nothing_is_moved_by_another_cpu, NEEDS_RACE)
{
	PRODUCT(&racing, END, BIT(END_MOVE));
}

/* N-FLIGHT-3 (ISOLATION): An access that is under way moves nothing in bypass once `bypass` has been ... */
TEST(N_FLIGHT_3, nothing_is_moved_by_another_cpu, NEEDS_RACE | NEEDS_BYPASS_CONFIG)
{
	PRODUCT(&racing, END, BIT(END_BYPASS));
}

/* N-FLIGHT-4 (ISOLATION): An access that is under way moves nothing through a domain once the reset of ... */
TEST(N_FLIGHT_4, nothing_is_moved_by_another_cpu, NEEDS_RACE)
{
	PRODUCT(&racing, END, BIT(END_RESET));
}
