// SPDX-License-Identifier: BSD-3-Clause
#include "pci/location.h"
#include "virtio/virtio.h"

uint32_t virtio_type(const struct device_location *location)
{
	return location->pci ? virtio_pci_type(location->pci) : virtio_mmio_type(location->registers);
}

bool virtio_open(struct virtio_device *dev, const struct device_location *location, struct error *error)
{
	return location->pci ? virtio_pci_open(dev, location->pci, error) :
			       virtio_mmio_open(dev, location->registers, error);
}
