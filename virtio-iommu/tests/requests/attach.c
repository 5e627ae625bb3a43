// SPDX-License-Identifier: BSD-3-Clause
/*
 * ATTACH request (virtio 1.4, 5.13.6.3).
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"

static struct reply attach_reserved(uint32_t domain, uint32_t endpoint, const uint8_t reserved[4])
{
	struct attach_request request = {{.type = REQUEST_ATTACH}, domain, endpoint, 0, {0}};

	memcpy(request.reserved, reserved, sizeof(request.reserved));
	return send_attach(&request);
}

/* DEV-ATTACH-1 (MUST): Non-zero `reserved` in ATTACH => refused with INVAL */
/* A device that looks at one byte of the four only would let the others pass. */
TEST(DEV_ATTACH_1, each_reserved_byte_is_checked, NEEDS_ENDPOINT_ID)
{
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t domain = fresh_domain();
		uint8_t reserved[4] = {0};
		struct reply reply;

		reserved[i] = 1;
		reply = attach_reserved(domain, endpoint(0)->id, reserved);
		EXPECT_STATUS(reply, STATUS_INVAL);
		EXPECT_NO_DOMAIN(domain);
	}
}

TEST(DEV_ATTACH_1, all_reserved_bytes_set_are_refused, NEEDS_ENDPOINT_ID)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach_reserved(domain, endpoint(0)->id,
					     (uint8_t[4]){0xff, 0xff, 0xff, 0xff});

	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_NO_DOMAIN(domain);
}

/* A refused request changes nothing: the endpoint stays where it was. */
TEST(DEV_ATTACH_1, refusal_keeps_the_old_attachment, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = attach_reserved(fresh_domain(), s.ep->id, (uint8_t[4]){1});
	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova - 1 + 2 * iommu.page, 1);
}

/* DEV-ATTACH-2 (MUST): Any unknown `flags` bit in ATTACH => refused with INVAL */
TEST(DEV_ATTACH_2, each_unknown_flag_is_refused, NEEDS_ENDPOINT_ID)
{
	for (unsigned int bit = 1; bit < 32; bit++) {
		uint32_t domain = fresh_domain();
		struct reply reply = attach(domain, endpoint(0)->id, 1u << bit);

		EXPECT_STATUS(reply, STATUS_INVAL);
		EXPECT_NO_DOMAIN(domain);
	}
}

TEST(DEV_ATTACH_2, all_unknown_flags_are_refused, NEEDS_ENDPOINT_ID)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, endpoint(0)->id, ~(uint32_t)ATTACH_BYPASS);

	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_NO_DOMAIN(domain);
}

/* The bit is defined by feature BYPASS_CONFIG: without it, it is as unknown as the others. */
TEST(DEV_ATTACH_2, bypass_flag_without_its_feature_is_refused, NEEDS_ENDPOINT_ID)
{
	struct reply reply;

	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		NOT_APPLICABLE("the device offers BYPASS_CONFIG");
	reply = attach(fresh_domain(), endpoint(0)->id, ATTACH_BYPASS);
	EXPECT_STATUS(reply, STATUS_INVAL);
}

TEST(DEV_ATTACH_2, refusal_keeps_the_old_attachment, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = attach(fresh_domain(), s.ep->id, 1u << 31);
	EXPECT_STATUS(reply, STATUS_INVAL);
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
}

static void attach_missing(struct source_line at, uint32_t id)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, id, 0);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
	expect_no_domain(at, domain);
}

/* DEV-ATTACH-3 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_ATTACH_3, largest_id_does_not_exist, NEEDS_NOTHING)
{
	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	attach_missing(AT, nobodys_id());
}

/*
 * An id that nobody has, to join a domain of either kind: that the flag should be the domain's (DEV-ATTACH-6)
 * does not change what must be said of the endpoint.
 */
TEST(DEV_ATTACH_3, unknown_endpoint_is_refused_whatever_the_domain, NEEDS_ENDPOINT_ID | NEEDS_BYPASS_CONFIG)
{
	static const uint32_t kinds[] = {0, ATTACH_BYPASS};

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t domain = fresh_domain();
		struct reply reply;

		REQUIRE_OK(attach(domain, endpoint(0)->id, kinds[i / 2]));
		reply = attach(domain, nobodys_id(), kinds[i % 2]);
		EXPECT_STATUS(reply, STATUS_NOENT);
		REQUIRE_OK(detach(domain, endpoint(0)->id));
		EXPECT_NO_DOMAIN(domain);
	}
}

/* Ids have 32 bits. A device that keeps only 16 of them finds an endpoint that was not meant. */
TEST(DEV_ATTACH_3, aliases_of_an_id_do_not_exist, NEEDS_ENDPOINT_ID)
{
	uint32_t id;

	for (unsigned int i = 0; alias_id(endpoint(0)->id, i, &id); i++)
		if (endpoint_id_is_unlisted(id))
			attach_missing(AT, id);
}

/* The real endpoint is not moved by a request that names its alias. */
TEST(DEV_ATTACH_3, refusal_leaves_the_real_endpoint_alone, NEEDS_DMA)
{
	struct page_fixture s;
	uint32_t id;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; alias_id(s.ep->id, i, &id); i++)
		if (endpoint_id_is_unlisted(id))
			attach_missing(AT, id);
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
}

/* DEV-ATTACH-4 (MAY): Sharing a domain between endpoints is optional */
/* Either both are in the domain, or the first one alone. */
TEST(DEV_ATTACH_4, sharing_is_an_option, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = attach(s.domain, endpoint(1)->id, 0);
	INFO("a second endpoint in a domain: %s", status_name(reply.status));
	if (is_ok(&reply)) {
		REQUIRE(enable_dma(AT, endpoint(1), s.domain));
		expect_writes(AT, VERDICT_FAIL, endpoint(1), s.iova, s.target, 8);	/* DEV-ATTACH-12 */
	}
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* DEV-ATTACH-5 (MUST): If sharing is impossible, refuse with UNSUPP */
/* Sharing is optional (DEV-ATTACH-4); a device that cannot do it says UNSUPP, and nothing else. */
TEST(DEV_ATTACH_5, refused_sharing_is_unsupp, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = attach(s.domain, endpoint(1)->id, 0);
	if (is_ok(&reply))
		NOT_APPLICABLE("the device allows endpoints to share a domain");
	EXPECT_STATUS(reply, STATUS_UNSUPP);
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
	if (!set_unattached_bypass(false))
		return;
	dma_set_page_iova(&endpoint(1)->dma, endpoint(1)->page_iova);
	REQUIRE_OK(map_private_page(s.domain, endpoint(1)));
	EXPECT_WRITE_BLOCKED(endpoint(1), s.iova, 8);
}

/* The kind of a domain is fixed when it is made: one that joins must ask for the same kind. */
static void join_other_kind(struct source_line at, uint32_t kind)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, endpoint(0)->id, kind);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	reply = attach(domain, endpoint(1)->id, kind ^ ATTACH_BYPASS);
	expect_status(at, BY_LEVEL, &reply, STATUS_INVAL);
}

/* DEV-ATTACH-6 (SHOULD): Joining an existing domain with a BYPASS flag that does not match the ... */
TEST(DEV_ATTACH_6, bypass_flag_on_a_normal_domain_is_refused,
     NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1);
	struct endpoint *second = endpoint(1);

	join_other_kind(AT, 0);
	if (!no_defect_so_far())
		return;
	iommu_set_bypass(0);
	dma_set_page_iova(&second->dma, phys(second->dma.page));
	EXPECT_WRITE_BLOCKED(second, phys(page), 8);
}

TEST(DEV_ATTACH_6, missing_bypass_flag_on_a_bypass_domain_is_refused,
     NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1);

	dma_set_page_iova(&endpoint(0)->dma, phys(endpoint(0)->dma.page));
	join_other_kind(AT, ATTACH_BYPASS);
	EXPECT_WRITES(endpoint(0), phys(page), page, 8);
}

/* DEV-ATTACH-7 (SHOULD): Attaching an endpoint that sits in another domain is expected to move it */
TEST(DEV_ATTACH_7, endpoint_moves_to_another_domain, NEEDS_DMA)
{
	uint8_t *other = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	MOVE(s.ep, domain);
	REQUIRE(enable_dma(AT, s.ep, domain));
	REQUIRE_OK(map_page(domain, s.iova, other, MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, other, 8);
}

/* AMB-5 (open point): ATTACH of an endpoint to the domain it is already in (5.13.6.3.2 speaks of ... */
/* A no-op, or a DETACH that ends the domain and an ATTACH that makes it anew: both are right. */
TEST(AMB_5, attach_to_the_same_domain_again, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;
	bool kept;

	REQUIRE(map_one_page(AT, &s));
	reply = attach(s.domain, s.ep->id, 0);
	kept = can_read(s.ep, s.iova, s.target, 8);
	INFO("ATTACH to the same domain again: %s, mappings are %s", status_name(reply.status),
	     kept ? "kept" : "gone");
	if (!kept) {
		REQUIRE(enable_dma(AT, s.ep, s.domain));
		EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
		reply = map_page(s.domain, s.iova, s.target, MAP_RW);
		EXPECT_STATUS(reply, STATUS_OK);
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	}
}

/* DEV-ATTACH-8 (SHOULD): That move is expected to look like DETACH followed by ATTACH */
/* A move detaches first: a domain that lost its only member is gone, and so are its mappings. */
TEST(DEV_ATTACH_8, domain_ends_when_its_only_member_moves, NEEDS_DOMAIN)
{
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	MOVE(s.ep, domain);
	EXPECT_NO_DOMAIN(s.domain);
	REQUIRE(enable_dma(AT, s.ep, domain));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	REQUIRE(attach_with_dma(AT, s.ep, s.domain));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
}

TEST(DEV_ATTACH_8, move_through_several_domains, NEEDS_DOMAIN)
{
	uint8_t *target = watched_pages(1);
	uint64_t iova = iova_window(1);
	struct endpoint *ep = endpoint(0);
	uint32_t first = fresh_domain(), domain = first;

	REQUIRE(attach_with_dma(AT, ep, first));
	for (unsigned int i = 0; i < 4; i++) {
		uint32_t before = domain;

		domain = fresh_domain();
		MOVE(ep, domain);
		EXPECT_NO_DOMAIN(before);
	}
	REQUIRE(enable_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	EXPECT_WRITES(ep, iova, target, 8);
}

static bool same_properties(uint32_t one, uint32_t other)
{
	uint32_t size = iommu.config.probe_size;
	uint8_t *properties = arena_alloc(size + 1, 8);
	struct reply reply = probe(one);

	if (!is_ok(&reply))
		return false;
	memcpy(properties, reply.bytes, size);
	reply = probe(other);
	return is_ok(&reply) && !memcmp(properties, reply.bytes, size);
}

/* DEV-ATTACH-10 (SHOULD): Endpoint with properties compatible with those already in the domain is ... */
/* Equal properties are compatible, whatever that word means otherwise. */
TEST(DEV_ATTACH_10, endpoints_with_equal_properties_share_a_domain,
     NEEDS_ENDPOINT | NEEDS_TWO_ENDPOINTS | NEEDS_PROBE)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!same_properties(endpoint(0)->id, endpoint(1)->id))
		NOT_APPLICABLE("the endpoints differ in their properties");
	REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
	reply = attach(domain, endpoint(1)->id, 0);
	EXPECT_OK(reply);
}

/* DEV-ATTACH-9 (MUST): If moving is impossible, refuse with UNSUPP */
TEST(DEV_ATTACH_9, refused_move_is_unsupp, NEEDS_DMA)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = attach(fresh_domain(), s.ep->id, 0);
	if (is_ok(&reply))
		NOT_APPLICABLE("the device allows an endpoint to move from domain to domain");
	EXPECT_STATUS(reply, STATUS_UNSUPP);
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
}

/* After OK the endpoint has left whatever it was in before: only the domain's mappings count. */
static void expect_attached(struct source_line at, struct endpoint *ep)
{
	uint32_t domain = fresh_domain();
	uint64_t iova = iova_window(2);
	uint8_t *target = watched_pages(2);
	struct reply reply = attach(domain, ep->id, 0);

	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK) || !enable_dma(at, ep, domain))
		return;
	reply = map_page(domain, iova, target, MAP_RW);
	expect_status(at, SET_UP, &reply, STATUS_OK);
	expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	if (ep->dma.ops->exact)
		expect_reads(at, BY_LEVEL, ep, iova + 8, target + 8, 8);
	expect_write_blocked(at, ep, iova + iommu.page, 8);
	reply = detach(domain, ep->id);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* DEV-ATTACH-12 (MUST): An ATTACH that is not refused really attaches */
TEST(DEV_ATTACH_12, attached_endpoint_is_translated, NEEDS_DMA)
{
	expect_attached(AT, endpoint(0));
}

TEST(DEV_ATTACH_12, every_endpoint_can_be_attached, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	for (unsigned int i = 1; i < endpoint_count(); i++)
		if (writes_on_demand(endpoint(i)))
			expect_attached(AT, endpoint(i));
}

TEST(DEV_ATTACH_12, endpoint_behind_a_bridge_is_translated, NEEDS_DMA | NEEDS_BRIDGED_ENDPOINT)
{
	expect_attached(AT, endpoint_bridged());
}

TEST(DEV_ATTACH_12, edu_is_translated, NEEDS_MAP_UNMAP | NEEDS_EDU)
{
	struct endpoint *ep = endpoint_named("edu");
	uint32_t domain = fresh_domain();
	uint64_t iova = iova_window(2);
	uint8_t *target = watched_pages(2);

	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, iova, target, MAP_RW));
	EXPECT_WRITES(ep, iova, target, 8);
	EXPECT_WRITE_BLOCKED(ep, iova + iommu.page, 8);
}

/* The bypass flavour: identity for all memory, even while unattached endpoints are blocked. */
TEST(DEV_ATTACH_12, bypass_domain_gives_identity, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	struct endpoint *ep = endpoint(0);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();

	iommu_set_bypass(0);
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	REQUIRE_OK(attach(domain, ep->id, ATTACH_BYPASS));
	EXPECT_WRITES(ep, phys(target), target, 8);
	EXPECT_READS(ep, phys(target), target, 8);
}
