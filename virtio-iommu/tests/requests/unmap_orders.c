// SPDX-License-Identifier: BSD-3-Clause
/*
 * UNMAP (virtio 1.4, 5.13.6.6) of up to five mappings that were made in every order. The model says what is
 * right.
 *
 * The text: a range that covers mappings whole removes them; one that would cut a mapping is refused with
 * RANGE and removes nothing. In which order the mappings were made does not matter.
 *
 * Broken is a device whose list or tree answers otherwise in some of its shapes: a search that starts at
 * the wrong node, a walk that removes the first mappings before it meets the one that would be cut, a
 * removal that loses a neighbour when the tree is balanced.
 *
 * It is told apart by every order of up to four mappings and many of five, with ranges that touch, cut or
 * cover them, and by MAP: what was removed can be mapped again, what stayed cannot. DMA agrees with that in
 * one order of SAMPLE.
 *
 * Tolerated: what a cut is answered with and what it removes are two requirements (DEV-UNMAP-5, -6); each
 * is looked for where the other does not show.
 */
#include <stdio.h>

#include "judge/oracle.h"
#include "judge/steps/page_window.h"
#include "judge/test.h"

/* In pages. Some touch, in address and in memory, and some do not. */
static const struct part {
	unsigned int first, last;
} parts[] = {{5, 7}, {8, 9}, {3, 3}, {11, 12}, {1, 2}};

#define PARTS 5
#define PAGES 14

/* All ranges of pages, numbered from 0 on, are gone through in steps of this, to mix them. */
#define RANGES (PAGES * (PAGES + 1) / 2)
#define STRIDE 37

/* DMA checks what MAP and UNMAP say in one order of so many. */
#define SAMPLE 64

struct sweep {
	struct source_line at;
	struct page_window window;
	struct model *model;
	unsigned int order[PARTS], count;
	unsigned int number;	/* of the order */
	bool counts_status;	/* of refusals, too */
	unsigned int range;
};

static struct model_request unmap_of_range(const struct sweep *s, const struct part *range)
{
	return unmap_of(s->window.domain, page_start(&s->window, range->first),
			page_end(&s->window, range->last));
}

static struct model_request map_of_range(const struct sweep *s, const struct part *range)
{
	return map_of(s->window.domain, page_start(&s->window, range->first),
		      page_end(&s->window, range->last),
		      s->window.target + range->first * iommu.page, MAP_RW);
}

/* The mappings, in the order in which they were made. */
static void print_order(const struct sweep *s, char *text, size_t size)
{
	unsigned int length = 0;

	for (unsigned int i = 0; i < s->count; i++) {
		const struct part *part = &parts[s->order[i]];

		length += snprintf(text + length, size - length, "%s%u-%u", length ? ", " : "", part->first,
				   part->last);
	}
}

static void report_answer(const struct sweep *s, const char *what, const struct part *range,
			  const struct model_outcome *outcome, const struct reply *reply)
{
	char expected[128], answers[60], order[50];

	print_order(s, order, sizeof(order));
	snprintf(expected, sizeof(expected), "%s after MAP of pages %s: %s", what, order,
		 outcome_words(outcome, answers, sizeof(answers)));
	if (!reply->used || reply->breach)
		judge(BY_LEVEL, s->at, expected, "%s: %s of pages %u-%u",
		      reply->used ? reply->breach : "the request does not come back", what, range->first,
		      range->last);
	else
		judge(BY_LEVEL, s->at, expected, "status %s, used.len %u: %s of pages %u-%u",
		      status_name(reply->status), reply->length, what, range->first, range->last);
}

static bool send(const struct sweep *s, const struct model_request *r, const struct part *range,
		 struct reply *reply)
{
	struct model_outcome outcome = model_outcome(s->model, r);

	if (oracle_send(s->model, r, reply) == VERDICT_PASS ||
	    (!s->counts_status && oracle_refused_otherwise(s->model, r, reply)))
		return true;
	report_answer(s, r->head.type == REQUEST_MAP ? "MAP" : "UNMAP", range, &outcome, reply);
	return false;
}

static bool send_map_range(const struct sweep *s, const struct part *range)
{
	struct model_request r = map_of_range(s, range);
	struct reply reply;

	return send(s, &r, range, &reply);
}

static bool send_unmap_range(const struct sweep *s, const struct part *range)
{
	struct model_request r = unmap_of_range(s, range);
	struct reply reply;

	return send(s, &r, range, &reply);
}

static bool is_covered(const struct part *part, const struct part *range)
{
	return part->first >= range->first && part->last <= range->last;
}

static bool covers_any(const struct sweep *s, const struct part *range)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (is_covered(&parts[s->order[i]], range))
			return true;
	return false;
}

static bool cuts(const struct sweep *s, const struct part *range)
{
	for (unsigned int i = 0; i < s->count; i++) {
		const struct part *part = &parts[s->order[i]];

		if (part->first <= range->last && part->last >= range->first &&
		    !is_covered(part, range))
			return true;
	}
	return false;
}

static bool cuts_alone(const struct sweep *s, const struct part *range)
{
	return cuts(s, range) && !covers_any(s, range);
}

static bool cuts_and_covers(const struct sweep *s, const struct part *range)
{
	return cuts(s, range) && covers_any(s, range);
}

static bool covers_alone(const struct sweep *s, const struct part *range)
{
	return !cuts(s, range) && covers_any(s, range);
}

static struct part nth_range(unsigned int n)
{
	struct part range = {0, 0};

	while (n >= PAGES - range.first)
		n -= PAGES - range.first++;
	range.last = range.first + n;
	return range;
}

/* The next that is wanted. False if there is none. */
static bool next_range(struct sweep *s, struct part *range,
		       bool (*wanted)(const struct sweep *s, const struct part *range))
{
	for (unsigned int tries = 0; tries < RANGES; tries++) {
		s->range = (s->range + STRIDE) % RANGES;
		*range = nth_range(s->range);
		if (wanted(s, range))
			return true;
	}
	return false;
}

static unsigned int factorial(unsigned int n)
{
	return n < 2 ? 1 : n * factorial(n - 1);
}

/* Order number @n of the first @count parts. */
static void choose_order(struct sweep *s, unsigned int n, unsigned int count)
{
	unsigned int left[PARTS] = {0, 1, 2, 3, 4};

	s->count = count;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int ways = factorial(count - 1 - i), taken = n / ways;

		n %= ways;
		s->order[i] = left[taken];
		memmove(&left[taken], &left[taken + 1], (PARTS - 1 - taken) * sizeof(left[0]));
	}
}

static bool make_parts(const struct sweep *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (!send_map_range(s, &parts[s->order[i]]))
			return false;
	return true;
}

/* Each @step-th order of some parts, then @look, then an empty window again. */
static bool sweep_count(struct sweep *s, unsigned int count, unsigned int step,
			bool (*look)(struct sweep *s))
{
	static const struct part all = {0, PAGES - 1};

	for (unsigned int n = 0; n < factorial(count); n += step) {
		s->number++;
		choose_order(s, n, count);
		if (!make_parts(s) || !look(s) || !send_unmap_range(s, &all))
			return false;
	}
	return true;
}

/* Every order of up to four parts, and each @step-th one of all five. */
static void sweep(struct source_line at, unsigned int step, bool (*look)(struct sweep *s), bool counts_status)
{
	struct sweep s = {.at = at, .counts_status = counts_status};
	struct model_request r;

	if (!make_page_window(at, &s.window, PAGES))
		return;
	s.model = oracle();
	r = attach_of(s.window.domain, s.window.ep);
	model_apply(s.model, &r);
	for (unsigned int count = 1; count <= PARTS; count++)
		if (!sweep_count(&s, count, count == PARTS ? step : 1, look))
			return;
}

static bool is_sample(const struct sweep *s)
{
	return s->number % SAMPLE == 0;
}

static bool part_in_model(const struct sweep *s, const struct part *part)
{
	struct model_extent extent;
	uint8_t reason;

	return model_translate(s->model, s->window.ep->id, page_start(&s->window, part->first), MAP_WRITE,
			       &extent, &reason);
}

/* DMA agrees with the model. */
static void touch_all(const struct sweep *s)
{
	for (unsigned int i = 0; i < PARTS; i++) {
		const struct part *part = &parts[i];

		if (part_in_model(s, part))
			expect_mapped(s->at, &s->window, part->first, part->last);
		else
			expect_write_blocked(s->at, s->window.ep, page_start(&s->window, part->first), 1);
	}
}

/*
 * Two cuts for each order: all together every cut has its turn, several times. What the second one
 * removes (DEV-UNMAP-6) does not matter here.
 */
static bool look_for_cuts(struct sweep *s)
{
	struct part range;

	return (!next_range(s, &range, cuts_alone) || send_unmap_range(s, &range)) &&
	       (!next_range(s, &range, cuts) || send_unmap_range(s, &range));
}

/* DEV-UNMAP-5 (SHOULD): A range that would cut a mapping in two => expected status RANGE */
TEST(DEV_UNMAP_5, every_cut_is_refused_in_every_order_of_mappings, NEEDS_DOMAIN)
{
	sweep(AT, 5, look_for_cuts, true);
}

/* What the range covers is mapped still, if nothing else can be mapped there. */
static bool look_for_losses(struct sweep *s)
{
	struct part range;

	if (!next_range(s, &range, cuts_and_covers))
		return true;
	if (!send_unmap_range(s, &range))
		return false;
	for (unsigned int i = 0; i < s->count; i++)
		if (is_covered(&parts[s->order[i]], &range) &&
		    !send_map_range(s, &parts[s->order[i]]))
			return false;
	if (is_sample(s))
		touch_all(s);
	return true;
}

/* DEV-UNMAP-6 (SHOULD NOT): ...and no mapping at all is expected to be removed by that request */
TEST(DEV_UNMAP_6, nothing_is_removed_in_any_order_of_mappings, NEEDS_DMA)
{
	sweep(AT, 1, look_for_losses, false);
}

/* What was removed can be mapped again; of the others one at a time is seen to be there. */
static bool look_for_rest(struct sweep *s)
{
	unsigned int other = s->number % s->count;
	struct part range;

	if (!next_range(s, &range, covers_alone) || !send_unmap_range(s, &range))
		return false;
	if (is_sample(s))
		touch_all(s);
	for (unsigned int i = 0; i < s->count; i++)
		if ((i == other || is_covered(&parts[s->order[i]], &range)) &&
		    !send_map_range(s, &parts[s->order[i]]))
			return false;
	return true;
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, all_that_is_covered_goes_in_every_order_of_mappings, NEEDS_DMA)
{
	sweep(AT, 1, look_for_rest, false);
}
