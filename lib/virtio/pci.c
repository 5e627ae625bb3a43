// SPDX-License-Identifier: BSD-3-Clause
/*
 * The PCI transport, modern interface only (virtio 1.4, 4.1).
 */
#include <stddef.h>

#include "memory.h"
#include "pci/pci.h"
#include "register.h"
#include "virtio/pci_layout.h"
#include "virtio/ring.h"
#include "virtio/virtio.h"

#define VIRTIO_VENDOR 0x1af4
#define MODERN_DEVICE_BASE 0x1040
#define MODERN_DEVICE_LAST 0x107f

uint32_t virtio_pci_type(const struct pci_dev *pci)
{
	if (pci->vendor != VIRTIO_VENDOR || pci->device < MODERN_DEVICE_BASE ||
	    pci->device > MODERN_DEVICE_LAST)
		return 0;
	return pci->device - MODERN_DEVICE_BASE;
}

static uint8_t pci_status(struct virtio_device *dev)
{
	return register_read8(dev->common + COMMON_DEVICE_STATUS);
}

static void pci_set_status(struct virtio_device *dev, uint8_t status)
{
	register_write8(dev->common + COMMON_DEVICE_STATUS, status);
}

static uint32_t pci_offered(struct virtio_device *dev, uint32_t word)
{
	register_write32(dev->common + COMMON_DEVICE_FEATURE_SELECT, word);
	return register_read32(dev->common + COMMON_DEVICE_FEATURE);
}

static void pci_accept(struct virtio_device *dev, uint32_t word, uint32_t bits)
{
	register_write32(dev->common + COMMON_DRIVER_FEATURE_SELECT, word);
	register_write32(dev->common + COMMON_DRIVER_FEATURE, bits);
}

static uint16_t pci_queue_max(struct virtio_device *dev, uint16_t queue)
{
	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	return register_read16(dev->common + COMMON_QUEUE_SIZE);
}

/* 64-bit fields are written in two halves (4.1.3.1). */
static void write_address(struct virtio_device *dev, unsigned int field, volatile void *area,
			  uint64_t offset)
{
	uint64_t address = phys((const void *)area) + offset;

	register_write32(dev->common + field, address);
	register_write32(dev->common + field + 4, address >> 32);
}

/* Return NULL for a queue whose address would lie outside of the notification area (4.1.4.4). */
static volatile uint8_t *find_doorbell(struct virtio_device *dev, uint16_t queue)
{
	bool data = dev->accepted & VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA);
	uint64_t offset, width = data ? sizeof(uint32_t) : sizeof(uint16_t);

	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	offset = (uint64_t)register_read16(dev->common + COMMON_QUEUE_NOTIFY_OFF) * dev->notify_multiplier;
	return offset + width <= dev->notify_length ? dev->notify + offset : NULL;
}

static void pci_queue_enable(struct virtio_device *dev, uint16_t queue, const struct ring *ring)
{
	if (queue < VIRTIO_DOORBELLS)
		dev->doorbell[queue] = find_doorbell(dev, queue);
	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	register_write16(dev->common + COMMON_QUEUE_SIZE, ring->size);
	write_address(dev, COMMON_QUEUE_DESC, ring->desc, ring->device_offset);
	write_address(dev, COMMON_QUEUE_DRIVER, ring->avail, ring->device_offset);
	write_address(dev, COMMON_QUEUE_DEVICE, ring->used, ring->device_offset);
	register_write16(dev->common + COMMON_QUEUE_ENABLE, 1);
}

static bool pci_queue_enabled(struct virtio_device *dev, uint16_t queue)
{
	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	return register_read16(dev->common + COMMON_QUEUE_ENABLE);
}

static uint32_t pci_generation(struct virtio_device *dev)
{
	return register_read8(dev->common + COMMON_CONFIG_GENERATION);
}

/* Reading clears it (4.1.4.5). */
static uint8_t pci_take_interrupts(struct virtio_device *dev)
{
	return dev->isr ? register_read8(dev->isr) : 0;
}

static void pci_notify(struct virtio_device *dev, uint16_t queue)
{
	bool known = queue < VIRTIO_DOORBELLS && dev->doorbell[queue];
	volatile uint8_t *doorbell = known ? dev->doorbell[queue] : find_doorbell(dev, queue);

	if (!doorbell)
		return;
	if (dev->accepted & VIRTIO_FEATURE(VIRTIO_F_NOTIFICATION_DATA))
		register_write32(doorbell, virtio_notification(dev, queue));
	else
		register_write16(doorbell, queue);
}

static void pci_queue_reset(struct virtio_device *dev, uint16_t queue)
{
	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	register_write16(dev->common + COMMON_QUEUE_RESET, 1);
}

static bool pci_queue_is_resetting(struct virtio_device *dev, uint16_t queue)
{
	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	return register_read16(dev->common + COMMON_QUEUE_RESET);
}

uint16_t virtio_pci_queue_vector(struct virtio_device *dev, uint16_t queue, uint16_t vector)
{
	register_write16(dev->common + COMMON_QUEUE_SELECT, queue);
	register_write16(dev->common + COMMON_QUEUE_VECTOR, vector);
	return register_read16(dev->common + COMMON_QUEUE_VECTOR);
}

uint16_t virtio_pci_config_vector(struct virtio_device *dev, uint16_t vector)
{
	register_write16(dev->common + COMMON_CONFIG_VECTOR, vector);
	return register_read16(dev->common + COMMON_CONFIG_VECTOR);
}

static const struct virtio_transport pci_transport = {
	.status = pci_status,
	.set_status = pci_set_status,
	.offered = pci_offered,
	.accept = pci_accept,
	.queue_max = pci_queue_max,
	.queue_enable = pci_queue_enable,
	.queue_enabled = pci_queue_enabled,
	.queue_reset = pci_queue_reset,
	.queue_is_resetting = pci_queue_is_resetting,
	.notify = pci_notify,
	.generation = pci_generation,
	.take_interrupts = pci_take_interrupts,
};

unsigned int virtio_pci_next_structure(const struct pci_dev *pci, uint8_t type, unsigned int after)
{
	unsigned int cap = pci_find_capability(pci, PCI_CAP_VENDOR, after);

	while (cap && pci_read8(pci, cap + CAP_TYPE) != type)
		cap = pci_find_capability(pci, PCI_CAP_VENDOR, cap);
	return cap;
}

unsigned int virtio_pci_structure(const struct pci_dev *pci, uint8_t type)
{
	return virtio_pci_next_structure(pci, type, 0);
}

/* Return true if the structure is in a memory BAR: some machines have no I/O ports. */
static bool is_in_memory(const struct pci_dev *pci, unsigned int cap)
{
	uint8_t bar = pci_read8(pci, cap + CAP_BAR);

	return bar < PCI_BARS && !pci->bars[bar].io;
}

unsigned int virtio_pci_usable_structure(const struct pci_dev *pci, uint8_t type)
{
	unsigned int cap = virtio_pci_structure(pci, type);

	while (cap && !is_in_memory(pci, cap))
		cap = virtio_pci_next_structure(pci, type, cap);
	return cap;
}

/* Map the structure of @type, at least @least bytes. Return its capability, 0 on failure. */
static unsigned int map_structure(struct pci_dev *pci, uint8_t type, uint32_t least,
				  volatile uint8_t **base, uint32_t *length, struct error *error)
{
	unsigned int cap = virtio_pci_usable_structure(pci, type);
	uint32_t offset;
	uint8_t bar;

	if (!cap)
		return error_set(error, "virtio-pci %04x: no capability of type %u in a memory BAR",
				 pci->bdf, type);
	bar = pci_read8(pci, cap + CAP_BAR);
	offset = pci_read32(pci, cap + CAP_OFFSET);
	*length = pci_read32(pci, cap + CAP_STRUCTURE_LENGTH);
	if (pci_read8(pci, cap + CAP_LENGTH) < CAP_SIZE || *length < least)
		return error_set(error, "virtio-pci %04x: capability at %#x (type %u): length %u is "
				 "less than %u", pci->bdf, cap, type, *length, least);
	*base = pci_map_bar(pci, bar, offset, *length);
	if (!*base)
		return error_set(error, "virtio-pci %04x: capability at %#x (type %u): %#x + %#x does "
				 "not fit BAR %u", pci->bdf, cap, type, offset, *length, bar);
	return cap;
}

static bool map_notify(struct virtio_device *dev, struct error *error)
{
	unsigned int cap = map_structure(dev->pci, TYPE_NOTIFY, sizeof(uint16_t), &dev->notify,
					 &dev->notify_length, error);

	if (!cap)
		return false;
	if (pci_read8(dev->pci, cap + CAP_LENGTH) < CAP_EXTENDED_SIZE)
		return error_set(error, "virtio-pci %04x: notify capability at %#x is shorter than %u",
				 dev->pci->bdf, cap, CAP_EXTENDED_SIZE);
	dev->notify_multiplier = pci_read32(dev->pci, cap + CAP_NOTIFY_MULTIPLIER);
	return true;
}

/* There has to be one (PCI-ISR-1); nothing but the tests of it depends on that. */
static volatile uint8_t *find_isr(struct pci_dev *pci)
{
	unsigned int cap = virtio_pci_usable_structure(pci, TYPE_ISR);

	if (!cap || !pci_read32(pci, cap + CAP_STRUCTURE_LENGTH))
		return NULL;
	return pci_map_bar(pci, pci_read8(pci, cap + CAP_BAR), pci_read32(pci, cap + CAP_OFFSET), 1);
}

bool virtio_pci_open(struct virtio_device *dev, struct pci_dev *pci, struct error *error)
{
	uint32_t ignored;

	*dev = (struct virtio_device){.transport = &pci_transport, .pci = pci};
	dev->type = virtio_pci_type(pci);
	pci_enable(pci);
	if (!map_structure(pci, TYPE_COMMON, COMMON_SIZE, &dev->common, &ignored, error) ||
	    !map_notify(dev, error))
		return false;
	dev->isr = find_isr(pci);
	if (virtio_pci_usable_structure(pci, TYPE_DEVICE))
		return map_structure(pci, TYPE_DEVICE, 1, &dev->config, &dev->config_length, error);
	return true;
}
