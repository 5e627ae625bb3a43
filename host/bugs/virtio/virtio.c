// SPDX-License-Identifier: BSD-3-Clause
#include "host/board/port.h"
#include "host/bugs/bugs.h"
#include "host/bugs/queues/queues.h"
#include "host/bugs/virtio/takeover.h"
#include "host/bugs/virtio/virtio.h"

static void spoil_iommu(struct vdev *dev)
{
	static struct vdev_steps steps;

	steps = *dev->steps;
	bugs_in_status(&steps);
	bugs_in_config(&steps);
	bugs_in_queues(&steps);
	bugs_in_rings(&steps);
	if (dev->registers) {
		bugs_in_mmio(&steps);
	} else {
		bugs_in_pci(dev, &steps);
		bugs_in_capabilities(dev);
	}
	dev->steps = &steps;
}

static bool endpoint_features_fit(const struct vdev *dev)
{
	return !bug_is_offended(dev) && generic_features_fit(dev);
}

static void spoil_disk(struct vdev *dev)
{
	static struct vdev_steps steps;

	steps = *dev->steps;
	steps.features_fit = endpoint_features_fit;
	dev->steps = &steps;
}

static bool take_over(struct vdev *dev)
{
	return rings_take_over(dev) || turns_take_over(dev) || service_take_over(dev) ||
	       registers_take_over(dev) || messages_take_over(dev) || memory_take_over(dev) ||
	       passes_take_over(dev) || descriptors_take_over(dev) || prefetch_takes_over(dev) ||
	       late_takes_over(dev);
}

static void plugged(struct vdev *dev)
{
	if (dev->type != VIRTIO_TYPE_IOMMU)
		bugs_in_endpoint(dev);
	if (dev->type == VIRTIO_TYPE_IOMMU && !take_over(dev))
		spoil_iommu(dev);
	else if (dev->type == VIRTIO_TYPE_BLOCK)
		spoil_disk(dev);
	bugs_in_port(dev);
}

void bugs_install_virtio(void)
{
	if (port_steps.plugged == plugged)
		return;
	bugs_in_board();
	port_steps.plugged = plugged;
}
