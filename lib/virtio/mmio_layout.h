/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Registers of virtio-mmio, version 2 (virtio 1.4, 4.2.2), for the transport and for the tests of it.
 * Offsets in bytes; all have 32 bits. Device configuration begins where they end.
 */
#ifndef LIB_VIRTIO_MMIO_LAYOUT_H
#define LIB_VIRTIO_MMIO_LAYOUT_H

enum {
	MMIO_MAGIC_VALUE = 0x000,
	MMIO_VERSION = 0x004,
	MMIO_DEVICE_ID = 0x008,
	MMIO_VENDOR_ID = 0x00c,
	MMIO_DEVICE_FEATURES = 0x010,
	MMIO_DEVICE_FEATURES_SEL = 0x014,
	MMIO_DRIVER_FEATURES = 0x020,
	MMIO_DRIVER_FEATURES_SEL = 0x024,
	MMIO_QUEUE_SEL = 0x030,
	MMIO_QUEUE_SIZE_MAX = 0x034,
	MMIO_QUEUE_SIZE = 0x038,
	MMIO_QUEUE_READY = 0x044,
	MMIO_QUEUE_NOTIFY = 0x050,
	MMIO_INTERRUPT_STATUS = 0x060,
	MMIO_INTERRUPT_ACK = 0x064,
	MMIO_STATUS = 0x070,
	MMIO_QUEUE_DESC = 0x080,
	MMIO_QUEUE_DRIVER = 0x090,
	MMIO_QUEUE_DEVICE = 0x0a0,
	MMIO_SHM_SEL = 0x0ac,
	MMIO_SHM_LEN = 0x0b0,
	MMIO_SHM_BASE = 0x0b8,
	MMIO_QUEUE_RESET = 0x0c0,
	MMIO_CONFIG_GENERATION = 0x0fc,
	MMIO_CONFIG = 0x100,
	MMIO_SIZE = 0x200,	/* with device configuration, by the device tree bindings */
};

#define MMIO_MAGIC 0x74726976
#define MMIO_MODERN 2

#endif
