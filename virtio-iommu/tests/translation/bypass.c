// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bypass (virtio 1.4, 5.13.6, "Device operations") and endpoints without a domain.
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/out_of_reach.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "pci/pci.h"

/* N-BYP-1 (no keyword): Bypass = everything allowed, identity */
/* In bypass mode an endpoint reaches all memory at its guest-physical address. */
TEST(N_BYP_1, unattached_endpoint_reaches_all_memory, NEEDS_ENDPOINT)
{
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	for (unsigned int i = 0; i < 3; i++)
		expect_identity(AT, endpoint(0));
}

TEST(N_BYP_1, every_unattached_endpoint_bypasses, NEEDS_ENDPOINT | NEEDS_TWO_ENDPOINTS)
{
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	for (unsigned int i = 1; i < endpoint_count(); i++)
		if (writes_on_demand(endpoint(i)))
			expect_identity(AT, endpoint(i));
}

/* N-BYP-2 (no keyword): Initial bypass=1 holds without bit 6 being accepted, and before any driver */
/* The initial value counts whether or not a driver knows the feature. */
TEST(N_BYP_2, bypass_holds_when_its_feature_is_declined, NEEDS_ENDPOINT | NEEDS_BOOT_BYPASS_ON)
{
	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
	expect_identity(AT, endpoint(0));
}

TEST(N_BYP_2, bypass_holds_before_the_first_driver, NEEDS_ENDPOINT | NEEDS_BOOT_BYPASS_ON)
{
	EXPECT(endpoint_wrote_first(), "before any driver has touched the IOMMU a write arrives",
	       "memory had not changed after the write of endpoint %#x", endpoint(0)->id);
	expect_identity(AT, endpoint(0));
}

TEST(N_BYP_2, bypass_holds_without_a_driver, NEEDS_ENDPOINT | NEEDS_BOOT_BYPASS_ON)
{
	REQUIRE(reset_device(AT));
	expect_identity(AT, endpoint(0));
	REQUIRE(restart_device(AT, iommu.wanted));
}

TEST(N_BYP_2, bypass_holds_before_driver_ok, NEEDS_ENDPOINT | NEEDS_BOOT_BYPASS_ON)
{
	REQUIRE(negotiate_device(AT, iommu.wanted));
	expect_identity(AT, endpoint(0));
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* N-BYP-3 (ISOLATION): Attached to a normal domain beats config.bypass=1 */
/* An attached endpoint is translated, whatever config.bypass says. */
TEST(N_BYP_3, attached_endpoint_does_not_bypass, NEEDS_DMA)
{
	uint8_t *page = watched_pages(1);
	struct page_fixture s;

	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITE_BLOCKED(s.ep, phys(page), 8);
	EXPECT_READ_BLOCKED(s.ep, phys(page), page, 8);
	EXPECT_WRITE_BLOCKED(s.ep, phys(s.target), 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* Nothing is mapped: not even the rings of the endpoint are within reach. */
TEST(N_BYP_3, empty_domain_blocks_everything, NEEDS_ENDPOINT)
{
	struct endpoint *ep = endpoint(0);
	uint8_t *page = watched_pages(1);
	uint32_t domain = fresh_domain();

	set_unattached_bypass(true);
	REQUIRE_OK(attach(domain, ep->id, 0));
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	EXPECT_WRITE_BLOCKED(ep, phys(page), 8);
	EXPECT_READ_BLOCKED(ep, phys(page), page, 8);
	REQUIRE(detach_endpoint(AT, ep, domain));
	require_alive(AT, ep, page);
}

TEST(N_BYP_3, switching_bypass_on_does_not_free_the_attached, NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	uint8_t *page = watched_pages(1);
	struct page_fixture s;

	iommu_set_bypass(0);
	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	iommu_set_bypass(1);
	EXPECT_WRITE_BLOCKED(s.ep, phys(page), 8);
	EXPECT_READ_BLOCKED(s.ep, phys(page), page, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* N-BYP-4 (no keyword): Bypass domain beats config.bypass=0 */
TEST(N_BYP_4, bypass_domain_does_not_need_config_bypass, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	struct endpoint *ep = endpoint(0);

	iommu_set_bypass(0);
	REQUIRE(attach_bypass(AT, ep, fresh_domain()));
	expect_identity(AT, ep);
}

TEST(N_BYP_4, switching_bypass_off_does_not_stop_a_bypass_domain, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	struct endpoint *ep = endpoint(0);

	iommu_set_bypass(1);
	REQUIRE(attach_bypass(AT, ep, fresh_domain()));
	expect_identity(AT, ep);
	iommu_set_bypass(0);
	expect_identity(AT, ep);
}

/* N-BYP-5 (ISOLATION): Writing `bypass` takes effect for unattached endpoints */
/* Each write takes effect at once for endpoints without a domain. */
TEST(N_BYP_5, each_write_takes_effect, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	struct endpoint *ep = endpoint(0);

	for (unsigned int i = 0; i < 2; i++) {
		iommu_set_bypass(1);
		expect_identity(AT, ep);
		iommu_set_bypass(0);
		expect_blocked(AT, ep);
	}
}

/* What is in force agrees with what the field shows, even after a value that must not be written. */
TEST(N_BYP_5, policy_agrees_with_the_field, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	static const uint8_t values[] = {0, 2, 1, 0x80};

	for (unsigned int i = 0; i < sizeof(values); i++) {
		iommu_set_bypass(values[i]);
		if (virtio_needs_reset(&iommu.dev))
			REQUIRE(restart_device(AT, iommu.wanted));
		if (iommu_bypass() & 1)
			expect_identity(AT, endpoint(0));
		else
			expect_blocked(AT, endpoint(0));
	}
}

static void detach_under(struct source_line at, uint8_t bypass, uint32_t flags)
{
	struct endpoint *ep = endpoint(0);
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, ep->id, flags);

	iommu_set_bypass(bypass);
	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	reply = detach(domain, ep->id);
	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	if (bypass)
		expect_identity(at, ep);
	else
		expect_blocked(at, ep);
}

/* N-BYP-6 (ISOLATION): After DETACH the endpoint follows config.bypass */
TEST(N_BYP_6, detached_endpoint_follows_config_bypass, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	detach_under(AT, 0, 0);
	detach_under(AT, 1, 0);
}

TEST(N_BYP_6, endpoint_from_a_bypass_domain_follows_config_bypass,
     NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	detach_under(AT, 0, ATTACH_BYPASS);
	detach_under(AT, 1, ATTACH_BYPASS);
}

/* The field is written while the endpoint is attached; it counts from DETACH on. */
TEST(N_BYP_6, value_written_while_attached_counts_later, NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	struct page_fixture s;

	iommu_set_bypass(1);
	REQUIRE(map_one_page(AT, &s));
	iommu_set_bypass(0);
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	expect_blocked(AT, s.ep);
}

/* DEV-OPS-6 (SHOULD NOT): An endpoint that is neither attached nor in bypass is not expected to reach ... */
/* Neither attached nor in bypass: no memory at all. A bypassing access shows that it is alive. */
TEST(DEV_OPS_6, unattached_endpoint_reaches_nothing, NEEDS_ENDPOINT)
{
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	expect_blocked(AT, endpoint(0));
	if (set_unattached_bypass(true))
		expect_identity(AT, endpoint(0));
}

TEST(DEV_OPS_6, every_unattached_endpoint_is_blocked, NEEDS_ENDPOINT | NEEDS_TWO_ENDPOINTS)
{
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	for (unsigned int i = 1; i < endpoint_count(); i++)
		if (writes_on_demand(endpoint(i)))
			expect_blocked(AT, endpoint(i));
}

TEST(DEV_OPS_6, endpoint_is_blocked_before_the_first_driver, NEEDS_ENDPOINT | NEEDS_BOOT_BYPASS_OFF)
{
	if (endpoint_wrote_first())
		judge(VERDICT_FAIL, AT, "before any driver has touched the IOMMU no write arrives",
		      "the write of endpoint %#x changed memory", endpoint(0)->id);
	expect_blocked(AT, endpoint(0));
}

TEST(DEV_OPS_6, endpoint_is_blocked_at_boot, NEEDS_ENDPOINT | NEEDS_BOOT_BYPASS_OFF)
{
	uint8_t *page = watched_pages(1);

	REQUIRE(reset_device(AT));
	EXPECT_WRITE_BLOCKED(endpoint(0), phys(page), 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_blocked(AT, endpoint(0));
}

TEST(DEV_OPS_6, endpoint_is_blocked_after_detach, NEEDS_DMA)
{
	uint8_t *page = watched_pages(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	EXPECT_WRITE_BLOCKED(s.ep, phys(page), 8);
	expect_blocked(AT, s.ep);
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

/* Make a function no bus master, and a bus master again. */
static void toggle_bus_master(const struct pci_dev *pci)
{
	uint16_t command = pci_read16(pci, PCI_COMMAND);

	pci_write16(pci, PCI_COMMAND, command & ~PCI_COMMAND_MASTER);
	pci_write16(pci, PCI_COMMAND, command | PCI_COMMAND_MASTER);
}

/* No write passes by the IOMMU, wherever the endpoint looks for its rings. */
static void expect_no_way_past(struct source_line at, struct endpoint *ep, const uint8_t *page)
{
	uint64_t rings = ep->dma.page_iova;

	expect_write_blocked(at, ep, phys(page), 8);
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	expect_write_blocked(at, ep, phys(page), 8);
	dma_set_page_iova(&ep->dma, rings);
}

/* Attached, or without a domain: what an endpoint reaches does not hang on its own registers. */
TEST(DEV_OPS_6, bus_master_again_reaches_no_more_than_before, NEEDS_DMA)
{
	uint8_t *page = watched_pages(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	if (!s.ep->place.pci)
		SKIP("the endpoint is no PCI function");
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	for (unsigned int i = 0; i < 3; i++) {
		dma_stop(&s.ep->dma);
		toggle_bus_master(s.ep->place.pci);
		expect_no_way_past(AT, s.ep, page);
		EXPECT_WRITES(s.ep, s.iova, s.target, 8);
		EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	}
	if (!set_unattached_bypass(false))
		return;
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	dma_stop(&s.ep->dma);
	toggle_bus_master(s.ep->place.pci);
	expect_no_way_past(AT, s.ep, page);
	expect_blocked(AT, s.ep);
}

/* The rings of the endpoint lie in memory too: what it leaves there is the used index. */
TEST(DEV_OPS_6, rings_are_out_of_reach, NEEDS_ENDPOINT | NEEDS_RINGS)
{
	struct dma_master *dma = &endpoint(0)->dma;
	uint8_t *page = watched_pages(1);

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	require_alive(AT, endpoint(0), NULL);
	dma_set_page_iova(dma, phys(dma->page));
	EXPECT_WRITE_BLOCKED(endpoint(0), phys(page), 8);
	EXPECT_EQ(dma->rings[0].used->index, 0, "used index in the endpoint's ring");
}
