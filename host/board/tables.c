// SPDX-License-Identifier: BSD-3-Clause
/*
 * The ACPI tables of this machine (ACPI 6.5, 5.2; the VIOT, 5.2.32).
 */
#include <string.h>

#include "host/board/board.h"
#include "host/pci/bus.h"
#include "host/bugs/mutant.h"
#include "host/machine/options.h"
#include "host/machine/ram.h"
#include "host/board/tables.h"

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
#define VIOT_SPARE sizeof(struct viot_endpoint)

struct viot {
	struct header header;
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
	} PACKED endpoints[MAX_HOST_ENDPOINTS + 1];	/* on MMIO; one more for a wrong node */
} PACKED;

enum { VIOT_PCI_RANGE = 1, VIOT_MMIO_ENDPOINT = 2, VIOT_IOMMU_PCI = 3, VIOT_IOMMU_MMIO = 4 };

_Static_assert(sizeof(struct rsdp) == 36, "5.2.5.3");
_Static_assert(sizeof(struct header) == 36, "5.2.6");
_Static_assert(sizeof(struct fadt) == 276, "5.2.9");
_Static_assert(sizeof(struct mcfg) == 60, "PCI Firmware 3.3, 4.1.2");
_Static_assert(sizeof(struct viot) == 48 + 16 + (VIOT_RANGES + MAX_HOST_ENDPOINTS + 1) * 24, "5.2.32");

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

#define AT(field) offsetof(struct viot, field), sizeof(((struct viot *)NULL)->field)

/* Bugs of the VIOT that are one field. */
static const struct {
	enum mutant_id mutant;
	uint16_t offset, size;
	uint64_t value;
} wrong_fields[] = {
	{MUTANT_VIOT_BDFS_SWAPPED, AT(ranges[1].bdf_last), PCI_BDF(14, 0, 0)},
	{MUTANT_VIOT_ENDPOINT_START_WRONG, AT(ranges[0].endpoint), 0x108},
	{MUTANT_VIOT_RANGE_TOO_LONG, AT(ranges[1].bdf_last), 0xffff},
	{MUTANT_VIOT_OUTPUT_IS_A_RANGE, AT(ranges[1].output), offsetof(struct viot, ranges)},
	{MUTANT_VIOT_NODE_TOO_SHORT, AT(ranges[1].length), 20},
	{MUTANT_VIOT_NODE_RUNS_OVER, AT(ranges[1].length), 25},
	{MUTANT_VIOT_COUNT_TOO_SMALL, AT(node_count), VIOT_RANGES},
	{MUTANT_VIOT_COUNT_TOO_LARGE, AT(node_count), VIOT_RANGES + 2},
	{MUTANT_VIOT_RESERVED_OF_TABLE, AT(reserved), 1ull << 63},
	{MUTANT_VIOT_RESERVED_OF_NODE, AT(ranges[0].reserved), 1},
	{MUTANT_VIOT_RESERVED_OF_RANGE, AT(ranges[1].reserved2[5]), 1},
	{MUTANT_VIOT_RESERVED_OF_IOMMU, AT(iommu.pci.reserved[0]), 1},
	{MUTANT_VIOT_IDS_SHARED, AT(ranges[1].endpoint), 0x110},
	{MUTANT_VIOT_FUNCTION_TWICE, AT(ranges[1].bdf_first), PCI_BDF(15, 0, 0)},
};

/* And those that are a node. All lengths are VIOT_SPARE, 24, which is enough for every type. */
static const struct {
	enum mutant_id mutant;
	uint8_t node[VIOT_SPARE];
} wrong_nodes[] = {
	{MUTANT_VIOT_TYPE_0, {0, 0, VIOT_SPARE}},
	{MUTANT_VIOT_TYPE_5, {5, 0, VIOT_SPARE}},
	{MUTANT_VIOT_IOMMU_IS_HOST_BRIDGE, {VIOT_IOMMU_PCI, 0, VIOT_SPARE}},
	{MUTANT_VIOT_IOMMU_IS_NOWHERE, {VIOT_IOMMU_PCI, 0, VIOT_SPARE, [6] = 0xff}},
	{MUTANT_VIOT_IOMMU_IS_NO_MMIO, {VIOT_IOMMU_MMIO, 0, VIOT_SPARE, [11] = ECAM_BASE >> 24}},
	{MUTANT_VIOT_MMIO_BASE_0,
	 {VIOT_MMIO_ENDPOINT, 0, VIOT_SPARE, [6] = 3, [16] = offsetof(struct viot, iommu)}},
	{MUTANT_VIOT_SEGMENTS_SHARE_IDS,
	 {VIOT_PCI_RANGE, 0, VIOT_SPARE, [5] = 1, [8] = 1, [10] = 1, [14] = 0xff,
	  [16] = offsetof(struct viot, iommu)}},
};

static uint32_t mutate_viot(struct viot *viot, unsigned int used)
{
	for (unsigned int i = 0; i < sizeof(wrong_fields) / sizeof(wrong_fields[0]); i++)
		if (mutant(wrong_fields[i].mutant))
			memcpy((uint8_t *)viot + wrong_fields[i].offset, &wrong_fields[i].value,
			       wrong_fields[i].size);
	for (unsigned int i = 0; i < sizeof(wrong_nodes) / sizeof(wrong_nodes[0]); i++) {
		if (!mutant(wrong_nodes[i].mutant))
			continue;
		memcpy(&viot->endpoints[used], wrong_nodes[i].node, VIOT_SPARE);
		viot->node_count++;
		used++;
	}
	return offsetof(struct viot, endpoints) + used * VIOT_SPARE;
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
				.type = VIOT_MMIO_ENDPOINT, .length = VIOT_SPARE,
				.endpoint = endpoint.id + MUTATE(VIOT_MMIO_ID_WRONG, 8, 0),
				.base = endpoint.registers, .output = offsetof(struct viot, iommu)};
	return n;
}

static void write_viot(struct viot *viot)
{
	unsigned int endpoints = write_endpoints(viot);

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
	finish(&viot->header, "VIOT", mutate_viot(viot, endpoints), MUTATE(VIOT_REVISION, 1, 0));
	if (mutant(MUTANT_VIOT_CHECKSUM))
		viot->header.checksum++;
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
