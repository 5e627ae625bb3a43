// SPDX-License-Identifier: BSD-3-Clause
/*
 * The ACPI tables of this machine (ACPI 6.5, 5.2; the VIOT, 5.2.32).
 */
#include <string.h>

#include "board.h"
#include "bus.h"
#include "ram.h"
#include "tables.h"

#define PACKED __attribute__((packed))

struct rsdp {
	char signature[8];
	uint8_t checksum;
	char oem[6];
	uint8_t revision;
	uint32_t rsdt;
	uint32_t length;
	uint64_t xsdt;
	uint8_t extended_checksum;
	uint8_t reserved[3];
} PACKED;

struct header {
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

#define XSDT_ENTRIES 3

struct xsdt {
	struct header header;
	uint64_t entries[XSDT_ENTRIES];
} PACKED;

/* Hardware-reduced, and nothing else: the machine is switched off by leaving the process. */
struct fadt {
	struct header header;
	uint8_t fields[112 - 36];
	uint32_t flags;
	uint8_t more_fields[276 - 116];
} PACKED;

enum { HW_REDUCED_ACPI = 1 << 20 };

struct mcfg {
	struct header header;
	uint64_t reserved;
	uint64_t base;
	uint16_t segment;
	uint8_t bus_first, bus_last;
	uint32_t reserved2;
} PACKED;

#define VIOT_RANGES 2

struct viot {
	struct header header;
	uint16_t node_count, node_offset;
	uint64_t reserved;
	struct {
		uint8_t type, reserved;
		uint16_t length;
		uint16_t segment, bdf;
		uint8_t reserved2[8];
	} PACKED iommu;
	struct {
		uint8_t type, reserved;
		uint16_t length;
		uint32_t endpoint;
		uint16_t segment_first, segment_last, bdf_first, bdf_last;
		uint16_t output;
		uint8_t reserved2[6];
	} PACKED ranges[VIOT_RANGES];
} PACKED;

enum { VIOT_PCI_RANGE = 1, VIOT_IOMMU_PCI = 3 };

_Static_assert(sizeof(struct rsdp) == 36, "5.2.5.3");
_Static_assert(sizeof(struct header) == 36, "5.2.6");
_Static_assert(sizeof(struct fadt) == 276, "5.2.9");
_Static_assert(sizeof(struct mcfg) == 60, "PCI Firmware 3.3, 4.1.2");
_Static_assert(sizeof(struct viot) == 48 + 16 + VIOT_RANGES * 24, "5.2.32");

/* All of it, one behind the other. */
struct tables {
	struct rsdp rsdp __attribute__((aligned(16)));
	struct xsdt xsdt __attribute__((aligned(16)));
	struct fadt fadt __attribute__((aligned(16)));
	struct mcfg mcfg __attribute__((aligned(16)));
	struct viot viot __attribute__((aligned(16)));
};

static uint8_t checksum(const void *bytes, size_t size)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum += ((const uint8_t *)bytes)[i];
	return -sum;
}

static void finish(struct header *header, const char *signature, uint32_t length, uint8_t revision)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = length;
	header->revision = revision;
	memcpy(header->oem, "VIOTST", sizeof(header->oem));
	memcpy(header->oem_table, "HOST    ", sizeof(header->oem_table));
	memcpy(header->creator, "VIOT", sizeof(header->creator));
	header->checksum = checksum(header, length);
}

static void write_mcfg(struct mcfg *mcfg)
{
	mcfg->base = ECAM_BASE;
	mcfg->bus_last = 255;
	finish(&mcfg->header, "MCFG", sizeof(*mcfg), 1);
}

static void write_viot(struct viot *viot)
{
	viot->node_count = 1 + VIOT_RANGES;
	viot->node_offset = offsetof(struct viot, iommu);
	viot->iommu.type = VIOT_IOMMU_PCI;
	viot->iommu.length = sizeof(viot->iommu);
	viot->iommu.bdf = board_iommu_bdf();
	for (unsigned int i = 0; i < VIOT_RANGES; i++) {
		viot->ranges[i].type = VIOT_PCI_RANGE;
		viot->ranges[i].length = sizeof(viot->ranges[i]);
		viot->ranges[i].endpoint = board_ranges[i].endpoint_first;
		viot->ranges[i].bdf_first = board_ranges[i].bdf_first;
		viot->ranges[i].bdf_last = board_ranges[i].bdf_last;
		viot->ranges[i].output = offsetof(struct viot, iommu);
	}
	finish(&viot->header, "VIOT", sizeof(*viot), 0);
}

static void write_xsdt(struct tables *t)
{
	t->xsdt.entries[0] = (uintptr_t)&t->fadt;
	t->xsdt.entries[1] = (uintptr_t)&t->mcfg;
	t->xsdt.entries[2] = (uintptr_t)&t->viot;
	finish(&t->xsdt.header, "XSDT", sizeof(t->xsdt), 1);
}

static void write_rsdp(struct tables *t)
{
	struct rsdp *rsdp = &t->rsdp;

	memcpy(rsdp->signature, "RSD PTR ", sizeof(rsdp->signature));
	memcpy(rsdp->oem, "VIOTST", sizeof(rsdp->oem));
	rsdp->revision = 2;
	rsdp->length = sizeof(*rsdp);
	rsdp->xsdt = (uintptr_t)&t->xsdt;
	rsdp->checksum = checksum(rsdp, 20);	/* the part of revision 0 */
	rsdp->extended_checksum = checksum(rsdp, sizeof(*rsdp));
}

uint64_t tables_write(uint64_t base)
{
	struct tables *t = ram_at(base, sizeof(*t));

	t->fadt.flags = HW_REDUCED_ACPI;
	finish(&t->fadt.header, "FACP", sizeof(t->fadt), 6);
	write_mcfg(&t->mcfg);
	write_viot(&t->viot);
	write_xsdt(t);
	write_rsdp(t);
	return (uintptr_t)&t->rsdp;
}
