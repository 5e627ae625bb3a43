// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of an endpoint's rings: their addresses are translated once, and that outlives what it came
 * from.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/mutant.h"

#define MAX_KEPT  64
#define RING_PAGE 4096

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

static bool is_active(void)
{
	return mutant(MUTANT_UNMAP_KEEPS_RINGS) || mutant(MUTANT_DETACH_KEEPS_RINGS) ||
	       mutant(MUTANT_MOVE_KEEPS_RINGS) || mutant(MUTANT_RESET_KEEPS_RINGS);
}

bool bug_ring(const struct vdev *dev, uint64_t address, uint64_t *phys, uint64_t *length)
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

bool bug_ring_as_write(const struct vdev *dev, uint64_t address, bool write)
{
	return write && !(mutant(MUTANT_RINGS_ALWAYS_WRITABLE) && is_ring(dev, address));
}

void bug_ring_note(const struct vdev *dev, uint64_t address, uint64_t phys)
{
	uint64_t ignored;

	if (!is_active() || kept_count == MAX_KEPT || !is_ring(dev, address) ||
	    bug_ring(dev, address, &ignored, &ignored))
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
