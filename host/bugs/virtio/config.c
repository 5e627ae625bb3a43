// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of device configuration: fields that do not show what they hold, writes where nothing can be written.
 */
#include "host/bugs/virtio/virtio.h"
#include "standard/request.h"

/* Returns true if @value is shown in place of the field. */
static bool shows(const struct vdev *dev, uint64_t offset, uint32_t *value)
{
	*value = 0;
	switch (offset) {
	case offsetof(struct iommu_config, probe_size):
		return mutant(MUTANT_PROBE_SIZE_HIDDEN_BEFORE_FEATURES_OK) &&
		       !(dev->status & VIRTIO_FEATURES_OK);
	case offsetof(struct iommu_config, bypass):
		return mutant(MUTANT_BYPASS_SHOWS_0);
	case offsetof(struct iommu_config, input_end):
		return mutant(MUTANT_DECLINED_RANGE_SHOWS_0) && (dev->status & VIRTIO_FEATURES_OK) &&
		       !vdev_has(dev, VIRTIO_IOMMU_F_INPUT_RANGE);
	default:
		return false;
	}
}

/* The high half of a field is that of when its low half was read. */
static bool shows_latched(const struct vdev *dev, uint64_t offset, uint32_t *value)
{
	static uint64_t latched;
	const struct iommu_config *config = (const void *)dev->config;

	if (offset >= offsetof(struct iommu_config, domain_start))
		return false;
	if (offset % 8 == 0)
		latched = (&config->page_size_mask)[offset / 8];
	*value = latched >> 32;
	return offset % 8;
}

static uint32_t config_read(const struct vdev *dev, uint64_t offset, unsigned int width)
{
	uint32_t value;

	if (shows(dev, offset, &value) ||
	    (mutant(MUTANT_HIGH_HALF_LATCHED) && width == 4 && shows_latched(dev, offset, &value)))
		return value;
	return generic_config_read(dev, offset, width);
}

static void config_write(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value)
{
	if (mutant(MUTANT_CONFIG_WRITE_WRAPS) && offset >= dev->config_size)
		((uint8_t *)dev->config)[offset % dev->config_size] = value;
	if (mutant(MUTANT_SUSPENDED_TAKES_CONFIG) && vdev_is_suspended(dev))
		dev->ops->config_write(dev, offset, width, value);
	else
		generic_config_write(dev, offset, width, value);
}

void bugs_in_config(struct vdev_steps *steps)
{
	steps->config_read = config_read;
	steps->config_write = config_write;
}
