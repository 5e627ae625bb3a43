/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio device on any transport (virtio 1.4, chapters 2 and 4).
 *
 * The driver sequence of 3.1.1 is virtio_reset(), virtio_negotiate(), virtio_enable_queue() for
 * each queue, virtio_driver_ok(). Tests that leave that sequence use the transport's operations.
 */
#ifndef LIB_VIRTIO_VIRTIO_H
#define LIB_VIRTIO_VIRTIO_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

/* Device status bits (2.1). */
enum {
	VIRTIO_ACKNOWLEDGE = 1,
	VIRTIO_DRIVER = 2,
	VIRTIO_DRIVER_OK = 4,
	VIRTIO_FEATURES_OK = 8,
	VIRTIO_SUSPEND = 16,
	VIRTIO_NEEDS_RESET = 64,
	VIRTIO_FAILED = 128,
};

/* Feature bits that belong to no device type (6). */
enum {
	VIRTIO_F_INDIRECT_DESC = 28,
	VIRTIO_F_EVENT_IDX = 29,
	VIRTIO_F_VERSION_1 = 32,
	VIRTIO_F_ACCESS_PLATFORM = 33,
	VIRTIO_F_RING_PACKED = 34,
	VIRTIO_F_IN_ORDER = 35,
	VIRTIO_F_ORDER_PLATFORM = 36,
	VIRTIO_F_SR_IOV = 37,
	VIRTIO_F_NOTIFICATION_DATA = 38,
	VIRTIO_F_NOTIF_CONFIG_DATA = 39,
	VIRTIO_F_RING_RESET = 40,
	VIRTIO_F_ADMIN_VQ = 41,
	VIRTIO_F_SUSPEND = 43,
};

#define VIRTIO_FEATURE(bit) (1ull << (bit))

/* Device types that the suite drives (5). */
enum {
	VIRTIO_TYPE_NET = 1,
	VIRTIO_TYPE_BLOCK = 2,
	VIRTIO_TYPE_CONSOLE = 3,
	VIRTIO_TYPE_ENTROPY = 4,
	VIRTIO_TYPE_IOMMU = 23,
};

/* Events that interrupts stand for: bits of ISR status and InterruptStatus (4.1.4.5, 4.2.2). */
enum { VIRTIO_USED_BUFFER = 1, VIRTIO_CONFIG_CHANGE = 2 };

/* Queues, from the first one on, whose notification address is kept. */
#define VIRTIO_DOORBELLS 4

/*
 * Transports.
 */

struct pci_dev;
struct device_location;
struct ring;
struct ring_reply;
struct virtio_device;

/* The operations of a transport. All values in CPU byte order. */
struct virtio_transport {
	/* Read and write device_status (2.1). */
	uint8_t (*status)(struct virtio_device *dev);
	void (*set_status)(struct virtio_device *dev, uint8_t status);

	/* Read 32 offered feature bits, and write accepted ones (2.2); @word 0 has bits 0 to 31. */
	uint32_t (*offered)(struct virtio_device *dev, uint32_t word);
	void (*accept)(struct virtio_device *dev, uint32_t word, uint32_t bits);

	/* Return the largest size of the queue in entries, 0 if there is no such queue. */
	uint16_t (*queue_max)(struct virtio_device *dev, uint16_t queue);

	/* Set size and addresses, as the device shall see them, from @ring; then enable the queue. */
	void (*queue_enable)(struct virtio_device *dev, uint16_t queue, const struct ring *ring);

	/* Return true if the queue reads as enabled. */
	bool (*queue_enabled)(struct virtio_device *dev, uint16_t queue);

	/* Begin to reset the queue (RING_RESET). */
	void (*queue_reset)(struct virtio_device *dev, uint16_t queue);

	/* Return true while that reset goes on. */
	bool (*queue_is_resetting)(struct virtio_device *dev, uint16_t queue);

	/* Send the available buffer notification of the queue. */
	void (*notify)(struct virtio_device *dev, uint16_t queue);

	/* Return the version of the device configuration (2.5.1). */
	uint32_t (*generation)(struct virtio_device *dev);

	/* Return the events shown since the last call (VIRTIO_USED_BUFFER ...), without those of MSI-X. */
	uint8_t (*take_interrupts)(struct virtio_device *dev);
};

/* A device that has been opened. */
struct virtio_device {
	const struct virtio_transport *transport;
	struct pci_dev *pci;		/* NULL on another transport */
	uint32_t type;
	uint64_t accepted;		/* features, valid after virtio_negotiate() */
	volatile uint8_t *config;	/* device configuration, NULL if there is none */
	uint32_t config_length;
	volatile uint8_t *common;	/* virtio-pci: common configuration (4.1.4.3) */
	volatile uint8_t *notify;	/* virtio-pci: notification area (4.1.4.4) */
	uint32_t notify_length;
	uint32_t notify_multiplier;
	volatile uint8_t *doorbell[VIRTIO_DOORBELLS];	/* virtio-pci: of the first queues */
	const struct ring *rings[VIRTIO_DOORBELLS];	/* of the first queues; the caller's */
	volatile uint8_t *isr;		/* virtio-pci: ISR status (4.1.4.5), NULL if there is none */
	volatile uint8_t *registers;	/* virtio-mmio (4.2.2) */
};

/*
 * Finding and opening a device.
 */

/* Return the type of the virtio device at @location, 0 if there is none. */
uint32_t virtio_type(const struct device_location *location);

/*
 * Make @dev of the device at @location, for the driver sequence. A PCI function must outlive @dev. Return
 * false, with a message in @error, if its structures or registers cannot be used.
 */
bool virtio_open(struct virtio_device *dev, const struct device_location *location, struct error *error);

/* Return the type of a PCI function if it is a modern virtio device (4.1.2), else 0. */
uint32_t virtio_pci_type(const struct pci_dev *pci);

/*
 * Like virtio_open(), for a modern virtio-pci function: find its configuration structures, check each
 * capability against its BAR, and enable the function on the bus.
 */
bool virtio_pci_open(struct virtio_device *dev, struct pci_dev *pci, struct error *error);

/* Return the type of the virtio-mmio device of version 2 with registers at @base (4.2.2), else 0. */
uint32_t virtio_mmio_type(uint64_t base);

/* Like virtio_open(), for a virtio-mmio device. */
bool virtio_mmio_open(struct virtio_device *dev, uint64_t base, struct error *error);

/*
 * The driver sequence.
 */

/* Write 0 to device_status and wait until it reads 0. Return false if that takes REPLY_TIMEOUT_US. */
bool virtio_reset(struct virtio_device *dev);

/* Set ACKNOWLEDGE and DRIVER on a device that is reset, and return the offered feature bits below 64. */
uint64_t virtio_offered(struct virtio_device *dev);

/*
 * Bring a device that is reset to FEATURES_OK with exactly @features, offered or not. Return false if
 * FEATURES_OK does not stick; the device is then left as it is.
 */
bool virtio_negotiate(struct virtio_device *dev, uint64_t features);

/*
 * Enable queue number @queue with @ring, which ring_init() has laid out and which must outlive the queue.
 * Return false if the device has no such queue or its maximum is below the ring's size.
 */
bool virtio_enable_queue(struct virtio_device *dev, uint16_t queue, const struct ring *ring);

/*
 * Reset the queue alone, on a device for which RING_RESET was accepted. It can be enabled again. Return
 * false if the reset takes REPLY_TIMEOUT_US, or the queue still reads as enabled.
 */
bool virtio_reset_queue(struct virtio_device *dev, uint16_t queue);

/* Set DRIVER_OK: the device may use its queues. */
void virtio_driver_ok(struct virtio_device *dev);

/* virtio-pci: set the MSI-X vector of a queue. Return what reads back, VIRTIO_NO_VECTOR if it is refused. */
uint16_t virtio_pci_queue_vector(struct virtio_device *dev, uint16_t queue, uint16_t vector);

/* Like virtio_pci_queue_vector(), for configuration changes. */
uint16_t virtio_pci_config_vector(struct virtio_device *dev, uint16_t vector);

/*
 * Notifying and waiting.
 */

/*
 * Return the value of a notification (2.9): the queue and, with NOTIFICATION_DATA, up to where buffers are
 * available.
 */
uint32_t virtio_notification(const struct virtio_device *dev, uint16_t queue);

/* Send the available buffer notification of the queue. */
static inline void virtio_notify(struct virtio_device *dev, uint16_t queue)
{
	dev->transport->notify(dev, queue);
}

/* Like virtio_notify(), but only if the device asks for it: see ring_wants_notification(). */
void virtio_kick(struct virtio_device *dev, uint16_t queue, struct ring *ring);

/* Return true if DEVICE_NEEDS_RESET is set: the device has met an error (2.1.2). */
bool virtio_needs_reset(struct virtio_device *dev);

/* How virtio_wait() ended. */
enum virtio_wait {
	VIRTIO_USED,		/* a buffer is used: *@reply is it */
	VIRTIO_BROKEN,		/* the device asks for a reset */
	VIRTIO_SILENT,		/* neither came in time */
};

/* Wait up to @microseconds until the device uses a buffer of @ring, and take it. */
enum virtio_wait virtio_wait(struct virtio_device *dev, struct ring *ring, struct ring_reply *reply,
			     uint64_t microseconds);

#endif
