// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests that are in flight together (virtio 1.4, 5.13.6): each is answered, and done or not, as if it
 * had been sent alone. In which order they are executed is open (AMB-13), so none depends on another.
 */
#include <stdio.h>
#include <string.h>

#include "driver/batch.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/judged_request.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "util.h"

enum { KIND, SIZE, POSITION, COMPANY, NOTIFIED };
enum { SIZE_1, SIZE_2, SIZE_3, SIZE_64, SIZE_FULL, SIZE_LARGEST };
enum { FIRST, SECOND, MIDDLE, LAST };
enum { LIKE_IT, ACCEPTED, REFUSED, UNPARSED, MIXED };
enum { NOTIFIED_ONCE, NOTIFIED_EACH };

static const char *const sizes[] = {"alone", "one of 2", "one of 3", "one of 64", "in a full queue",
				    "in the largest queue"};
static const char *const positions[] = {"first", "second", "in the middle", "last"};
static const char *const companies[] = {"among its like", "among accepted ones", "among refused ones",
					"among unparsed ones", "among all kinds"};

static const char *const notified[] = {"behind one notification", "with a notification each"};

static const struct dimension dimensions[] = {
	[KIND] = {"judged", request_kind_words, REQUEST_KINDS, request_kind_unmet},
	[SIZE] = {"size", sizes, ARRAY_SIZE(sizes), NULL},
	[POSITION] = {"position", positions, ARRAY_SIZE(positions), NULL},
	[COMPANY] = {"company", companies, ARRAY_SIZE(companies), NULL},
	[NOTIFIED] = {"notified", notified, ARRAY_SIZE(notified), NULL},
};

static const struct product_rule rules[] = {
	{{{SIZE, BIT(SIZE_1)}, {POSITION, ~BIT(FIRST)}}, "it is the first and the last one"},
	{{{SIZE, BIT(SIZE_1)}, {COMPANY, ~BIT(LIKE_IT)}}, "there is no other one"},
	{{{SIZE, BIT(SIZE_1)}, {NOTIFIED, BIT(NOTIFIED_EACH)}}, "there is no other one"},
	{{{SIZE, BIT(SIZE_2)}, {POSITION, BIT(MIDDLE) | BIT(SECOND)}}, "the second one is the last one"},
	{{{SIZE, BIT(SIZE_3)}, {POSITION, BIT(MIDDLE)}}, "the second one is in the middle"},
	{{{KIND, BIT(KIND_ATTACH) | BIT(KIND_DETACH)}, {COMPANY, BIT(LIKE_IT)}, {SIZE, ~BIT(SIZE_1)}},
	 "a second one of the same endpoint would depend on the first"},
};

/* Pages that the others map, once each: some devices have room for few mappings. */
#define FILLED_PAGES 6

#define NO_STATUS 0xff

/*
 * The other requests, about a domain of the second endpoint. Each can be repeated, and none changes what
 * another one gets.
 */
struct company {
	uint32_t domain;
	uint64_t iova;		/* of FILLED_PAGES, and one more that stays free */
	uint8_t *target;	/* of all of them */
	unsigned int mapped;
	uint8_t alone[REQUEST_KINDS];	/* the status of each when it is sent alone */
};

static const enum request_kind like_map[] = {KIND_MAP};	/* any other kind is sent again and again */
static const enum request_kind accepted[] = {KIND_UNMAP, KIND_MAP, KIND_PROBE};
static const enum request_kind refused[] = {KIND_ATTACH_NOBODY, KIND_MAP_FLAG, KIND_DETACH_NOBODY};
static const enum request_kind unparsed[] = {KIND_UNKNOWN_TYPE, KIND_TOO_SHORT};
static const enum request_kind mixed[] = {
	KIND_UNMAP, KIND_ATTACH_NOBODY, KIND_MAP, KIND_UNKNOWN_TYPE, KIND_PROBE, KIND_MAP_FLAG,
	KIND_TOO_SHORT, KIND_DETACH_NOBODY,
};

static const struct {
	const enum request_kind *kinds;
	unsigned int count;
} members[] = {
	[LIKE_IT] = {like_map, ARRAY_SIZE(like_map)},
	[ACCEPTED] = {accepted, ARRAY_SIZE(accepted)},
	[REFUSED] = {refused, ARRAY_SIZE(refused)},
	[UNPARSED] = {unparsed, ARRAY_SIZE(unparsed)},
	[MIXED] = {mixed, ARRAY_SIZE(mixed)},
};

/* Nothing is mapped where the others unmap, and each maps a page of its own. */
static struct judged_request other_request(struct company *c, enum request_kind kind)
{
	unsigned int page = kind == KIND_UNMAP ? FILLED_PAGES : c->mapped;
	struct judged_request r = {.kind = kind, .ep = endpoint(1), .domain = c->domain, .target = c->target,
				   .iova = c->iova + page * iommu.page};

	judged_request_ask(&r);
	return r;
}

static uint8_t status_of(const struct reply *reply)
{
	return reply->used && reply->delivered ? reply->status : NO_STATUS;
}

/* Return false if the device asks for a reset: it may where a request is not parsed (AMB-11). */
static bool send_alone(struct company *c, enum request_kind kind)
{
	struct judged_request r = other_request(c, kind);
	struct reply reply = request_raw(&r.head, r.readable, r.writable);

	c->alone[kind] = status_of(&reply);
	if (kind == KIND_MAP && is_ok(&reply))
		unmap_page(c->domain, r.iova);
	return !iommu.dead && !virtio_needs_reset(&iommu.dev);
}

/* KIND_UNMAP stands in for KIND_MAP once all pages are mapped. */
static bool send_each_alone(struct company *c, unsigned int company)
{
	bool whole = send_alone(c, KIND_UNMAP);

	for (unsigned int i = 0; i < members[company].count && whole; i++)
		if (!request_kind_unmet(members[company].kinds[i]))
			whole = send_alone(c, members[company].kinds[i]);
	return whole;
}

static bool gather_company(struct source_line at, struct company *c, unsigned int company)
{
	*c = (struct company){.domain = fresh_domain(), .iova = iova_window(FILLED_PAGES + 1),
			      .target = watched_pages(1)};
	if (!attach_endpoint(at, endpoint(1), c->domain))
		return false;
	if (send_each_alone(c, company))
		return true;
	silent("a request that is not parsed calls for a reset (AMB-11)");
	restart_device(at, iommu.wanted);
	return false;
}

static enum request_kind next_kind(const struct company *c, unsigned int company, unsigned int *turn)
{
	enum request_kind kind;

	do
		kind = members[company].kinds[(*turn)++ % members[company].count];
	while (request_kind_unmet(kind));
	return kind == KIND_MAP && c->mapped == FILLED_PAGES ? KIND_UNMAP : kind;
}

/* A batch, and how each request of it is answered when it is sent alone. */
struct batched {
	struct batch *batch;
	enum request_kind kinds[RING_MAX_SIZE];
	uint8_t statuses[RING_MAX_SIZE];
	unsigned int turn;	/* of the other ones, through their kinds */
};

static bool add(struct batched *b, const struct judged_request *r, uint8_t status)
{
	unsigned int index = batch_count(b->batch);

	b->kinds[index] = r->kind;
	b->statuses[index] = status;
	return batch_add(b->batch, &r->head, r->readable, r->writable, NULL);
}

static bool add_other(struct batched *b, struct company *c, unsigned int company)
{
	enum request_kind kind = next_kind(c, company, &b->turn);
	struct judged_request r = other_request(c, kind);

	c->mapped += kind == KIND_MAP;
	return add(b, &r, c->alone[kind]);
}

static bool has_no_room(const struct batched *b, unsigned int index, const struct reply *reply)
{
	return b->kinds[index] == KIND_MAP && status_of(reply) == STATUS_NOMEM;
}

/* All but the one at @judged, as far as an answer to them is known. */
static void expect_others(struct source_line at, const struct batched *b, unsigned int judged)
{
	unsigned int count = batch_count(b->batch);
	char expected[80];

	for (unsigned int i = 0; i < count; i++) {
		const struct reply *reply = batch_reply(b->batch, i);
		uint8_t status = status_of(reply);

		if (reply->breach)
			judge(VERDICT_FAIL, at, "the device keeps to the buffers of its requests",
			      "%s: request %u of %u, %s", reply->breach, i, count,
			      request_kind_words[b->kinds[i]]);
		if (i == judged || status == b->statuses[i] || has_no_room(b, i, reply))
			continue;
		snprintf(expected, sizeof(expected), "status %s (raw %#x), as when it is sent alone",
			 status_name(b->statuses[i]), b->statuses[i]);
		judge(BY_LEVEL, at, expected, "%s (raw %#x), used.len %u: request %u of %u, %s",
		      status_name(status), status, reply->length, i, count,
		      request_kind_words[b->kinds[i]]);
	}
}

static unsigned int wanted_count(unsigned int size)
{
	static const unsigned int counts[] = {[SIZE_1] = 1, [SIZE_2] = 2, [SIZE_3] = 3, [SIZE_64] = 64};

	return size < ARRAY_SIZE(counts) ? counts[size] : batch_capacity();
}

static unsigned int index_of(unsigned int position, unsigned int count)
{
	switch (position) {
	case FIRST:
		return 0;
	case SECOND:
		return 1;
	case MIDDLE:
		return count / 2;
	default:
		return count - 1;
	}
}

/* A device that cannot parse a request may ask for a reset (AMB-11): then nothing is known of the others. */
static void judge_lost(struct source_line at, const struct batched *b, const struct judged_request *r)
{
	unsigned int count = batch_count(b->batch), used = 0;

	for (unsigned int i = 0; i < count; i++)
		used += batch_reply(b->batch, i)->used;
	if (r->kind == KIND_TOO_SHORT && virtio_needs_reset(&iommu.dev))
		judge(VERDICT_WARN, at, "a request that is not parsed comes back unwritten",
		      "the device asks for a reset");
	else
		judge(VERDICT_FAIL, at, "each request of a batch comes back", "%u of %u do%s", used, count,
		      virtio_needs_reset(&iommu.dev) ? "; the device asks for a reset" : "");
	restart_device(at, iommu.wanted);
}

/* Where the others are the same again, what it gets is what they get. */
static void send_and_judge(struct source_line at, struct batched *b, const struct judged_request *r,
			   const cell_t cell, bool same)
{
	unsigned int index = index_of(cell[POSITION], batch_count(b->batch));
	const struct reply *reply = batch_reply(b->batch, index);
	bool back = cell[NOTIFIED] == NOTIFIED_EACH ? batch_send_each(b->batch) : batch_send(b->batch);

	if (!back || virtio_needs_reset(&iommu.dev))
		return judge_lost(at, b, r);
	if (same)
		memset(b->statuses, status_of(reply), batch_count(b->batch));
	expect_others(at, b, index);
	judged_request_judge(at, r, reply);
}

static bool fill_batch(struct batched *b, const struct judged_request *r, struct company *c,
		       const cell_t cell, unsigned int count, bool same)
{
	unsigned int index = index_of(cell[POSITION], count);
	bool added = true;

	*b = (struct batched){.batch = batch_new()};
	for (unsigned int i = 0; i < count && added; i++)
		added = same || i == index ? add(b, r, NO_STATUS) : add_other(b, c, cell[COMPANY]);
	return added;
}

static bool choose_queue(struct source_line at, unsigned int size)
{
	return (size != SIZE_64 && size != SIZE_LARGEST) ||
	       restart_with_queues(at, iommu.wanted, RING_MAX_SIZE, 0);
}

static void play(struct source_line at, const cell_t cell)
{
	static struct batched b;
	bool same = cell[SIZE] == SIZE_1 || (cell[COMPANY] == LIKE_IT && cell[KIND] != KIND_MAP);
	struct judged_request r;
	struct company c;
	unsigned int count, index;

	if (!choose_queue(at, cell[SIZE]))
		return;
	count = wanted_count(cell[SIZE]);
	index = index_of(cell[POSITION], count);
	if (count > batch_capacity() || index >= count)
		return not_applicable("the queue has %u descriptors", iommu.requests.size);
	if ((!same && !gather_company(at, &c, cell[COMPANY])) || !judged_request_prepare(at, cell[KIND], &r))
		return;
	if (fill_batch(&b, &r, &c, cell, count, same))
		send_and_judge(at, &b, &r, cell, same);
	else
		judge(VERDICT_ERROR, at, "room for the batch", "%u of %u", batch_count(b.batch), count);
}

static const struct product batches = {
	.name = "batches",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

#define NEEDS_COMPANY (NEEDS_DMA | NEEDS_TWO_ENDPOINTS)

/* DEV-ATTACH-12 (MUST): An ATTACH that is not refused really attaches */
TEST(DEV_ATTACH_12, attach_of_a_batch_attaches, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_ATTACH));
}

/* DEV-ATTACH-3 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_ATTACH_3, attach_of_nobody_is_refused_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_ATTACH_NOBODY));
}

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, detach_of_a_batch_detaches, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_DETACH));
}

/* DEV-DETACH-2 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_DETACH_2, detach_of_nobody_is_refused_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_DETACH_NOBODY));
}

/* N-MAP-2 (ISOLATION): All attached endpoints see it, later joiners too */
TEST(N_MAP_2, map_of_a_batch_maps, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_MAP));
}

/* DEV-MAP-3 (MUST): Any unknown `flags` bit in MAP => refused with INVAL */
TEST(DEV_MAP_3, unknown_flag_is_refused_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_MAP_FLAG));
}

/* DEV-MAP-4 (SHOULD): Unknown domain => expected refusal with NOENT */
TEST(DEV_MAP_4, map_in_no_domain_is_refused_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_MAP_NOWHERE));
}

/* DEV-UNMAP-7 (SHOULD): Uncovered gaps are fine: everything covered is removed and status is OK */
TEST(DEV_UNMAP_7, unmap_of_a_batch_unmaps, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_UNMAP));
}

/* DEV-UNMAP-3 (SHOULD): Unknown domain => expected NOENT */
TEST(DEV_UNMAP_3, unmap_in_no_domain_is_refused_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_UNMAP_NOWHERE));
}

/* DEV-UNMAP-6 (SHOULD NOT): ...and no mapping at all is expected to be removed by that request */
TEST(DEV_UNMAP_6, unmap_of_a_half_removes_nothing_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_UNMAP_HALF));
}

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
TEST(N_REQ_2, probe_of_a_batch_is_answered, NEEDS_COMPANY | NEEDS_PROBE)
{
	PRODUCT(&batches, KIND, BIT(KIND_PROBE));
}

/* DEV-PROBE-2 (SHOULD): Unknown endpoint => expected refusal with NOENT */
TEST(DEV_PROBE_2, probe_of_nobody_is_refused_in_a_batch, NEEDS_COMPANY | NEEDS_PROBE)
{
	PRODUCT(&batches, KIND, BIT(KIND_PROBE_NOBODY));
}

/* DEV-OPS-3 (SHOULD): ...and it is expected to give the buffer back with used length 0 */
TEST(DEV_OPS_3, unknown_type_of_a_batch_comes_back_unwritten, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_UNKNOWN_TYPE));
}

/* N-REQ-1 (no keyword): A request that cannot be parsed (too small for its type, no room for the tail) ... */
TEST(N_REQ_1, request_cut_short_does_nothing_in_a_batch, NEEDS_COMPANY)
{
	PRODUCT(&batches, KIND, BIT(KIND_TOO_SHORT));
}

/*
 * So many that every counter of 16 bits has wrapped: as many at a time as the queue takes, of all kinds in
 * turn, and at the end an endpoint that looked on still has its page. Pages are mapped and unmapped in
 * each batch.
 */
#define MANY 100000

static void unmap_filled(struct company *c)
{
	if (c->mapped)
		unmap_range(c->domain, c->iova, FILLED_PAGES * iommu.page);
	c->mapped = 0;
}

static bool send_mixed(struct source_line at, struct company *c, unsigned int count)
{
	static struct batched b;
	size_t mark = arena_mark();

	b = (struct batched){.batch = batch_new()};
	while (batch_count(b.batch) < count && add_other(&b, c, MIXED))
		;
	if (batch_send(b.batch))
		expect_others(at, &b, RING_MAX_SIZE);
	else
		judge(VERDICT_FAIL, at, "each request comes back",
		      "a request of a batch of %u did not come back", count);
	unmap_filled(c);
	arena_release(mark);
	return no_defect_so_far();
}

TEST(N_REQ_2, each_of_100000_mixed_requests_is_answered, NEEDS_COMPANY)
{
	struct judged_request r;
	unsigned int sent = 0;
	struct company c;

	if (!gather_company(AT, &c, MIXED))
		return;
	REQUIRE(judged_request_prepare(AT, KIND_UNMAP, &r));
	while (sent < MANY && send_mixed(AT, &c, batch_capacity()))
		sent += batch_capacity();
	EXPECT_WRITES(r.ep, r.iova, r.target, 8);
}
