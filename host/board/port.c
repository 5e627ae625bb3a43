// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/board/board.h"
#include "host/board/port.h"
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

static void plugged(struct vdev *dev)
{
	(void)dev;
}

static void begins(const struct dma *dma, size_t size)
{
	(void)dma, (void)size;
}

static bool translated_as(const struct board_port *port, const struct dma *dma, uint32_t *id)
{
	return !dma->physical && board_endpoint_id(port, id);
}

static bool translate(const struct board_port *port, const struct dma *dma, uint32_t id, uint64_t *phys,
		      uint64_t *length)
{
	(void)port;
	return virtio_iommu_translate(id, dma->address, dma->write, phys, length);
}

struct port_steps port_steps = {
	.plugged = plugged,
	.begins = begins,
	.translated_as = translated_as,
	.translate = translate,
};

/* The stretch from @dma->address on that leads to adjacent memory. */
static bool resolve(const struct board_port *port, const struct dma *dma, uint64_t *phys, uint64_t *length)
{
	uint32_t id;

	*phys = dma->address;
	*length = UINT64_MAX;
	return !port_steps.translated_as(port, dma, &id) || port_steps.translate(port, dma, id, phys, length);
}

/* An index of a ring, which a CPU may look at, or change, just now (2.7.13.3). */
static void transfer_index(uint16_t *memory, uint16_t *value, bool write)
{
	if (write)
		__atomic_store_n(memory, *value, __ATOMIC_RELEASE);
	else
		*value = __atomic_load_n(memory, __ATOMIC_ACQUIRE);
}

static bool transfer(uint64_t phys, uint8_t *bytes, size_t size, bool write)
{
	void *memory = ram_at(phys, size);
	uint16_t value = 0;

	if (!memory)
		return false;
	if (size == sizeof(value) && phys % sizeof(value) == 0) {
		memcpy(&value, bytes, sizeof(value));
		transfer_index(memory, &value, write);
		memcpy(bytes, &value, write ? 0 : sizeof(value));
	} else {
		memcpy(write ? memory : bytes, write ? bytes : memory, size);
	}
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
	uint64_t phys, length;

	for (; size; dma.address += length, bytes += length, size -= length) {
		if (!resolve(port, &dma, &phys, &length))
			return false;
		length = min(length, size);
		if (!transfer(phys, bytes, length, dma.write))
			return false;
	}
	return true;
}

static bool access(const struct port *port, const struct dma *dma, void *bytes, size_t size)
{
	const struct board_port *of = (const struct board_port *)port;

	port_steps.begins(dma, size);
	return is_master(of) && (!personality->looks_ahead || all_in_reach(of, *dma, size)) &&
	       access_parts(of, *dma, bytes, size);
}

static void message(const struct port *port, const struct dma *dma, uint32_t data)
{
	const struct board_port *of = (const struct board_port *)port;
	uint64_t phys = dma->address;
	uint32_t id;

	if (!is_master(of))
		return;
	if (port_steps.translated_as(of, dma, &id) && !virtio_iommu_message(id, dma->address, &phys))
		return;
	if (!doorbell_write(phys, data))
		transfer(phys, (uint8_t *)&data, sizeof(data), true);
}

static const struct port_ops ops = {.access = access, .message = message};

void board_port_init(struct board_port *port, const struct function *function, const struct vdev *dev)
{
	*port = (struct board_port){{&ops}, function, dev};
}
