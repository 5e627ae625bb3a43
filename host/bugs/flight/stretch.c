// SPDX-License-Identifier: BSD-3-Clause
#include "host/bugs/flight/stretch.h"
#include "host/bugs/flight/flight.h"
#include "host/iommu/parts.h"
#include "util.h"

bool stretch_find(const struct stretch *s, const struct vdev *dev, uint64_t address, uint64_t *phys,
		    uint64_t *length)
{
	if (s->dev != dev || address < s->start || address > s->end)
		return false;
	*phys = s->phys + (address - s->start);
	*length = s->end - address + 1;
	return true;
}

bool stretch_ask(struct vdev *dev, uint64_t address, uint32_t kind, struct model_extent *extent)
{
	uint8_t reason;
	uint32_t id;

	return vdev_has(dev, VIRTIO_F_ACCESS_PLATFORM) && bug_endpoint_id(dev, &id) &&
	       model_translate(&ref_iommu.model, id, address, kind, extent, &reason);
}

unsigned int stretch_translate(struct stretch *to, unsigned int room, struct vdev *dev, uint64_t address,
				  uint64_t size, uint32_t kind)
{
	struct model_extent extent;
	unsigned int count = 0;

	while (size && count < room && stretch_ask(dev, address, kind, &extent)) {
		uint64_t last = min(extent.end, address + (size - 1));

		to[count++] = (struct stretch){.dev = dev, .start = address, .end = last,
					       .phys = extent.phys + (address - extent.start)};
		size -= last - address + 1;
		address = last + 1;
	}
	return count;
}
