// SPDX-License-Identifier: BSD-3-Clause
/*
 * One processor lets an endpoint write to a page all the time, while the other takes the page away, and waits
 * for the answer only.
 *
 * The text has no time between a request and its effect: OK says that it is done. A device whose accesses are
 * carried out by another thread than its requests may have found the memory of an access before UNMAP or
 * DETACH, and write to it after their answer. The race is tried in many rounds, each with another distance
 * between the start of an access and the request. What was written before the answer breaks nothing: the
 * page gets other bytes behind it, and is looked at until the endpoint has failed.
 */
#include "driver/trace.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "memory.h"
#include "smp.h"
#include "time.h"
#include "util.h"

#define SIZE 8			/* bytes of an access */
#define UNDER_WAY 3		/* accesses: what fits into a small ring */
#define MOST_ROUNDS 500
#define BUDGET_US 4000000	/* after which no round begins */
#define WARM_UP 2		/* times that all end before the request, at least */
#define DISTANCES 16		/* of the request from an access, in steps of STEP_US */
#define STEP_US 7
#define LATE_US 5000		/* an access that is still under way is not waited for any longer */

/* What the second CPU does. It begins no access once one has failed. */
struct writer {
	struct dma_master *master;
	uint64_t iova;
	uint32_t done;		/* times that all accesses under way have ended well */
	bool stop, failed;
};

static bool flag(const bool *flag)
{
	return __atomic_load_n(flag, __ATOMIC_ACQUIRE);
}

static uint32_t accesses(const struct writer *w)
{
	return __atomic_load_n(&w->done, __ATOMIC_ACQUIRE);
}

/* Return false if one has failed, or if the writer is to stop. */
static bool write_some(struct writer *w)
{
	struct dma_access all[UNDER_WAY];
	enum dma_result result;
	bool good = true;

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = (struct dma_access){&w->iova, 1, SIZE, true};
	if (!dma_post_all(w->master, all, ARRAY_SIZE(all)))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++) {
		while (!dma_done(w->master, i, &result))
			if (flag(&w->stop))
				return false;
		good &= result == DMA_DONE;
	}
	return good;
}

static void write_until_stopped(void *argument)
{
	struct writer *w = argument;

	while (!flag(&w->stop) && write_some(w))
		__atomic_add_fetch(&w->done, 1, __ATOMIC_RELEASE);
	__atomic_store_n(&w->failed, true, __ATOMIC_RELEASE);
}

/* The trace is one CPU's. */
static bool start_writer(struct source_line at, struct writer *w)
{
	struct error error;

	trace("endpoint writes to %#lx all the time, by the second CPU", w->iova);
	trace_mute(true);
	if (smp_start(write_until_stopped, w, &error))
		return true;
	trace_mute(false);
	if (!smp_ended())
		judge(VERDICT_ERROR, at, "the second CPU starts", "%s", error.text);
	else
		skip("%s", error.text);
	return false;
}

static bool stop_writer(struct source_line at, struct writer *w)
{
	bool ended;

	__atomic_store_n(&w->stop, true, __ATOMIC_RELEASE);
	ended = smp_wait(REPLY_TIMEOUT_US);
	trace_mute(false);
	if (!ended)
		judge(VERDICT_ERROR, at, "the second CPU ends when it is told to", "it goes on");
	return ended;
}

static bool wait_until_at_work(const struct writer *w)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	while (accesses(w) < WARM_UP)
		if (flag(&w->failed) || deadline_over(&deadline))
			return false;
	return true;
}

static void keep_distance(unsigned int round)
{
	struct deadline deadline = deadline_in(round % DISTANCES * STEP_US);

	while (!deadline_passed(&deadline))
		;
}

/* Put bytes there that the endpoint does not write; then wait until it has failed. */
static bool is_written_late(const struct writer *w, volatile uint8_t *target)
{
	struct deadline deadline = deadline_in(LATE_US);
	bool late = false;

	for (unsigned int i = 0; i < SIZE; i++)
		target[i] = 0;
	smp_barrier();
	while (!flag(&w->failed) && !deadline_over(&deadline))
		;
	smp_barrier();
	for (unsigned int i = 0; i < SIZE; i++)
		late |= target[i];
	return late;
}

/* The page is not watched: it is written to all the time. */
static bool set_up(struct source_line at, struct page_fixture *s)
{
	struct reply reply;

	s->domain = fresh_domain();
	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	reply = map_page(s->domain, s->iova, s->target, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK) &&
	       expect_writes(at, SET_UP, s->ep, s->iova, s->target, SIZE);
}

static struct reply take_away(const struct page_fixture *s, bool by_detach)
{
	return by_detach ? detach(s->domain, s->ep->id) : unmap_page(s->domain, s->iova);
}

/* Return true if the next round can be played. */
static bool play_round(struct source_line at, struct page_fixture *s, unsigned int round, bool by_detach)
{
	struct writer w = {.master = &s->ep->dma, .iova = s->iova};
	struct reply reply;
	bool late, at_work;

	if (!set_up(at, s) || !start_writer(at, &w))
		return false;
	at_work = wait_until_at_work(&w);
	keep_distance(round);
	reply = take_away(s, by_detach);
	late = is_written_late(&w, s->target);
	if (!stop_writer(at, &w))
		return false;
	endpoints_quiesce();
	if (!at_work)
		judge(VERDICT_ERROR, at, "the endpoint writes for the second CPU", "%u times all have ended",
		      accesses(&w));
	else if (expect_status(at, BY_LEVEL, &reply, STATUS_OK) && late)
		judge(BY_LEVEL, at, "nothing is written to the page after the answer",
		      "in round %u a write at %#lx came after the answer to %s", round, s->iova,
		      by_detach ? "DETACH" : "UNMAP");
	iommu_detach_all();
	return no_defect_so_far();
}

static void play_rounds(struct source_line at, bool by_detach)
{
	struct deadline deadline = deadline_in(BUDGET_US);
	struct page_fixture s = {.ep = endpoint(0)};
	unsigned int round = 0;

	s.iova = iova_window(3) + iommu.page;
	s.target = arena_alloc(iommu.page, iommu.page);
	while (round < MOST_ROUNDS && !deadline_passed(&deadline) && play_round(at, &s, round, by_detach))
		round++;
	trace("%u rounds", round);
}

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, nothing_is_written_by_another_cpu, NEEDS_DMA | NEEDS_EXACT | NEEDS_SECOND_CPU)
{
	play_rounds(AT, true);
}

/* N-FLIGHT-1 (ISOLATION): An access that is under way moves nothing through a mapping once the UNMAP ... */
TEST(N_FLIGHT_1, nothing_is_written_by_another_cpu, NEEDS_DMA | NEEDS_EXACT | NEEDS_SECOND_CPU)
{
	play_rounds(AT, false);
}
