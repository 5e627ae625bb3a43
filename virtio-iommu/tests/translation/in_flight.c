// SPDX-License-Identifier: BSD-3-Clause
/*
 * Accesses that are under way while what they go through is taken away: the mapping, the membership, the
 * bypass, the device's or the endpoint's state. A device that has found the memory of an access at its
 * start, and does not let it end before it answers, moves bytes where nobody expects them any more: into
 * memory that has another owner. From the answer on nothing is moved. What was moved before breaks
 * nothing, so that a device may answer late, when the accesses have ended.
 *
 * An endpoint may be quick for some accesses after a pause: a few of no byte and of the same direction go
 * before those that count.
 * If these end before the request is sent, or when the answer comes, which may be chance, they are tried
 * again.
 */
#include <string.h>

#include "driver/trace.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "pci/pci.h"
#include "time.h"
#include "util.h"

enum { END, ACCESS, COUNT, TURN, WHO, DIMENSIONS };
enum {
	END_NONE,
	END_UNMAP,
	END_UNMAP_MORE,
	END_UNMAP_SPACE,
	END_MAP_ELSEWHERE,
	END_DETACH,
	END_MOVE,
	END_BYPASS,
	END_RESET,
	END_ENDPOINT_RESET,
	END_FUNCTION_RESET,
	ENDS
};
enum { ACCESS_WRITE, ACCESS_READ, ACCESSES };
enum { COUNT_1, COUNT_3, COUNTS };
enum { TURN_LATER, TURN_NOW, TURNS };
enum { WHO_ONLY, WHO_FIRST, WHO_SECOND, WHOS };

/* These end what one member has; the others end what all have. */
#define OF_ONE_MEMBER \
	(BIT(END_DETACH) | BIT(END_MOVE) | BIT(END_ENDPOINT_RESET) | BIT(END_FUNCTION_RESET))

/* There is no request to the IOMMU then. */
#define AT_THE_ENDPOINT (BIT(END_NONE) | BIT(END_ENDPOINT_RESET) | BIT(END_FUNCTION_RESET))

static const char *const ends[ENDS] = {
	[END_NONE] = "nothing",
	[END_UNMAP] = "unmap exactly",
	[END_UNMAP_MORE] = "unmap more",
	[END_UNMAP_SPACE] = "unmap all",
	[END_MAP_ELSEWHERE] = "map to other memory",
	[END_DETACH] = "detach",
	[END_MOVE] = "move",
	[END_BYPASS] = "bypass off",
	[END_RESET] = "device reset",
	[END_ENDPOINT_RESET] = "endpoint reset",
	[END_FUNCTION_RESET] = "function reset",
};
static const char *const accesses[ACCESSES] = {"write", "read"};
static const char *const counts[COUNTS] = {"one", "three"};
static const char *const turns[TURNS] = {"waiting for its turn", "in its turn"};
static const char *const whos[WHOS] = {"only member", "first member", "second member"};

/* An endpoint whose slowest access takes less is no use. */
#define LEAST_US 10000

#define SIZE 8			/* bytes of an access */
#define MOST_ACCESSES 3		/* in flight at an endpoint, each to a page of its own */
#define AHEAD (DMA_MAX_IN_FLIGHT - MOST_ACCESSES)	/* accesses of no byte before them */
#define MOST_TRIES 3
#define MOST_MOVERS 2
#define PAGES (MOST_MOVERS * MOST_ACCESSES)

/* An endpoint with accesses under way. */
struct mover {
	struct endpoint *ep;
	bool taken_away;		/* from this one */
	uint64_t iovas[MOST_ACCESSES];
	uint8_t *memory[MOST_ACCESSES];	/* not watched: it is looked at again and again */
	uint8_t before[MOST_ACCESSES][SIZE], then[MOST_ACCESSES][SIZE];	/* @then: since the answer */
	bool ended[MOST_ACCESSES];
};

struct scene {
	unsigned int end, count, mover_count;
	bool write;
	bool in_turn;			/* nothing is before those that count */
	struct mover movers[MOST_MOVERS];
	uint32_t domain;
	uint64_t iova;
	uint8_t *memory, *other;	/* of all pages; @other: for END_MAP_ELSEWHERE */
};

/* An access of no byte needs the rings alone. */
static struct dma_access empty_access(bool write)
{
	static const uint64_t nowhere;

	return (struct dma_access){&nowhere, 1, 0, write};
}

/* Return what one of as many as can be in flight takes in us, 0 if one fails. */
static uint64_t empty_access_us(struct endpoint *ep)
{
	struct dma_access all[DMA_MAX_IN_FLIGHT];
	uint64_t start = time_us();

	for (unsigned int i = 0; i < ARRAY_SIZE(all); i++)
		all[i] = empty_access(true);
	ep->dma.fault_reported = NULL;
	ep->dma.timeout_us = REPLY_TIMEOUT_US;
	if (!dma_post_all(&ep->dma, all, ARRAY_SIZE(all)) ||
	    dma_wait_all(&ep->dma, ARRAY_SIZE(all)) != DMA_DONE)
		return 0;
	return (time_us() - start) / ARRAY_SIZE(all);
}

static void use_large_ring(struct endpoint *ep)
{
	dma_stop(&ep->dma);
	ep->dma.deep = private_page_size() >= DMA_DEEP_PAGE_BYTES;
}

/* What an access takes in us, 0 if it is quick. */
static uint64_t slow_us;

/* The first ones may be quick after a pause, or slow after a reset. */
static void learn_slowness(struct endpoint *ep)
{
	use_large_ring(ep);
	if (attach_with_dma(AT, ep, fresh_domain()) && empty_access_us(ep))
		slow_us = empty_access_us(ep);
	if (slow_us < LEAST_US)
		slow_us = 0;
	iommu_detach_all();
	endpoints_quiesce();
}

static const char *access_unmet(unsigned int access)
{
	static bool known;

	(void)access;
	if (!known)
		learn_slowness(endpoint(0));
	known = true;
	return slow_us ? NULL : "needs an endpoint that takes a while for an access";
}

static const char *end_unmet(unsigned int end)
{
	if (end == END_FUNCTION_RESET && !pci_can_reset(endpoint(0)->place.pci))
		return "the endpoint has no function-level reset";
	return NULL;
}

static const char *who_unmet(unsigned int who)
{
	struct endpoint *second = endpoint(1);

	if (who == WHO_ONLY || (second && second->dma.ops->exact && second->id != endpoint(0)->id))
		return NULL;
	return "needs two byte-exact endpoints";
}

static const struct dimension dimensions[DIMENSIONS] = {
	[END] = {"ended by", ends, ENDS, end_unmet},
	[ACCESS] = {"access", accesses, ACCESSES, access_unmet},
	[COUNT] = {"under way", counts, COUNTS, NULL},
	[TURN] = {"place in the queue", turns, TURNS, NULL},
	[WHO] = {"who", whos, WHOS, who_unmet},
};

static const struct product_rule rules[] = {
	{{{END, ~OF_ONE_MEMBER}, {WHO, BIT(WHO_SECOND)}}, "it is taken from both alike"},
};

/* Other bytes at each call, none of which is 0, nor one of a pattern. */
static void change(uint8_t *memory)
{
	static uint64_t calls;
	uint64_t number = calls++;

	for (unsigned int i = 0; i < SIZE; i++, number /= 0x7f)
		memory[i] = 1 + number % 0x7f;
}

static void place_mover(const struct scene *s, unsigned int number, struct mover *m)
{
	for (unsigned int i = 0; i < MOST_ACCESSES; i++) {
		uint64_t offset = (number * MOST_ACCESSES + i) * iommu.page;

		m->memory[i] = s->memory + offset;
		m->iovas[i] = s->end == END_BYPASS ? phys(m->memory[i]) : s->iova + offset;
	}
}

static struct scene scene_of(const cell_t cell)
{
	struct scene s = {.end = cell[END], .write = cell[ACCESS] == ACCESS_WRITE,
			  .in_turn = cell[TURN] == TURN_NOW};
	unsigned int asked = cell[WHO] == WHO_SECOND;

	s.count = cell[COUNT] == COUNT_1 ? 1 : MOST_ACCESSES;
	s.mover_count = cell[WHO] == WHO_ONLY ? 1 : 2;
	s.memory = arena_alloc(PAGES * iommu.page, iommu.page);
	s.other = arena_alloc(PAGES * iommu.page, iommu.page);
	s.iova = iova_window(PAGES + 2) + iommu.page;
	for (unsigned int i = 0; i < s.mover_count; i++) {
		struct mover *m = &s.movers[i];

		m->ep = endpoint(i);
		m->taken_away = s.end != END_NONE && (!(BIT(s.end) & OF_ONE_MEMBER) || i == asked);
		place_mover(&s, i, m);
	}
	return s;
}

/* The mover whose membership or state ends. */
static struct endpoint *who_is_asked(const struct scene *s)
{
	return s->movers[s->mover_count > 1 && s->movers[1].taken_away && !s->movers[0].taken_away].ep;
}

/*
 * Ends.
 */

static struct reply unmap_space(const struct scene *s)
{
	return unmap(s->domain, align_up(iommu.config.input_start, iommu.granule),
		     align_down(iommu.config.input_end + 1, iommu.granule) - 1);
}

static struct reply map_elsewhere(const struct scene *s)
{
	struct reply reply = unmap_range(s->domain, s->iova, PAGES * iommu.page);

	return is_ok(&reply) ? map_range(s->domain, s->iova, PAGES * iommu.page, s->other, MAP_RW) : reply;
}

static struct reply ask(const struct scene *s)
{
	uint64_t size = PAGES * iommu.page;

	switch (s->end) {
	case END_UNMAP:
		return unmap_range(s->domain, s->iova, size);
	case END_UNMAP_MORE:
		return unmap_range(s->domain, s->iova - iommu.page, size + 2 * iommu.page);
	case END_UNMAP_SPACE:
		return unmap_space(s);
	case END_MAP_ELSEWHERE:
		return map_elsewhere(s);
	case END_DETACH:
		return detach(s->domain, who_is_asked(s)->id);
	default:
		return attach(fresh_domain(), who_is_asked(s)->id, 0);
	}
}

/* Return false, and the cell is judged, if it is not taken away. */
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

static bool reset_function(struct source_line at, const struct endpoint *ep)
{
	if (pci_reset(ep->place.pci))
		return true;
	judge(VERDICT_ERROR, at, "the function is there after its reset", "its ids read otherwise");
	return false;
}

/* Return true when the answer is there. */
static bool take_away(struct source_line at, const struct scene *s)
{
	switch (s->end) {
	case END_NONE:
		return true;
	case END_BYPASS:
		return switch_bypass_off();
	case END_RESET:
		return reset_device(at);
	case END_ENDPOINT_RESET:
		dma_stop(&who_is_asked(s)->dma);
		return true;
	case END_FUNCTION_RESET:
		return reset_function(at, who_is_asked(s));
	default:
		return is_granted(at, ask(s), s->end == END_MOVE);
	}
}

/*
 * Accesses.
 */

static bool post(const struct scene *s, struct mover *m)
{
	struct dma_access all[AHEAD + MOST_ACCESSES];
	unsigned int used = 0;

	while (used < AHEAD)
		all[used++] = empty_access(s->write);
	for (unsigned int i = 0; i < s->count; i++) {
		change(m->memory[i]);
		memcpy(m->before[i], m->memory[i], SIZE);
		m->ended[i] = false;
		all[used++] = (struct dma_access){&m->iovas[i], 1, SIZE, s->write};
		trace("endpoint %#x begins to %s %u bytes at %#lx", m->ep->id, s->write ? "write" : "read",
		      SIZE, m->iovas[i]);
	}
	return dma_post_all(&m->ep->dma, all, used);
}

static bool post_all(struct source_line at, struct scene *s)
{
	bool posted = true;

	for (unsigned int i = 0; i < s->mover_count && posted; i++)
		posted = post(s, &s->movers[i]);
	if (!posted)
		judge(VERDICT_ERROR, at, "accesses can be under way", "endpoints refuse them");
	return posted;
}

/* What a device remembers of an access it may look up when it begins to serve it. */
static void let_turn_come(const struct scene *s)
{
	struct deadline deadline = deadline_in((AHEAD + 1) * slow_us);
	enum dma_result result;

	for (unsigned int i = 0; i < s->mover_count; i++)
		while (!dma_done(&s->movers[i].ep->dma, AHEAD - 1, &result) && !deadline_over(&deadline))
			;
}

/* Has access @i of the mover ended? A master that was stopped has none under way. */
static bool has_ended(struct mover *m, unsigned int i)
{
	enum dma_result result;

	if (!m->ended[i])
		m->ended[i] = !m->ep->dma.running || dma_done(&m->ep->dma, AHEAD + i, &result);
	return m->ended[i];
}

static unsigned int count_ended(struct scene *s, bool taken_away)
{
	unsigned int count = 0;

	for (unsigned int k = 0; k < s->mover_count; k++)
		for (unsigned int i = 0; i < s->count; i++)
			if (s->movers[k].taken_away == taken_away)
				count += has_ended(&s->movers[k], i);
	return count;
}

static unsigned int count_all(const struct scene *s, bool taken_away)
{
	unsigned int count = 0;

	for (unsigned int k = 0; k < s->mover_count; k++)
		if (s->movers[k].taken_away == taken_away)
			count += s->count;
	return count;
}

/* From now on there are other bytes, so that one that is moved shows; but not where some have arrived. */
static void change_memory(const struct scene *s, struct mover *m)
{
	for (unsigned int i = 0; i < s->count; i++) {
		if (!dma_is_pattern(&m->ep->dma, m->memory[i], 0, SIZE))
			change(m->memory[i]);
		memcpy(m->then[i], m->memory[i], SIZE);
	}
}

/* Each gets the time that it takes, and more. */
static void let_end(struct scene *s)
{
	struct deadline deadline = deadline_in((AHEAD + s->count + 2) * slow_us);
	unsigned int total = s->mover_count * s->count;

	while (count_ended(s, true) + count_ended(s, false) < total)
		if (deadline_over(&deadline))
			break;
}

enum stage { STAGE_BAD, STAGE_OVER, STAGE_ANSWERED, STAGE_ALL_ENDED };

/*
 * Bring it about. STAGE_OVER: an access had ended before the request; STAGE_ALL_ENDED: all had at the
 * answer. With STAGE_BAD the cell is judged.
 */
static enum stage let_meet(struct source_line at, struct scene *s)
{
	bool all_ended;

	if (!post_all(at, s))
		return STAGE_BAD;
	if (s->in_turn)
		let_turn_come(s);
	if (count_ended(s, true) + count_ended(s, false))
		return STAGE_OVER;
	if (!take_away(at, s))
		return STAGE_BAD;
	all_ended = !(BIT(s->end) & AT_THE_ENDPOINT) && count_ended(s, true) == count_all(s, true);
	for (unsigned int i = 0; i < s->mover_count; i++)
		change_memory(s, &s->movers[i]);
	let_end(s);
	return all_ended ? STAGE_ALL_ENDED : STAGE_ANSWERED;
}

/*
 * Before and after.
 */

/* Where they are not attached, the memory is at its own address. */
static bool join(struct source_line at, struct scene *s)
{
	if (!set_unattached_bypass(s->end == END_BYPASS)) {
		skip("unattached endpoints %s bypass", s->end == END_BYPASS ? "never" : "always");
		return false;
	}
	s->domain = s->end == END_BYPASS ? 0 : fresh_domain();
	for (unsigned int i = 0; i < s->mover_count; i++) {
		use_large_ring(s->movers[i].ep);
		if (s->end != END_BYPASS &&
		    (!attach_or_skip(at, s->movers[i].ep, s->domain, "endpoints share no domain") ||
		     !enable_dma(at, s->movers[i].ep, s->domain)))
			return false;
	}
	return s->end == END_BYPASS ||
	       is_granted(at, map_range(s->domain, s->iova, PAGES * iommu.page, s->memory, MAP_RW), false);
}

/* It reaches its memory while nothing is taken away; the pattern is where it comes from, too. */
static bool reach(struct source_line at, const struct scene *s)
{
	for (unsigned int i = 0; i < s->mover_count; i++)
		if (!expect_writes(at, VERDICT_FAIL, s->movers[i].ep, s->movers[i].iovas[0],
				   s->movers[i].memory[0], SIZE))
			return false;
	return true;
}

/* Stop the endpoints, which may hurry them, and take all out of their domains. */
static bool part(struct source_line at)
{
	endpoints_quiesce();
	if (!iommu_is_up() && !restart_device(at, iommu.wanted))
		return false;
	iommu_detach_all();
	return true;
}

/* How the device may have the bytes of a read: as they were at its start, or at the answer. */
enum had { HAD_NEITHER, HAD_BEFORE, HAD_THEN };

static enum had had(const struct mover *m, unsigned int i)
{
	uint8_t seen[SIZE];

	if (dma_recall(&m->ep->dma, AHEAD + i, seen, SIZE) != DMA_DONE)
		return HAD_NEITHER;
	return !memcmp(seen, m->then[i], SIZE) ? HAD_THEN : !memcmp(seen, m->before[i], SIZE) ? HAD_BEFORE :
												HAD_NEITHER;
}

static void judge_taken(struct source_line at, const struct scene *s, const struct mover *m, unsigned int i)
{
	bool late = s->write ? memcmp(m->then[i], m->memory[i], SIZE) : had(m, i) == HAD_THEN;

	if (late)
		judge(BY_LEVEL, at, "nothing is moved through what is taken away after the answer",
		      "%s at %#lx, number %u under way at endpoint %#x, came after the answer to: %s",
		      s->write ? "a write" : "a read", m->iovas[i], i, m->ep->id, ends[s->end]);
}

/* An access that nothing is taken from arrives, and is the proof that it was under way. */
static void judge_left(struct source_line at, const struct scene *s, const struct mover *m, unsigned int i)
{
	bool arrived = s->write ? dma_is_pattern(&m->ep->dma, m->memory[i], 0, SIZE) :
				  had(m, i) != HAD_NEITHER;

	if (!arrived)
		judge(VERDICT_FAIL, at, "an access under way that nothing is taken from arrives",
		      "%s at %#lx, number %u at endpoint %#x, does not", s->write ? "a write" : "a read",
		      m->iovas[i], i, m->ep->id);
}

/* What an endpoint has read it can tell in a domain of its own. */
static bool let_tell(struct source_line at, const struct scene *s, const struct mover *m)
{
	return s->write || attach_with_dma(at, m->ep, fresh_domain());
}

static void judge_movers(struct source_line at, const struct scene *s)
{
	for (unsigned int k = 0; k < s->mover_count; k++) {
		const struct mover *m = &s->movers[k];

		if (!let_tell(at, s, m))
			return;
		for (unsigned int i = 0; i < s->count; i++)
			(m->taken_away ? judge_taken : judge_left)(at, s, m, i);
	}
}

/* If they have ended too early they are tried again. */
static enum stage play_scene(struct source_line at, struct scene *s)
{
	enum stage stage = STAGE_OVER;

	for (unsigned int try = 0; try < MOST_TRIES && stage != STAGE_BAD && stage != STAGE_ANSWERED; try++)
		stage = part(at) && join(at, s) && reach(at, s) ? let_meet(at, s) : STAGE_BAD;
	return stage;
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = scene_of(cell);

	switch (play_scene(at, &s)) {
	case STAGE_BAD:
		return;
	case STAGE_OVER:
		return skip("the accesses were over before a request could be sent");
	default:
		if (part(at))
			judge_movers(at, &s);
	}
}

static const struct product in_flight = {
	.name = "accesses under way",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.most_red = 1,
	.play = play,
};

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_NONE) | BIT(END_DETACH));
}

/* N-FLIGHT-1 (ISOLATION): An access that is under way moves nothing through a mapping once the UNMAP ... */
TEST(N_FLIGHT_1, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_UNMAP) | BIT(END_UNMAP_MORE) | BIT(END_UNMAP_SPACE) |
					 BIT(END_MAP_ELSEWHERE));
}

/* N-FLIGHT-2 (ISOLATION): An access that is under way moves nothing through the old domain once the ... */
TEST(N_FLIGHT_2, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_MOVE));
}

/* N-FLIGHT-3 (ISOLATION): An access that is under way moves nothing in bypass once `bypass` has been ... */
TEST(N_FLIGHT_3, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT | NEEDS_BYPASS_CONFIG)
{
	PRODUCT(&in_flight, END, BIT(END_BYPASS));
}

/* N-FLIGHT-4 (ISOLATION): An access that is under way moves nothing through a domain once the reset of ... */
TEST(N_FLIGHT_4, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_RESET));
}

/* N-FLIGHT-5 (ISOLATION): An access of an endpoint that is under way moves nothing once the reset of ... */
TEST(N_FLIGHT_5, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_ENDPOINT_RESET));
}

/* PLAT-FLR-1 (PLATFORM): An access that is under way moves nothing once the endpoint's function has ... */
TEST(PLAT_FLR_1, nothing_is_moved_by_an_access_under_way, NEEDS_DMA | NEEDS_EXACT)
{
	PRODUCT(&in_flight, END, BIT(END_FUNCTION_RESET));
}
