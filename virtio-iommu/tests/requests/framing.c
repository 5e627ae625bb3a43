// SPDX-License-Identifier: BSD-3-Clause
/*
 * Requests that cannot be parsed, and many requests (virtio 1.4, 5.13.2 and 5.13.6).
 */
#include <string.h>

#include "driver/timing.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "util.h"

/*
 * A request that cannot be parsed comes back unwritten where the device is unable to set the status
 * (5.13.6). A device may ask for a reset instead (AMB-11), and then does not know us any more.
 */
enum after { AS_BEFORE, RESET_SINCE, DEAD };

static enum after judge_unparsed(struct source_line at, const struct reply *reply, uint32_t size)
{
	bool wants_reset = virtio_needs_reset(&iommu.dev);

	if (!reply->used)
		judge(VERDICT_WARN, at, "the request comes back unwritten", "%s, size %u + %u",
		      wants_reset ? "the device asks for a reset" : "the request does not come back", size,
		      reply->writable);
	else
		expect_unwritten(at, reply);
	if (reply->used && !wants_reset)
		return AS_BEFORE;
	return iommu_restart(iommu.wanted) ? RESET_SINCE : DEAD;
}

static enum after expect_unparsed(struct source_line at, const void *readable, uint32_t size,
				  uint32_t writable)
{
	struct reply reply = request_raw(readable, size, writable);

	return judge_unparsed(at, &reply, size);
}

/*
 * The tail is where it always is, whatever the readable part has, down to none of the head: a device that
 * finds it there can refuse the request instead.
 */
static bool is_refused(const struct reply *reply)
{
	return reply->used && !reply->breach && reply->delivered && reply->status != STATUS_OK &&
	       reply->status <= STATUS_NOMEM;
}

static enum after expect_too_short(struct source_line at, const void *readable, uint32_t size,
				   uint32_t writable)
{
	struct reply reply = request_raw(readable, size, writable);

	if (!is_refused(&reply) || virtio_needs_reset(&iommu.dev))
		return judge_unparsed(at, &reply, size);
	info(at, "a readable part that is too short gets status %s", status_name(reply.status));
	return AS_BEFORE;
}

/* The worst of what came of it. */
static enum after expect_short_ones(struct source_line at, const void *readable, uint32_t size)
{
	enum after after = AS_BEFORE;

	for (uint32_t n = sizeof(struct request_head); n < size && after != DEAD; n++) {
		enum after now = expect_too_short(at, readable, n, TAIL_SIZE);

		after = max(after, now);
	}
	return after;
}

/* N-REQ-1 (no keyword): A request that cannot be parsed (too small for its type, no room for the tail) ... */
TEST(N_REQ_1, readable_part_is_too_short_for_attach, NEEDS_NOTHING)
{
	struct attach_request request = {
		{.type = REQUEST_ATTACH}, fresh_domain(), endpoint(0)->id, 0, {0}};

	if (expect_short_ones(AT, &request, sizeof(request)) != DEAD)
		EXPECT_NO_DOMAIN(request.domain);
}

TEST(N_REQ_1, readable_part_is_too_short_for_detach, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct detach_request request;

	REQUIRE(map_one_page(AT, &s));
	request = (struct detach_request){{.type = REQUEST_DETACH}, s.domain, s.ep->id, {0}};
	if (expect_short_ones(AT, &request, sizeof(request)) == AS_BEFORE)
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_REQ_1, readable_part_is_too_short_for_map, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct map_request request;
	uint64_t iova;

	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	request = (struct map_request){{.type = REQUEST_MAP}, s.domain, iova, iova + iommu.page - 1,
				       phys(s.target) + iommu.page, MAP_RW};
	if (expect_short_ones(AT, &request, sizeof(request)) != AS_BEFORE)
		return;
	EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_REQ_1, readable_part_is_too_short_for_unmap, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct unmap_request request;

	REQUIRE(map_one_page(AT, &s));
	request = (struct unmap_request){
		{.type = REQUEST_UNMAP}, s.domain, s.iova, s.iova + iommu.page - 1, {0}};
	if (expect_short_ones(AT, &request, sizeof(request)) == AS_BEFORE)
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_REQ_1, readable_part_is_too_short_for_probe, NEEDS_PROBE)
{
	struct probe_request request = {{.type = REQUEST_PROBE}, endpoint(0)->id, {0}};

	for (uint32_t n = sizeof(request.head); n < sizeof(request); n += 4)
		if (expect_too_short(AT, &request, n, iommu.config.probe_size + TAIL_SIZE) == DEAD)
			return;
}

TEST(N_REQ_1, no_complete_head, NEEDS_NOTHING)
{
	struct request_head head = {.type = REQUEST_ATTACH};

	for (uint32_t n = 1; n < sizeof(head); n++)
		if (expect_too_short(AT, &head, n, TAIL_SIZE) == DEAD)
			return;
}

/*
 * With @least to @most bytes of room for the tail, which are too few, and a readable part that is as long as
 * the request or longer: nothing there is the device's to write. One that asks for a reset is asked no more
 * often than twice.
 */
static enum after expect_no_room(struct source_line at, const void *request, uint32_t size, uint32_t least,
				 uint32_t most)
{
	static const uint8_t spare[] = {0, 8, 1, 3, 4, 5, 64};
	uint8_t readable[sizeof(struct probe_request) + 64] = {0};
	enum after after = AS_BEFORE;

	memcpy(readable, request, size);
	for (unsigned int i = 0; i < ARRAY_SIZE(spare) && (after == AS_BEFORE || i < 2); i++) {
		after = AS_BEFORE;
		for (uint32_t room = least; room <= most && after == AS_BEFORE; room++)
			after = expect_unparsed(at, readable, size + spare[i], room);
		if (after == DEAD)
			break;
	}
	return after;
}

/* A request of each type. */
static void expect_no_room_for_any(struct source_line at, uint32_t least, uint32_t most)
{
	uint32_t domain = fresh_domain(), id = endpoint(0)->id;
	const struct attach_request attach = {{.type = REQUEST_ATTACH}, domain, id, 0, {0}};
	const struct detach_request detach = {{.type = REQUEST_DETACH}, domain, id, {0}};
	const struct map_request map = {{.type = REQUEST_MAP}, domain, 0, iommu.page - 1, 0, MAP_READ};
	const struct unmap_request unmap = {{.type = REQUEST_UNMAP}, domain, 0, iommu.page - 1, {0}};
	const struct probe_request probe = {{.type = REQUEST_PROBE}, id, {0}};

	if (expect_no_room(at, &attach, sizeof(attach), least, most) != DEAD &&
	    expect_no_room(at, &detach, sizeof(detach), least, most) != DEAD &&
	    expect_no_room(at, &map, sizeof(map), least, most) != DEAD &&
	    expect_no_room(at, &unmap, sizeof(unmap), least, most) != DEAD)
		expect_no_room(at, &probe, sizeof(probe), least, most);
}

TEST(N_REQ_1, no_room_for_the_status, NEEDS_NOTHING)
{
	expect_no_room_for_any(AT, 1, TAIL_SIZE - 1);
}

TEST(N_REQ_1, no_writable_part, NEEDS_NOTHING)
{
	expect_no_room_for_any(AT, 0, 0);
}

/* What it asks for is not done, either. Return false if that cannot be judged. */
static bool leave_out_status(struct source_line at, const void *request, uint32_t size)
{
	struct reply reply = request_raw(request, size, TAIL_SIZE - 1);

	if (reply.used && !virtio_needs_reset(&iommu.dev))
		return true;
	restart_device(at, iommu.wanted);
	info(at, "a request without room for the status calls for a reset");
	return false;
}

TEST(N_REQ_1, nothing_is_done_without_room_for_the_status, NEEDS_DOMAIN)
{
	struct attach_request attach = {.head.type = REQUEST_ATTACH};
	struct detach_request detach = {.head.type = REQUEST_DETACH};
	struct unmap_request unmap = {.head.type = REQUEST_UNMAP};
	struct map_request map = {.head.type = REQUEST_MAP, .flags = MAP_RW};
	const struct {
		const void *request;
		uint32_t size;
	} requests[] = {{&attach, sizeof(attach)}, {&map, sizeof(map)}, {&unmap, sizeof(unmap)},
			{&detach, sizeof(detach)}};
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	attach.domain = fresh_domain();
	detach.domain = map.domain = unmap.domain = s.domain;
	attach.endpoint = detach.endpoint = s.ep->id;
	unmap.virt_start = s.iova;
	unmap.virt_end = s.iova + iommu.page - 1;
	map.virt_start = unmap.virt_end + 1;
	map.virt_end = unmap.virt_end + iommu.page;
	map.phys_start = phys(s.target);
	for (unsigned int i = 0; i < ARRAY_SIZE(requests); i++) {
		if (!leave_out_status(AT, requests[i].request, requests[i].size))
			return;
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
		EXPECT_WRITE_BLOCKED(s.ep, map.virt_start, 8);
	}
}

TEST(N_REQ_1, no_readable_part, NEEDS_NOTHING)
{
	expect_too_short(AT, "", 0, TAIL_SIZE);
}

/* N-REQ-2 (no keyword): Every request is answered through the used ring with a status */
/* Every request comes back once, with a status, however many are sent. */
TEST(N_REQ_2, each_of_many_requests_is_answered, NEEDS_DOMAIN)
{
	enum { ROUNDS = 70 };
	uint32_t other = fresh_domain();
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; i < ROUNDS; i++) {
		uint64_t iova = s.iova + iommu.page;

		reply = map_page(s.domain, iova, s.target, MAP_RW);
		EXPECT_OK(reply);
		reply = unmap_page(s.domain, iova);
		EXPECT_OK(reply);
		reply = attach(s.domain, nobodys_id(), 0);
		EXPECT(reply.used && reply.delivered, "an answer with a status", "used.len %u", reply.length);
		reply = unmap_page(other, iova);
		EXPECT(reply.used && reply.delivered, "an answer with a status", "used.len %u", reply.length);
	}
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* Requests that no other depends on, each of which a MUST wants refused: DEV-ATTACH-3, DEV-DETACH-2. */
static struct attach_request lone_request(unsigned int i)
{
	static const uint8_t types[] = {REQUEST_ATTACH, REQUEST_DETACH, REQUEST_ATTACH};

	return (struct attach_request){{.type = types[i]}, fresh_domain(), nobodys_id(), 0, {0}};
}

/* With one notification. In which order they come back is open, what each is answered is not: as alone. */
TEST(N_REQ_2, requests_behind_one_notification_are_all_answered, NEEDS_NOTHING)
{
	enum { COUNT = 3 };
	struct request_tail *tails = memset(arena_alloc(COUNT * sizeof(*tails), 8), UINT8_MAX,
					    COUNT * sizeof(*tails));
	struct reply alone[COUNT];
	struct ring_reply used;

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	if (iommu.requests.size < 2 * COUNT)
		NOT_APPLICABLE("needs a queue of %u descriptors", 2 * COUNT);
	for (unsigned int i = 0; i < COUNT; i++) {
		struct attach_request request = lone_request(i);

		alone[i] = request_raw(&request, sizeof(request), TAIL_SIZE);
	}
	for (unsigned int i = 0; i < COUNT; i++) {
		struct attach_request request = lone_request(i);

		queue_raw(&request, sizeof(request), &tails[i]);
	}
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	for (unsigned int i = 0; i < COUNT && !iommu.dead; i++) {
		iommu.dead = iommu_wait(&iommu.requests, &used, REPLY_TIMEOUT_US) !=
			     VIRTIO_USED;
		EXPECT(!iommu.dead, "each request comes back", "%u of %u did", i, COUNT);
	}
	for (unsigned int i = 0; i < COUNT && !iommu.dead; i++)
		if (!alone[i].delivered || tails[i].status != alone[i].status)
			judge(VERDICT_FAIL, AT, "the status of the request when it is sent alone",
			      "request %u: %s, and alone %s", i, status_name(tails[i].status),
			      status_name(alone[i].status));
}
