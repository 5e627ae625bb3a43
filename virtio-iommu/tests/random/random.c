// SPDX-License-Identifier: BSD-3-Clause
/*
 * Random requests and accesses, over several domains and endpoints; the model says what is right (5.13.6).
 *
 * The text gives each request one meaning, whatever came before it. The model (standard/model.h) is that
 * meaning, and is changed by what the device answers OK to.
 *
 * Broken is a device that is right for each request alone, and wrong after some sequence of them: mappings
 * that an earlier domain, endpoint or permission has left in a tree, a list or a cache.
 *
 * It is told apart by each status, and by the bytes that each access moves, at once after the step that is
 * wrong. Steps are drawn where the model says that they mean something; few are ones that it refuses
 * anyway.
 *
 * Tolerated, because other tests judge it: how a request for no domain is refused, whether an endpoint can
 * be moved, and UNMAP that cuts one mapping and covers another. A denied access may stay silent for as long
 * as quiet_us() says.
 *
 * seed=N and rounds=N on the command line choose the draw: round n is that of seed N + n. On a failure the
 * shortest sequence of steps that was found to fail stands in the verdict, in the words of the trace, and a
 * trace ends with it.
 */
#include <stdio.h>

#include "driver/trace.h"
#include "judge/options.h"
#include "judge/oracle.h"
#include "judge/steps/attach.h"
#include "judge/test.h"

#define DEFAULT_SEED 2	/* one of those that find the bugs of the host machine */
#define STEPS 160	/* of a round */
#define MASTERS 2
#define DOMAINS 3
#define WINDOW 12	/* pages of I/O virtual addresses, the same in all domains */
#define MEMORY 16	/* pages */
#define ACCESS 8	/* bytes */

/* After a failure: the time to find a shorter sequence of steps that fails. */
#define SHRINK_US 300000

enum kind { STEP_ATTACH, STEP_DETACH, STEP_MAP, STEP_UNMAP, STEP_WRITE, STEP_READ };

struct step {
	enum kind kind;
	unsigned int master, domain, first, last, memory, offset;
	uint32_t flags;
	struct model_request request;	/* as it was sent last */
};

static struct {
	struct model *model;
	struct endpoint *masters[MASTERS];
	unsigned int count;		/* of masters */
	uint32_t domains[DOMAINS];
	uint64_t iova;
	uint8_t *memory;
	bool shrinking;
	enum verdict verdict;		/* of the step that failed */
	char expected[80], trouble[80];
} fuzz;

static uint64_t rng_state;

static unsigned int draw(unsigned int below)
{
	rng_state ^= rng_state << 13;
	rng_state ^= rng_state >> 7;
	rng_state ^= rng_state << 17;
	return (rng_state >> 16) % below;
}

static void seed_rng(uint64_t seed)
{
	rng_state = (seed + 1) * 0x9e3779b97f4a7c15ull;
	rng_state += !rng_state;
	for (unsigned int i = 0; i < 4; i++)
		draw(2);
}

/* Never the last byte of a page: the byte in front of a mapping is a matter of N-MAP-1. */
static unsigned int draw_offset(void)
{
	unsigned int offset = draw(WATCH_EDGE - ACCESS);

	return draw(2) ? offset : (unsigned int)iommu.page - WATCH_EDGE + offset;
}

static enum kind draw_kind(void)
{
	static const uint8_t shares[] = {5, 3, 20, 14, 18, 4};
	unsigned int r = draw(64), kind = 0;

	while (r >= shares[kind])
		r -= shares[kind++];
	return kind;
}

static struct step draw_step(void)
{
	static const uint32_t flags[] = {MAP_RW, MAP_RW, MAP_READ, MAP_WRITE};
	struct step s = {.kind = draw_kind(), .master = draw(fuzz.count), .domain = draw(DOMAINS)};

	s.first = draw(WINDOW);
	s.last = s.first + draw(s.kind == STEP_UNMAP ? 6 : 3);
	s.last = min(s.last, WINDOW - 1u);
	s.memory = draw(MEMORY - 3);
	s.flags = flags[draw(4)];
	s.offset = draw_offset();
	return s;
}

static const struct model_endpoint *self(const struct step *s)
{
	return model_endpoint(fuzz.model, fuzz.masters[s->master]->id);
}

static bool domain_exists(uint32_t domain)
{
	for (unsigned int i = 0; i < fuzz.model->endpoint_count; i++)
		if (fuzz.model->endpoints[i].attached && fuzz.model->endpoints[i].domain == domain)
			return true;
	return false;
}

static uint64_t address_of(unsigned int page)
{
	return fuzz.iova + page * iommu.page;
}

static struct model_request request_of(const struct step *s)
{
	uint32_t domain = fuzz.domains[s->domain];
	const struct endpoint *ep = fuzz.masters[s->master];
	uint64_t start = address_of(s->first), end = address_of(s->last + 1) - 1;

	switch (s->kind) {
	case STEP_ATTACH:
		return attach_of(domain, ep);
	case STEP_DETACH:
		return detach_of(self(s)->domain, ep);
	case STEP_MAP:
		return map_of(domain, start, end, fuzz.memory + s->memory * iommu.page, s->flags);
	default:
		return unmap_of(domain, start, end);
	}
}

/* A cut beside mappings that are covered is a matter of DEV-UNMAP-6. */
static bool cuts_and_covers(const struct model_request *r)
{
	const struct model *m = fuzz.model;
	bool covers = false;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		covers |= m->mappings[i].domain == r->unmap.domain &&
			  m->mappings[i].start >= r->unmap.virt_start &&
			  m->mappings[i].end <= r->unmap.virt_end;
	return covers && model_rule_applies(m, RULE_UNMAP_SPLIT, r);
}

static bool translates(const struct step *s, uint32_t access, uint8_t **target)
{
	uint64_t address = address_of(s->first) + s->offset;
	struct model_extent extent;
	uint8_t reason;

	if (!model_translate(fuzz.model, fuzz.masters[s->master]->id, address, access, &extent,
			     &reason))
		return false;
	*target = fuzz.memory + (extent.phys + (address - extent.start) - phys(fuzz.memory));
	return true;
}

/* What is refused anyway is drawn seldom. */
static bool is_seldom(const struct step *s)
{
	return s->memory == 0;
}

/* Steps that say something, and whose outcome does not hang on what other tests are about. */
static bool makes_sense(const struct step *s)
{
	struct model_request r;
	uint8_t *target;

	switch (s->kind) {
	case STEP_ATTACH:
		return !self(s)->attached || self(s)->domain != fuzz.domains[s->domain];
	case STEP_DETACH:
		return self(s)->attached;
	case STEP_MAP:
		return domain_exists(fuzz.domains[s->domain]) || is_seldom(s);
	case STEP_UNMAP:
		r = request_of(s);
		return domain_exists(r.unmap.domain) ? !cuts_and_covers(&r) : is_seldom(s);
	case STEP_WRITE:
		return self(s)->attached && (translates(s, MAP_WRITE, &target) || is_seldom(s));
	default:
		return self(s)->attached && translates(s, MAP_READ, &target);
	}
}

static bool failed(enum verdict verdict, const char *expected, const char *trouble)
{
	fuzz.verdict = verdict;
	snprintf(fuzz.expected, sizeof(fuzz.expected), "%s", expected);
	snprintf(fuzz.trouble, sizeof(fuzz.trouble), "%s", trouble);
	return false;
}

/*
 * Whether endpoints can be moved is a matter of DEV-ATTACH-7; and whether they can be in different domains,
 * one of the machine.
 */
static bool is_refused_move(const struct model_request *r, const struct reply *reply)
{
	return r->head.type == REQUEST_ATTACH && reply->delivered && !reply->breach &&
	       reply->status == STATUS_UNSUPP &&
	       (model_rule_applies(fuzz.model, RULE_ATTACH_MOVE, r) ||
		others_are_elsewhere(r->attach.endpoint, r->attach.domain));
}

/* What is done for a domain that does not exist is one of DEV-MAP-4 and DEV-UNMAP-3. */
static bool is_for_no_domain(const struct model_request *r)
{
	return model_rule_applies(fuzz.model, RULE_MAP_DOMAIN, r) ||
	       model_rule_applies(fuzz.model, RULE_UNMAP_DOMAIN, r);
}

static bool send(const struct model_request *r)
{
	struct model_outcome outcome = model_outcome(fuzz.model, r);
	char expected[80], status[32];
	struct reply reply;
	enum verdict verdict = oracle_send(fuzz.model, r, &reply);

	if (verdict == VERDICT_PASS || is_refused_move(r, &reply) ||
	    (verdict == VERDICT_WARN && is_for_no_domain(r)) ||
	    oracle_refused_otherwise(fuzz.model, r, &reply))
		return true;
	outcome_words(&outcome, expected, sizeof(expected));
	snprintf(status, sizeof(status), "status %s", status_name(reply.status));
	if (!reply.used || reply.breach)
		return failed(verdict, expected,
			      reply.used ? reply.breach : "the request does not come back");
	return failed(verdict, expected, reply.delivered ? status : "no status");
}

/* Every domain shows the private pages of all masters from its first ATTACH on. */
static bool map_private_pages(uint32_t domain)
{
	for (unsigned int i = 0; i < fuzz.count; i++) {
		const struct endpoint *ep = fuzz.masters[i];
		uint64_t end = ep->page_iova + private_page_size() - 1;
		struct model_request r = map_of(domain, ep->page_iova, end, ep->dma.page, MAP_RW);

		if (!send(&r))
			return false;
	}
	return true;
}

static bool do_request(struct step *s)
{
	struct endpoint *ep = fuzz.masters[s->master];
	struct model_request r = request_of(s);
	bool is_new = s->kind == STEP_ATTACH && !domain_exists(r.attach.domain);

	s->request = r;
	if (!send(&r))
		return false;
	dma_set_page_iova(&ep->dma, self(s)->attached ? ep->page_iova : phys(ep->dma.page));
	return !is_new || !domain_exists(r.attach.domain) || map_private_pages(r.attach.domain);
}

static bool do_access(const struct step *s)
{
	bool write = s->kind == STEP_WRITE;
	struct endpoint *ep = fuzz.masters[s->master];
	uint64_t address = address_of(s->first) + s->offset;
	uint8_t *target = NULL;
	bool passes = translates(s, write ? MAP_WRITE : MAP_READ, &target);
	char expected[80] = "the access is blocked", trouble[80];
	struct effect effect;

	set_timeout(ep, !passes || fuzz.shrinking);
	effect = write ? write_effect(ep, address, ACCESS, target, passes ? ACCESS : 0)
		       : read_effect(ep, address, target, ACCESS);
	if (passes)
		snprintf(expected, sizeof(expected), "the access reaches memory at %#lx", phys(target));
	if (effect.stray) {
		snprintf(trouble, sizeof(trouble), "memory at %#lx changed", phys(effect.stray));
		return failed(VERDICT_FAIL, expected, trouble);
	}
	if (passes && !effect.exact)
		return failed(VERDICT_WARN, expected, effect.done ? "the access moves other bytes" :
								    "the access is refused");
	return true;
}

static bool do_step(struct step *s)
{
	return s->kind >= STEP_WRITE ? do_access(s) : do_request(s);
}

/* No endpoint is attached, and the domains are new. */
static void begin(void)
{
	endpoints_quiesce();
	iommu_detach_all();
	event_drain();
	for (unsigned int i = 0; i < DOMAINS; i++)
		fuzz.domains[i] = fresh_domain();
	model_reset(fuzz.model);
	fuzz.model->accepted = iommu.dev.accepted;
}

/* Draws until something fails, or the round is over. Yields how many steps were made. */
static unsigned int run_steps(struct step *steps, bool *fails)
{
	unsigned int count = 0;

	*fails = false;
	begin();
	for (unsigned int draws = 0; count < STEPS && draws < 8 * STEPS && !*fails; draws++) {
		steps[count] = draw_step();
		if (makes_sense(&steps[count]))
			*fails = !do_step(&steps[count++]);
	}
	return count;
}

/* The same steps once more, those that still make sense. @count: up to the one that fails. */
static bool fails_again(struct step *steps, unsigned int *count)
{
	begin();
	for (unsigned int i = 0; i < *count && !iommu.dead; i++)
		if (makes_sense(&steps[i]) && !do_step(&steps[i])) {
			*count = i + 1;
			return true;
		}
	return false;
}

/* Without @size steps from @from on. */
static bool leave_out(struct step *steps, unsigned int *count, unsigned int from, unsigned int size)
{
	static struct step fewer[STEPS];
	unsigned int rest = *count - from > size ? *count - from - size : 0, left = from + rest;

	memcpy(fewer, steps, from * sizeof(*steps));
	memcpy(fewer + from, steps + from + size, rest * sizeof(*steps));
	if (!fails_again(fewer, &left))
		return false;
	memcpy(steps, fewer, left * sizeof(*steps));
	*count = left;
	return true;
}

static void shrink(struct step *steps, unsigned int *count)
{
	struct deadline deadline = deadline_in(SHRINK_US);

	fuzz.shrinking = true;
	trace_mute(true);
	for (unsigned int size = *count / 2; size; size /= 2)
		for (unsigned int from = 0; from < *count && !iommu.dead && !deadline_passed(&deadline);)
			if (!leave_out(steps, count, from, size))
				from += size;
	trace_mute(false);
	fails_again(steps, count);
	fuzz.shrinking = false;
}

static int print_step(char *text, size_t size, const struct step *s)
{
	char words[200];

	if (s->kind < STEP_WRITE)
		request_words(&s->request, s->request.readable, words, sizeof(words));
	else
		access_words(fuzz.masters[s->master], s->kind == STEP_WRITE ? "writes" : "reads",
			     address_of(s->first) + s->offset, ACCESS, words, sizeof(words));
	return snprintf(text, size, "; %s", words);
}

/* Show the last steps, as many as there is room for: all, or after an ellipsis. */
static void report_steps(struct source_line at, uint64_t seed, const struct step *steps, unsigned int count)
{
	char expected[120], text[520], one[200];
	unsigned int from = count, length = 0;

	snprintf(expected, sizeof(expected), "seed=%lu, at the last of %u steps: %s", seed, count,
		 fuzz.expected);
	while (from && length + print_step(one, sizeof(one), &steps[from - 1]) < sizeof(text) - 4)
		length += print_step(one, sizeof(one), &steps[--from]);
	length = snprintf(text, sizeof(text), "%s", from ? "; ..." : "");
	for (; from < count; from++)
		length += print_step(text + length, sizeof(text) - length, &steps[from]);
	judge(fuzz.verdict, at, expected, "%s, after %s", fuzz.trouble, text + 2);
}

static bool run_round(struct source_line at, uint64_t seed)
{
	static struct step steps[STEPS];
	enum verdict verdict;
	unsigned int count;
	bool fails;

	seed_rng(seed);
	count = run_steps(steps, &fails);
	if (!fails)
		return true;
	verdict = fuzz.verdict;
	if (!iommu.dead)
		shrink(steps, &count);
	if (fuzz.verdict != verdict)
		fuzz.verdict = VERDICT_FAIL;
	report_steps(at, seed, steps, count);
	return false;
}

static void fuzz_setup(void)
{
	fuzz.count = 0;
	for (unsigned int i = 0; i < endpoint_count() && fuzz.count < MASTERS; i++)
		if (endpoint(i)->dma.ops->exact && !is_slow(endpoint(i)))
			fuzz.masters[fuzz.count++] = endpoint(i);
	fuzz.model = oracle();
	fuzz.iova = iova_window(WINDOW);
	fuzz.memory = watched_pages(MEMORY);
}

/* DEV-OPS-1 (SHOULD): Successful requests complete with status 0 (OK) */
TEST(DEV_OPS_1, requests_drawn_by_lot_do_what_the_model_says, NEEDS_DMA | NEEDS_EXACT)
{
	uint64_t seed = test_option("seed", DEFAULT_SEED), rounds = test_option("rounds", 1);

	fuzz_setup();
	for (uint64_t round = 0; fuzz.count && round < rounds; round++)
		if (!run_round(AT, seed + round))
			return;
}
