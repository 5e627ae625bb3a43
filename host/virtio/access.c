// SPDX-License-Identifier: BSD-3-Clause
#include "host/machine/personality.h"
#include "host/virtio/access.h"

/* A driver that declines ACCESS_PLATFORM hands out physical addresses (6.1). */
static struct dma dma_of(const struct vdev *dev, uint64_t address, bool write)
{
	return (struct dma){address, write, .physical = !vdev_has(dev, VIRTIO_F_ACCESS_PLATFORM)};
}

bool access_try(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write)
{
	struct dma dma = dma_of(dev, address, write);

	return dev->port->ops->access(dev->port, &dma, bytes, size);
}

bool access_memory(struct vdev *dev, uint64_t address, void *bytes, size_t size, bool write)
{
	if (access_try(dev, address, bytes, size, write))
		return true;
	if (personality->silent_endpoints && dev->type != VIRTIO_TYPE_IOMMU)
		dev->silent = true;
	else
		vdev_break(dev);
	return false;
}

void access_message(struct vdev *dev, uint64_t address, uint32_t data)
{
	struct dma dma = dma_of(dev, address, true);

	dev->port->ops->message(dev->port, &dma, data);
}
