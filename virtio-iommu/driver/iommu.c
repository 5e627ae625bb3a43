// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bring the device up, and read its configuration (virtio 1.4, 5.13.4 and 5.13.5).
 */
#include <string.h>

#include "memory.h"
#include "register.h"
#include "util.h"

#include "driver/iommu.h"
#include "driver/iommu_internal.h"
#include "driver/names.h"
#include "driver/placement.h"
#include "driver/trace.h"

#define SMALLEST_PAGE 4096

/* Return the features that the suite uses. Bit 6 supersedes bit 3 (5.13.3). */
static uint64_t usual_features(uint64_t offered)
{
	uint64_t known = VIRTIO_FEATURE(VIRTIO_F_VERSION_1) |
			 VIRTIO_FEATURE(VIRTIO_F_ACCESS_PLATFORM) |
			 VIRTIO_FEATURE(VIRTIO_F_ORDER_PLATFORM) |
			 VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE) |
			 VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE) |
			 VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP) |
			 VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE) |
			 VIRTIO_FEATURE(VIRTIO_IOMMU_F_MMIO) |
			 VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG);

	if (!(offered & VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG)))
		known |= VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS);
	return offered & known;
}

uint32_t iommu_config_u32(size_t offset)
{
	return register_read32(iommu.dev.config + offset);
}

uint64_t iommu_config_u64(size_t offset)
{
	return iommu_config_u32(offset) | (uint64_t)iommu_config_u32(offset + 4) << 32;
}

uint8_t iommu_bypass(void)
{
	return register_read8(iommu.dev.config + offsetof(struct iommu_config, bypass));
}

void iommu_set_bypass(uint8_t value)
{
	register_write8(iommu.dev.config + offsetof(struct iommu_config, bypass), value);
}

/* A field whose feature is not offered does not exist; what it would limit is unlimited. */
void iommu_read_config(struct iommu_config *config)
{
	*config = (struct iommu_config){
		.page_size_mask = iommu_config_u64(offsetof(struct iommu_config, page_size_mask)),
		.input_end = UINT64_MAX,
		.domain_end = UINT32_MAX,
	};
	if (iommu_offers(VIRTIO_IOMMU_F_INPUT_RANGE)) {
		config->input_start = iommu_config_u64(offsetof(struct iommu_config, input_start));
		config->input_end = iommu_config_u64(offsetof(struct iommu_config, input_end));
	}
	if (iommu_offers(VIRTIO_IOMMU_F_DOMAIN_RANGE)) {
		config->domain_start = iommu_config_u32(offsetof(struct iommu_config, domain_start));
		config->domain_end = iommu_config_u32(offsetof(struct iommu_config, domain_end));
	}
	if (iommu_offers(VIRTIO_IOMMU_F_PROBE))
		config->probe_size = iommu_config_u32(offsetof(struct iommu_config, probe_size));
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		config->bypass = iommu_bypass();
}

static uint32_t needed_config_length(void)
{
	return iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) ? sizeof(struct iommu_config) :
							     offsetof(struct iommu_config, bypass);
}

static bool check_config(struct error *error)
{
	const struct iommu_config *c = &iommu.config;

	if (c->input_start > c->input_end)
		return error_set(error, "virtio-iommu config: input_range %#lx-%#lx is empty",
				 c->input_start, c->input_end);
	if (c->domain_start > c->domain_end)
		return error_set(error, "virtio-iommu config: domain_range %#x-%#x is empty",
				 c->domain_start, c->domain_end);
	if (c->probe_size > PROBE_MAX)
		return error_set(error, "virtio-iommu config: probe_size %u is more than this suite "
				 "handles (%u)", c->probe_size, PROBE_MAX);
	return true;
}

/* An empty mask has no granule (DEV-CFG-1 judges that); the other tests still need some number. */
static void set_granule(uint64_t page_size_mask)
{
	iommu.granule = page_size_mask ? page_size_mask & -page_size_mask : SMALLEST_PAGE;
	iommu.page = iommu.granule > MAX_GRANULE ? SMALLEST_PAGE : max(iommu.granule, SMALLEST_PAGE);
}

static bool add_ring_features(struct error *error)
{
	uint64_t missing = iommu.rings.features & ~iommu.offered;

	iommu.wanted |= iommu.rings.features;
	return !missing || error_set(error, "virtio-iommu: the run asks for ring features %#lx, which "
				     "the device does not offer", missing);
}

bool iommu_find(const struct device_location *location, struct error *error)
{
	if (!virtio_open(&iommu.dev, location, error))
		return false;
	iommu.offered = virtio_offered(&iommu.dev);
	if (iommu.dev.config_length < needed_config_length())
		return error_set(error, "virtio-iommu: device configuration has %u bytes, needs %u",
				 iommu.dev.config_length, needed_config_length());
	iommu_read_config(&iommu.config);
	iommu.initial_bypass = iommu.config.bypass;
	return true;
}

static void init_rings(void)
{
	size_t size = ring_bytes(RING_MAX_SIZE, iommu.offered);

	placement_init(PLACED_REQUEST_RING, arena_alloc_uninit(size, SMALLEST_PAGE), size);
	placement_init(PLACED_EVENT_RING, arena_alloc_uninit(size, SMALLEST_PAGE), size);
	placement_init(PLACED_TABLES, NULL, size);
}

bool iommu_open(const struct iommu_rings *rings, struct error *error)
{
	if (!virtio_reset(&iommu.dev))
		return error_set(error, "virtio-iommu: device_status does not return to 0 after reset");
	iommu.wanted = usual_features(iommu.offered);
	iommu.rings = *rings;
	if (!add_ring_features(error))
		return false;
	if (!check_config(error))
		return false;
	set_granule(iommu.config.page_size_mask);
	init_rings();
	requests_init();
	events_init();
	if (!iommu_restart(iommu.wanted))
		return error_set(error, "virtio-iommu: does not come up with features %#lx: status %#x",
				 iommu.wanted, iommu.dev.transport->status(&iommu.dev));
	return true;
}

bool iommu_is_up(void)
{
	return iommu.dev.transport->status(&iommu.dev) & VIRTIO_DRIVER_OK;
}

static bool start_queue(uint16_t queue, struct ring *ring)
{
	uint16_t most = iommu.dev.transport->queue_max(&iommu.dev, queue);
	uint16_t size = queue == REQUEST_QUEUE ? iommu.rings.size : iommu.rings.event_size;

	if (!most)
		return false;
	size = min(most, size ? size : IOMMU_RING_SIZE);
	while (!(iommu.dev.accepted & VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)) && (size & (size - 1)))
		size &= size - 1;	/* a power of 2 if split (2.7) */
	ring_init(ring, size, placed_at(queue == REQUEST_QUEUE ? PLACED_REQUEST_RING : PLACED_EVENT_RING), 0,
		  iommu.dev.accepted);
	if (queue == REQUEST_QUEUE && ring->tables && placed_at(PLACED_TABLES))
		ring->tables = placed_at(PLACED_TABLES);
	trace("queue %u: %u descriptors, %s", queue, size,
	      ring_has(ring, VIRTIO_F_RING_PACKED) ? "packed" : "split");
	return virtio_enable_queue(&iommu.dev, queue, ring);
}

bool iommu_enable_queues(void)
{
	return start_queue(REQUEST_QUEUE, &iommu.requests) && start_queue(EVENT_QUEUE, &iommu.events);
}

static void note_reset(uint64_t features)
{
	char names[NAMES_SIZE];

	if (trace_is_on())
		trace("reset, features %s ->", feature_names(features, names));
}

bool iommu_prepare(uint64_t features)
{
	bool prepared;

	note_reset(features);
	iommu.altered = iommu.broke_rules = false;
	domains_reset();
	prepared = virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features) &&
		   iommu_enable_queues();
	trace("-> %s", prepared ? "FEATURES_OK, both queues enabled" : "the device does not come up");
	return prepared;
}

void iommu_start(void)
{
	virtio_driver_ok(&iommu.dev);
	events_post();
}

bool iommu_restart(uint64_t features)
{
	iommu.dead = !iommu_prepare(features);
	if (!iommu.dead)
		iommu_start();
	return !iommu.dead;
}
