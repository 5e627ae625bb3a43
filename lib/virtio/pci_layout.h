/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Layout of the virtio-pci structures (virtio 1.4, 4.1.4), for the transport and for the tests of it.
 */
#ifndef LIB_VIRTIO_PCI_LAYOUT_H
#define LIB_VIRTIO_PCI_LAYOUT_H

#include <stdint.h>

struct pci_dev;

/* Offsets in struct virtio_pci_cap (4.1.4). */
enum {
	CAP_LENGTH = 2,
	CAP_TYPE = 3,
	CAP_BAR = 4,
	CAP_ID = 5,
	CAP_OFFSET = 8,
	CAP_STRUCTURE_LENGTH = 12,
	CAP_SIZE = 16,
	CAP_NOTIFY_MULTIPLIER = 16,
	CAP_ACCESS_DATA = 16,
	CAP_EXTENDED_SIZE = 20,		/* of a notify or an access capability */
	CAP_OFFSET_HIGH = 16,		/* struct virtio_pci_cap64 */
	CAP_LENGTH_HIGH = 20,
	CAP_SIZE_64 = 24,
	CAP_VENDOR_ID = 4,		/* struct virtio_pci_vndr_data */
};

/* Its cfg_type. */
enum {
	TYPE_COMMON = 1,
	TYPE_NOTIFY = 2,
	TYPE_ISR = 3,
	TYPE_DEVICE = 4,
	TYPE_ACCESS = 5,
	TYPE_SHARED_MEMORY = 8,
	TYPE_VENDOR = 9,
};

/* Offsets in struct virtio_pci_common_cfg (4.1.4.3). */
enum {
	COMMON_DEVICE_FEATURE_SELECT = 0,
	COMMON_DEVICE_FEATURE = 4,
	COMMON_DRIVER_FEATURE_SELECT = 8,
	COMMON_DRIVER_FEATURE = 12,
	COMMON_CONFIG_VECTOR = 16,
	COMMON_NUM_QUEUES = 18,
	COMMON_DEVICE_STATUS = 20,
	COMMON_CONFIG_GENERATION = 21,
	COMMON_QUEUE_SELECT = 22,
	COMMON_QUEUE_SIZE = 24,
	COMMON_QUEUE_VECTOR = 26,
	COMMON_QUEUE_ENABLE = 28,
	COMMON_QUEUE_NOTIFY_OFF = 30,
	COMMON_QUEUE_DESC = 32,
	COMMON_QUEUE_DRIVER = 40,
	COMMON_QUEUE_DEVICE = 48,
	COMMON_SIZE = 56,
	COMMON_QUEUE_RESET = 58,	/* these only with their feature */
	COMMON_ADMIN_INDEX = 60,
	COMMON_ADMIN_COUNT = 62,
	COMMON_LONGEST = 64,
};

/* VIRTIO_MSI_NO_VECTOR: no vector is wanted for the event, or none could be allocated (4.1.4.3). */
#define VIRTIO_NO_VECTOR 0xffff

/*
 * Return the offset in configuration space of the first capability of @type, 0 if there is none. The first
 * is the preferred one (4.1.4.1).
 */
unsigned int virtio_pci_structure(const struct pci_dev *pci, uint8_t type);

/* Like virtio_pci_structure(), but return the first one that can be used here (4.1.4.1). */
unsigned int virtio_pci_usable_structure(const struct pci_dev *pci, uint8_t type);

/* Like virtio_pci_structure(), but return the next one after the capability at @after. */
unsigned int virtio_pci_next_structure(const struct pci_dev *pci, uint8_t type, unsigned int after);

#endif
