/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Conditions of a test. Each has its check and its words in needs.c.
 */
#ifndef JUDGE_NEEDS_H
#define JUDGE_NEEDS_H

#include <stdint.h>

#include "judge/verdict.h"

enum {
	NEEDS_NOTHING = 0,
	NEEDS_ENDPOINT = 1 << 0,	/* a DMA master behind the IOMMU, byte-exact if there is one */
	NEEDS_TWO_ENDPOINTS = 1 << 1,	/* a second master that writes when it is told to */
	NEEDS_MAP_UNMAP = 1 << 2,
	NEEDS_PROBE = 1 << 3,
	NEEDS_BYPASS_CONFIG = 1 << 4,
	NEEDS_RESERVED_REGION = 1 << 5,
	NEEDS_BOOT_BYPASS_ON = 1 << 6,	/* bypass is 1 before any write */
	NEEDS_BOOT_BYPASS_OFF = 1 << 7,
	NEEDS_EDU = 1 << 8,		/* QEMU's edu device behind the IOMMU */
	NEEDS_RNG = 1 << 9,		/* a virtio-rng behind the IOMMU */
	NEEDS_BRIDGED_ENDPOINT = 1 << 10,	/* an exact master that is not on bus 0 */
	NEEDS_DOMAIN_RANGE = 1 << 11,
	NEEDS_INPUT_RANGE = 1 << 12,
	NEEDS_MMIO_FLAG = 1 << 13,
	NEEDS_NO_MMIO_FLAG = 1 << 14,
	NEEDS_NO_PROBE = 1 << 15,
	NEEDS_VIOT = 1 << 16,		/* ACPI describes the IOMMU */
	NEEDS_FDT = 1 << 17,		/* a device tree does */
	NEEDS_OUTSIDE = 1 << 18,	/* an exact master that no table puts behind the IOMMU */
	NEEDS_MESSAGES = 1 << 19,	/* an exact master with MSI-X, and a controller for messages */
	NEEDS_MSIX = 1 << 20,		/* of the IOMMU, and a controller for messages */
	NEEDS_MACHINE_RESET = 1 << 21,	/* the machine may be reset and comes back */
	NEEDS_SPLIT = 1 << 24,		/* ring format and features that the run asks for */
	NEEDS_PACKED = 1 << 25,
	NEEDS_INDIRECT = 1 << 26,
	NEEDS_EVENT_IDX = 1 << 27,
	NEEDS_NO_EVENT_IDX = 1 << 28,
	NEEDS_IN_ORDER = 1 << 29,
	NEEDS_PCI = 1 << 22,		/* the IOMMU itself */
	NEEDS_MMIO = 1 << 23,		/* the same on virtio-mmio */
	NEEDS_RING_RESET = 1 << 30,	/* offered, whether the run has it or not */
	NEEDS_SUSPEND = 1u << 31,
	NEEDS_HOSTILE = 1ull << 32,	/* the run is there to break rules */
	NEEDS_CONSOLE = 1ull << 33,	/* a virtio-console behind the IOMMU */
	NEEDS_NET = 1ull << 34,		/* a virtio-net behind the IOMMU */
	NEEDS_ENDPOINT_ID = 1ull << 36,	/* an endpoint that can be attached, whether it does DMA or not */
	NEEDS_EXACT = 1ull << 35,	/* a master that reads and writes what the test chooses */
	NEEDS_PRODUCTS = 1ull << 37,	/* the run plays products, and what takes as long */
	NEEDS_RINGS = 1ull << 39,	/* a virtio master: what it is told lies in memory */
	NEEDS_OPERATOR = 1ull << 38,	/* somebody answers what the image asks (lib/operator.h) */
	NEEDS_SLOT = 1ull << 41,	/* an empty slot behind the IOMMU (pci/slot.h) */
	NEEDS_SECOND_CPU = 1ull << 40,	/* the run has a second CPU (lib/smp.h) */
};

/* One endpoint that can do DMA, and mappings: what most tests need. */
#define NEEDS_DMA (NEEDS_ENDPOINT | NEEDS_MAP_UNMAP)

/* A domain with mappings, where answers alone say enough: what DMA reaches is looked at if there is any. */
#define NEEDS_DOMAIN (NEEDS_ENDPOINT_ID | NEEDS_MAP_UNMAP)

/*
 * Return NULL if all of @needs hold, else the words for the first that does not: what the device does not
 * offer comes before what the machine or the run lacks. @cause gets which of these it is.
 */
const char *unmet_need(uint64_t needs, enum skip_cause *cause);

#endif
