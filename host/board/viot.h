/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The VIOT as this machine has it: its IOMMU, a range for each root complex, and endpoints on MMIO
 * (ACPI 6.5, 5.2.32).
 */
#ifndef VIOT_H
#define VIOT_H

#include <stddef.h>
#include <stdint.h>

#include "host/machine/options.h"

#define PACKED __attribute__((packed))

/* 5.2.6 */
struct table_header {
	char signature[4];
	uint32_t length;
	uint8_t revision;
	uint8_t checksum;
	char oem[6];
	char oem_table[8];
	uint32_t oem_revision;
	char creator[4];
	uint32_t creator_revision;
} PACKED;

enum { VIOT_PCI_RANGE = 1, VIOT_MMIO_ENDPOINT = 2, VIOT_IOMMU_PCI = 3, VIOT_IOMMU_MMIO = 4 };

#define VIOT_RANGES 2

struct viot {
	struct table_header header;
	uint16_t node_count, node_offset;
	uint64_t reserved;
	struct {
		uint8_t type, reserved;
		uint16_t length;
		union {
			struct {
				uint16_t segment, bdf;
				uint8_t reserved[8];
			} PACKED pci;
			struct {
				uint8_t reserved[4];
				uint64_t base;
			} PACKED mmio;
		};
	} PACKED iommu;
	struct {
		uint8_t type, reserved;
		uint16_t length;
		uint32_t endpoint;
		uint16_t segment_first, segment_last, bdf_first, bdf_last;
		uint16_t output;
		uint8_t reserved2[6];
	} PACKED ranges[VIOT_RANGES];
	struct viot_endpoint {
		uint8_t type, reserved;
		uint16_t length;
		uint32_t endpoint;
		uint64_t base;
		uint16_t output;
		uint8_t reserved2[6];
	} PACKED endpoints[MAX_HOST_ENDPOINTS + 1];	/* on MMIO; the last one is spare */
} PACKED;

_Static_assert(sizeof(struct table_header) == 36, "5.2.6");
_Static_assert(sizeof(struct viot) == 48 + 16 + (VIOT_RANGES + MAX_HOST_ENDPOINTS + 1) * 24, "5.2.32");

/* Set the checksum, so that the header's length of bytes adds up to 0. */
void table_seal(struct table_header *header);

#endif
