// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of endpoints that are virtio devices: they translate an address early, and keep what they have found
 * whatever becomes of it.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/flight/stretch.h"
#include "host/bugs/flight/flight.h"
#include "host/bugs/virtio/virtio.h"
#include "host/iommu/parts.h"
#include "host/machine/doorbell.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"
#include "host/virtio/vring_format.h"
#include "util.h"

/*
 * Rings, from when their queue is enabled on.
 */

#define MAX_STRETCHES 64

static struct stretch rings[MAX_STRETCHES];
static unsigned int ring_count;

static void forget_rings(const struct vdev *dev, const struct vqueue *queue)
{
	for (unsigned int i = ring_count; i--;)
		if (rings[i].dev == dev && (!queue || rings[i].queue == queue))
			rings[i] = rings[--ring_count];
}

static void keep_ring(struct vdev *dev, const struct vqueue *queue, uint64_t address, uint64_t size,
		      uint32_t kind)
{
	unsigned int count;

	count = stretch_translate(&rings[ring_count], MAX_STRETCHES - ring_count, dev, address, size, kind);
	for (; count; count--)
		rings[ring_count++].queue = queue;
}

static void keep_areas(struct vdev *dev, const struct vqueue *queue)
{
	bool packed = vdev_has(dev, VIRTIO_F_RING_PACKED);
	uint64_t size = queue->size;

	keep_ring(dev, queue, queue->desc, size * sizeof(struct ring_desc), packed ? MAP_WRITE : MAP_READ);
	keep_ring(dev, queue, queue->driver,
		  packed ? 4 : AVAIL_HEADS + size * sizeof(uint16_t) + sizeof(uint16_t), MAP_READ);
	keep_ring(dev, queue, queue->device,
		  packed ? 4 : USED_ELEMENTS + size * sizeof(struct ring_used_element) + sizeof(uint16_t),
		  MAP_WRITE);
}

static void enable_and_translate(struct vdev *dev, struct vqueue *queue)
{
	generic_enable_queue(dev, queue);
	forget_rings(dev, queue);
	if (queue->enabled)
		keep_areas(dev, queue);
}

static void reset_translated_queue(struct vdev *dev, struct vqueue *queue)
{
	forget_rings(dev, queue);
	generic_reset_queue(dev, queue);
}

static void reset_translated_device(struct vdev *dev, uint8_t value)
{
	if (!value)
		forget_rings(dev, NULL);
	generic_write_status(dev, value);
}

/*
 * Rings, from when the device runs on, or else from the first notification on that finds them.
 */

static void keep_if_running(struct vdev *dev, const struct vqueue *queue)
{
	uint64_t phys, length;

	if (queue->enabled && vdev_is_running(dev) &&
	    !(bug_finds_early(dev, queue->desc, &phys, &length) &&
	      bug_finds_early(dev, queue->driver, &phys, &length) &&
	      bug_finds_early(dev, queue->device, &phys, &length))) {
		forget_rings(dev, queue);
		keep_areas(dev, queue);
	}
}

static void enable_running_queue(struct vdev *dev, struct vqueue *queue)
{
	generic_enable_queue(dev, queue);
	keep_if_running(dev, queue);
}

static void run_and_translate(struct vdev *dev, uint8_t value)
{
	reset_translated_device(dev, value);
	for (unsigned int i = 0; i < dev->queue_count; i++)
		keep_if_running(dev, &dev->queues[i]);
}

static void notification_translates(struct vdev *dev, uint32_t value)
{
	if ((uint16_t)value < dev->queue_count)
		keep_if_running(dev, &dev->queues[(uint16_t)value]);
	generic_notification(dev, value);
}

/* Rings, from when the device runs on, and anew with each Nth notification. */
static void notification_translates_anew(struct vdev *dev, uint32_t value)
{
	static unsigned int notifications;

	if (++notifications % mutant_number() == 0) {
		forget_rings(dev, NULL);
		for (unsigned int i = 0; i < dev->queue_count; i++)
			keep_if_running(dev, &dev->queues[i]);
	}
	generic_notification(dev, value);
}

bool bug_finds_early(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length)
{
	for (unsigned int i = 0; i < ring_count; i++)
		if (stretch_find(&rings[i], dev, address, phys, length))
			return true;
	return bug_finds_in_flight(dev, address, phys, length);
}

/*
 * Messages, from the first one on.
 */

#define MAX_ROUTES 64

static struct {
	const struct vmsix_entry *entry;
	uint64_t phys;
} routes[MAX_ROUTES];
static unsigned int route_count;

static const struct function_ops *right;

static void write_forgets_route(struct function *f, unsigned int bar, uint64_t offset, unsigned int width,
				uint32_t value)
{
	const struct vmsix_entry *entry = &vdev_of(f)->msix.table[offset / sizeof(*entry) % VMSIX_VECTORS];

	for (unsigned int i = route_count; bar == VMSIX_BAR && i--;)
		if (routes[i].entry == entry)
			routes[i] = routes[--route_count];
	right->write(f, bar, offset, width, value);
}

/* Of the vector whose message this is. */
static const struct vmsix_entry *find_entry(const struct vdev *dev, uint64_t address, uint32_t data)
{
	for (unsigned int i = 0; i < VMSIX_VECTORS; i++) {
		const struct vmsix_entry *entry = &dev->msix.table[i];

		if ((entry->address | (uint64_t)entry->address_high << 32) == address && entry->data == data)
			return entry;
	}
	return NULL;
}

static bool find_route(struct vdev *dev, uint64_t address, uint32_t data, uint64_t *phys)
{
	const struct vmsix_entry *entry = find_entry(dev, address, data);
	struct model_extent extent;

	for (unsigned int i = 0; i < route_count; i++)
		if (routes[i].entry == entry)
			return *phys = routes[i].phys, true;
	if (!entry || route_count == MAX_ROUTES || !stretch_ask(dev, address, MAP_WRITE, &extent))
		return false;
	routes[route_count].entry = entry;
	routes[route_count++].phys = extent.phys + (address - extent.start);
	return false;
}

bool bug_routes_message(struct vdev *dev, uint64_t address, uint32_t data)
{
	uint64_t phys;
	uint32_t *memory;

	if (!mutant(MUTANT_MSI_ROUTE_CACHED) || dev->type == VIRTIO_TYPE_IOMMU ||
	    !bus_is_master(&dev->function) || !find_route(dev, address, data, &phys))
		return false;
	memory = ram_at(phys, sizeof(data));
	if (!doorbell_write(phys, data) && memory)
		*memory = data;
	return true;
}

static void spoil_table(struct vdev *dev)
{
	static struct function_ops ops;

	if (dev->registers)
		return;
	right = dev->function.ops;
	ops = *right;
	ops.write = write_forgets_route;
	dev->function.ops = &ops;
}

void bugs_in_endpoint(struct vdev *dev)
{
	static struct vdev_steps steps;

	steps = *dev->steps;
	if (mutant(MUTANT_RING_TRANSLATED_AT_ENABLE)) {
		steps.enable_queue = enable_and_translate;
		steps.reset_queue = reset_translated_queue;
		steps.write_status = reset_translated_device;
	} else if (mutant(MUTANT_ENDPOINT_RING_ADDRESSES_CACHED)) {
		steps.enable_queue = enable_running_queue;
		steps.reset_queue = reset_translated_queue;
		steps.write_status = run_and_translate;
		steps.notification = notification_translates;
	} else if (mutant(MUTANT_EP_RING_RETRANSLATE)) {
		steps.reset_queue = reset_translated_queue;
		steps.write_status = run_and_translate;
		steps.notification = notification_translates_anew;
	} else if (mutant(MUTANT_MSI_ROUTE_CACHED)) {
		spoil_table(dev);
	}
	bugs_in_flight(&steps);
	bugs_in_endpoint_steps(&steps);
	dev->steps = &steps;
}
