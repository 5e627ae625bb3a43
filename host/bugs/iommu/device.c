// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of the device as a whole: what it offers, how it answers, and what the driver does to it. They
 * stand between the device and its transport: what is not theirs goes on to the right device.
 */
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/bugs/iommu/parts.h"
#include "host/iommu/iotlb.h"

static const struct vdev_ops *right;

static uint64_t offered(uint64_t features)
{
	if (mutant(MUTANT_MAP_UNMAP_NOT_OFFERED))
		features &= ~VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP);
	if (mutant(MUTANT_OLD_BYPASS_OFFERED) || mutant(MUTANT_OLD_BYPASS_IN_ITS_PLACE))
		features |= VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS);
	if (mutant(MUTANT_RESERVED_FEATURE_OFFERED))
		features |= VIRTIO_FEATURE(45);
	if (mutant(MUTANT_SR_IOV_OFFERED))
		features |= VIRTIO_FEATURE(VIRTIO_F_SR_IOV);
	if (mutant(MUTANT_VERSION_1_NOT_OFFERED))
		features &= ~VIRTIO_FEATURE(VIRTIO_F_VERSION_1);
	return features;
}

static void reset_with_full_cache(struct vdev *dev)
{
	struct iotlb_entry cached[IOTLB_ENTRIES];

	memcpy(cached, iotlb, sizeof(cached));
	right->reset(dev);
	memcpy(iotlb, cached, sizeof(cached));
}

static void reset_bugs(void)
{
	bug_events_reset();
	bug_note_reset();
	bug_config_reset(&ref_iommu.model.config);
	bug_rings_forget(MUTANT_RESET_KEEPS_RINGS);
	bug_hide_nothing();
	bug_forget_probes();
	bug_unstick();
}

static void reset(struct vdev *dev)
{
	static const uint8_t nothing[sizeof(struct iommu_config)];
	struct model *m = &ref_iommu.model;
	unsigned int mappings = m->mapping_count;

	reset_bugs();
	if (mutant(MUTANT_RESET_KEEPS_DOMAINS) && m->endpoint_count)	/* the first one finds them */
		return events_reset();
	if (mutant(MUTANT_RESET_KEEPS_CACHE))
		return reset_with_full_cache(dev);
	right->reset(dev);
	if (mutant(MUTANT_RESET_KEEPS_MAPPINGS))
		m->mapping_count = mappings;
	if (mutant(MUTANT_CONFIG_HIDDEN_BEFORE_FEATURES_OK))
		dev->config = nothing;
}

static void features_ok(struct vdev *dev)
{
	right->features_ok(dev);
	dev->config = (const uint8_t *)&ref_iommu.model.config;
}

static void serve_one(struct vdev *dev, struct vqueue *queue)
{
	static struct chain chain;

	if (vring_pop(dev, queue, &chain))
		request_serve(&chain);
	vring_flush(dev, queue);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	if (queue == EVENT_QUEUE) {
		bug_events_refilled();
		return right->notified(dev, queue);
	}
	if (bug_requests_stall())
		return;
	bug_new_batch();
	if (mutant(MUTANT_ONE_REQUEST_PER_NOTIFICATION))
		return serve_one(dev, &dev->queues[queue]);
	if (mutant(MUTANT_PACKED_STARTS_WITH_LAST) && vdev_has(dev, VIRTIO_F_RING_PACKED))
		request_queue_serve_reversed();
	right->notified(dev, queue);
}

static void config_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	if (!bug_config_write(dev, offset, width, value))
		right->config_write(dev, offset, width, value);
}

void bug_device(void)
{
	static struct vdev_ops wrong;
	struct model *m = &ref_iommu.model;

	right = ref_iommu.vdev.ops;
	wrong = *right;
	wrong.reset = reset;
	wrong.features_ok = features_ok;
	wrong.notified = notified;
	wrong.config_write = config_write;
	ref_iommu.vdev.ops = &wrong;
	ref_iommu.vdev.offered = m->offered = offered(m->offered);
	for (enum model_rule_id rule = RULE_NONE; rule < MODEL_RULES; rule++)
		mutant_answer(rule, &decisions[rule].answer, &decisions[rule].acts);
	bug_config_power_on(&m->config);
}
