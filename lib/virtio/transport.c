// SPDX-License-Identifier: BSD-3-Clause
#include "location.h"
#include "virtio/virtio.h"

uint32_t virtio_type(const struct device_location *place)
{
	return place->pci ? virtio_pci_type(place->pci) : virtio_mmio_type(place->registers);
}

bool virtio_open(struct virtio_device *dev, const struct device_location *place, struct error *error)
{
	return place->pci ? virtio_pci_open(dev, place->pci, error) :
			    virtio_mmio_open(dev, place->registers, error);
}
