// SPDX-License-Identifier: BSD-3-Clause
/*
 * What a driver MUST NOT do to the device: no text says what comes of it, so the device may ask for a reset.
 */
#include "host/iommu/parts.h"
#include "host/machine/personality.h"
#include "util.h"

static bool accepted(const struct model *m, unsigned int bit)
{
	return m->accepted & VIRTIO_FEATURE(bit);
}

/* 5.13.6: the limits bind a driver that has accepted their feature. */
static bool is_past_domains(const struct model *m, const struct model_request *r)
{
	return accepted(m, VIRTIO_IOMMU_F_DOMAIN_RANGE) && r->head.type != REQUEST_PROBE &&
	       (r->map.domain < m->config.domain_start || r->map.domain > m->config.domain_end);
}

static bool is_past_input(const struct model *m, const struct model_request *r)
{
	return accepted(m, VIRTIO_IOMMU_F_INPUT_RANGE) &&
	       (r->head.type == REQUEST_MAP || r->head.type == REQUEST_UNMAP) &&
	       (r->map.virt_start < m->config.input_start || r->map.virt_end > m->config.input_end);
}

/* 5.13.6.5: strictly greater. */
static bool is_no_range(const struct model *m, const struct model_request *r)
{
	(void)m;
	return r->head.type == REQUEST_MAP && r->map.virt_end <= r->map.virt_start;
}

static bool has_flag_declined(const struct model *m, const struct model_request *r)
{
	return model_rule_applies(m, RULE_MAP_FLAG_DECLINED, r);
}

static bool splits(const struct model *m, const struct model_request *r)
{
	return model_rule_applies(m, RULE_UNMAP_SPLIT, r);
}

/* 5.13.6.7: exactly probe_size bytes. */
static bool has_wrong_room(const struct model *m, const struct model_request *r)
{
	return r->head.type == REQUEST_PROBE && r->writable != model_reply_size(m, REQUEST_PROBE);
}

static bool (*const breaches[])(const struct model *m, const struct model_request *r) = {
	is_past_domains, is_past_input, is_no_range, has_flag_declined, splits, has_wrong_room,
};

bool breach_of_request(const struct model_request *r)
{
	const struct model *m = &ref_iommu.model;

	if (r->readable < model_request_size(m, r->head.type) || !model_request_size(m, r->head.type))
		return false;
	for (unsigned int i = 0; i < ARRAY_SIZE(breaches); i++)
		if (breaches[i](m, r))
			return true;
	return false;
}

bool breach_of_write(const struct vdev *dev, unsigned int offset, uint32_t value)
{
	return !vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG) ||
	       offset != offsetof(struct iommu_config, bypass) || value > 1;
}
