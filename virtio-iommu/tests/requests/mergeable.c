// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests in flight together that a device could take for one (virtio 1.4, 5.13.6): their ranges touch, the
 * second undoes the first, or their answers have the same form. Each is done as if it had been sent alone. In
 * which order they are executed is open (AMB-13): what is judged holds in any.
 */
#include <string.h>

#include "driver/batch.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "memory.h"
#include "util.h"

enum { WHAT, COUNT, ORDER, BETWEEN, KICK };
enum { MAPS, UNMAPS, RETURNS, PROBES, LENGTHS };
enum { UPWARDS, DOWNWARDS };
enum { NOTHING_BETWEEN, REFUSED_BETWEEN };
enum { ONE_KICK, KICK_EACH };

static const uint8_t number[] = {2, 3, 6};

#define MOST 6

static const char *const whats[] = {"maps that touch", "unmaps around mappings", "detach and attach again",
				    "probes", "answers of all lengths"};
static const char *const counts[] = {"2 of them", "3 of them", "6 of them"};
static const char *const orders[] = {"upwards", "downwards"};
static const char *const betweens[] = {"side by side", "with refused ones in between"};
static const char *const kicks[] = {"behind one notification", "with a notification each"};

static const char *what_unmet(unsigned int what)
{
	return what == PROBES && !iommu_offers(VIRTIO_IOMMU_F_PROBE) ? "needs feature PROBE" : NULL;
}

static const struct dimension dimensions[] = {
	[WHAT] = {"what", whats, ARRAY_SIZE(whats), what_unmet},
	[COUNT] = {"count", counts, ARRAY_SIZE(counts), NULL},
	[ORDER] = {"order", orders, ARRAY_SIZE(orders), NULL},
	[BETWEEN] = {"between", betweens, ARRAY_SIZE(betweens), NULL},
	[KICK] = {"notified", kicks, ARRAY_SIZE(kicks), NULL},
};

struct scene {
	struct source_line at;
	unsigned int count;
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;
	struct batch *batch;
	unsigned int index[MOST];	/* of each request in the batch */
	const uint8_t *alone[MOST];	/* of PROBEs: the answers when they are sent alone */
};

/* A request of each kind, and what it is judged by. */
struct sent {
	union {
		struct request_head head;
		struct attach_request attach;
		struct detach_request detach;
		struct map_request map;
		struct unmap_request unmap;
		struct probe_request probe;
	};
	uint32_t size, writable;
};

/*
 * Pages whose memory lies the other way round, with a page between any two, so that none goes on in the
 * memory of the next one.
 */
#define PAGES (2 * MOST)

static uint64_t iova_of(const struct scene *s, unsigned int page)
{
	return s->iova + page * iommu.page;
}

static uint8_t *target_of(const struct scene *s, unsigned int page)
{
	return s->target + (PAGES - 1 - page) * iommu.page;
}

static bool reaches(const struct scene *s, unsigned int page)
{
	uint64_t end = iommu.page - 8;

	return expect_writes(s->at, BY_LEVEL, s->ep, iova_of(s, page), target_of(s, page), 8) &&
	       expect_writes(s->at, BY_LEVEL, s->ep, iova_of(s, page) + end, target_of(s, page) + end, 8);
}

static bool is_cut_off(const struct scene *s, unsigned int page)
{
	bool blocked = expect_write_blocked(s->at, s->ep, iova_of(s, page), 8);

	if (s->ep->dma.ops->exact)
		blocked &= expect_read_blocked(s->at, s->ep, iova_of(s, page), target_of(s, page), 8);
	return blocked;
}

static bool require_page(const struct scene *s, unsigned int page)
{
	struct reply reply = map_page(s->domain, iova_of(s, page), target_of(s, page), MAP_RW);

	return expect_status(s->at, VERDICT_ERROR, &reply, STATUS_OK) &&
	       expect_writes(s->at, VERDICT_ERROR, s->ep, iova_of(s, page), target_of(s, page), 8);
}

static struct sent map_of(const struct scene *s, unsigned int page)
{
	return (struct sent){.map = {{.type = REQUEST_MAP}, s->domain, iova_of(s, page),
				     iova_of(s, page) + iommu.page - 1, phys(target_of(s, page)), MAP_RW},
			     .size = sizeof(struct map_request), .writable = TAIL_SIZE};
}

static struct sent unmap_of(const struct scene *s, unsigned int page)
{
	return (struct sent){.unmap = {{.type = REQUEST_UNMAP}, s->domain, iova_of(s, page),
				       iova_of(s, page) + iommu.page - 1, {0}},
			     .size = sizeof(struct unmap_request), .writable = TAIL_SIZE};
}

static struct sent probe_of(const struct endpoint *ep)
{
	return (struct sent){.probe = {{.type = REQUEST_PROBE}, ep->id, {0}},
			     .size = sizeof(struct probe_request),
			     .writable = iommu.config.probe_size + TAIL_SIZE};
}

static const struct reply *reply_to(const struct scene *s, unsigned int i)
{
	return batch_reply(s->batch, s->index[i]);
}

/* That each is done is a SHOULD (DEV-OPS-1), and a device need not have room for a mapping. */
static void expect_all_ok(const struct scene *s)
{
	for (unsigned int i = 0; i < s->count; i++)
		if (!is_refusal(reply_to(s, i)) || reply_to(s, i)->status != STATUS_NOMEM)
			expect_status(s->at, VERDICT_WARN, reply_to(s, i), STATUS_OK);
}

/* Each leads to memory of its own. */

static bool prepare_maps(struct scene *s)
{
	return require_page(s, PAGES - 1);
}

static void judge_maps(struct scene *s)
{
	expect_all_ok(s);
	for (unsigned int i = 0; i < s->count; i++)
		if (is_ok(reply_to(s, i)))
			reaches(s, i);
	is_cut_off(s, s->count);
	reaches(s, PAGES - 1);
}

/* What lies between two that are unmapped stays. */

static bool prepare_unmaps(struct scene *s)
{
	for (unsigned int page = 0; page < 2 * s->count; page++)
		if (!require_page(s, page))
			return false;
	return true;
}

static struct sent every_second_unmap(const struct scene *s, unsigned int i)
{
	return unmap_of(s, 2 * i);
}

static void judge_unmaps(struct scene *s)
{
	expect_all_ok(s);
	for (unsigned int i = 0; i < s->count; i++) {
		if (is_ok(reply_to(s, i)))
			is_cut_off(s, 2 * i);
		reaches(s, 2 * i + 1);
	}
}

/* In any order one DETACH finds the only member of the domain: with it the mappings end. */

static bool prepare_returns(struct scene *s)
{
	return require_page(s, 0);
}

static struct sent return_of(const struct scene *s, unsigned int i)
{
	if (i % 2)
		return (struct sent){.attach = {{.type = REQUEST_ATTACH}, s->domain, s->ep->id, 0, {0}},
				     .size = sizeof(struct attach_request), .writable = TAIL_SIZE};
	return (struct sent){.detach = {{.type = REQUEST_DETACH}, s->domain, s->ep->id, {0}},
			     .size = sizeof(struct detach_request), .writable = TAIL_SIZE};
}

static bool one_detach_is_ok(const struct scene *s)
{
	for (unsigned int i = 0; i < s->count; i += 2)
		if (is_ok(reply_to(s, i)))
			return true;
	judge(VERDICT_WARN, s->at, "DETACH of an attached endpoint is OK",
	      "none of %u DETACH requests is OK", (s->count + 1) / 2);
	return false;
}

static void judge_returns(struct scene *s)
{
	struct reply reply;

	if (!one_detach_is_ok(s))
		return;
	reply = map_private_page(s->domain, s->ep);
	if (is_refusal(&reply) && !reply.no_room) {	/* no such domain: the ATTACH was not the last one */
		reply = attach(s->domain, s->ep->id, 0);
		if (!expect_status(s->at, BY_LEVEL, &reply, STATUS_OK))
			return;
		reply = map_private_page(s->domain, s->ep);
	}
	if (!expect_status(s->at, BY_LEVEL, &reply, STATUS_OK))
		return;
	is_cut_off(s, 0);
	reply = map_page(s->domain, iova_of(s, 0), target_of(s, 0), MAP_RW);
	if (expect_status(s->at, BY_LEVEL, &reply, STATUS_OK))
		reaches(s, 0);
}

/* Of endpoints in turn: of each what is its own. */

static bool prepare_probes(struct scene *s)
{
	for (unsigned int i = 0; i < s->count; i++) {
		struct reply reply = probe(endpoint(i % endpoint_count())->id);

		if (!expect_status(s->at, VERDICT_ERROR, &reply, STATUS_OK))
			return false;
		s->alone[i] = memcpy(arena_alloc_uninit(reply.writable, 1), reply.bytes, reply.writable);
	}
	return true;
}

static struct sent probe_in_turn(const struct scene *s, unsigned int i)
{
	(void)s;
	return probe_of(endpoint(i % endpoint_count()));
}

static void judge_probes(struct scene *s)
{
	expect_all_ok(s);
	for (unsigned int i = 0; i < s->count; i++)
		if (is_ok(reply_to(s, i)))
			expect_bytes(s->at, reply_to(s, i)->bytes, s->alone[i], reply_to(s, i)->writable,
				     "answer to a PROBE, as when it is sent alone");
}

/* Nothing, a tail, and properties with a tail. */

static bool prepare_lengths(struct scene *s)
{
	(void)s;
	return true;
}

static struct sent any_length(const struct scene *s, unsigned int i)
{
	struct sent sent = unmap_of(s, i);

	if (i % 3 == 1 && iommu_offers(VIRTIO_IOMMU_F_PROBE))
		return probe_of(s->ep);
	if (i % 3 == 2)
		sent.head.type = UINT8_MAX;	/* of no request */
	return sent;
}

static void judge_lengths(struct scene *s)
{
	for (unsigned int i = 0; i < s->count; i++) {
		const struct reply *reply = reply_to(s, i);
		uint32_t length = min(reply->length, reply->writable);

		if (i % 3 != 2)
			expect_status(s->at, BY_LEVEL, reply, STATUS_OK);
		if (reply->breach)
			judge(VERDICT_FAIL, s->at, "the device keeps to the buffers of its requests", "%s",
			      reply->breach);
		if (length && reply->bytes[length - 1] == reply->poison)
			judge(BY_LEVEL, s->at, "used.len covers bytes that were written",
			      "%u bytes, and the last one is as before", length);
	}
}

static const struct {
	bool (*prepare)(struct scene *s);
	struct sent (*request)(const struct scene *s, unsigned int i);
	void (*judge)(struct scene *s);
} cases[] = {
	[MAPS] = {prepare_maps, map_of, judge_maps},
	[UNMAPS] = {prepare_unmaps, every_second_unmap, judge_unmaps},
	[RETURNS] = {prepare_returns, return_of, judge_returns},
	[PROBES] = {prepare_probes, probe_in_turn, judge_probes},
	[LENGTHS] = {prepare_lengths, any_length, judge_lengths},
};

static void add_refused(struct scene *s)
{
	struct sent map = map_of(s, PAGES - 2);

	map.map.flags |= 1u << 31;	/* unknown */
	batch_add(s->batch, &map.head, map.size, map.writable, NULL);
}

static void add_all(struct scene *s, const cell_t cell)
{
	for (unsigned int turn = 0; turn < s->count; turn++) {
		unsigned int i = cell[ORDER] == UPWARDS ? turn : s->count - 1 - turn;
		struct sent sent = cases[cell[WHAT]].request(s, i);

		if (turn && cell[BETWEEN] == REFUSED_BETWEEN)
			add_refused(s);
		s->index[i] = batch_count(s->batch);
		batch_add(s->batch, &sent.head, sent.size, sent.writable, NULL);
	}
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = {.at = at, .count = number[cell[COUNT]], .ep = endpoint(0),
			  .domain = fresh_domain(), .iova = iova_window(PAGES),
			  .target = watched_pages(PAGES), .batch = batch_new()};

	if ((cell[BETWEEN] == REFUSED_BETWEEN ? 2 * s.count - 1 : s.count) > batch_capacity())
		return not_applicable("the queue has %u descriptors", iommu.requests.size);
	if (!attach_with_dma(at, s.ep, s.domain) || !cases[cell[WHAT]].prepare(&s))
		return;
	add_all(&s, cell);
	if (cell[KICK] == ONE_KICK ? batch_send(s.batch) : batch_send_each(s.batch))
		cases[cell[WHAT]].judge(&s);
	else
		judge(VERDICT_FAIL, at, "each request comes back", "a request of %u did not come back",
		      batch_count(s.batch));
}

static const struct product mergeable = {
	.name = "mergeable",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, maps_that_touch_lead_each_to_its_own_memory, NEEDS_DMA)
{
	PRODUCT(&mergeable, WHAT, BIT(MAPS));
}

TEST(N_MAP_1, what_lies_between_two_unmaps_stays, NEEDS_DMA)
{
	PRODUCT(&mergeable, WHAT, BIT(UNMAPS));
}

/* N-DOM-2 (ISOLATION): Last DETACH ends the domain; id reusable and empty */
TEST(N_DOM_2, domain_that_is_left_and_made_again_at_once_is_empty, NEEDS_DMA)
{
	PRODUCT(&mergeable, WHAT, BIT(RETURNS));
}

/* DEV-PROBE-10 (SHOULD): Property bytes left over are filled with zeroes */
TEST(DEV_PROBE_10, answers_to_probes_in_flight_have_nothing_of_each_other, NEEDS_DMA | NEEDS_PROBE)
{
	PRODUCT(&mergeable, WHAT, BIT(PROBES));
}

/* GEN-USED-2 (MUST): At least `len` bytes, starting at the first writable byte, were really written ... */
TEST(GEN_USED_2, lengths_of_a_batch_are_those_of_each_answer, NEEDS_DMA)
{
	PRODUCT(&mergeable, WHAT, BIT(LENGTHS));
}
