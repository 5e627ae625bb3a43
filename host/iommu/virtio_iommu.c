// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device: features, configuration, reset.
 */
#include "host/iommu/hooks.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/parts.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/personality.h"
#include "host/virtio/parts.h"

enum { CLASS_IOMMU = 0x0806 };

#define FEATURES                                                                                  \
	(VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE) |                                             \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) |                                            \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP) | VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE) |        \
	 VIRTIO_FEATURE(VIRTIO_IOMMU_F_MMIO) | VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG) |     \
	 VIRTIO_FEATURE(VIRTIO_F_SUSPEND))

/* Something is left outside of both ranges at either end, so that the limits can be tried. */
static const struct iommu_config reference_config = {
	.page_size_mask = -4096ull,
	.input_start = 0x10000,
	.input_end = (1ull << 48) - 1,
	.domain_start = 1,
	.domain_end = UINT32_MAX - 1,
	.probe_size = 512,
};

static uint8_t initial_bypass;

/* Fills in the endpoints that there are, and their regions. */
static void (*find_endpoints)(struct model *m);

struct vdev *virtio_iommu_device(void)
{
	return &ref_iommu.vdev;
}

static void notified(struct vdev *dev, unsigned int queue)
{
	(void)dev;
	if (queue == EVENT_QUEUE)
		events_notified();
	else
		request_queue_notified();
}

bool virtio_iommu_idle(void)
{
	vdev_idle(&ref_iommu.vdev);
	return request_queue_idle();
}

/* Bus numbers may have changed, and with them the ids. */
static void reset(struct vdev *dev)
{
	(void)dev;
	meet_accesses(UNDER_WAY_AWAITED);
	request_queue_reset();
	events_reset();
	iotlb_forget_all();
	model_reset(&ref_iommu.model);
	if (personality->reset_restores_bypass)
		ref_iommu.model.config.bypass = initial_bypass;
	find_endpoints(&ref_iommu.model);
	meet_accesses(UNDER_WAY_CUT_OFF);
}

void virtio_iommu_power_on(void)
{
	vdev_clear(&ref_iommu.vdev);
	reset(&ref_iommu.vdev);
	ref_iommu.model.config.bypass = initial_bypass;
}

void virtio_iommu_go_on(void)
{
	events_go_on();
	notified(&ref_iommu.vdev, EVENT_QUEUE);
	notified(&ref_iommu.vdev, REQUEST_QUEUE);
}

static void features_ok(struct vdev *dev)
{
	ref_iommu.model.accepted = dev->accepted;
	events_begin();
}

static void write_bypass(struct vdev *dev, uint8_t value)
{
	if (value > 1 && personality->bad_bypass_breaks)
		return vdev_break(dev);
	if (value > 1)
		return;
	meet_accesses(UNDER_WAY_AWAITED);
	ref_iommu.model.config.bypass = value;
	iotlb_forget_all();
	meet_accesses(UNDER_WAY_CUT_OFF);
	if (personality->new_generation) {
		dev->generation++;
		vdev_interrupt(dev, ISR_CONFIG, dev->msix_config);
	}
}

/* Only config.bypass can be written, as a byte, by a driver that knows it (5.13.4). */
static void config_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	if (personality->breach && breach_of_write(dev, offset, value))
		return vdev_break(dev);
	if (vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG) &&
	    offset == offsetof(struct iommu_config, bypass) && width == 1)
		write_bypass(dev, value);
}

static const struct vdev_ops ops = {
	.queues = 2,
	.reset = reset,
	.features_ok = features_ok,
	.notified = notified,
	.config_write = config_write,
};

#define OR(value, otherwise) ((value) ? (value) : (otherwise))

static void configure(const struct options *options)
{
	struct iommu_config *c = &ref_iommu.model.config;
	const struct personality *p = personality;

	*c = reference_config;
	c->page_size_mask = OR(p->page_size_mask, c->page_size_mask);
	if (p->input_end) {
		c->input_start = p->input_start;
		c->input_end = p->input_end;
	}
	if (p->domain_end) {
		c->domain_start = p->domain_start;
		c->domain_end = p->domain_end;
	}
	c->probe_size = p->no_property_bytes ? 0 : OR(p->probe_size, c->probe_size);
	c->bypass = initial_bypass = options->boot_bypass;
	if (options->granule)
		c->page_size_mask = -options->granule;
	if (options->address_width) {
		c->input_start = reference_config.input_start;
		c->input_end = UINT64_MAX >> (64 - options->address_width);
	}
}

/* What is shown of fields that do not exist, as their features are not offered. */
static void spoil_fields(struct iommu_config *c, uint64_t features)
{
	if (!(features & VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE)))
		c->input_start = UINT64_MAX, c->input_end = 0;
	if (!(features & VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE)))
		c->domain_start = UINT32_MAX, c->domain_end = 0;
	if (!(features & VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE)))
		c->probe_size = UINT32_MAX;
	if (!(features & VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG)))
		c->bypass = UINT8_MAX;
}

static uint32_t config_size(void)
{
	return personality->short_config ? offsetof(struct iommu_config, bypass) :
					   sizeof(struct iommu_config);
}

static uint64_t offered(const struct options *options)
{
	uint64_t features = ref_iommu.vdev.offered & ~options->rings_off;

	return (features & ~personality->without) | personality->with | options->rings_on;
}

void virtio_iommu_init(const struct options *options, void (*find)(struct model *m))
{
	struct vdev *dev = &ref_iommu.vdev;
	struct model *m = &ref_iommu.model;

	find_endpoints = find;
	configure(options);
	decisions_init();
	vdev_init(dev, &ops, VIRTIO_TYPE_IOMMU, CLASS_IOMMU, FEATURES, &m->config, config_size());
	dev->offered = offered(options);
	if (personality->undefined_fields)
		spoil_fields(&m->config, dev->offered);
	for (unsigned int i = 0; i < dev->queue_count; i++)
		dev->queues[i].max = OR(personality->queue_size, VDEV_QUEUE_SIZE);
	if (personality->event_queue_size)
		dev->queues[EVENT_QUEUE].max = personality->event_queue_size;
	m->offered = dev->offered;
	m->write_implies_read = personality->write_implies_read;
	iommu_hooks.power_on();
}

/* Each endpoint that is still there stays attached as it was. */
static void find_endpoints_anew(void)
{
	struct model *m = &ref_iommu.model;
	struct model_endpoint old[MODEL_MAX_ENDPOINTS];
	unsigned int count = m->endpoint_count;

	for (unsigned int i = 0; i < count; i++)
		old[i] = m->endpoints[i];
	find_endpoints(m);
	for (unsigned int i = 0; i < m->endpoint_count; i++)
		for (unsigned int j = 0; j < count; j++)
			if (m->endpoints[i].id == old[j].id)
				m->endpoints[i] = old[j];
}

void virtio_iommu_endpoint_came(uint32_t endpoint)
{
	find_endpoints_anew();
	iommu_hooks.endpoint_came(endpoint);
}

void virtio_iommu_endpoint_goes(uint32_t endpoint)
{
	if (iommu_hooks.endpoint_goes(endpoint))
		return;
	model_leave(&ref_iommu.model, endpoint);
	iotlb_forget_endpoint(endpoint);
}

void virtio_iommu_endpoint_gone(uint32_t endpoint)
{
	find_endpoints_anew();
	iommu_hooks.endpoint_gone(endpoint);
}
