// SPDX-License-Identifier: BSD-3-Clause
/*
 * Writes to the device configuration, those that a driver must not do among them (virtio 1.4,
 * 5.13.4), and whether config.bypass always shows the policy that is in force.
 */
#include <string.h>

#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "register.h"
#include "virtio/pci_layout.h"

#define BYPASS offsetof(struct iommu_config, bypass)

/* Up to the state in which features are read; nothing is accepted. */
static void greet(void)
{
	virtio_reset(&iommu.dev);
	iommu.dev.transport->set_status(&iommu.dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
}

/* @width bytes of @value; bypass, if it is among them, keeps its own. */
static void write_field(unsigned int offset, unsigned int width, uint32_t value)
{
	volatile uint8_t *field = iommu.dev.config + offset;

	if (offset == BYPASS)
		value = (value & ~0xffu) | iommu_bypass();
	register_write(field, width, value);
}

static void write_all_fields(struct source_line at, unsigned int width, uint32_t value)
{
	struct iommu_config config;

	for (unsigned int offset = 0; offset + width <= iommu.dev.config_length &&
	     offset + width <= sizeof(config); offset += width)
		if (offset != BYPASS || width > 1)
			write_field(offset, width, value);
	if (virtio_needs_reset(&iommu.dev))
		info(at, "a write calls for a reset");
	if (!restart_if_needs_reset(at, iommu.wanted))
		return;
	iommu_read_config(&config);
	expect_bytes(at, &config, &iommu.config, sizeof(config),
		     "the configuration, after writes of %u bytes of %#x", width, value & 0xff);
}

/* DRV-CFG-2 (MUST NOT): No other config field is ever written */
TEST(DRV_CFG_2, other_fields_cannot_be_written, NEEDS_DOMAIN)
{
	struct page_fixture s;

	for (unsigned int width = 1; width <= 4; width *= 2) {
		write_all_fields(AT, width, UINT32_MAX);
		write_all_fields(AT, width, 0);
	}
	if (!no_defect_so_far())
		return;
	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* Not read in between: a device that keeps what it refused may forget it over that. */
TEST(DRV_CFG_2, write_beside_bypass_does_not_change_it, NEEDS_ENDPOINT_ID | NEEDS_BYPASS_CONFIG)
{
	uint8_t value = iommu_bypass();

	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
	iommu_set_bypass(!value);
	REQUIRE(restart_device(AT, iommu.wanted));
	write_field(0, 4, 0);
	EXPECT_EQ(iommu_bypass(), value, "bypass, after a refused write of it and one of page_size_mask");
	REQUIRE(restart_if_needs_reset(AT, iommu.wanted));
	expect_unattached(AT, endpoint(0));
}

/* DRV-CFG-3 (MUST NOT): Never write anything but 0 or 1 to `bypass` */
/* What is in force is what the field shows, and the field can be written again. */
TEST(DRV_CFG_3, illegal_values_of_bypass_open_and_close_nothing, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	static const uint8_t illegal[] = {3, 2, 0xff, 0x80};

	for (unsigned int i = 0; i < sizeof(illegal); i++) {
		iommu_set_bypass(i % 2);
		iommu_set_bypass(illegal[i]);
		REQUIRE(restart_if_needs_reset(AT, iommu.wanted));
		expect_unattached(AT, endpoint(0));
		iommu_set_bypass(1);
		EXPECT_EQ(iommu_bypass(), 1, "bypass after writing 1, and %#x before", illegal[i]);
	}
}

/* DRV-CFG-4 (SHOULD): Ignore bits 1-7 of `bypass` on read */
/* A driver looks at the lowest bit and at no other. */
TEST(DRV_CFG_4, lowest_bit_of_bypass_says_it_all, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	for (unsigned int value = 0; value < 2; value++) {
		iommu_set_bypass(value);
		EXPECT_EQ(iommu_bypass() & 1, value, "lowest bit of bypass after writing %u", value);
		expect_unattached(AT, endpoint(0));
	}
}

/* DRV-CFG-1 (MAY): With bit 6 negotiated, `bypass` can be written */
TEST(DRV_CFG_1, write_without_the_feature_keeps_the_policy, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	for (unsigned int value = 0; value < 2; value++) {
		REQUIRE(restart_device(AT, iommu.wanted));
		iommu_set_bypass(value);
		REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
		iommu_set_bypass(!value);
		REQUIRE(restart_if_needs_reset(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
		expect_unattached(AT, endpoint(0));
	}
}

/* Too early: taken or not, the field tells. */
TEST(DRV_CFG_1, write_before_features_ok_shows, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	bool taken = false;

	for (unsigned int value = 0; value < 2; value++) {
		REQUIRE(restart_device(AT, iommu.wanted));
		iommu_set_bypass(value);
		greet();
		iommu_set_bypass(!value);
		taken |= iommu_bypass() != value;
		if (virtio_needs_reset(&iommu.dev))
			greet();
		expect_unattached(AT, endpoint(0));
	}
	INFO("bypass %s before FEATURES_OK", taken ? "can be written" : "cannot be written");
}

/* The driver goes on as if nothing had been. Return false if the device neither serves it nor says why. */
static bool serves_or_says_so(void)
{
	if (virtio_needs_reset(&iommu.dev))
		return true;
	if (!virtio_negotiate(&iommu.dev, iommu.wanted) || !iommu_enable_queues())
		return false;
	iommu_start();
	ring_publish(&iommu.requests, queue_noop());
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
	return wait_request_used(timing_patience_us(TIMED_REQUEST)) || virtio_needs_reset(&iommu.dev);
}

/* GEN-STATUS-2 (SHOULD): On an error that needs a reset the device sets DEVICE_NEEDS_RESET (64) */
/* No driver writes it before FEATURES_OK (3.1.1): the device may take offence, but not in silence. */
TEST(GEN_STATUS_2, device_serves_after_an_early_write_of_bypass_or_says_why_not, NEEDS_BYPASS_CONFIG)
{
	uint8_t value = !(iommu_bypass() & 1);

	iommu.altered = true;
	greet();
	iommu_set_bypass(value);
	EXPECT(serves_or_says_so(), "a request comes back, or NEEDS_RESET is set",
	       "no buffer used, device_status %s, after bypass was written before FEATURES_OK",
	       device_status_now());
	REQUIRE(restart_if_needs_reset(AT, iommu.wanted));
}

/* N-BYP-5 (ISOLATION): Writing `bypass` takes effect for unattached endpoints */
TEST(N_BYP_5, write_before_driver_ok_takes_effect, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	REQUIRE(prepare_device(AT, iommu.wanted));
	for (unsigned int i = 1; i < 4; i++) {
		iommu_set_bypass(i % 2);
		EXPECT_EQ(iommu_bypass(), i % 2, "bypass, written after FEATURES_OK");
		expect_unattached(AT, endpoint(0));
	}
	iommu_start();
	expect_unattached(AT, endpoint(0));
}

/* From one driver, which has written the field, over none to the next one. */
TEST(N_BYP_5, policy_agrees_with_the_field_at_every_stage, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	for (unsigned int value = 0; value < 2; value++) {
		REQUIRE(restart_device(AT, iommu.wanted));
		iommu_set_bypass(value);
		REQUIRE(reset_device(AT));
		expect_unattached(AT, endpoint(0));
		REQUIRE(prepare_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
		expect_unattached(AT, endpoint(0));
		iommu_start();
		expect_unattached(AT, endpoint(0));
		REQUIRE(prepare_device(AT, iommu.wanted));
		expect_unattached(AT, endpoint(0));
	}
}

/* DEV-CFG-3 (MAY): With bit 6 offered, `bypass` can start at 1 */
TEST(DEV_CFG_3, initial_bypass_is_in_force, NEEDS_ENDPOINT | NEEDS_BYPASS_CONFIG)
{
	expect_unattached(AT, endpoint(0));
	INFO("bypass is %u at start", iommu.initial_bypass);
}

/* DEV-CFG-2 (MAY): More bits of `page_size_mask` can be set (hints for efficient sizes) */
/* The larger sizes of the mask are hints. */
TEST(DEV_CFG_2, other_sizes_than_the_mask_has_can_be_mapped, NEEDS_DOMAIN)
{
	uint64_t others = iommu.config.page_size_mask & (iommu.config.page_size_mask - 1);
	uint64_t iova = iova_window(3);
	uint8_t *target = watched_pages(3);
	uint32_t domain = fresh_domain();
	struct reply reply;

	REQUIRE(attach_with_dma(AT, endpoint(0), domain));
	reply = map_range(domain, iova, 3 * iommu.page, target, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(endpoint(0), iova + 3 * iommu.page - 1, target + 3 * iommu.page - 1, 1);
	INFO("page_size_mask %s hints: %#lx", others ? "has" : "has no", iommu.config.page_size_mask);
}

static uint32_t generation(void)
{
	return iommu.dev.transport->generation(&iommu.dev);
}

/* AMB-12 (open point): Must config_generation move after the driver's own write to `bypass`? Literal ... */
/* A driver reads the configuration again until the generation rests: it has to, some time. */
TEST(AMB_12, generation_rests_after_a_write_of_bypass, NEEDS_BYPASS_CONFIG)
{
	unsigned int moves = 0, rounds = 8;
	uint32_t before, after;

	before = generation();
	iommu_set_bypass(!(iommu_bypass() & 1));
	after = generation();
	for (unsigned int i = 0; i < rounds; i++) {
		uint32_t old = generation();

		iommu_bypass();
		moves += generation() != old;
	}
	EXPECT(moves < rounds, "config_generation stays the same without a change",
	       "%u of %u pairs of reads of config_generation differ", moves, rounds);
	INFO("config_generation %s with a write of bypass", before == after ? "stays" : "moves");
}

/* AMB-2 (open point): Bits 3 and 6 both in force with bypass=0 */
/* Both in force, bypass 0: all or nothing without a domain, and nothing but mappings with one. */
TEST(AMB_2, both_bypass_features_accepted, NEEDS_DMA | NEEDS_BYPASS_CONFIG)
{
	struct endpoint *ep = endpoint(0);
	uint8_t *page = watched_pages(1);
	struct page_fixture s;
	bool open;

	if (!iommu_offers(VIRTIO_IOMMU_F_BYPASS))
		NOT_APPLICABLE("BYPASS and BYPASS_CONFIG are not offered together");
	REQUIRE(restart_device(AT, iommu.wanted | VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS)));
	iommu_set_bypass(0);
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	open = can_read(ep, phys(page), page, 8);
	if (open)
		expect_identity(AT, ep);
	else
		expect_blocked(AT, ep);
	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITE_BLOCKED(ep, phys(page), 8);
	EXPECT_WRITES(ep, s.iova, s.target, 8);
	INFO("BYPASS and bypass = 0: endpoints %s", open ? "bypass" : "are blocked");
}

/* DEV-OPS-6 (SHOULD NOT): An endpoint that is neither attached nor in bypass is not expected to reach ... */
/* The old feature holds from its acceptance to the next reset. */
TEST(DEV_OPS_6, old_bypass_holds_only_when_accepted, NEEDS_ENDPOINT)
{
	struct endpoint *ep = endpoint(0);

	if (!iommu_offers(VIRTIO_IOMMU_F_BYPASS) || iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		NOT_APPLICABLE("unattached endpoints do not depend on BYPASS");
	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS)));
	expect_blocked(AT, ep);
	REQUIRE(restart_device(AT, iommu.wanted));
	expect_identity(AT, ep);
	REQUIRE(reset_device(AT));
	expect_blocked(AT, ep);
}
