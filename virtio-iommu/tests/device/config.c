// SPDX-License-Identifier: BSD-3-Clause
/*
 * Device configuration layout (virtio 1.4, 5.13.4).
 */
#include "judge/steps/attach.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "register.h"

static uint64_t page_size_mask(void)
{
	return iommu_config_u64(offsetof(struct iommu_config, page_size_mask));
}

/* DEV-CFG-1 (MUST): `page_size_mask` is non-zero; its lowest set bit is the mapping granule */
/* Without any bit set there is no granule, and nothing can be mapped. */
TEST(DEV_CFG_1, page_size_mask_is_not_zero, NEEDS_NOTHING)
{
	EXPECT_NE(page_size_mask(), 0, "page_size_mask");
}

/* The field exists always: it reads the same before FEATURES_OK as after. */
TEST(DEV_CFG_1, page_size_mask_reads_the_same_before_features_ok, NEEDS_NOTHING)
{
	uint64_t after = page_size_mask(), before;

	REQUIRE(reset_device(AT));
	iommu.dev.transport->set_status(&iommu.dev, VIRTIO_ACKNOWLEDGE | VIRTIO_DRIVER);
	before = page_size_mask();
	EXPECT_NE(before, 0, "page_size_mask before FEATURES_OK");
	EXPECT_EQ(before, after, "page_size_mask before FEATURES_OK");
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* The lowest bit is the granule: a mapping of just that size works, up to its last byte. */
TEST(DEV_CFG_1, one_granule_can_be_mapped, NEEDS_DOMAIN)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(2), granule = iommu.granule;
	uint8_t *target = watched_pages(2);
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (granule == 1)
		NOT_APPLICABLE("the granule is 1: a range of one byte is not allowed (AMB-4)");
	REQUIRE(attach_with_dma(AT, ep, domain));
	reply = map(domain, iova, iova + granule - 1, phys(target), MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(ep, iova, target, 1);
	EXPECT_WRITES(ep, iova + granule - 1, target + granule - 1, 1);
	EXPECT_WRITE_BLOCKED(ep, iova + granule, 1);
}

static void expect_bypass_bit(struct source_line at, const char *when)
{
	uint8_t value = iommu_bypass();

	if (value > 1)
		judge(VERDICT_FAIL, at, "bypass reads 0 or 1", "bypass %#x %s", value, when);
}

/* DEV-CFG-6 (MUST NOT): `bypass` never reads as anything but 0 or 1 */
TEST(DEV_CFG_6, bypass_reads_0_or_1, NEEDS_BYPASS_CONFIG)
{
	EXPECT_LE(iommu.initial_bypass, 1, "bypass at start");
	for (uint8_t value = 0; value <= 1; value++) {
		uint8_t seen;

		iommu_set_bypass(value);
		expect_bypass_bit(AT, "after a legal write");
		seen = iommu_bypass();
		if (seen != value)	/* DRV-CFG-1: a driver may write it */
			judge(VERDICT_WARN, AT, "bypass reads what was written",
			      "bypass %#x after writing %u", seen, value);
	}
}

/* The field with so many bytes in all, those behind it being ones. */
static void write_bypass(unsigned int width, uint8_t value)
{
	volatile uint8_t *field = iommu.dev.config + offsetof(struct iommu_config, bypass);
	uint32_t wide = 0xffffff00 | value;

	if (offsetof(struct iommu_config, bypass) + width > iommu.dev.config_length)
		width = 1;
	register_write(field, width, wide);
}

/* A driver must not write these; the device must not show them. It may ask for a reset. */
/* Of the field alone, and of it with bytes behind it. */
TEST(DEV_CFG_6, illegal_values_are_not_shown, NEEDS_BYPASS_CONFIG)
{
	static const uint8_t illegal[] = {2, 3, 0x80, 0xff};

	for (unsigned int i = 0; i < 3 * sizeof(illegal); i++) {
		write_bypass(1u << i % 3, illegal[i / 3]);
		expect_bypass_bit(AT, "after an illegal write");
		if (virtio_needs_reset(&iommu.dev))
			REQUIRE(restart_device(AT, iommu.wanted));
		expect_bypass_bit(AT, "after an illegal write and a reset");
	}
}

/* The field survives a reset of the device, whether the next driver accepts its feature or not. */
static void reset_keeps_bypass(struct source_line at, uint64_t features)
{
	uint8_t value = !iommu.initial_bypass, after;

	iommu_set_bypass(value);
	if (!virtio_reset(&iommu.dev))
		return;
	after = iommu_bypass();
	if (after != value)
		judge(BY_LEVEL, at, "bypass as it was before the reset", "bypass %u, was %u", after, value);
	restart_device(at, features);
	after = iommu_bypass();
	if (after != value)
		judge(BY_LEVEL, at, "bypass as it was before the reset",
		      "bypass %u after negotiation, was %u", after, value);
}

/* DEV-CFG-4 (SHOULD NOT): A device reset is not expected to change `bypass` */
TEST(DEV_CFG_4, bypass_survives_a_device_reset, NEEDS_BYPASS_CONFIG)
{
	reset_keeps_bypass(AT, iommu.wanted);
}

TEST(DEV_CFG_4, bypass_survives_a_reset_and_a_driver_without_the_feature, NEEDS_BYPASS_CONFIG)
{
	reset_keeps_bypass(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG));
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* DRV-CFG-1 (MAY): With bit 6 negotiated, `bypass` can be written */
/* Without the feature a driver must not write the field. Whatever it does, the policy stays. */
TEST(DRV_CFG_1, write_without_the_feature_changes_nothing, NEEDS_BYPASS_CONFIG)
{
	uint8_t value = iommu_bypass(), after;

	REQUIRE(restart_device(AT, features_without(VIRTIO_IOMMU_F_BYPASS_CONFIG)));
	iommu_set_bypass(!value);
	after = iommu_bypass();
	REQUIRE(restart_device(AT, iommu.wanted));
	if (after != value)
		judge(VERDICT_WARN, AT, "bypass as it was", "bypass %u, was %u", after, value);
}
