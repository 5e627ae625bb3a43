// SPDX-License-Identifier: BSD-3-Clause
/*
 * What holds for all requests (virtio 1.4, 5.13.6).
 */
#include <string.h>

#include "driver/batch.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/judged_request.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "util.h"

/* The reserved bytes of a request's head. The tests send all ones and a single one. */
static const uint8_t head_bytes[][3] = {{0xff, 0xff, 0xff}, {1, 0, 0}, {0, 0, 0x80}};

#define FOR_EACH_HEAD(i) for (unsigned int i = 0; i < ARRAY_SIZE(head_bytes); i++)

static struct request_head head(uint8_t type, unsigned int i)
{
	return (struct request_head){
		type, {head_bytes[i][0], head_bytes[i][1], head_bytes[i][2]}};
}

/* DEV-OPS-1 (SHOULD): Successful requests complete with status 0 (OK) */
TEST(DEV_OPS_1, attach_and_detach_succeed_with_ok, NEEDS_ENDPOINT)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	reply = attach(domain, endpoint(0)->id, 0);
	EXPECT_OK(reply);
	reply = detach(domain, endpoint(0)->id);
	EXPECT_OK(reply);
}

TEST(DEV_OPS_1, map_and_unmap_succeed_with_ok, NEEDS_DMA)
{
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(attach_with_dma(AT, endpoint(0), domain));
	reply = map_page(domain, iova, target, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(endpoint(0), iova, target, 8);
	reply = unmap_page(domain, iova);
	EXPECT_OK(reply);
	EXPECT_WRITE_BLOCKED(endpoint(0), iova, 8);
}

TEST(DEV_OPS_1, probe_succeeds_with_ok, NEEDS_ENDPOINT | NEEDS_PROBE)
{
	for (unsigned int i = 0; i < endpoint_count(); i++) {
		struct reply reply = probe(endpoint(i)->id);

		EXPECT_OK(reply);
	}
}

/* DEV-OPS-4 (MUST): `reserved` of the request head has no influence */
TEST(DEV_OPS_4, head_reserved_of_attach_is_ignored, NEEDS_DOMAIN)
{
	struct endpoint *ep = endpoint(0);

	FOR_EACH_HEAD(i) {
		uint32_t domain = fresh_domain();
		uint64_t iova = iova_window(1);
		uint8_t *target = watched_pages(1);
		struct reply reply = send_attach(&(struct attach_request){
			head(REQUEST_ATTACH, i), domain, ep->id, 0, {0}});

		EXPECT_OK(reply);
		REQUIRE(enable_dma(AT, ep, domain));
		REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
		EXPECT_WRITES(ep, iova, target, 8);
		REQUIRE(detach_endpoint(AT, ep, domain));
	}
}

TEST(DEV_OPS_4, head_reserved_of_a_refused_attach_is_ignored, NEEDS_NOTHING)
{
	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	FOR_EACH_HEAD(i) {
		struct reply reply = send_attach(&(struct attach_request){
			head(REQUEST_ATTACH, i), fresh_domain(), nobodys_id(), 0, {0}});

		EXPECT_STATUS(reply, STATUS_NOENT);
	}
}

TEST(DEV_OPS_4, head_reserved_of_detach_is_ignored, NEEDS_ENDPOINT_ID)
{
	FOR_EACH_HEAD(i) {
		uint32_t domain = fresh_domain();
		struct reply reply;

		REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
		reply = send_detach(&(struct detach_request){
			head(REQUEST_DETACH, i), domain, endpoint(0)->id, {0}});
		EXPECT_OK(reply);
		EXPECT_NO_DOMAIN(domain);
	}
}

TEST(DEV_OPS_4, head_reserved_of_map_is_ignored, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	FOR_EACH_HEAD(i) {
		uint64_t iova = iova_window(1);
		uint8_t *target = watched_pages(1);
		struct reply reply = send_map(&(struct map_request){
			head(REQUEST_MAP, i), s.domain, iova, iova + iommu.page - 1, phys(target), MAP_RW});

		EXPECT_OK(reply);
		EXPECT_WRITES(s.ep, iova, target, 8);
		REQUIRE_OK(unmap_page(s.domain, iova));
	}
}

TEST(DEV_OPS_4, head_reserved_of_unmap_is_ignored, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	FOR_EACH_HEAD(i) {
		uint64_t end = s.iova + iommu.page - 1;
		struct reply reply;

		REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
		reply = send_unmap(&(struct unmap_request){
			head(REQUEST_UNMAP, i), s.domain, s.iova, end, {0}});
		EXPECT_OK(reply);
		EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
		REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_RW));
	}
}

TEST(DEV_OPS_4, head_reserved_of_probe_is_ignored, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	uint32_t id = endpoint(0)->id, size = iommu.config.probe_size;
	uint8_t *plain = arena_alloc(size + 1, 8);
	struct reply reply = probe(id);

	REQUIRE_OK(reply);
	memcpy(plain, reply.bytes, size);
	FOR_EACH_HEAD(i) {
		reply = send_probe(&(struct probe_request){head(REQUEST_PROBE, i), id, {0}});
		EXPECT_OK(reply);
		expect_bytes(AT, reply.bytes, plain, size, "the properties, with reserved bytes set");
	}
}

/* DEV-OPS-5 (SHOULD): `reserved` of the tail is written as zero */
/* Sent twice each, with different bytes in the buffer before. */
TEST(DEV_OPS_5, tail_reserved_is_zero_on_success, NEEDS_DOMAIN)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);

	for (unsigned int turn = 0; turn < 2; turn++) {
		uint32_t domain = fresh_domain();
		struct reply reply;

		reply = attach(domain, ep->id, 0);
		expect_zero_tail(AT, BY_LEVEL, &reply);
		reply = map_page(domain, iova, target, MAP_RW);
		expect_zero_tail(AT, BY_LEVEL, &reply);
		reply = unmap_page(domain, iova);
		expect_zero_tail(AT, BY_LEVEL, &reply);
		reply = detach(domain, ep->id);
		expect_zero_tail(AT, BY_LEVEL, &reply);
		reply = unmap_page(domain, iova);	/* an odd number: the other poison next time */
		expect_zero_tail(AT, BY_LEVEL, &reply);
	}
}

TEST(DEV_OPS_5, tail_reserved_is_zero_on_refusal, NEEDS_NOTHING)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	for (unsigned int turn = 0; turn < 2; turn++) {
		reply = map(domain, 0, iommu.page - 1, 0, MAP_RW);
		expect_zero_tail(AT, BY_LEVEL, &reply);
		reply = attach(domain, nobodys_id(), 0);
		expect_zero_tail(AT, BY_LEVEL, &reply);
		reply = detach(domain, nobodys_id());
		expect_zero_tail(AT, BY_LEVEL, &reply);
	}
}

TEST(DEV_OPS_5, tail_reserved_of_probe_is_zero, NEEDS_ENDPOINT_ID | NEEDS_PROBE)
{
	struct reply reply;

	for (unsigned int turn = 0; turn < 2; turn++) {
		reply = probe(endpoint(0)->id);
		expect_zero_tail(AT, BY_LEVEL, &reply);
	}
}

/*
 * Each kind of request, accepted or refused for one reason or another, behind another one, of which something
 * may be left where the tail is made.
 */

enum { KIND, BEHIND };
enum { BEHIND_PROBE, BEHIND_ONES, BEHIND_UNPARSED };

static const char *const behinds[] = {"probe", "a refusal of all ones", "what is not parsed"};

static const struct dimension tail_dimensions[] = {
	[KIND] = {"answered", request_kind_words, REQUEST_KINDS, request_kind_unmet},
	[BEHIND] = {"behind", behinds, ARRAY_SIZE(behinds), NULL},
};

static void send_in_front(unsigned int behind)
{
	struct map_request ones;

	memset(&ones, UINT8_MAX, sizeof(ones));
	ones.head.type = REQUEST_MAP;
	ones.domain = iommu.config.domain_end;	/* of which there is none so far */
	ones.virt_end = iommu.config.input_end;
	ones.virt_start = align_down(ones.virt_end, iommu.page);
	if (behind == BEHIND_PROBE && iommu_offers(VIRTIO_IOMMU_F_PROBE))
		probe(endpoint(0)->id);
	else if (behind == BEHIND_ONES)
		send_map(&ones);
	else
		request_raw(&(uint8_t[72]){UINT8_MAX}, 72, TAIL_SIZE);
}

static void play_tail(struct source_line at, const cell_t cell)
{
	struct judged_request r;
	struct reply reply;

	if (!judged_request_prepare(at, cell[KIND], &r))
		return;
	send_in_front(cell[BEHIND]);
	reply = request_raw(&r.head, r.readable, r.writable);
	if (reply.used && reply.length)	/* else it is not parsed */
		expect_zero_tail(at, BY_LEVEL, &reply);
	restart_if_needs_reset(at, iommu.wanted);
}

static const struct product tails = {
	.name = "tails",
	DIMENSION_TABLE(tail_dimensions),
	.play = play_tail,
};

TEST(DEV_OPS_5, tail_reserved_is_zero_in_each_answer, NEEDS_DOMAIN)
{
	PRODUCT(&tails, EVERY_CELL);
}

/* The types that no version or draft of the standard has used: 0, and all from here on. */
#define UNUSED_TYPES 0x10

/* Each of them once. A device that does not know a type cannot know where the tail is. */
static void send_unknown_types(struct source_line at, uint32_t size, uint32_t writable,
			       void (*judge_reply)(struct source_line at, const struct reply *reply))
{
	uint8_t bytes[sizeof(struct probe_request)] = {0};
	bool all_come_back = true;

	for (unsigned int type = 0; type <= UINT8_MAX && all_come_back && no_defect_so_far();) {
		size_t mark = arena_mark();
		struct batch *batch = batch_new();

		for (; type <= UINT8_MAX; type = type ? type + 1 : UNUSED_TYPES) {
			bytes[0] = type;
			if (!batch_add(batch, bytes, size, writable, NULL))
				break;
		}
		all_come_back = batch_send(batch);
		for (unsigned int i = 0; i < batch_count(batch) && no_defect_so_far(); i++)
			judge_reply(at, batch_reply(batch, i));
		arena_release(mark);
	}
}

static void expect_no_byte_written(struct source_line at, const struct reply *reply)
{
	for (uint32_t i = 0; reply->used && i < reply->writable; i++)
		if (reply->bytes[i] != reply->poison)
			return judge(BY_LEVEL, at, "no byte of the buffer is written",
				     "type %#x: byte %u is %#x", reply->type, i, reply->bytes[i]);
}

/* DEV-OPS-2 (SHOULD NOT): When the request type is unknown, the device is not expected to store ... */
TEST(DEV_OPS_2, unknown_type_writes_nothing, NEEDS_NOTHING)
{
	send_unknown_types(AT, sizeof(struct probe_request), 64, expect_no_byte_written);
}

static void expect_length_0(struct source_line at, const struct reply *reply)
{
	if (!reply->used || reply->length)
		judge(BY_LEVEL, at, "the request comes back with used.len 0", "type %#x: %s, used.len %u",
		      reply->type, reply->used ? "the request came back" : "the request did not come back",
		      reply->length);
}

/* DEV-OPS-3 (SHOULD): ...and it is expected to give the buffer back with used length 0 */
TEST(DEV_OPS_3, unknown_type_comes_back_with_length_0, NEEDS_NOTHING)
{
	static const uint32_t sizes[] = {sizeof(struct request_head), sizeof(struct attach_request),
					 sizeof(struct map_request), sizeof(struct probe_request)};

	for (unsigned int i = 0; i < ARRAY_SIZE(sizes) && no_defect_so_far(); i++)
		send_unknown_types(AT, sizes[i], TAIL_SIZE, expect_length_0);
	if (iommu.dead)
		REQUIRE(restart_device(AT, iommu.wanted));
}
