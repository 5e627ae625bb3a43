// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of how the IOMMU reaches its own rings and buffers.
 */
#include "host/bugs/virtio/rings.h"
#include "host/bugs/virtio/takeover.h"
#include "util.h"

#define BLOCK 0x100000000ull
#define PAGE 4096

/* The step by which the device reaches memory, and the port that is right. */
static const struct port *right_port;

static bool go_on(const struct dma *dma, void *bytes, size_t size)
{
	return right_port->ops->access(right_port, dma, bytes, size);
}

static struct vdev *iommu_device;

/* Return where the area that holds @address begins, 0 if none does. */
static uint64_t area_of(uint64_t address)
{
	for (unsigned int i = 0; i < iommu_device->queue_count; i++) {
		const struct vqueue *q = &iommu_device->queues[i];
		const uint64_t areas[][2] = {
			{q->desc, q->size * sizeof(struct ring_desc)},
			{q->driver, AVAIL_HEADS + (q->size + 1) * sizeof(uint16_t)},
			{q->device, USED_ELEMENTS + q->size * sizeof(struct ring_used_element) + 2},
		};

		for (unsigned int k = 0; q->enabled && k < ARRAY_SIZE(areas); k++)
			if (address - areas[k][0] < areas[k][1])
				return areas[k][0];
	}
	return 0;
}

/* Of rings the carry into the upper half of an address is lost. */
static bool access_without_carry(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	uint64_t area = area_of(dma->address);
	struct dma changed = *dma;

	(void)port;
	if (area)
		changed.address = align_down(area, BLOCK) | (uint32_t)dma->address;
	return go_on(&changed, bytes, size);
}

/* Of other addresses N bits count. */
static bool access_low_bits(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	struct dma changed = *dma;

	(void)port;
	if (!area_of(dma->address))
		changed.address &= UINT64_MAX >> (64 - mutant_number());
	return go_on(&changed, bytes, size);
}

/* A report ends with its page. */
static bool access_within_page(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	bool report = dma->write && size == sizeof(struct fault_record) && !area_of(dma->address);

	(void)port;
	return go_on(dma, bytes, report ? min(size, PAGE - dma->address % PAGE) : size);
}

static bool access_any_time(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	struct function *f = &iommu_device->function;
	uint32_t command = function_get(f, PCI_COMMAND, 2);
	bool done;

	(void)port;
	function_set(f, PCI_COMMAND, 2, command | PCI_COMMAND_MASTER);
	done = go_on(dma, bytes, size);
	function_set(f, PCI_COMMAND, 2, command);
	return done;
}

static void message(const struct port *port, const struct dma *dma, uint32_t data)
{
	(void)port;
	right_port->ops->message(right_port, dma, data);
}

/* Of the writable part there are N descriptors. */
static void cut_chain(struct chain *chain)
{
	bug_shorten(chain, chain->readable.count + mutant_number());
}

static bool split_walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool found = vring_split.walk(dev, queue, chain);

	cut_chain(chain);
	return found;
}

static bool packed_walk(struct vdev *dev, const struct vqueue *queue, struct chain *chain)
{
	bool found = vring_packed.walk(dev, queue, chain);

	cut_chain(chain);
	return found;
}

static bool take_port(struct vdev *dev)
{
	static const struct {
		enum mutant_id mutant;
		struct port_ops ops;
	} rows[] = {
		{MUTANT_DMA_CARRY_LOST_4G, {access_without_carry, message}},
		{MUTANT_OWN_ADDR_BITS, {access_low_bits, message}},
		{MUTANT_EVENT_CROSS_PAGE, {access_within_page, message}},
		{MUTANT_BUS_MASTER_IGNORED, {access_any_time, message}},
	};
	static struct port port;

	for (unsigned int i = 0; i < ARRAY_SIZE(rows); i++)
		if (mutant(rows[i].mutant)) {
			right_port = dev->port;
			iommu_device = dev;
			port.ops = &rows[i].ops;
			dev->port = &port;
			return true;
		}
	return false;
}

bool memory_take_over(struct vdev *dev)
{
	static const struct virtio_takeover rows[] = {
		{MUTANT_PROBE_IOV_MAX, .split = {.walk = split_walk}, .packed = {.walk = packed_walk}},
	};

	return take_port(dev) || bug_virtio_takeover(dev, rows, ARRAY_SIZE(rows));
}
