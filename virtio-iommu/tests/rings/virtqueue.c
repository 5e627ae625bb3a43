// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the device does to the buffers of a request (virtio 1.4, 2.7.5, 2.7.8.2). Every request of
 * the suite is looked at in this way (request.c); these tests are about nothing else.
 */
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

/* No version of the standard has used it. */
#define UNUSED_TYPE 0x7f

/* Requests of each type, done and refused; judged one by one. */
static void each_request(void (*judge_reply)(const char *type, const struct reply *reply))
{
	uint32_t domain = fresh_domain(), id = endpoint(0)->id;
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	struct reply reply;

	reply = attach(domain, id, 0);
	judge_reply("ATTACH", &reply);
	reply = map_page(domain, iova, target, MAP_RW);
	judge_reply("MAP", &reply);
	reply = map_page(domain, iova, target, ~0u);
	judge_reply("refused MAP", &reply);
	reply = unmap_page(domain, iova);
	judge_reply("UNMAP", &reply);
	reply = detach(domain, id);
	judge_reply("DETACH", &reply);
	reply = unmap_page(domain, iova);
	judge_reply("refused UNMAP", &reply);
	reply = attach(domain, id, ~0u);
	judge_reply("refused ATTACH", &reply);
	if (!iommu_offers(VIRTIO_IOMMU_F_PROBE))
		return;
	reply = probe(id);
	judge_reply("PROBE", &reply);
	reply = probe(nobodys_id());
	judge_reply("refused PROBE", &reply);
}

static void expect_no_breach(const char *type, const struct reply *reply)
{
	if (!reply->used || reply->breach)
		judge(VERDICT_FAIL, AT, "no byte but those of the writable part is written", "%s: %s", type,
		      reply->breach ? reply->breach : "the request did not come back");
}

/* GEN-DESC-1 (MUST NOT): Device-readable buffers are never written */
/* The readable part, and the bytes before and after it. */
TEST(GEN_DESC_1, readable_part_is_left_alone, NEEDS_DOMAIN)
{
	each_request(expect_no_breach);
}

/* GEN-USED-3 (MAY): More than `len` bytes can have been written */
/* More may be written than the used length says, but not more than there is room for. */
TEST(GEN_USED_3, nothing_is_written_outside_of_the_writable_part, NEEDS_DOMAIN)
{
	each_request(expect_no_breach);
}

static void expect_true_length(const char *type, const struct reply *reply)
{
	EXPECT(reply->used && reply->length <= reply->writable,
	       "used.len is not more than the writable part", "%s: %s, used.len %u of %u", type,
	       reply->used ? "the request came back" : "the request did not come back", reply->length,
	       reply->writable);
	for (uint32_t i = 0; i < reply->length && i < reply->writable; i++)
		if (reply->bytes[i] == reply->poison) {
			EXPECT(false, "as many bytes are written as used.len says",
			       "%s: used.len %u, byte %u is as it was", type, reply->length, i);
			return;
		}
}

/* A request that the device cannot parse need not come back (AMB-11); of one that does, little is written. */
static void send_unparsed(void)
{
	const struct request_head head = {.type = UNUSED_TYPE};
	struct reply reply = request_raw(&head, sizeof(head), 64);

	if (reply.used)
		expect_true_length("unknown type", &reply);
	restart_if_needs_reset(AT, iommu.wanted);
}

/* GEN-USED-2 (MUST): At least `len` bytes, starting at the first writable byte, were really written ... */
/* Twice, with different bytes in the buffer before: one of them cannot be what was written. */
TEST(GEN_USED_2, as_much_is_written_as_the_used_length_says, NEEDS_DOMAIN)
{
	each_request(expect_true_length);
	probe(endpoint(0)->id);
	each_request(expect_true_length);
	send_unparsed();
}
