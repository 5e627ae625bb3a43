// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs on the way of an access: who is translated, and how often. The addresses of an endpoint's rings may be
 * translated once, and that outlives what it came from.
 */
#include <string.h>

#include "host/board/board.h"
#include "host/board/port.h"
#include "host/bugs/bugs.h"
#include "host/bugs/flight/flight.h"
#include "host/bugs/other_cpu/other_cpu.h"
#include "host/bugs/virtio/virtio.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"
#include "util.h"

#define MAX_KEPT  64
#define RING_PAGE 4096

/* The steps of a board that is right. */
static struct port_steps right;

static struct {
	const struct vdev *dev;
	uint64_t address, phys;		/* of a page */
} kept[MAX_KEPT];
static unsigned int kept_count;

static bool is_page_of(uint64_t ring, uint64_t address)
{
	return ring / RING_PAGE == address / RING_PAGE;
}

static bool is_ring(const struct vdev *dev, uint64_t address)
{
	for (unsigned int i = 0; i < dev->queue_count; i++) {
		const struct vqueue *queue = &dev->queues[i];

		if (queue->enabled && (is_page_of(queue->desc, address) ||
				       is_page_of(queue->driver, address) ||
				       is_page_of(queue->device, address)))
			return true;
	}
	return false;
}

static bool keeps_rings(void)
{
	return mutant(MUTANT_UNMAP_KEEPS_RINGS) || mutant(MUTANT_DETACH_KEEPS_RINGS) ||
	       mutant(MUTANT_MOVE_KEEPS_RINGS) || mutant(MUTANT_RESET_KEEPS_RINGS);
}

static bool find_kept(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length)
{
	for (unsigned int i = 0; i < kept_count && is_ring(dev, address); i++) {
		if (kept[i].dev != dev || kept[i].address != address / RING_PAGE)
			continue;
		*phys = kept[i].phys + address % RING_PAGE;
		*length = RING_PAGE - address % RING_PAGE;
		return true;
	}
	return false;
}

static void keep(const struct vdev *dev, uint64_t address, uint64_t phys)
{
	if (!keeps_rings() || kept_count == MAX_KEPT || !is_ring(dev, address))
		return;
	kept[kept_count].dev = dev;
	kept[kept_count].address = address / RING_PAGE;
	kept[kept_count++].phys = phys - address % RING_PAGE;
}

void bug_rings_forget(enum mutant_id keeper)
{
	if (!mutant(keeper))
		kept_count = 0;
}

/* A device's port, with what is noted of the access that is under way. */
/* A part of the access has been let pass. */
static bool passed;

struct whole_access bug_whole_access;

/* How many stretches of adjacent memory an access has led to, where the last one ends, and its Nth one. */
static struct {
	unsigned int count;
	uint64_t end, most;
} stretches;

static void note_stretch(const struct dma *dma, uint64_t phys, uint64_t length)
{
	uint64_t done = dma->address - bug_whole_access.address;

	stretches.count += !stretches.count || phys != stretches.end;
	stretches.end = phys + length;
	if (stretches.count <= mutant_number())
		stretches.most = done + min(length, bug_whole_access.size - done);
}

/* An access that begins in a window of messages goes on behind it as it stands. */
static bool access_window(const struct bug_port *of, const struct dma *dma, uint8_t *bytes, size_t size,
			  uint64_t in_window)
{
	struct dma behind = {dma->address + in_window, dma->write, .physical = true};

	if (!dma->write)
		memset(bytes, 0xff, min(in_window, size));
	return in_window >= size ||
	       of->right->ops->access(of->right, &behind, bytes + in_window, size - in_window);
}

static bool access(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	const struct bug_port *of = (const struct bug_port *)port;
	uint64_t in_window = 0;
	uint32_t id;

	if (mutant(MUTANT_MSI_WINDOW_SPILL) && !dma->physical && bug_endpoint_id(of->dev, &id))
		in_window = bug_bytes_in_window(id, dma->address);
	if (in_window)
		return access_window(of, dma, bytes, size, in_window);
	passed = false;
	if (of->right->ops->access(of->right, dma, bytes, size)) {
		if (mutant(MUTANT_BOUNCE_SEGMENTS) && stretches.count > mutant_number() && !dma->write)
			memset((uint8_t *)bytes + stretches.most, 0, size - stretches.most);
		return true;
	}
	if (mutant(MUTANT_OUT_OF_REACH_ENDS) && of->dev->type == VIRTIO_TYPE_IOMMU)
		bug_end("an assertion failed");
	return false;
}

static void message(const struct port *port, const struct dma *dma, uint32_t data)
{
	const struct bug_port *of = (const struct bug_port *)port;

	bug_whole_access = (struct whole_access){dma->address, sizeof(data)};
	if (dma->physical || !bug_routes_message(of->dev, dma->address, data))
		of->right->ops->message(of->right, dma, data);
}

static const struct port_ops ops = {.access = access, .message = message};

void bugs_in_port(struct vdev *dev)
{
	static struct bug_port ports[MAX_HOST_ENDPOINTS + 1];
	struct bug_port *port = ports;

	/* One that was plugged in before has its port already. */
	while (port->dev && port->dev != dev)
		port++;
	*port = (struct bug_port){{&ops}, dev, dev->port};
	dev->port = &port->port;
}

static void begins(const struct dma *dma, size_t size)
{
	bug_whole_access = (struct whole_access){dma->address, size};
	stretches.count = 0;
}

/* Accesses that the board does not let the IOMMU see. */
static bool translated_as(const struct board_port *port, const struct dma *dma, uint32_t *id)
{
	const struct vdev *dev = port->dev;

	if (mutant(MUTANT_ALIASES_BYPASS) && !board_port_registers(port) &&
	    bus_requester(port->function) != function_bdf(port->function))
		return false;
	if ((mutant(MUTANT_CONSOLES_BYPASS) && dev && dev->type == VIRTIO_TYPE_CONSOLE) ||
	    (mutant(MUTANT_NETS_BYPASS) && dev && dev->type == VIRTIO_TYPE_NET))
		return false;
	return right.translated_as(port, dma, id);
}

/* What permission is asked for. */
static bool as_write(const struct vdev *dev, const struct dma *dma)
{
	if (mutant(MUTANT_PERMISSION_CHECKED_AT_START))
		return dma->write && !passed;
	if (mutant(MUTANT_READ_CHECKED_AT_START))
		return dma->write || passed;
	return dma->write && !(mutant(MUTANT_RINGS_ALWAYS_WRITABLE) && is_ring(dev, dma->address));
}

static bool translate(const struct board_port *port, const struct dma *dma, uint32_t id, uint64_t *phys,
		      uint64_t *length)
{
	struct dma changed = *dma;
	bool in_ring = port->dev && is_ring(port->dev, dma->address);

	if (!port->dev)
		return right.translate(port, dma, id, phys, length);
	if (find_kept(port->dev, dma->address, phys, length) ||
	    bug_finds_early(port->dev, dma->address, phys, length))
		return true;
	changed.write = as_write(port->dev, dma);
	if (!in_ring && !bug_before_lookup(&id))
		return false;
	if (bug_backend_misses(port->dev, id, dma->address) ||
	    !right.translate(port, &changed, id, phys, length))
		return false;
	if (mutant(MUTANT_BOUNCE_SEGMENTS))
		note_stretch(dma, *phys, *length);
	keep(port->dev, dma->address, *phys);
	passed = true;
	if (!in_ring)
		bug_before_move(dma->write);
	if (mutant(MUTANT_NO_MEMORY_BREAKS) && !ram_at(*phys, 1))
		vdev_break(virtio_iommu_device());
	return true;
}

void bugs_in_board(void)
{
	right = port_steps;
	port_steps.begins = begins;
	port_steps.translated_as = translated_as;
	port_steps.translate = translate;
}
