// SPDX-License-Identifier: BSD-3-Clause
/*
 * The device: features, configuration, reset, its queues.
 */
#include "host/board/board.h"
#include "host/bugs/bugs.h"
#include "host/iommu/parts.h"
#include "host/iommu/iotlb.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"
#include "host/iommu/virtio_iommu.h"

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

struct virtio_iommu reference;

/* At power-on. */
static uint8_t initial_bypass;

/* The request queue has work that was put off. */
static bool pending;
static unsigned int delay;

struct vdev *virtio_iommu_device(void)
{
	return &reference.vdev;
}

#define BATCH 16

/* In which order requests in flight are executed is open (AMB-13). */
static void serve_reversed(struct vqueue *queue)
{
	static struct chain batch[BATCH];
	unsigned int count;

	do {
		for (count = 0; count < BATCH && vring_pop(&reference.vdev, queue, &batch[count]);)
			count++;
		for (unsigned int i = count; i; i--)
			request_serve(&batch[i - 1]);
	} while (count == BATCH);
}

/* A packed queue is started in ring order, and IN_ORDER is what it says (2.8.10.2, 6.2). */
static bool serves_reversed(void)
{
	const struct vdev *dev = &reference.vdev;

	if (vdev_has(dev, VIRTIO_F_RING_PACKED))
		return mutant(MUTANT_PACKED_STARTS_WITH_LAST);
	return personality->reversed && !vdev_has(dev, VIRTIO_F_IN_ORDER);
}

static void serve(void)
{
	static struct chain chain;
	struct vqueue *queue = &reference.vdev.queues[REQUEST_QUEUE];

	pending = false;
	if (bug_requests_stall)
		return;
	bug_new_batch();
	if (serves_reversed())
		serve_reversed(queue);
	while (vdev_is_running(&reference.vdev) && vring_pop(&reference.vdev, queue, &chain)) {
		request_serve(&chain);
		if (mutant(MUTANT_ONE_REQUEST_PER_NOTIFICATION))
			break;
	}
	vring_flush(&reference.vdev, queue);
}

static void notified(struct vdev *dev, unsigned int queue)
{
	(void)dev;
	if (queue == EVENT_QUEUE)
		events_refilled();
	else if (personality->deferred) {
		pending = true;
		delay = personality->slow;
	}
	else
		serve();
}

bool virtio_iommu_idle(void)
{
	struct vqueue *queue = &reference.vdev.queues[REQUEST_QUEUE];
	bool any = events_catch_up(), waits = pending;
	uint16_t before = queue->next_avail;

	vdev_idle(&reference.vdev);
	if (pending && delay) {
		delay--;
		return any;
	}
	if (!(waits || personality->polls) || !queue->enabled || !vdev_is_running(&reference.vdev))
		return any;
	serve();
	return any || waits || queue->next_avail != before;
}

/* Bus numbers may have changed, and with them the ids. */
static void find_endpoints(void)
{
	struct model *m = &reference.model;

	m->endpoint_count = board_endpoints(m->endpoints, MODEL_MAX_ENDPOINTS);
	m->region_count = board_regions(m->endpoints, m->endpoint_count, m->regions);
}

static void reset(struct vdev *dev)
{
	static const uint8_t nothing[sizeof(struct iommu_config)];
	struct model *m = &reference.model;

	pending = false;
	reference.was_reset = true;
	events_reset();
	if (mutant(MUTANT_RESET_CLEARS_BYPASS))
		m->config.bypass = 0;
	if (mutant(MUTANT_RESET_RESTORES_BYPASS))
		m->config.bypass = initial_bypass;
	bug_config_reset(initial_bypass);
	bug_rings_forget(MUTANT_RESET_KEEPS_RINGS);
	if (bug_reset())
		return;
	if (mutant(MUTANT_CONFIG_HIDDEN_BEFORE_FEATURES_OK))
		dev->config = nothing;
	if (!mutant(MUTANT_RESET_KEEPS_CACHE))
		iotlb_forget_all();
	model_reset(m);
	find_endpoints();
}

static void features_ok(struct vdev *dev)
{
	reference.model.accepted = dev->accepted;
	if (mutant(MUTANT_CONFIG_HIDDEN_BEFORE_FEATURES_OK))
		dev->config = (const uint8_t *)&reference.model.config;
}

static void write_bypass(uint8_t value)
{
	struct iommu_config *config = &reference.model.config;

	if (value > 1 && personality->bad_bypass_breaks)
		return vdev_break(&reference.vdev);
	if (value > 1 && !mutant(MUTANT_BYPASS_SHOWN_RAW))
		return;
	config->probe_size ^= MUTATE(CONFIG_CHANGES_UNTOLD, 4, 0);
	config->bypass = value;
	if (!mutant(MUTANT_BYPASS_WRITE_KEEPS_CACHE))
		iotlb_forget_all();
	if (personality->new_generation) {
		reference.vdev.generation++;
		vdev_interrupt(&reference.vdev, ISR_CONFIG, reference.vdev.msix_config);
	}
}

/* Only config.bypass can be written, as a byte, by a driver that knows it (5.13.4). */
static void config_write(struct vdev *dev, unsigned int offset, unsigned int width, uint32_t value)
{
	bool known = vdev_has(dev, VIRTIO_IOMMU_F_BYPASS_CONFIG);

	if (bug_config_write(dev, offset, width, value))
		return;
	if (mutant(MUTANT_BYPASS_WRITE_WITHOUT_FEATURE))
		known = true;
	if (known && offset == offsetof(struct iommu_config, bypass) && width == 1)
		write_bypass(value);
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
	struct iommu_config *c = &reference.model.config;
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
	if (options->address_width)
		c->input_end = UINT64_MAX >> (64 - options->address_width);
	if (mutant(MUTANT_PAGE_SIZE_MASK_0))
		c->page_size_mask = 0;
}

static uint64_t offered(const struct options *options)
{
	uint64_t features = reference.vdev.offered;

	features &= ~options->rings_off;
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
	return (features & ~personality->without) | personality->with | options->rings_on;
}

void virtio_iommu_init(const struct options *options)
{
	struct vdev *dev = &reference.vdev;
	struct model *m = &reference.model;

	configure(options);
	vdev_init(dev, &ops, VIRTIO_TYPE_IOMMU, CLASS_IOMMU, FEATURES, &m->config,
		  sizeof(m->config));
	dev->offered = offered(options);
	for (unsigned int i = 0; i < dev->queue_count; i++)
		dev->queues[i].max = OR(personality->queue_size, VDEV_QUEUE_SIZE);
	m->offered = dev->offered;
	m->write_implies_read = personality->write_implies_read;
	bug_power_on(initial_bypass);
}
