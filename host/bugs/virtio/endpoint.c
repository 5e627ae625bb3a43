// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of endpoints that are virtio devices: they translate an address early, and keep what they have found
 * whatever becomes of it.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/virtio/virtio.h"
#include "host/iommu/parts.h"
#include "host/machine/doorbell.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"
#include "host/virtio/vring_format.h"
#include "util.h"

/* Adjacent addresses of an endpoint that lead to adjacent memory. */
struct stretch {
	const struct vdev *dev;
	const struct vqueue *queue;
	uint64_t start, end, phys;
};

static bool find_in(const struct stretch *s, const struct vdev *dev, uint64_t address, uint64_t *phys,
		    uint64_t *length)
{
	if (s->dev != dev || address < s->start || address > s->end)
		return false;
	*phys = s->phys + (address - s->start);
	*length = s->end - address + 1;
	return true;
}

/* What an endpoint reaches now, without a report if that is nothing. */
static bool ask(struct vdev *dev, uint64_t address, uint32_t kind, struct model_extent *extent)
{
	uint8_t reason;
	uint32_t id;

	return vdev_has(dev, VIRTIO_F_ACCESS_PLATFORM) && bug_endpoint_id(dev, &id) &&
	       model_translate(&ref_iommu.model, id, address, kind, extent, &reason);
}

/* Returns the number of stretches, at most @room; what is out of reach now is left to its access. */
static unsigned int translate_all(struct stretch *to, unsigned int room, struct vdev *dev, uint64_t address,
				  uint64_t size, uint32_t kind)
{
	struct model_extent extent;
	unsigned int count = 0;

	while (size && count < room && ask(dev, address, kind, &extent)) {
		uint64_t last = min(extent.end, address + (size - 1));

		to[count++] = (struct stretch){.dev = dev, .start = address, .end = last,
					       .phys = extent.phys + (address - extent.start)};
		size -= last - address + 1;
		address = last + 1;
	}
	return count;
}

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

	count = translate_all(&rings[ring_count], MAX_STRETCHES - ring_count, dev, address, size, kind);
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

/*
 * Buffers, from the notification on.
 */

#define MAX_BUFFERS 16

static struct buffer {
	struct vdev *dev;
	struct vqueue *queue;
	struct chain chain;
	struct stretch stretches[MAX_STRETCHES];
	unsigned int count;
} buffers[MAX_BUFFERS], served;		/* served: the one that is worked on */
static unsigned int buffer_count;

static void translate_part(struct buffer *b, const struct chain_part *part, uint32_t kind)
{
	for (unsigned int i = 0; i < part->count; i++)
		b->count += translate_all(&b->stretches[b->count], MAX_STRETCHES - b->count, b->dev,
					  part->pieces[i].address, part->pieces[i].length, kind);
}

/* Take what is available off the ring, while there is room. */
static void take_buffers(struct vdev *dev, struct vqueue *queue)
{
	const struct vdev_steps *steps = dev->steps;
	struct vdev_steps taking = *steps;

	taking.format = generic_format;
	dev->steps = &taking;
	while (buffer_count < MAX_BUFFERS && vring_pop(dev, queue, &buffers[buffer_count].chain)) {
		struct buffer *b = &buffers[buffer_count++];

		b->dev = dev;
		b->queue = queue;
		b->count = 0;
		translate_part(b, &b->chain.readable, MAP_READ);
		translate_part(b, &b->chain.writable, MAP_WRITE);
	}
	dev->steps = steps;
}

static void notification_takes_buffers(struct vdev *dev, uint32_t value)
{
	uint16_t index = value;

	served.count = 0;
	if (index < dev->queue_count && vdev_is_running(dev) && dev->queues[index].enabled)
		take_buffers(dev, &dev->queues[index]);
	generic_notification(dev, value);
}

static struct buffer *first_buffer(const struct vqueue *queue)
{
	for (unsigned int i = 0; i < buffer_count; i++)
		if (buffers[i].queue == queue)
			return &buffers[i];
	return NULL;
}

static void forget_buffer(struct buffer *b)
{
	unsigned int index = b - buffers;

	buffer_count--;
	for (unsigned int i = index; i < buffer_count; i++)
		buffers[i] = buffers[i + 1];
}

static bool buffer_available(struct vdev *dev, struct vqueue *queue, struct chain *chain)
{
	(void)chain;
	served.count = 0;
	if (!first_buffer(queue))
		take_buffers(dev, queue);
	return first_buffer(queue);
}

static bool walk_buffer(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	struct buffer *b = first_buffer(queue);

	(void)dev;
	served = *b;
	*chain = b->chain;
	forget_buffer(b);
	return true;
}

static bool buffer_taken(struct vdev *dev, struct vqueue *queue, const struct chain *chain)
{
	(void)dev, (void)queue, (void)chain;
	return true;
}

static const struct vring_format *format_of_buffers(const struct vdev *dev)
{
	static struct vring_format format;

	format = *generic_format(dev);
	format.available = buffer_available;
	format.walk = walk_buffer;
	format.taken = buffer_taken;
	return &format;
}

static void forget_buffers(const struct vdev *dev, const struct vqueue *queue)
{
	for (unsigned int i = buffer_count; i--;)
		if (buffers[i].dev == dev && (!queue || buffers[i].queue == queue))
			forget_buffer(&buffers[i]);
}

static void reset_queue_of_buffers(struct vdev *dev, struct vqueue *queue)
{
	forget_buffers(dev, queue);
	generic_reset_queue(dev, queue);
}

static void reset_device_of_buffers(struct vdev *dev, uint8_t value)
{
	if (!value)
		forget_buffers(dev, NULL);
	generic_write_status(dev, value);
}

bool bug_finds_early(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length)
{
	for (unsigned int i = 0; i < ring_count; i++)
		if (find_in(&rings[i], dev, address, phys, length))
			return true;
	for (unsigned int i = 0; i < served.count; i++)
		if (find_in(&served.stretches[i], dev, address, phys, length))
			return true;
	return false;
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
	if (!entry || route_count == MAX_ROUTES || !ask(dev, address, MAP_WRITE, &extent))
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
	} else if (mutant(MUTANT_INFLIGHT_TRANSLATED_EARLY)) {
		steps.notification = notification_takes_buffers;
		steps.format = format_of_buffers;
		steps.reset_queue = reset_queue_of_buffers;
		steps.write_status = reset_device_of_buffers;
	} else if (mutant(MUTANT_MSI_ROUTE_CACHED)) {
		spoil_table(dev);
	}
	bugs_in_endpoint_steps(&steps);
	dev->steps = &steps;
}
