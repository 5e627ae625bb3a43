// SPDX-License-Identifier: BSD-3-Clause
/*
 * The ACPI tables of this machine (ACPI 6.5, 5.2; the VIOT, 5.2.32).
 */
#include <string.h>

#include "host/board/board.h"
#include "host/board/hooks.h"
#include "host/board/tables.h"
#include "host/board/viot.h"
#include "host/machine/personality.h"
#include "host/machine/ram.h"
#include "host/pci/bus.h"

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

#define XSDT_ENTRIES 3

struct xsdt {
	struct table_header header;
	uint64_t entries[XSDT_ENTRIES];
} PACKED;

/* Hardware-reduced, and nothing else: the machine is switched off by leaving the process. */
struct fadt {
	struct table_header header;
	uint8_t fields[112 - 36];
	uint32_t flags;
	uint8_t more_fields[276 - 116];
} PACKED;

enum { HW_REDUCED_ACPI = 1 << 20 };

struct mcfg {
	struct table_header header;
	uint64_t reserved;
	uint64_t base;
	uint16_t segment;
	uint8_t bus_first, bus_last;
	uint32_t reserved2;
} PACKED;

_Static_assert(sizeof(struct rsdp) == 36, "5.2.5.3");
_Static_assert(sizeof(struct fadt) == 276, "5.2.9");
_Static_assert(sizeof(struct mcfg) == 60, "PCI Firmware 3.3, 4.1.2");

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

void table_seal(struct table_header *header)
{
	header->checksum = 0;
	header->checksum = checksum(header, header->length);
}

static void finish(struct table_header *header, const char *signature, uint32_t length, uint8_t revision)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = length;
	header->revision = revision;
	memcpy(header->oem, "VIOTST", sizeof(header->oem));
	memcpy(header->oem_table, "HOST    ", sizeof(header->oem_table));
	memcpy(header->creator, "VIOT", sizeof(header->creator));
	table_seal(header);
}

static void write_mcfg(struct mcfg *mcfg)
{
	mcfg->base = ECAM_BASE;
	mcfg->bus_last = 255;
	finish(&mcfg->header, "MCFG", sizeof(*mcfg), 1);
}

static void write_iommu(struct viot *viot)
{
	viot->iommu.length = sizeof(viot->iommu);
	viot->iommu.type = board_iommu_registers() ? VIOT_IOMMU_MMIO : VIOT_IOMMU_PCI;
	if (board_iommu_registers())
		viot->iommu.mmio.base = board_iommu_registers();
	else
		viot->iommu.pci.bdf = board_iommu_bdf();
}

/* Those on MMIO. Returns their number. */
static unsigned int write_endpoints(struct viot *viot)
{
	struct board_mmio endpoint;
	unsigned int n = 0;

	for (unsigned int i = 0; board_mmio_endpoint(i, &endpoint); i++)
		if (endpoint.behind)
			viot->endpoints[n++] = (struct viot_endpoint){
				.type = VIOT_MMIO_ENDPOINT, .length = sizeof(struct viot_endpoint),
				.endpoint = endpoint.id, .base = endpoint.registers,
				.output = offsetof(struct viot, iommu)};
	return n;
}

/* Move the node of the IOMMU to @offset, behind all others, which name it by its place (5.2.32). */
static void move_iommu(struct viot *viot, unsigned int endpoints, uint32_t offset)
{
	uint8_t *nodes = (uint8_t *)&viot->iommu;
	uint8_t iommu[sizeof(viot->iommu)];

	for (unsigned int i = 0; i < VIOT_RANGES; i++)
		viot->ranges[i].output = offset;
	for (unsigned int i = 0; i < endpoints; i++)
		viot->endpoints[i].output = offset;
	memcpy(iommu, nodes, sizeof(iommu));
	memmove(nodes, nodes + sizeof(iommu), offset - offsetof(struct viot, iommu));
	memcpy((uint8_t *)viot + offset, iommu, sizeof(iommu));
}

static void write_viot(struct viot *viot)
{
	unsigned int endpoints = write_endpoints(viot);
	uint32_t length;

	viot->node_count = 1 + VIOT_RANGES + endpoints;
	viot->node_offset = offsetof(struct viot, iommu);
	write_iommu(viot);
	for (unsigned int i = 0; i < VIOT_RANGES; i++) {
		viot->ranges[i].type = VIOT_PCI_RANGE;
		viot->ranges[i].length = sizeof(viot->ranges[i]);
		viot->ranges[i].endpoint = board_ranges[i].endpoint_first;
		viot->ranges[i].bdf_first = board_ranges[i].bdf_first;
		viot->ranges[i].bdf_last = board_ranges[i].bdf_last;
		viot->ranges[i].output = offsetof(struct viot, iommu);
	}
	length = offsetof(struct viot, endpoints) + endpoints * sizeof(struct viot_endpoint);
	if (personality->iommu_node_last)
		move_iommu(viot, endpoints, length - sizeof(viot->iommu));
	finish(&viot->header, "VIOT", length, 0);
	board_hooks.viot_written(viot);
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
