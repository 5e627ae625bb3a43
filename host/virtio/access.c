// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "host/virtio/access.h"
#include "host/board/board.h"
#include "host/bugs/bugs.h"
#include "host/pci/bus.h"
#include "host/machine/doorbell.h"
#include "host/bugs/mutant.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"
#include "host/iommu/virtio_iommu.h"

static bool is_translated(const struct vdev *dev, uint32_t *id)
{
	if (mutant(MUTANT_ALIASES_BYPASS) && !dev->registers &&
	    bus_requester(&dev->function) != function_bdf(&dev->function))
		return false;
	if (mutant(MUTANT_CONSOLES_BYPASS) && dev->type == VIRTIO_TYPE_CONSOLE)
		return false;
	if (mutant(MUTANT_NETS_BYPASS) && dev->type == VIRTIO_TYPE_NET)
		return false;
	return vdev_has(dev, VIRTIO_F_ACCESS_PLATFORM) && board_endpoint_id(dev, id);
}

/* The stretch from @address on that leads to adjacent memory. */
static bool resolve(struct vdev *dev, uint64_t address, bool write, uint64_t *phys, uint64_t *length)
{
	uint32_t id;

	*phys = address;
	*length = UINT64_MAX;
	if (!is_translated(dev, &id))
		return true;
	if (bug_ring(dev, address, phys, length))
		return true;
	if (bug_backend_misses(dev, id, address))
		return false;
	write = bug_ring_as_write(dev, address, write);
	if (!virtio_iommu_translate(id, address, write, phys, length))
		return false;
	bug_ring_note(dev, address, *phys);
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

/* Whether all of it can be reached, for devices that look before they begin. */
static bool probe(struct vdev *dev, uint64_t address, size_t size, bool write)
{
	uint64_t phys, length;

	for (; size; address += length, size -= length) {
		if (!resolve(dev, address, write, &phys, &length))
			return false;
		length = length < size ? length : size;
	}
	return true;
}

static bool access_all(struct vdev *dev, uint64_t address, uint8_t *bytes, size_t size, bool write)
{
	uint64_t phys, length;
	bool moved = false, as_write;

	if (!vdev_is_master(dev))
		return false;
	if (personality->looks_ahead && !probe(dev, address, size, write))
		return false;
	for (; size; address += length, bytes += length, size -= length) {
		as_write = MUTATE(PERMISSION_CHECKED_AT_START, write && !moved, write);
		as_write = MUTATE(READ_CHECKED_AT_START, write || moved, as_write);
		if (!resolve(dev, address, as_write, &phys, &length))
			return false;
		moved = true;
		length = length < size ? length : size;
		if (!transfer(phys, bytes, length, write))
			return false;
	}
	return true;
}

bool access_memory(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write)
{
	if (access_all(dev, address, bytes, size, write))
		return true;
	bug_ends(dev, MUTANT_OUT_OF_REACH_ENDS);
	if (personality->silent_endpoints && dev->type != VIRTIO_TYPE_IOMMU)
		dev->silent = true;
	else
		vdev_break(dev);
	return false;
}

void access_message(struct vdev *dev, uint64_t address, uint32_t data)
{
	uint64_t phys = address;
	uint32_t id;

	if (!vdev_is_master(dev) ||
	    (is_translated(dev, &id) && !virtio_iommu_message(id, address, &phys)))
		return;
	if (!doorbell_write(phys, data))
		transfer(phys, (uint8_t *)&data, sizeof(data), true);
}
