// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/board/board.h"
#include "host/board/port.h"
#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/doorbell.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"
#include "util.h"

uint64_t board_port_registers(const struct board_port *port)
{
	return port->dev ? port->dev->registers : 0;
}

/* What is on MMIO needs nobody's leave. */
static bool is_master(const struct board_port *port)
{
	return board_port_registers(port) || bus_is_master(port->function);
}

static bool bug_passes_iommu(const struct board_port *port)
{
	const struct vdev *dev = port->dev;

	if (mutant(MUTANT_ALIASES_BYPASS) && !board_port_registers(port) &&
	    bus_requester(port->function) != function_bdf(port->function))
		return true;
	if (mutant(MUTANT_CONSOLES_BYPASS) && dev && dev->type == VIRTIO_TYPE_CONSOLE)
		return true;
	return mutant(MUTANT_NETS_BYPASS) && dev && dev->type == VIRTIO_TYPE_NET;
}

static bool is_translated(const struct board_port *port, const struct dma *dma, uint32_t *id)
{
	return !bug_passes_iommu(port) && !dma->physical && board_endpoint_id(port, id);
}

/* The stretch from @dma->address on that leads to adjacent memory. */
static bool resolve(const struct board_port *port, const struct dma *dma, uint64_t *phys, uint64_t *length)
{
	uint32_t id;
	bool write;

	*phys = dma->address;
	*length = UINT64_MAX;
	if (!is_translated(port, dma, &id))
		return true;
	if (port->dev && bug_ring(port->dev, dma->address, phys, length))
		return true;
	if (port->dev && bug_backend_misses(port->dev, id, dma->address))
		return false;
	write = port->dev ? bug_ring_as_write(port->dev, dma->address, dma->write) : dma->write;
	if (!virtio_iommu_translate(id, dma->address, write, phys, length))
		return false;
	if (port->dev)
		bug_ring_note(port->dev, dma->address, *phys);
	return true;
}

static bool transfer(uint64_t phys, uint8_t *bytes, size_t size, bool write)
{
	void *memory = ram_at(phys, size);

	if (!memory) {
		if (mutant(MUTANT_NO_MEMORY_BREAKS))
			vdev_break(virtio_iommu_device());
		return false;
	}
	memcpy(write ? memory : bytes, write ? bytes : memory, size);
	return true;
}

/* For devices that look before they begin. */
static bool all_in_reach(const struct board_port *port, struct dma dma, size_t size)
{
	uint64_t phys, length;

	for (; size; dma.address += length, size -= length) {
		if (!resolve(port, &dma, &phys, &length))
			return false;
		length = min(length, size);
	}
	return true;
}

static bool access_parts(const struct board_port *port, struct dma dma, uint8_t *bytes, size_t size)
{
	bool write = dma.write, moved = false;
	uint64_t phys, length;

	for (; size; dma.address += length, bytes += length, size -= length) {
		dma.write = MUTATE(PERMISSION_CHECKED_AT_START, write && !moved, write);
		dma.write = MUTATE(READ_CHECKED_AT_START, write || moved, dma.write);
		if (!resolve(port, &dma, &phys, &length))
			return false;
		moved = true;
		length = min(length, size);
		if (!transfer(phys, bytes, length, write))
			return false;
	}
	return true;
}

static bool access(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	const struct board_port *of = (const struct board_port *)port;

	return is_master(of) && (!personality->looks_ahead || all_in_reach(of, *dma, size)) &&
	       access_parts(of, *dma, bytes, size);
}

static void message(const struct port *port, const struct dma *dma, uint32_t data)
{
	const struct board_port *of = (const struct board_port *)port;
	uint64_t phys = dma->address;
	uint32_t id;

	if (!is_master(of) || (is_translated(of, dma, &id) && !virtio_iommu_message(id, dma->address, &phys)))
		return;
	if (!doorbell_write(phys, data))
		transfer(phys, (uint8_t *)&data, sizeof(data), true);
}

static const struct port_ops ops = {.access = access, .message = message};

void board_port_init(struct board_port *port, const struct function *function, const struct vdev *dev)
{
	*port = (struct board_port){{&ops}, function, dev};
}
