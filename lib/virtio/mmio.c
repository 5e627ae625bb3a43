// SPDX-License-Identifier: BSD-3-Clause
/*
 * virtio-mmio, version 2 (virtio 1.4, 4.2).
 */
#include "machine.h"
#include "memory.h"
#include "register.h"
#include "util.h"
#include "virtio/mmio_layout.h"
#include "virtio/ring.h"
#include "virtio/virtio.h"

/* No other register may be read if there is no device, or one of another version (4.2.3.1.1). */
uint32_t virtio_mmio_type(uint64_t base)
{
	volatile uint8_t *registers = base % sizeof(uint32_t) ? NULL : io_map(base, MMIO_SIZE);

	if (!registers || register_read32(registers + MMIO_MAGIC_VALUE) != MMIO_MAGIC ||
	    register_read32(registers + MMIO_VERSION) != MMIO_MODERN)
		return 0;
	return register_read32(registers + MMIO_DEVICE_ID);
}

static uint32_t get(struct virtio_device *dev, unsigned int offset)
{
	return register_read32(dev->registers + offset);
}

static void put(struct virtio_device *dev, unsigned int offset, uint32_t value)
{
	register_write32(dev->registers + offset, value);
}

static uint8_t mmio_status(struct virtio_device *dev)
{
	return get(dev, MMIO_STATUS);
}

static void mmio_set_status(struct virtio_device *dev, uint8_t status)
{
	put(dev, MMIO_STATUS, status);
}

static uint32_t mmio_offered(struct virtio_device *dev, uint32_t word)
{
	put(dev, MMIO_DEVICE_FEATURES_SEL, word);
	return get(dev, MMIO_DEVICE_FEATURES);
}

static void mmio_accept(struct virtio_device *dev, uint32_t word, uint32_t bits)
{
	put(dev, MMIO_DRIVER_FEATURES_SEL, word);
	put(dev, MMIO_DRIVER_FEATURES, bits);
}

static uint16_t mmio_queue_max(struct virtio_device *dev, uint16_t queue)
{
	uint32_t size;

	put(dev, MMIO_QUEUE_SEL, queue);
	size = get(dev, MMIO_QUEUE_SIZE_MAX);
	return min(size, UINT16_MAX);
}

static void put_address(struct virtio_device *dev, unsigned int offset, volatile void *area,
			uint64_t device_offset)
{
	uint64_t address = phys((const void *)area) + device_offset;

	put(dev, offset, address);
	put(dev, offset + 4, address >> 32);
}

static void mmio_queue_enable(struct virtio_device *dev, uint16_t queue, const struct ring *ring)
{
	put(dev, MMIO_QUEUE_SEL, queue);
	put(dev, MMIO_QUEUE_SIZE, ring->size);
	put_address(dev, MMIO_QUEUE_DESC, ring->desc, ring->device_offset);
	put_address(dev, MMIO_QUEUE_DRIVER, ring->avail, ring->device_offset);
	put_address(dev, MMIO_QUEUE_DEVICE, ring->used, ring->device_offset);
	put(dev, MMIO_QUEUE_READY, 1);
}

static bool mmio_queue_enabled(struct virtio_device *dev, uint16_t queue)
{
	put(dev, MMIO_QUEUE_SEL, queue);
	return get(dev, MMIO_QUEUE_READY);
}

static void mmio_queue_reset(struct virtio_device *dev, uint16_t queue)
{
	put(dev, MMIO_QUEUE_SEL, queue);
	put(dev, MMIO_QUEUE_RESET, 1);
}

static bool mmio_queue_is_resetting(struct virtio_device *dev, uint16_t queue)
{
	put(dev, MMIO_QUEUE_SEL, queue);
	return get(dev, MMIO_QUEUE_RESET);
}

static void mmio_notify(struct virtio_device *dev, uint16_t queue)
{
	put(dev, MMIO_QUEUE_NOTIFY, virtio_notification(dev, queue));
}

static uint32_t mmio_generation(struct virtio_device *dev)
{
	return get(dev, MMIO_CONFIG_GENERATION);
}

static uint8_t mmio_take_interrupts(struct virtio_device *dev)
{
	uint32_t events = get(dev, MMIO_INTERRUPT_STATUS);

	if (events)
		put(dev, MMIO_INTERRUPT_ACK, events & (VIRTIO_USED_BUFFER | VIRTIO_CONFIG_CHANGE));
	return events;
}

static const struct virtio_transport mmio_transport = {
	.status = mmio_status,
	.set_status = mmio_set_status,
	.offered = mmio_offered,
	.accept = mmio_accept,
	.queue_max = mmio_queue_max,
	.queue_enable = mmio_queue_enable,
	.queue_enabled = mmio_queue_enabled,
	.queue_reset = mmio_queue_reset,
	.queue_is_resetting = mmio_queue_is_resetting,
	.notify = mmio_notify,
	.generation = mmio_generation,
	.take_interrupts = mmio_take_interrupts,
};

bool virtio_mmio_open(struct virtio_device *dev, uint64_t base, struct error *error)
{
	*dev = (struct virtio_device){.transport = &mmio_transport, .type = virtio_mmio_type(base)};
	if (!dev->type)
		return error_set(error, "virtio-mmio %#lx: MagicValue, Version or DeviceID is not that of "
				 "a device of version %u", base, MMIO_MODERN);
	dev->registers = io_map(base, MMIO_SIZE);
	dev->config = dev->registers + MMIO_CONFIG;
	dev->config_length = MMIO_SIZE - MMIO_CONFIG;
	return true;
}
