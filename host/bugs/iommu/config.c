// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the device configuration, and of a policy for endpoints without a domain that is not what
 * config.bypass shows.
 */
#include <string.h>

#include "host/bugs/iommu/parts.h"
#include "host/iommu/iotlb.h"

enum { AS_SHOWN = -1 };

/* What is in force in place of config.bypass. */
static int policy = AS_SHOWN;

static void set_policy(int value)
{
	if (policy != value)
		iotlb_forget_all();
	policy = value;
}

bool bug_policy(bool *passes)
{
	*passes = policy;
	return policy != AS_SHOWN;
}

static uint8_t initial_bypass;

void bug_config_power_on(struct iommu_config *config)
{
	initial_bypass = config->bypass;
	if (mutant(MUTANT_PAGE_SIZE_MASK_0))
		config->page_size_mask = 0;
	if (mutant(MUTANT_INITIAL_BYPASS_NOT_IN_FORCE))
		set_policy(!initial_bypass);
}

void bug_config_reset(struct iommu_config *config)
{
	if (mutant(MUTANT_RESET_CLEARS_BYPASS))
		config->bypass = 0;
	if (mutant(MUTANT_RESET_RESTORES_BYPASS))
		config->bypass = initial_bypass;
	if (mutant(MUTANT_RESET_MAKES_INITIAL_BYPASS_COUNT))
		set_policy(initial_bypass);
}

static bool write_field(unsigned int offset, unsigned int width, uint32_t value)
{
	struct iommu_config *config = &ref_iommu.model.config;

	if (offset + width > sizeof(*config) || offset == offsetof(struct iommu_config, bypass))
		return false;
	memcpy((uint8_t *)config + offset, &value, width);
	return true;
}

/* Writes go to a copy of the fields, which is then taken over: with what was refused before. */
static bool refused_bypass;

static void take_copy(const struct vdev *dev)
{
	struct iommu_config *config = &ref_iommu.model.config;

	if (mutant(MUTANT_REFUSED_BYPASS_COMES_BACK) && refused_bypass &&
	    vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG))
		config->bypass = !config->bypass;
}

/* Without a look at the value, or at the feature; the cache may stay as it was. */
static bool take_bypass(bool known, uint8_t value)
{
	struct iommu_config *config = &ref_iommu.model.config;
	bool legal = value <= 1;

	if (mutant(MUTANT_CONFIG_CHANGES_UNTOLD) && known && legal)
		config->probe_size ^= 4;
	if (!(mutant(MUTANT_BYPASS_SHOWN_RAW) && known) &&
	    !(mutant(MUTANT_BYPASS_WRITE_WITHOUT_FEATURE) && legal) &&
	    !(mutant(MUTANT_BYPASS_WRITE_KEEPS_CACHE) && known && legal))
		return false;
	config->bypass = value;
	if (!mutant(MUTANT_BYPASS_WRITE_KEEPS_CACHE))
		iotlb_forget_all();
	return true;
}

static void change_policy(const struct vdev *dev, bool known, uint8_t value)
{
	bool settled = dev->status & VIRTIO_FEATURES_OK;

	if (known && value <= 1)
		set_policy(AS_SHOWN);
	if (mutant(MUTANT_BYPASS_WRITE_WITHOUT_FEATURE_COUNTS) && !known && settled)
		set_policy(value & 1);
	if (mutant(MUTANT_BYPASS_WRITE_TOO_EARLY_COUNTS) && !settled)
		set_policy(value & 1);
	if (mutant(MUTANT_ILLEGAL_BYPASS_COUNTS) && known && value > 1)
		set_policy(1);
}

static bool write_bypass(const struct vdev *dev, uint8_t value)
{
	bool known = vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG);

	if (mutant(MUTANT_BYPASS_WRITE_TOO_EARLY_SILENCES) && !(dev->status & VIRTIO_FEATURES_OK))
		ref_iommu.vdev.silent = true;
	refused_bypass = !known && value == !ref_iommu.model.config.bypass;
	change_policy(dev, known, value);
	if (mutant(MUTANT_BYPASS_WRITE_LOST) ||
	    (mutant(MUTANT_BYPASS_WRITE_NEEDS_DRIVER_OK) && !(dev->status & VIRTIO_DRIVER_OK)))
		return true;
	return take_bypass(known, value);
}

bool bug_config_write(const struct vdev *dev, unsigned int offset, unsigned int width,
		      uint32_t value)
{
	if (offset == offsetof(struct iommu_config, bypass) && width == 1)
		return write_bypass(dev, value);
	take_copy(dev);
	if (mutant(MUTANT_CONFIG_BYTES_WRITABLE) && width == 1)
		return write_field(offset, width, value);
	if (mutant(MUTANT_CONFIG_WORDS_WRITABLE) && width == 4)
		return write_field(offset, width, value);
	return false;
}
