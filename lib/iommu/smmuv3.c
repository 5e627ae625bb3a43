// SPDX-License-Identifier: BSD-3-Clause
/*
 * Arm SMMUv3 (IHI 0070F.b): stream table of two levels, stage 1, command and event queue. Without interrupts,
 * substreams and ATS.
 */
#include "acpi/iommu.h"
#include "iommu/unit.h"
#include "machine.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "time.h"
#include "util.h"

#define REGISTERS_SIZE 0x20000

/* Registers (6.3). Those of the event queue are in the second page of 64 KiB. */
enum {
	IDR0 = 0x00,
	IDR1 = 0x04,
	IDR3 = 0x0c,
	IDR5 = 0x14,
	CR0 = 0x20,
	CR0ACK = 0x24,
	CR1 = 0x28,
	CR2 = 0x2c,
	STRTAB_BASE = 0x80,
	STRTAB_BASE_CFG = 0x88,
	CMDQ_BASE = 0x90,
	CMDQ_PROD = 0x98,
	CMDQ_CONS = 0x9c,
	EVENTQ_BASE = 0xa0,
	EVENTQ_PROD = 0x100a8,
	EVENTQ_CONS = 0x100ac,
};

enum { SMMU_ENABLE = 1 << 0, EVENTQ_ENABLE = 1 << 2, CMDQ_ENABLE = 1 << 3 };

/* Tables and queues: inner shareable, write-back. */
#define CR1_CACHEABLE 0xd75

/* Record events of streams that the table does not have; take no part in broadcast invalidation. */
#define CR2_USUAL (1 << 1 | 1 << 2)

#define READ_ALLOCATE (1ull << 62)

/* Stream table: the lower 8 bits of a stream id, those of a bus, are the index at the second level. */
#define SPLIT 8
#define STREAM_BITS_MOST 16
#define STREAM_TABLE_TWO_LEVELS (1 << 16)
#define STE_WORDS 8

/* Stream table entries (5.2), by words of 64 bits. */
enum { STE_VALID = 1 << 0, STE_BYPASS = 4 << 1, STE_STAGE_1 = 5 << 1 };

/* Word 1: the context descriptor's memory, and the incoming shareability. */
#define STE_CONTEXT_CACHEABLE (1 << 2 | 1 << 4 | 3 << 6)
#define STE_INCOMING (1ull << 44)

/* Context descriptors (5.4), word 0. */
#define CD_WALKS_CACHEABLE (1 << 8 | 1 << 10 | 3 << 12)
#define CD_NO_TTB1 (1ull << 30)
#define CD_VALID (1ull << 31)
#define CD_AARCH64 (1ull << 41)
#define CD_RECORD_AND_ABORT (3ull << 45)
#define CD_OWN_ASID (1ull << 47)
#define MAIR_WRITE_BACK 0xff

/* Commands (4.1.4). */
enum {
	CFGI_STE = 0x03,
	CFGI_ALL = 0x04,
	CFGI_CD_ALL = 0x06,
	TLBI_NH_ASID = 0x11,
	TLBI_NH_VA = 0x12,
	TLBI_NSNH_ALL = 0x30,
	SYNC = 0x46,
};

#define LEAF_ONLY 1ull
#define GRANULE_4K (1ull << 10)

/* One invalidation takes no more commands than these: more pages are left to that of the domain. */
#define PAGES_MOST 64

#define COMMAND_BITS 8
#define EVENT_BITS 7
#define COMMAND_WORDS 2
#define EVENT_WORDS 4

struct smmu {
	struct iommu_unit unit;		/* the first member */
	uint32_t idr0, idr1, idr5;
	unsigned int stream_bits;
	bool ranges;			/* of addresses can be invalidated by one command */
	volatile uint64_t *streams;	/* first level */
	volatile uint64_t *commands, *events;
	unsigned int command_bits, event_bits;
	uint32_t produced, consumed;	/* of commands, of events: with the wrap bit */
};

static struct smmu *smmu_of(struct iommu_unit *unit)
{
	return (struct smmu *)unit;
}

static uint32_t field(uint32_t value, unsigned int low, unsigned int bits)
{
	return value >> low & ((1u << bits) - 1);
}

/*
 * Commands.
 */

/* An index into a queue of 2^@bits entries has one more bit, which tells full from empty. */
static uint32_t next_index(uint32_t index, unsigned int bits)
{
	return (index + 1) & ((2u << bits) - 1);
}

static void enqueue(struct smmu *smmu, uint64_t low, uint64_t high)
{
	volatile uint64_t *command =
		smmu->commands + (smmu->produced & ((1u << smmu->command_bits) - 1)) * COMMAND_WORDS;

	command[0] = low;
	command[1] = high;
	smmu->produced = next_index(smmu->produced, smmu->command_bits);
	smmu->unit.counters.commands++;
}

/* The unit passes a SYNC when all before it is done. */
static bool sync(struct smmu *smmu)
{
	enqueue(smmu, SYNC, 0);
	smmu->unit.counters.notifications++;
	unit_write32(&smmu->unit, CMDQ_PROD, smmu->produced);
	return unit_wait32(&smmu->unit, CMDQ_CONS, UINT32_MAX, smmu->produced);
}

static uint64_t with_asid(uint64_t command, const struct iommu_domain *domain)
{
	return command | (uint64_t)domain->number << 48;
}

static void invalidate_pages(struct smmu *smmu, const struct iommu_domain *domain, uint64_t iova,
			     uint64_t pages)
{
	for (; pages; pages--, iova += TABLE_PAGE) {
		smmu->unit.counters.invalidations++;
		enqueue(smmu, with_asid(TLBI_NH_VA, domain), iova | LEAF_ONLY);
	}
}

/* A command covers n * 2^scale pages, n from 1 to 31: the lowest bits of the number first (4.4.1.1). */
static void invalidate_range(struct smmu *smmu, const struct iommu_domain *domain, uint64_t iova,
			     uint64_t pages)
{
	for (uint64_t covered; pages; pages -= covered, iova += covered * TABLE_PAGE) {
		unsigned int scale = 0;
		uint64_t number;

		while (!(pages >> scale & 1))
			scale++;
		number = pages >> scale & 31;
		covered = number << scale;
		/* One page has no other form than that without a range. */
		if (covered == 1) {
			invalidate_pages(smmu, domain, iova, 1);
			continue;
		}
		smmu->unit.counters.invalidations++;
		enqueue(smmu, with_asid(TLBI_NH_VA | (number - 1) << 12 | (uint64_t)scale << 20, domain),
			iova | GRANULE_4K | LEAF_ONLY);
	}
}

static bool smmu_invalidate(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	struct smmu *smmu = smmu_of(domain->unit);
	uint64_t pages = size / TABLE_PAGE;

	if (smmu->ranges && pages) {
		invalidate_range(smmu, domain, iova, pages);
	} else if (pages && pages <= PAGES_MOST) {
		invalidate_pages(smmu, domain, iova, pages);
	} else {
		smmu->unit.counters.invalidations++;
		enqueue(smmu, with_asid(TLBI_NH_ASID, domain), 0);
	}
	return sync(smmu);
}

/*
 * Domains and requesters.
 */

static bool smmu_init_domain(struct iommu_domain *domain)
{
	struct smmu *smmu = smmu_of(domain->unit);
	uint32_t most = field(smmu->idr0, 12, 1) ? 0xffff : 0xff;
	uint64_t *context = arena_alloc(64, 64);

	if (domain->number > most)
		return error_set(&smmu->unit.error, "SMMUv3: there is no ASID %u", domain->number);
	table_init(&domain->table, &table_arm, 4, smmu->unit.can.page_sizes);
	context[0] = (64 - table_bits(&domain->table)) | CD_WALKS_CACHEABLE | CD_NO_TTB1 | CD_VALID |
		     (uint64_t)min(field(smmu->idr5, 0, 3), 5) << 32 | CD_AARCH64 | CD_RECORD_AND_ABORT |
		     CD_OWN_ASID | (uint64_t)domain->number << 48;
	context[1] = phys(domain->table.root);
	context[3] = MAIR_WRITE_BACK;
	domain->context = context;
	return true;
}

/* Return the entry of a stream, which is less than 2^stream_bits, with a table of its bus. */
static volatile uint64_t *entry_of(struct smmu *smmu, uint32_t stream)
{
	volatile uint64_t *bus = &smmu->streams[stream >> SPLIT];
	const size_t size = sizeof(uint64_t) * STE_WORDS << SPLIT;

	if (!*bus)
		*bus = phys(arena_alloc(size, size)) | (SPLIT + 1);
	return (volatile uint64_t *)(uintptr_t)align_down(*bus, 64) +
	       (stream & ((1 << SPLIT) - 1)) * STE_WORDS;
}

static bool forget_stream(struct smmu *smmu, uint32_t stream)
{
	enqueue(smmu, CFGI_STE | (uint64_t)stream << 32, LEAF_ONLY);
	enqueue(smmu, CFGI_CD_ALL | (uint64_t)stream << 32, 0);
	return sync(smmu);
}

/* An entry is changed while it is not valid (3.21.3.1). */
static bool set_entry(struct iommu_unit *unit, uint32_t stream, uint64_t first, uint64_t second)
{
	struct smmu *smmu = smmu_of(unit);
	volatile uint64_t *entry;

	if (stream >> smmu->stream_bits)
		return error_set(&unit->error, "SMMUv3: the stream table has no stream %#x", stream);
	entry = entry_of(smmu, stream);
	entry[0] = 0;
	if (!forget_stream(smmu, stream))
		return false;
	entry[1] = second;
	entry[0] = first;
	return forget_stream(smmu, stream);
}

static bool smmu_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	if (!domain)
		return set_entry(unit, id, STE_VALID | STE_BYPASS, STE_INCOMING);
	return set_entry(unit, id, STE_VALID | STE_STAGE_1 | phys(domain->context),
			 STE_CONTEXT_CACHEABLE | STE_INCOMING);
}

static bool smmu_detach(struct iommu_unit *unit, uint32_t id)
{
	return set_entry(unit, id, 0, 0);
}

/*
 * Events.
 */

/* Those of faults and bad configurations (7.3). */
static const struct fault_reason reasons[] = {
	{0x01, "unsupported upstream transaction"},
	{0x02, "the stream table has no such stream"},
	{0x03, "the stream table entry cannot be read"},
	{0x04, "the stream table entry is not valid"},
	{0x05, "address translation request refused"},
	{0x06, "the stream is disabled"},
	{0x07, "translated transaction forbidden"},
	{0x08, "no such substream"},
	{0x09, "the context descriptor cannot be read"},
	{0x0a, "the context descriptor is not valid"},
	{0x0b, "a table of the domain cannot be read"},
	{0x10, "the address is not mapped"},
	{0x11, "the address is too large"},
	{0x12, "access flag not set"},
	{0x13, "no permission"},
	{0x20, "conflict in the cache of translations"},
	{0x21, "conflict in the cache of configurations"},
};

static bool smmu_take_fault(struct iommu_unit *unit, struct iommu_fault *fault)
{
	struct smmu *smmu = smmu_of(unit);
	volatile const uint64_t *event =
		smmu->events + (smmu->consumed & ((1u << smmu->event_bits) - 1)) * EVENT_WORDS;

	/* Bit 31 of the index tells of an overflow, which is acknowledged by its copy. */
	uint32_t produced = unit_read32(unit, EVENTQ_PROD);

	if ((produced & ~(1u << 31)) == smmu->consumed)
		return false;
	*fault = (struct iommu_fault){
		.id = event[0] >> 32,
		.address = event[2],
		.rights = event[1] >> 35 & 1 ? RIGHT_READ : RIGHT_WRITE,
		.reason = fault_words(reasons, ARRAY_SIZE(reasons), event[0] & 0xff),
	};
	smmu->consumed = next_index(smmu->consumed, smmu->event_bits);
	unit_write32(unit, EVENTQ_CONS, smmu->consumed | (produced & 1u << 31));
	return true;
}

/*
 * Bringing it up.
 */

static bool set_cr0(struct smmu *smmu, uint32_t value)
{
	unit_write32(&smmu->unit, CR0, value);
	return unit_wait32(&smmu->unit, CR0ACK, SMMU_ENABLE | EVENTQ_ENABLE | CMDQ_ENABLE, value);
}

static void set_stream_table(struct smmu *smmu)
{
	size_t size = max(sizeof(uint64_t) << smmu->stream_bits >> SPLIT, 64);

	smmu->streams = arena_alloc(size, size);
	unit_write64(&smmu->unit, STRTAB_BASE, phys((const void *)smmu->streams) | READ_ALLOCATE);
	unit_write32(&smmu->unit, STRTAB_BASE_CFG, smmu->stream_bits | SPLIT << 6 | STREAM_TABLE_TWO_LEVELS);
}

static void *set_queue(struct smmu *smmu, unsigned int offset, unsigned int bits, unsigned int words)
{
	size_t size = sizeof(uint64_t) * words << bits;
	void *queue = arena_alloc(size, size);

	unit_write64(&smmu->unit, offset, phys(queue) | READ_ALLOCATE | bits);
	return queue;
}

static bool bring_up(struct smmu *smmu)
{
	if (!set_cr0(smmu, 0))
		return false;
	unit_write32(&smmu->unit, CR1, CR1_CACHEABLE);
	unit_write32(&smmu->unit, CR2, CR2_USUAL);
	set_stream_table(smmu);
	smmu->commands = set_queue(smmu, CMDQ_BASE, smmu->command_bits, COMMAND_WORDS);
	unit_write32(&smmu->unit, CMDQ_PROD, 0);
	unit_write32(&smmu->unit, CMDQ_CONS, 0);
	smmu->events = set_queue(smmu, EVENTQ_BASE, smmu->event_bits, EVENT_WORDS);
	unit_write32(&smmu->unit, EVENTQ_PROD, 0);
	unit_write32(&smmu->unit, EVENTQ_CONS, 0);
	if (!set_cr0(smmu, CMDQ_ENABLE))
		return false;
	enqueue(smmu, CFGI_ALL, 31);
	enqueue(smmu, TLBI_NSNH_ALL, 0);
	return sync(smmu) && set_cr0(smmu, CMDQ_ENABLE | EVENTQ_ENABLE) &&
	       set_cr0(smmu, CMDQ_ENABLE | EVENTQ_ENABLE | SMMU_ENABLE);
}

static void read_capabilities(struct smmu *smmu)
{
	smmu->idr0 = unit_read32(&smmu->unit, IDR0);
	smmu->idr1 = unit_read32(&smmu->unit, IDR1);
	smmu->idr5 = unit_read32(&smmu->unit, IDR5);
	smmu->ranges = field(unit_read32(&smmu->unit, IDR3), 10, 1);
	smmu->stream_bits = min(field(smmu->idr1, 0, 6), STREAM_BITS_MOST);
	smmu->command_bits = min(field(smmu->idr1, 21, 5), COMMAND_BITS);
	smmu->event_bits = min(field(smmu->idr1, 16, 5), EVENT_BITS);
	smmu->unit.can = (struct iommu_capabilities){
		.page_sizes = 1ull << 12 | 1ull << 21 | 1ull << 30,
		.iova_bits = 48,
		.bypass = true,
		.invalidates = smmu->ranges ? INVALIDATES_RANGES : INVALIDATES_PAGES,
	};
}

static bool check_capabilities(const struct smmu *smmu, struct error *error)
{
	if (!field(smmu->idr0, 1, 1) || !field(smmu->idr0, 3, 1) || !field(smmu->idr5, 4, 1))
		return error_set(error, "SMMUv3: IDR0 %#x, IDR5 %#x: no stage 1 with AArch64 tables of 4 KiB",
				 smmu->idr0, smmu->idr5);
	if (field(smmu->idr0, 27, 2) != 1 || smmu->stream_bits <= SPLIT)
		return error_set(error, "SMMUv3: IDR0 %#x, IDR1 %#x: no stream table of two levels",
				 smmu->idr0, smmu->idr1);
	if (field(smmu->idr0, 24, 2) == 2)
		return error_set(error, "SMMUv3: IDR0 %#x: faults can only stall", smmu->idr0);
	/* Invalidations are as long as this, with the commands that follow. */
	if (smmu->command_bits < COMMAND_BITS)
		return error_set(error, "SMMUv3: IDR1 %#x: the command queue is too small", smmu->idr1);
	return !field(smmu->idr1, 29, 2) || error_set(error, "SMMUv3: IDR1 %#x: queues or tables are preset",
						      smmu->idr1);
}

static bool find(struct platform *platform, const struct pci_dev *dev, uint64_t *registers,
		 uint32_t *id, struct error *error)
{
	if (!unit_in_tree(platform, dev, "arm,smmu-v3", registers, id, error))
		return false;
	return *registers || acpi_iort_smmu(&platform->acpi, dev->segment, pci_requester_id(dev), registers,
					    id, error);
}

static struct iommu_unit *smmu_open(struct platform *platform, const struct pci_dev *dev,
				    uint32_t *id, struct error *error)
{
	struct smmu *smmu = arena_alloc(sizeof(*smmu), sizeof(uint64_t));
	uint64_t *base = &smmu->unit.base;

	smmu->unit.ops = &unit_smmuv3;
	if (!find(platform, dev, base, id, error))
		return NULL;
	if (!*base || !(smmu->unit.registers = io_map(*base, REGISTERS_SIZE))) {
		error_set(error, "SMMUv3: neither tree nor IORT has one for " PCI_FORMAT,
			  PCI_ARGS(dev->segment, dev->bdf));
		return NULL;
	}
	read_capabilities(smmu);
	if (!check_capabilities(smmu, error))
		return NULL;
	if (bring_up(smmu))
		return &smmu->unit;
	*error = smmu->unit.error;
	return NULL;
}

static bool smmu_find_id(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
			 uint32_t *id)
{
	uint64_t base;

	return find(platform, dev, &base, id, &unit->error) && base == unit->base;
}

const struct unit_ops unit_smmuv3 = {
	.name = "smmuv3",
	.open = smmu_open,
	.find_id = smmu_find_id,
	.init_domain = smmu_init_domain,
	.attach = smmu_attach,
	.detach = smmu_detach,
	.map = unit_map_table,
	.unmap = unit_unmap_table,
	.invalidate = smmu_invalidate,
	.take_fault = smmu_take_fault,
};
