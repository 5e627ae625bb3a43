// SPDX-License-Identifier: BSD-3-Clause
/*
 * Drivers that accept less than is offered, and what they must then not send (virtio 1.4, 5.13.3 to
 * 5.13.6). A request, a range or a flag whose feature was declined is recognized or not: both are
 * legal (AMB-1, AMB-3). What was refused has no effect, and what was not has all of it.
 */
#include <string.h>

#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"

/* ATTACH, MAP, DMA and DETACH as ever, and all fields show what they showed. */
static void expect_service(struct source_line at)
{
	struct iommu_config config;
	struct page_fixture s;

	iommu_read_config(&config);
	expect_bytes(at, &config, &iommu.config, sizeof(config), "the configuration with features %#lx",
		     iommu.dev.accepted);
	if (map_one_page(at, &s) && expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8))
		detach_endpoint(at, s.ep, s.domain);
}

/* DRV-FEAT-1 (SHOULD): Accept bits 0 (INPUT_RANGE), 1 (DOMAIN_RANGE) and 4 (PROBE) when offered */
TEST(DRV_FEAT_1, device_works_without_any_one_feature, NEEDS_DOMAIN)
{
	uint64_t optional = iommu.wanted & ~LEAST_FEATURES & ~VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP);

	for (unsigned int bit = 0; bit < 64; bit++) {
		if (!(optional & VIRTIO_FEATURE(bit)))
			continue;
		if (expect_restart(AT, features_without(bit), "without feature %u", bit))
			expect_service(AT);
	}
}

/* Endpoints can be cut off and let go. */
TEST(DRV_FEAT_1, device_works_without_all_features, NEEDS_ENDPOINT_ID)
{
	uint8_t *page = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(restart_device(AT, LEAST_FEATURES));
	reply = attach(domain, endpoint(0)->id, 0);
	EXPECT_OK(reply);
	EXPECT_WRITE_BLOCKED(endpoint(0), phys(page), 8);
	reply = detach(domain, endpoint(0)->id);
	EXPECT_OK(reply);
	expect_unattached(AT, endpoint(0));
}

/* A mapping outside of the input range that is refused is none. */
static bool try_outside(struct source_line at, const struct page_fixture *s, uint64_t start)
{
	struct reply reply = map_page(s->domain, start, s->target, MAP_RW);

	if (!is_ok(&reply)) {
		expect_write_blocked(at, s->ep, start, 8);
		return false;
	}
	reply = unmap_page(s->domain, start);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	return true;
}

/* AMB-1 (open point): Ranges and bypass are tied to 'offered' (5.13.6), driver rules to 'negotiated' ... */
TEST(AMB_1, input_range_without_its_feature, NEEDS_DMA | NEEDS_INPUT_RANGE)
{
	bool below = iommu.config.input_start >= iommu.page;
	bool above = iommu.config.input_end <= UINT64_MAX - iommu.page;
	bool taken = false;
	struct page_fixture s;

	if (!below && !above)
		NOT_APPLICABLE("all addresses are inside of the input range");
	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_INPUT_RANGE)));
	REQUIRE(map_one_page(AT, &s));
	if (below)
		taken = try_outside(AT, &s, iommu.config.input_start - iommu.page);
	if (above)
		taken |= try_outside(AT, &s, iommu.config.input_end + 1);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	INFO("a driver without INPUT_RANGE is %s", taken ? "not bound by it" : "bound by it");
}

TEST(AMB_1, domain_range_without_its_feature, NEEDS_ENDPOINT | NEEDS_DOMAIN_RANGE)
{
	const struct iommu_config *c = &iommu.config;
	uint32_t domain = c->domain_end + 1;
	struct reply reply;

	if (!domain && !c->domain_start)
		NOT_APPLICABLE("all ids are inside of the domain range");
	if (!domain)
		domain = c->domain_start - 1;
	set_unattached_bypass(true);	/* which tells from being attached */
	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_DOMAIN_RANGE)));
	reply = attach(domain, endpoint(0)->id, 0);
	if (is_ok(&reply))
		EXPECT_WRITE_BLOCKED(endpoint(0), phys(watched_pages(1)), 8);
	else
		expect_unattached(AT, endpoint(0));
	INFO("a driver without DOMAIN_RANGE is %s", is_ok(&reply) ? "not bound by it" : "bound by it");
}

/* AMB-3 (open point): Flags and requests whose feature is offered but not accepted (ATTACH BYPASS, MAP ... */
TEST(AMB_3, bypass_flag_without_its_feature, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	struct endpoint *ep = endpoint(0);
	struct reply reply;

	iommu_set_bypass(0);
	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
	reply = attach(fresh_domain(), ep->id, ATTACH_BYPASS);
	if (is_ok(&reply))
		expect_identity(AT, ep);
	else
		expect_unattached(AT, ep);
	INFO("the flag BYPASS without BYPASS_CONFIG: %s", status_name(reply.status));
}

TEST(AMB_3, probe_without_its_feature, NEEDS_ENDPOINT | NEEDS_PROBE)
{
	struct reply reply;

	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_PROBE)));
	reply = probe(endpoint(0)->id);
	EXPECT(reply.used, "PROBE comes back", "no buffer used within %u us, device_status %s",
	       REPLY_TIMEOUT_US, device_status_now());
	REQUIRE(restart_if_needs_reset(AT, iommu.wanted));
	INFO("PROBE without its feature: %s", reply.delivered ? status_name(reply.status) : "unwritten");
}

/* DRV-MAP-7 (MUST NOT): MMIO flag only with bit 5 negotiated */
/* A page more, with the flag. Not offered, it is an unknown one. */
TEST(DRV_MAP_7, mmio_flag_without_its_feature, NEEDS_DMA)
{
	uint64_t start;
	struct reply reply;
	struct page_fixture s;

	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_MMIO)));
	REQUIRE(map_one_page(AT, &s));
	start = s.iova + iommu.page;
	reply = map_page(s.domain, start, s.target, MAP_RW | MAP_MMIO);
	if (!iommu_offers(VIRTIO_IOMMU_F_MMIO))	/* DEV-MAP-3 */
		expect_status(AT, VERDICT_FAIL, &reply, STATUS_INVAL);
	else
		INFO("the flag MMIO without its feature: %s", status_name(reply.status));
	if (is_ok(&reply))
		REQUIRE_OK(unmap_page(s.domain, start));
	EXPECT_WRITE_BLOCKED(s.ep, start, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* The endpoint in a domain of its own, without MAP and UNMAP. */
static bool attach_without_map(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	return restart_device(at, features_without(VIRTIO_IOMMU_F_MAP_UNMAP)) &&
	       attach_endpoint(at, ep, domain);
}

/* N-MAP-7 (no keyword): MAP/UNMAP exist only with bit 2 negotiated */
TEST(N_MAP_7, map_is_not_available_without_its_feature, NEEDS_ENDPOINT)
{
	uint32_t domain = fresh_domain();
	uint64_t iova = iova_window(1);
	struct reply reply;

	REQUIRE(attach_without_map(AT, endpoint(0), domain));
	reply = map_page(domain, iova, watched_pages(1), MAP_RW);
	EXPECT(reply.used && !is_ok(&reply), "any answer but OK", "%s", status_name(reply.status));
	REQUIRE(restart_if_needs_reset(AT, iommu.wanted));
}

TEST(N_MAP_7, unmap_is_not_available_without_its_feature, NEEDS_ENDPOINT)
{
	uint32_t domain = fresh_domain();
	uint64_t iova = iova_window(1);
	struct reply reply;

	REQUIRE(attach_without_map(AT, endpoint(0), domain));
	reply = unmap_page(domain, iova);
	EXPECT(reply.used && !is_ok(&reply), "any answer but OK", "%s", status_name(reply.status));
	REQUIRE(restart_if_needs_reset(AT, iommu.wanted));
}

/* DRV-INIT-1 (MUST NOT): Do not negotiate bit 2 if MAP/UNMAP will not be sent */
/* The endpoint's own page is mapped first, so that it could tell that the other one is, too. */
TEST(DRV_INIT_1, map_without_its_feature_is_done_or_not, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint32_t domain = fresh_domain();
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	struct reply own, reply;

	REQUIRE(attach_without_map(AT, ep, domain));
	own = map_private_page(domain, ep);
	reply = map_page(domain, iova, target, MAP_RW);
	dma_set_page_iova(&ep->dma, ep->page_iova);
	if (is_ok(&own) && is_ok(&reply))
		EXPECT_WRITES(ep, iova, target, 8);
	else
		EXPECT_WRITE_BLOCKED(ep, iova, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	require_alive(AT, ep, NULL);
	INFO("MAP without its feature: %s", reply.delivered ? status_name(reply.status) : "unwritten");
}
