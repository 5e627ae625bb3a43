// SPDX-License-Identifier: BSD-3-Clause
/*
 * DETACH request (virtio 1.4, 5.13.6.4).
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/out_of_reach.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

static struct reply detach_reserved(uint32_t domain, uint32_t endpoint, uint8_t reserved)
{
	struct detach_request request = {{.type = REQUEST_DETACH}, domain, endpoint, {0}};

	memset(request.reserved, reserved, sizeof(request.reserved));
	return send_detach(&request);
}

/* DEV-DETACH-1 (MUST): `reserved` of DETACH has no influence */
/* Unlike in ATTACH, the reserved bytes are ignored: the request does its work. */
TEST(DEV_DETACH_1, reserved_bytes_are_ignored, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 1);
	reply = detach_reserved(s.domain, s.ep->id, 0xff);
	EXPECT_OK(reply);
	EXPECT_NO_DOMAIN(s.domain);
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

TEST(DEV_DETACH_1, each_reserved_byte_is_ignored, NEEDS_ENDPOINT_ID)
{
	for (unsigned int i = 0; i < 8; i++) {
		uint32_t domain = fresh_domain();
		struct detach_request request = {
			{.type = REQUEST_DETACH}, domain, endpoint(0)->id, {0}};
		struct reply reply;

		REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
		request.reserved[i] = 0x80;
		reply = send_detach(&request);
		EXPECT_OK(reply);
		EXPECT_NO_DOMAIN(domain);
	}
}

static void detach_missing(struct source_line at, uint32_t domain, uint32_t id)
{
	struct reply reply = detach(domain, id);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
}

/* DEV-DETACH-2 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_DETACH_2, unknown_endpoint_is_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	REQUIRE(map_one_page(AT, &s));
	detach_missing(AT, s.domain, nobodys_id());
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
}

/* That INVAL may be said of the domain (DEV-DETACH-3) does not change what must be said of the endpoint. */
TEST(DEV_DETACH_2, unknown_endpoint_is_refused_whatever_the_domain, NEEDS_ENDPOINT_ID)
{
	uint32_t ended = fresh_domain();

	if (!endpoint_id_is_unlisted(nobodys_id()))
		SKIP("the firmware lists all endpoint ids");
	detach_missing(AT, fresh_domain(), nobodys_id());
	REQUIRE_OK(attach(ended, endpoint(0)->id, 0));
	REQUIRE_OK(detach(ended, endpoint(0)->id));
	detach_missing(AT, ended, nobodys_id());
	if (!iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return;
	REQUIRE_OK(attach(ended, endpoint(0)->id, ATTACH_BYPASS));
	detach_missing(AT, ended, nobodys_id());
}

/*
 * The member of the domain stays attached when an id is named that shares its low bits. The reset is for
 * devices that take an id for an endpoint once an ATTACH of another test has named it.
 */
TEST(DEV_DETACH_2, alias_of_a_member_is_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;
	uint32_t id;

	REQUIRE(iommu_restart(iommu.wanted));
	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; alias_id(s.ep->id, i, &id); i++)
		if (endpoint_id_is_unlisted(id))
			detach_missing(AT, s.domain, id);
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
}

/* An ATTACH that named it, whatever came of that, makes no endpoint of an id. */
TEST(DEV_DETACH_2, alias_that_an_attach_has_named_is_refused, NEEDS_DOMAIN)
{
	struct page_fixture s;
	uint32_t id;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; alias_id(s.ep->id, i, &id); i++)
		if (endpoint_id_is_unlisted(id)) {
			attach(fresh_domain(), id, 0);
			detach_missing(AT, s.domain, id);
		}
	EXPECT_WRITES(s.ep, s.iova, s.target, 1);
}

/* DEV-DETACH-3 (MAY): Unknown domain, or endpoint not in that domain: the device can answer INVAL */
/*
 * The endpoint is not in the domain that is named: the status is open, the effect is not (AMB-7):
 * it stays where it is.
 */
TEST(DEV_DETACH_3, wrong_domain_detaches_nobody, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint32_t other = fresh_domain();
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE(attach_endpoint(AT, endpoint(1), other));
	reply = detach(other, s.ep->id);
	if (!expect_writes(AT, VERDICT_WARN, s.ep, s.iova, s.target, 8))
		return;
	if (!reply.delivered || reply.status != STATUS_INVAL)
		INFO("DETACH from another domain: %s", status_name(reply.status));
}

/* The endpoint was attached before: some devices know only those that were. */
TEST(DEV_DETACH_3, unknown_domain_is_answered, NEEDS_ENDPOINT_ID)
{
	uint32_t domain = fresh_domain(), id = endpoint(0)->id;
	struct reply reply;

	REQUIRE_OK(attach(domain, id, 0));
	REQUIRE_OK(detach(domain, id));
	reply = detach(fresh_domain(), id);
	if (!reply.delivered || reply.status != STATUS_INVAL)
		INFO("DETACH from a domain that does not exist: %s", status_name(reply.status));
}

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
/* The rings of the endpoint stay programmed, and what it used a moment ago may be cached. */
TEST(DEV_DETACH_4, mapping_is_out_of_reach, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	for (unsigned int i = 0; i < 3; i++)
		REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE_OK(detach(s.domain, s.ep->id));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page - 1, 1);
	EXPECT_READ_BLOCKED(s.ep, s.iova, s.target, 8);
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

/* Whatever the size of the mapping: its first page, its last, and one between. */
TEST(DEV_DETACH_4, large_mapping_is_out_of_reach, NEEDS_DMA)
{
	static const unsigned int tried[] = {0, 5, 15};
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(16), page = iommu.page;
	uint8_t *target = watched_pages(16);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_OK(map_range(domain, iova, 16 * page, target, MAP_RW));
	for (unsigned int i = 0; i < 3; i++)
		REQUIRE_WRITES(ep, iova + tried[i] * page, target + tried[i] * page, 1);
	REQUIRE_OK(detach(domain, ep->id));
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_WRITE_BLOCKED(ep, iova + tried[i] * page, 1);
	EXPECT_OUT_OF_REACH(ep, iova + 15 * page, target + 15 * page);
}

/* With bypass on, the same address now means guest-physical memory, and only that. */
TEST(DEV_DETACH_4, bypass_replaces_the_mapping, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint8_t *same = watched_pages(1), *target = watched_pages(1);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, ep, domain));
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	if (!iova_is_free(phys(same), iommu.page))
		SKIP("memory cannot be mapped at its own address");
	REQUIRE_OK(map_page(domain, phys(same), target, MAP_RW));
	REQUIRE_WRITES(ep, phys(same), target, 8);
	REQUIRE(detach_endpoint(AT, ep, domain));
	EXPECT_WRITES(ep, phys(same), same, 8);
	EXPECT_READS(ep, phys(same), same, 8);
}

/* An endpoint that comes back into a domain of the same id finds it empty. */
TEST(DEV_DETACH_4, attaching_again_brings_nothing_back, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	if (!expect_reattach_empty(AT, &s))
		return;
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_READ_BLOCKED(s.ep, s.iova, s.target, 8);
	REQUIRE_OK(map_page(s.domain, s.iova, s.target, MAP_RW));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}
