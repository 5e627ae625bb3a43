// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the text leaves open (AMB-*). Which way a device goes is recorded; red is only what no reading
 * of the text allows.
 */
#include <stdio.h>

#include "driver/batch.h"
#include "driver/reserved.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

/* Answers in the order of the requests, for an INFO. */
struct answers {
	char text[140];
	size_t length;
};

static void note(struct answers *answers, const char *what, const struct reply *reply)
{
	size_t room = sizeof(answers->text) - answers->length;
	int length = snprintf(answers->text + answers->length, room, "%s%s%s%s", answers->length ? ", " : "",
			      what, *what ? ": " : "", status_name(reply->status));

	if (length > 0)
		answers->length += (size_t)length < room ? (size_t)length : room - 1;
}

/* AMB-4 (open point): 5.13.6 lets a driver map single bytes if bit 0 of the mask is set, 5.13.6.5.1 ... */
/* The driver may not send it (5.13.6.5.1), though the granule allows it. */
TEST(AMB_4, one_byte_mapping, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;
	uint8_t *target;
	uint64_t iova;

	if (iommu.granule != 1)
		NOT_APPLICABLE("the granule is %lu bytes", iommu.granule);
	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page + 8;
	target = s.target + iommu.page + 8;
	reply = map(s.domain, iova, iova, phys(target), MAP_RW);
	INFO("MAP of one byte: %s", status_name(reply.status));
	EXPECT_WRITE_BLOCKED(s.ep, iova - 1, 1);
	EXPECT_WRITE_BLOCKED(s.ep, iova + 1, 1);
	if (is_ok(&reply))
		EXPECT_WRITES(s.ep, iova, target, 1);
	else
		EXPECT_WRITE_BLOCKED(s.ep, iova, 1);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/*
 * After a refused ATTACH the endpoint is where it was, or nowhere, as after a DETACH; its domain, which
 * had no other member, is then gone. Unattached endpoints are blocked.
 */
static void expect_kept_or_detached(struct source_line at, const struct page_fixture *s)
{
	bool kept = write_effect(s->ep, s->iova, 8, s->target, 8).exact;

	info(at, "a refused ATTACH %s",
	      kept ? "keeps the old attachment" : "has detached the endpoint");
	if (!kept) {
		expect_no_domain(at, s->domain);
		if (!attach_with_dma(at, s->ep, s->domain))
			return;
		expect_write_blocked(at, s->ep, s->iova, 8);
	}
	expect_write_blocked(at, s->ep, s->iova + iommu.page, 8);
}

/* AMB-6 (open point): A refused move: is the old attachment kept? 'Refuse' suggests yes, 'as DETACH ... */
TEST(AMB_6, refused_attach_keeps_or_detaches, NEEDS_DMA)
{
	uint32_t other = fresh_domain();
	struct page_fixture s;
	struct reply reply;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE(map_one_page(AT, &s));
	reply = attach(other, s.ep->id, 1u << 31);
	if (is_ok(&reply))
		SILENT("the device does not refuse unknown flags");
	EXPECT_NO_DOMAIN(other);
	expect_kept_or_detached(AT, &s);
}

TEST(AMB_6, refused_move_to_the_other_kind_keeps_or_detaches,
     NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_BYPASS_CONFIG)
{
	uint32_t other = fresh_domain();
	struct page_fixture s;
	struct reply reply;

	iommu_set_bypass(0);
	REQUIRE(map_one_page(AT, &s));
	REQUIRE(attach_bypass(AT, endpoint(1), other));
	reply = attach(other, s.ep->id, 0);
	if (is_ok(&reply))
		SILENT("the device does not refuse the other kind");
	expect_kept_or_detached(AT, &s);
}

/* The only member asks for the other kind: as OK says, that is what it then has. */
TEST(AMB_6, own_domain_is_asked_to_bypass, NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1);
	struct page_fixture s;
	struct reply reply;

	iommu_set_bypass(0);
	REQUIRE(map_one_page(AT, &s));
	reply = attach(s.domain, s.ep->id, ATTACH_BYPASS);
	if (!is_ok(&reply)) {
		expect_kept_or_detached(AT, &s);
		return;
	}
	INFO("ATTACH makes the endpoint's own domain one of bypass");
	dma_set_page_iova(&s.ep->dma, phys(s.ep->dma.page));
	EXPECT_WRITES(s.ep, phys(page), page, 8);
}

TEST(AMB_6, own_bypass_domain_is_asked_to_translate, NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct endpoint *ep = endpoint(0);
	struct reply reply;

	iommu_set_bypass(0);
	REQUIRE(attach_bypass(AT, ep, domain));
	reply = attach(domain, ep->id, 0);
	INFO("ATTACH without BYPASS to the endpoint's own bypass domain: %s", status_name(reply.status));
	if (!is_ok(&reply)) {
		EXPECT_WRITE_STAYS_IN(ep, phys(page), 8, page, 8);
		return;
	}
	reply = map_private_page(domain, ep);
	EXPECT_OK(reply);
	dma_set_page_iova(&ep->dma, ep->page_iova);
	EXPECT_WRITE_BLOCKED(ep, phys(page), 8);
}

/* AMB-7 (open point): DETACH naming a wrong domain: besides INVAL anything can be answered and the ... */
/* Whatever comes back: no endpoint leaves a domain that is not named together with it. */
TEST(AMB_7, detach_from_a_wrong_domain, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint32_t other = fresh_domain(), second = endpoint(1)->id;
	struct answers answers = {.length = 0};
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = detach(s.domain, second);
	note(&answers, "unattached", &reply);
	REQUIRE(attach_endpoint(AT, endpoint(1), other));
	reply = detach(s.domain, second);
	note(&answers, "another's domain", &reply);
	reply = detach(fresh_domain(), second);
	note(&answers, "no domain", &reply);
	expect_writes(AT, VERDICT_WARN, s.ep, s.iova, s.target, 8);
	reply = unmap_page(other, s.iova);
	expect_status(AT, VERDICT_WARN, &reply, STATUS_OK);
	INFO("DETACH: %s", answers.text);
}

/* Any status will do, but it is one that the standard has. */
static void note_refusal(struct source_line at, struct answers *answers, const char *what, struct reply reply)
{
	note(answers, what, &reply);
	if (!reply.used || !reply.delivered || reply.status > STATUS_NOMEM)
		judge(BY_LEVEL, at, "a status of the standard", "%s: status %#x, used.len %u", what,
		      reply.status, reply.length);
}

/* AMB-8 (open point): No status is prescribed for: MAP over a reserved region, outside input_range, ... */
TEST(AMB_8, refusals_without_a_prescribed_status, NEEDS_DOMAIN)
{
	const struct iommu_config *c = &iommu.config;
	struct answers answers = {.length = 0};
	uint64_t page = iommu.page, free;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	free = s.iova + page;
	if (c->input_end != UINT64_MAX)
		note_refusal(AT, &answers, "above input_range",
			     map(s.domain, c->input_end + 1, c->input_end + page, phys(s.target), MAP_RW));
	if (c->domain_end != UINT32_MAX)
		note_refusal(AT, &answers, "above domain_range", attach(c->domain_end + 1, s.ep->id, 0));
	if (reserved_region(0))
		note_refusal(AT, &answers, "reserved",
			     map(s.domain, align_down(reserved_region(0)->start, page),
				 reserved_region(0)->end | (page - 1), phys(s.target), MAP_RW));
	note_refusal(AT, &answers, "phys", map(s.domain, free, free + page - 1, 0 - page, MAP_RW));
	INFO("%s", answers.text);
}

/* Requests with two faults each. Which of them is told is open, but a MUST holds whatever else is wrong. */
enum { FAULTY_REQUESTS = 9 };

static struct reply send_faulty(unsigned int i, const struct page_fixture *s, uint32_t unknown)
{
	uint64_t page = iommu.page, start = s->iova, end = start + page - 1, memory = phys(s->target);
	const uint32_t no_endpoint = nobodys_id(), bad_flags = 1u << 31;

	switch (i) {
	case 0:
		return attach(unknown, no_endpoint, bad_flags);
	case 1:
		return send_attach(&(struct attach_request){
			{.type = REQUEST_ATTACH}, unknown, no_endpoint, 0, {1}});
	case 2:
		return detach(unknown, no_endpoint);
	case 3:
		return map(unknown, start, end, memory, MAP_RW | bad_flags);
	case 4:
		return map(unknown, start, end - iommu.granule / 2, memory, MAP_RW);
	case 5:
		return map(s->domain, start, end, memory, MAP_RW | bad_flags);
	case 6:
		return map(s->domain, start, end - iommu.granule / 2, memory, MAP_RW);
	case 7:
		return map(s->domain, start, end + page - iommu.granule / 2, memory, MAP_RW);
	default:
		return send_unmap(&(struct unmap_request){{.type = REQUEST_UNMAP}, unknown, start, end, {1}});
	}
}

/* Unknown flags, reserved bytes and endpoints: DEV-ATTACH-1 to -3, DEV-DETACH-2, DEV-MAP-3. */
static bool has_a_must(unsigned int i)
{
	return i <= 3 || i == 5;
}

#define ONLY(a) (1u << STATUS_##a)
#define ONE_OF(a, b) (1u << STATUS_##a | 1u << STATUS_##b)
#define ANY_BUT_OK (1u << (STATUS_NOMEM + 1)) - (1u << (STATUS_OK + 1))	/* each alone is a SHOULD */
#define ANY (1u << (STATUS_NOMEM + 1)) - 1

/* AMB-9 (open point): Order of checks when several errors meet */
TEST(AMB_9, of_two_faults_one_is_told, NEEDS_DOMAIN)
{
	static const uint16_t allowed[FAULTY_REQUESTS] = {
		ONE_OF(INVAL, NOENT), ONE_OF(INVAL, NOENT), ONLY(NOENT),
		ONLY(INVAL), ANY_BUT_OK, ONLY(INVAL), ANY_BUT_OK, ANY_BUT_OK, ANY};
	uint32_t unknown = fresh_domain();
	struct answers answers = {.length = 0};
	struct page_fixture s;

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; i < FAULTY_REQUESTS; i++) {
		struct reply reply = send_faulty(i, &s, unknown);

		if (!reply.delivered || reply.status > STATUS_NOMEM || !(allowed[i] >> reply.status & 1))
			judge(has_a_must(i) ? VERDICT_FAIL : BY_LEVEL, AT,
			      "the status of one of the two faults", "request %u: status %s, used.len %u", i,
			      status_name(reply.status), reply.length);
		note(&answers, "", &reply);
	}
	EXPECT_NO_DOMAIN(unknown);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	INFO("%s", answers.text);
}

/* AMB-11 (open point): Malformed request: 5.13.6 (no keyword) returns it unwritten; the generic clause ... */
/* A device that asks for a reset is well again after it; one that does not goes on as it was. */
TEST(AMB_11, device_goes_on_after_half_a_head, NEEDS_DOMAIN)
{
	const uint8_t half[2] = {REQUEST_ATTACH};
	struct reply reply = request_raw(half, sizeof(half), TAIL_SIZE);
	bool wants_reset = virtio_needs_reset(&iommu.dev);
	struct page_fixture s;

	if (!reply.used && !wants_reset)
		judge(VERDICT_WARN, AT, "the request comes back, or the device asks for a reset",
		      "no buffer used within %u us, device_status %s, after 2 bytes of a head",
		      REPLY_TIMEOUT_US, device_status_now());
	INFO("after half a head the device %s", wants_reset ? "asks for a reset" : "goes on");
	if (wants_reset || !reply.used)
		expect_restart(AT, iommu.wanted, "after half a head and a reset");
	if (iommu.dead || !map_one_page(AT, &s))
		return;
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
}

static void add_request(struct batch *batch, const void *request, uint32_t size)
{
	batch_add(batch, request, size, TAIL_SIZE, NULL);
}

/* AMB-13 (open point): Execution order of requests in flight without IN_ORDER (split); packed fixes ... */
/*
 * MAP and UNMAP of one page, and a request that fails, all in flight. In any order both succeed, the
 * third does not, and the page is there or not.
 */
TEST(AMB_13, each_request_in_flight_has_its_own_status, NEEDS_DMA)
{
	struct batch *batch = batch_new();
	uint8_t statuses[3];
	struct page_fixture s;
	uint64_t iova, end;
	bool mapped;

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	if (iommu.requests.size < 6)
		NOT_APPLICABLE("needs a queue of 6 descriptors");
	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	end = iova + iommu.page - 1;
	add_request(batch, &(struct map_request){{.type = REQUEST_MAP}, s.domain, iova, end,
						 phys(s.target) + iommu.page, MAP_RW},
		    sizeof(struct map_request));
	add_request(batch, &(struct attach_request){{.type = REQUEST_ATTACH}, fresh_domain(), nobodys_id(), 0,
						    {0}}, sizeof(struct attach_request));
	add_request(batch, &(struct unmap_request){{.type = REQUEST_UNMAP}, s.domain, iova, end, {0}},
		    sizeof(struct unmap_request));
	if (!batch_send(batch) || skip_if_no_room(batch_reply(batch, 0)))
		return;
	for (unsigned int i = 0; i < 3; i++)
		statuses[i] = batch_reply(batch, i)->status;
	if (statuses[0] || statuses[2] || statuses[1] != STATUS_NOENT)
		judge(VERDICT_FAIL, AT, "MAP: OK, ATTACH of no endpoint: NOENT, UNMAP: OK", "%s, %s, %s",
		      status_name(statuses[0]), status_name(statuses[1]), status_name(statuses[2]));
	mapped = write_effect(s.ep, iova, 8, s.target + iommu.page, 8).exact;
	INFO("MAP and UNMAP in flight: the page is %s", mapped ? "mapped" : "not mapped");
	if (mapped == can_map(s.domain, iova, iommu.page, s.target))
		judge(VERDICT_FAIL, AT, "the page is either mapped or free", "DMA %s it, and MAP of it %s",
		      mapped ? "reaches" : "does not reach", mapped ? "is OK" : "is refused");
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

#define SPARE_BYTES 8

/*
 * With fields behind it that no standard has yet: OK and all is done, or INVAL and nothing is. What cannot be
 * parsed may come back unwritten (5.13.6).
 */
static bool longer_is_taken(struct source_line at, const void *request, uint32_t size)
{
	uint8_t bytes[sizeof(struct map_request) + SPARE_BYTES];
	struct reply reply;

	memset(bytes, 0xff, sizeof(bytes));
	memcpy(bytes, request, size);
	reply = request_raw(bytes, size + SPARE_BYTES, TAIL_SIZE);
	if (skip_if_no_room(&reply))
		return false;
	if (reply.used && !reply.length) {
		info(at, "a request with spare bytes comes back unwritten");
		return false;
	}
	if (!is_ok(&reply) && !(reply.delivered && reply.status == STATUS_INVAL))
		judge(BY_LEVEL, at, "OK, INVAL or unwritten", "request type %u: status %s, used.len %u",
		      bytes[0], status_name(reply.status), reply.length);
	info(at, "a request with spare bytes: %s", status_name(reply.status));
	return is_ok(&reply);
}

/* AMB-16 (open point): Readable part longer than the struct (future fields) */
TEST(AMB_16, longer_requests_are_done_or_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;
	uint64_t iova, end;
	uint8_t *target;

	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	end = iova + iommu.page - 1;
	target = s.target + iommu.page;
	if (longer_is_taken(AT, &(struct map_request){{.type = REQUEST_MAP}, s.domain, iova, end,
						      phys(target), MAP_RW}, sizeof(struct map_request)))
		EXPECT_WRITES(s.ep, iova, target, 8);
	else
		EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
	if (longer_is_taken(AT, &(struct unmap_request){{.type = REQUEST_UNMAP}, s.domain, s.iova, iova - 1,
							{0}}, sizeof(struct unmap_request)))
		EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	else
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	if (longer_is_taken(AT, &(struct detach_request){{.type = REQUEST_DETACH}, s.domain, s.ep->id, {0}},
			    sizeof(struct detach_request)))
		EXPECT_NO_DOMAIN(s.domain);
	else
		REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	if (longer_is_taken(AT, &(struct attach_request){{.type = REQUEST_ATTACH}, s.domain, s.ep->id, 0,
							 {0}}, sizeof(struct attach_request)))
		REQUIRE(enable_dma(AT, s.ep, s.domain));
	else
		EXPECT_NO_DOMAIN(s.domain);
}
