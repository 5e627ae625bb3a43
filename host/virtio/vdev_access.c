// SPDX-License-Identifier: BSD-3-Clause
/*
 * What the driver reads and writes, by whatever transport.
 */
#include "host/bugs/vdev.h"
#include "host/machine/fatal.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"
#include "standard/request.h"
#include "host/virtio/vdev.h"

uint32_t vdev_feature_word(uint64_t features, uint32_t select)
{
	return select < 2 ? features >> 32 * select : 0;
}

static bool is_later(const struct vdev *dev)
{
	return dev->type == VIRTIO_TYPE_IOMMU && personality->later_standard;
}

uint32_t vdev_later_bytes(const struct vdev *dev)
{
	return is_later(dev) ? 24 : 0;
}

uint32_t vdev_offered_word(const struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_FEATURE_WORDS_REPEAT))
		return vdev_feature_word(dev->offered, dev->device_select & 1);
	if (is_later(dev) && dev->device_select == 2)
		return 1 << 3;
	return vdev_feature_word(dev->offered, dev->device_select);
}

/* What was accepted is settled with FEATURES_OK (3.1.1). */
void vdev_accept(struct vdev *dev, uint32_t word)
{
	if (dev->driver_select < 2 && !(dev->status & VIRTIO_FEATURES_OK) &&
	    !bug_accept(dev, word, &dev->accepted))
		register_set_half(&dev->accepted, 4 * dev->driver_select, word);
}

struct vqueue *vdev_queue(struct vdev *dev)
{
	if (vdev_bug(dev, MUTANT_QUEUE_SELECT_8_BITS))
		dev->queue_select &= 0xff;
	return dev->queue_select < dev->queue_count ? &dev->queues[dev->queue_select] : NULL;
}

uint16_t vdev_queue_size(struct vdev *dev)
{
	const struct vqueue *queue = vdev_queue(dev);

	if (!queue)
		return vdev_bug(dev, MUTANT_ABSENT_QUEUE_HAS_SIZE) ? dev->queues[0].size : 0;
	return vdev_bug(dev, MUTANT_QUEUE_SIZE_255) ? queue->size - 1 : queue->size;
}

static bool is_power_of_two(uint32_t value)
{
	return value && !(value & (value - 1));
}

void vdev_enable_queue(struct vdev *dev, struct vqueue *queue)
{
	bool packed = vdev_has(dev, VIRTIO_F_RING_PACKED);
	bool fits = queue->size && (packed || is_power_of_two(queue->size)) && queue->size <= queue->max;
	bool aligned = !(queue->desc % 16 || queue->driver % (packed ? 4 : 2) || queue->device % 4);

	if (!fits)
		broken_rule("virtio: queue %u enabled with size %u of at most %u (2.7)",
			    dev->queue_select, queue->size, queue->max);
	if (!aligned)
		broken_rule("virtio: queue %u enabled with unaligned addresses (2.7)", dev->queue_select);
	queue->enabled = (fits && aligned) || vdev_bug(dev, MUTANT_QUEUE_SIZE_NOT_CHECKED);
	bug_queue_enable(dev, queue);
}

void vdev_notification(struct vdev *dev, uint32_t value)
{
	uint16_t position = 0;

	if (!vdev_bug(dev, MUTANT_NOTIFICATION_DATA_AS_QUEUE))
		position = value >> 16, value &= 0xffff;
	if (vdev_bug(dev, MUTANT_ABSENT_QUEUE_BREAKS) && value >= dev->queue_count)
		vdev_break(dev);
	vdev_notify(dev, value, position);
}

uint8_t vdev_generation(struct vdev *dev)
{
	return dev->generation += vdev_bug(dev, MUTANT_GENERATION_NEVER_RESTS);
}

/* Fields of the IOMMU that do not show what they hold. True: this is shown. */
static bool bug_config(const struct vdev *dev, uint64_t offset, unsigned int width, uint32_t *value)
{
	static uint64_t latched;
	const struct iommu_config *config = (const void *)dev->config;

	if (vdev_bug(dev, MUTANT_PROBE_SIZE_HIDDEN_BEFORE_FEATURES_OK) &&
	    offset == offsetof(struct iommu_config, probe_size))
		return *value = 0, !(dev->status & VIRTIO_FEATURES_OK);
	if (vdev_bug(dev, MUTANT_BYPASS_SHOWS_0) && offset == offsetof(struct iommu_config, bypass))
		return *value = 0, true;
	if (vdev_bug(dev, MUTANT_DECLINED_RANGE_SHOWS_0) && (dev->status & VIRTIO_FEATURES_OK) &&
	    offset == offsetof(struct iommu_config, input_end))
		return *value = 0, !vdev_has(dev, VIRTIO_IOMMU_F_INPUT_RANGE);
	if (!vdev_bug(dev, MUTANT_HIGH_HALF_LATCHED) || width != 4 ||
	    offset >= offsetof(struct iommu_config, domain_start))
		return false;
	if (offset % 8 == 0)
		latched = (&config->page_size_mask)[offset / 8];
	*value = latched >> 32;
	return offset % 8;
}

uint32_t vdev_config_read(const struct vdev *dev, uint64_t offset, unsigned int width)
{
	uint32_t value = 0;

	if (bug_config(dev, offset, width, &value))
		return value;
	value = 0;
	if (offset + width > dev->config_size)
		return UINT32_MAX >> is_later(dev);
	for (unsigned int i = 0; i < width; i++)
		value |= (uint32_t)dev->config[offset + i] << 8 * i;
	return value;
}

void vdev_config_write(struct vdev *dev, uint64_t offset, unsigned int width, uint32_t value)
{
	if (vdev_bug(dev, MUTANT_CONFIG_WRITE_WRAPS) && offset >= dev->config_size)
		((uint8_t *)dev->config)[offset % dev->config_size] = value;
	if (dev->ops->config_write && !vdev_is_frozen(dev))
		dev->ops->config_write(dev, offset, width, value);
}
