/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A virtio device behind any transport (virtio 1.4, chapters 2 and 4).
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

/* Queues whose notification address is remembered. */
#define VIRTIO_DOORBELLS 4

struct pci_dev;
struct device_location;
struct ring;
struct ring_reply;
struct virtio_device;

/* What each transport does its own way. All values in CPU byte order. */
struct virtio_transport {
	uint8_t (*status)(struct virtio_device *dev);
	void (*set_status)(struct virtio_device *dev, uint8_t status);
	uint32_t (*offered)(struct virtio_device *dev, uint32_t word);
	void (*accept)(struct virtio_device *dev, uint32_t word, uint32_t bits);
	/* The largest size of the queue, 0 if there is no such queue. */
	uint16_t (*queue_max)(struct virtio_device *dev, uint16_t queue);
	/* Size and addresses (as the device shall see them) from @ring, then enable. */
	void (*queue_enable)(struct virtio_device *dev, uint16_t queue, const struct ring *ring);
	bool (*queue_enabled)(struct virtio_device *dev, uint16_t queue);
	/* Begin to reset the queue (RING_RESET), and whether that goes on. */
	void (*queue_reset)(struct virtio_device *dev, uint16_t queue);
	bool (*queue_is_resetting)(struct virtio_device *dev, uint16_t queue);
	void (*notify)(struct virtio_device *dev, uint16_t queue);
	/* The version of the device configuration (2.5.1). */
	uint32_t (*generation)(struct virtio_device *dev);
	/* Events that have been shown since the last call. Not those of MSI-X. */
	uint8_t (*take_interrupts)(struct virtio_device *dev);
};

struct virtio_device {
	const struct virtio_transport *transport;
	struct pci_dev *pci;		/* NULL behind another transport */
	uint32_t type;
	uint64_t accepted;		/* features, valid after virtio_negotiate() */
	volatile uint8_t *config;	/* device configuration, NULL if there is none */
	uint32_t config_length;
	volatile uint8_t *common;	/* virtio-pci: common configuration (4.1.4.3) */
	volatile uint8_t *notify;	/* virtio-pci: notification area (4.1.4.4) */
	uint32_t notify_length;
	uint32_t notify_multiplier;
	volatile uint8_t *doorbell[VIRTIO_DOORBELLS];	/* virtio-pci: of the first queues */
	const struct ring *rings[VIRTIO_DOORBELLS];	/* that they were enabled with, the caller's */
	volatile uint8_t *isr;		/* virtio-pci: ISR status (4.1.4.5), NULL if there is none */
	volatile uint8_t *registers;	/* virtio-mmio (4.2.2) */
};

/* The type of the virtio device that is there, 0 if there is none. */
uint32_t virtio_type(const struct device_location *location);

/* Make @dev of it, for the driver sequence. The PCI function must outlive @dev. */
bool virtio_open(struct virtio_device *dev, const struct device_location *location, struct error *error);

/* The type of a PCI function if it is a modern virtio device (4.1.2), else 0. */
uint32_t virtio_pci_type(const struct pci_dev *pci);

/*
 * Find the configuration structures of a modern virtio-pci function and enable it on the bus.
 * @pci must outlive @dev. Every capability is checked against its BAR.
 */
bool virtio_pci_open(struct virtio_device *dev, struct pci_dev *pci, struct error *error);

/* The same for registers at @base (4.2.2): the type, 0 without a device of version 2 there. */
uint32_t virtio_mmio_type(uint64_t base);
bool virtio_mmio_open(struct virtio_device *dev, uint64_t base, struct error *error);

/* Write 0 to the status and wait until it reads 0; false if that does not happen in time. */
bool virtio_reset(struct virtio_device *dev);

/* All offered feature bits below 64, of a device that is reset; it then knows of its driver. */
uint64_t virtio_offered(struct virtio_device *dev);

/*
 * From a reset device to FEATURES_OK with exactly @features, whether offered or not.
 * False if FEATURES_OK does not stick; the device is then left as it is.
 */
bool virtio_negotiate(struct virtio_device *dev, uint64_t features);

/*
 * Make queue number @queue with memory that ring_init() has laid out; @ring must outlive it. False if
 * the device has no such queue or its maximum is below the ring's size.
 */
bool virtio_enable_queue(struct virtio_device *dev, uint16_t queue, const struct ring *ring);

/*
 * Reset the queue alone, for a device that has accepted RING_RESET. False if that does not end. It can
 * be enabled again.
 */
bool virtio_reset_queue(struct virtio_device *dev, uint16_t queue);

void virtio_driver_ok(struct virtio_device *dev);

/* virtio-pci: MSI-X vectors of a queue and of configuration changes. Both return what reads back. */
uint16_t virtio_pci_queue_vector(struct virtio_device *dev, uint16_t queue, uint16_t vector);
uint16_t virtio_pci_config_vector(struct virtio_device *dev, uint16_t vector);

/* What a notification says (2.9): the queue and, with NOTIFICATION_DATA, what was made available. */
uint32_t virtio_notification(const struct virtio_device *dev, uint16_t queue);

static inline void virtio_notify(struct virtio_device *dev, uint16_t queue)
{
	dev->transport->notify(dev, queue);
}

/* The same, if the device asks for it. */
void virtio_kick(struct virtio_device *dev, uint16_t queue, struct ring *ring);

/* The device says that it met an error and must be reset (2.1.2). */
bool virtio_needs_reset(struct virtio_device *dev);

enum virtio_wait {
	VIRTIO_USED,		/* *@reply says what */
	VIRTIO_BROKEN,		/* the device asks for a reset */
	VIRTIO_SILENT,		/* neither came in time */
};

/* Wait for the next used element of @ring. */
enum virtio_wait virtio_wait(struct virtio_device *dev, struct ring *ring, struct ring_reply *reply,
			     uint64_t microseconds);

#endif
