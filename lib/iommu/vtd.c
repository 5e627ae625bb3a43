// SPDX-License-Identifier: BSD-3-Clause
/*
 * Intel VT-d (Virtualization Technology for Directed I/O, rev. 4.1), legacy mode: root and context tables,
 * second-level translation, invalidation by a queue or by registers, primary fault logging. No interrupt
 * remapping.
 */
#include "acpi/iommu.h"
#include "iommu/unit.h"
#include "machine.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "time.h"
#include "util.h"

#define REGISTERS_SIZE 4096

/* Registers (11.4). */
enum {
	CAP = 0x08,
	ECAP = 0x10,
	GCMD = 0x18,
	GSTS = 0x1c,
	RTADDR = 0x20,
	CCMD = 0x28,
	CCMD_HIGH = 0x2c,
	FSTS = 0x34,
	IQT = 0x88,
	IQA = 0x90,
};

/* From where ECAP puts them. */
enum { IOTLB_ADDRESS = 0, IOTLB_COMMAND = 8, IOTLB_COMMAND_HIGH = 12 };

/* The same bits command and tell the status (11.4.4). Those that are no switches are not written back. */
#define TRANSLATION_ENABLE (1u << 31)
#define SET_ROOT_TABLE (1u << 30)
#define QUEUE_ENABLE (1u << 26)
#define SWITCHES 0x96ffffffu

/* Bit 31 of the upper half of CCMD and of the IOTLB command: the command is under way. */
#define UNDER_WAY (1u << 31)

#define FAULT_OVERFLOW (1u << 0)
#define FAULT_PENDING (1u << 1)

/* Of both ways to invalidate: which ones. */
enum granularity { INVALIDATE_GLOBAL = 1, INVALIDATE_DOMAIN = 2, INVALIDATE_PAGES = 3 };

/* Descriptors of the queue (6.5.2). */
enum { DESCRIPTOR_CONTEXT = 1, DESCRIPTOR_IOTLB = 2, DESCRIPTOR_WAIT = 5 };
enum { IOTLB_DRAIN_BOTH = 3 << 6, WAIT_STATUS_WRITE = 1 << 5 };

#define QUEUE_BYTES 4096
#define QUEUE_ENTRIES (QUEUE_BYTES / 16)

/* Root and context entries (9.1, 9.3). */
enum { ENTRY_PRESENT = 1 << 0, CONTEXT_PASS_THROUGH = 2 << 2 };

/* Number 0 is that of entries that are not present, in caching mode (6.2.1). */
#define PASS_THROUGH_DOMAIN 1

/* The two words of an entry of a table or a queue. */
struct entry {
	uint64_t low, high;
};

struct vtd {
	struct iommu_unit unit;		/* the first member */
	uint64_t cap, ecap;
	unsigned int levels;
	volatile struct entry *root;
	volatile struct entry *queue;	/* NULL: by registers */
	unsigned int tail;
	volatile uint32_t *waited;	/* where the last wait descriptor wrote its number */
	uint32_t waits;
};

static struct vtd *vtd_of(struct iommu_unit *unit)
{
	return (struct vtd *)unit;
}

static uint64_t field(uint64_t value, unsigned int low, unsigned int bits)
{
	return value >> low & ((1ull << bits) - 1);
}

/*
 * Invalidation.
 */

static void enqueue(struct vtd *vtd, uint64_t low, uint64_t high)
{
	vtd->queue[vtd->tail].low = low;
	vtd->queue[vtd->tail].high = high;
	vtd->tail = (vtd->tail + 1) % QUEUE_ENTRIES;
	vtd->unit.counters.commands++;
}

/* Let the unit do all that was enqueued, and wait for that. */
static bool flush_queue(struct vtd *vtd)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint32_t number = ++vtd->waits;

	enqueue(vtd, DESCRIPTOR_WAIT | WAIT_STATUS_WRITE | (uint64_t)number << 32,
		phys((const void *)vtd->waited));
	vtd->unit.counters.notifications++;
	unit_write64(&vtd->unit, IQT, vtd->tail * sizeof(struct entry));
	while (*vtd->waited != number)
		if (deadline_over(&deadline))
			return error_set(&vtd->unit.error, "VT-d: the queue stands still, FSTS reads %#x",
					 unit_read32(&vtd->unit, FSTS));
	return true;
}

static bool flush(struct vtd *vtd)
{
	return !vtd->queue || flush_queue(vtd);
}

/* Of all context entries: they change rarely. Done after flush(). */
static bool invalidate_contexts(struct vtd *vtd)
{
	if (vtd->queue) {
		enqueue(vtd, DESCRIPTOR_CONTEXT | INVALIDATE_GLOBAL << 4, 0);
		return true;
	}
	vtd->unit.counters.commands++;
	unit_write64(&vtd->unit, CCMD, (uint64_t)UNDER_WAY << 32 | (uint64_t)INVALIDATE_GLOBAL << 61);
	return unit_wait32(&vtd->unit, CCMD_HIGH, UNDER_WAY, 0);
}

/* @address has the binary logarithm of the number of pages in its low bits. Done after flush(). */
static bool invalidate_iotlb(struct vtd *vtd, enum granularity granularity, uint32_t domain, uint64_t address)
{
	unsigned int registers = field(vtd->ecap, 8, 10) * 16;

	vtd->unit.counters.invalidations++;
	if (vtd->queue) {
		enqueue(vtd, DESCRIPTOR_IOTLB | granularity << 4 | IOTLB_DRAIN_BOTH | (uint64_t)domain << 16,
			address);
		return true;
	}
	vtd->unit.counters.commands++;
	if (granularity == INVALIDATE_PAGES)
		unit_write64(&vtd->unit, registers + IOTLB_ADDRESS, address);
	unit_write64(&vtd->unit, registers + IOTLB_COMMAND,
		     (uint64_t)UNDER_WAY << 32 | (uint64_t)granularity << 60 |
			     (uint64_t)IOTLB_DRAIN_BOTH << 42 | (uint64_t)domain << 32);
	return unit_wait32(&vtd->unit, registers + IOTLB_COMMAND_HIGH, UNDER_WAY, 0);
}

/* The smallest naturally aligned power of two of pages that holds the range: as its logarithm. */
static unsigned int covering_order(uint64_t iova, uint64_t size)
{
	uint64_t differing = (iova ^ (iova + size - 1)) / TABLE_PAGE;
	unsigned int order = 0;

	for (; differing; differing /= 2)
		order++;
	return order;
}

static bool vtd_invalidate(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	struct vtd *vtd = vtd_of(domain->unit);
	unsigned int order = size ? covering_order(iova, size) : UINT32_MAX;
	bool by_pages = field(vtd->cap, 39, 1) && order <= field(vtd->cap, 48, 6);
	uint64_t pages = by_pages ? align_down(iova, (uint64_t)TABLE_PAGE << order) | order : 0;
	enum granularity granularity = by_pages ? INVALIDATE_PAGES : INVALIDATE_DOMAIN;

	return invalidate_iotlb(vtd, granularity, domain->number, pages) && flush(vtd);
}

/* In caching mode what is not present may be cached, too (6.1). */
static bool vtd_sync_map(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	return !domain->unit->can.sync_map || vtd_invalidate(domain, iova, size);
}

/*
 * Domains and requesters.
 */

static bool vtd_init_domain(struct iommu_domain *domain)
{
	struct vtd *vtd = vtd_of(domain->unit);

	if (domain->number >= 1u << (4 + 2 * field(vtd->cap, 0, 3)))
		return error_set(&vtd->unit.error, "VT-d: there is no domain number %u", domain->number);
	table_init(&domain->table, &table_vtd, vtd->levels, vtd->unit.can.page_sizes);
	return true;
}

static volatile struct entry *context_of(struct vtd *vtd, uint16_t requester)
{
	volatile struct entry *root = &vtd->root[PCI_BUS(requester)];

	if (!(root->low & ENTRY_PRESENT))
		root->low = phys(arena_alloc(TABLE_PAGE, TABLE_PAGE)) | ENTRY_PRESENT;
	return (volatile struct entry *)(uintptr_t)align_down(root->low, TABLE_PAGE) + (requester & 0xff);
}

static bool set_context(struct vtd *vtd, uint16_t requester, uint64_t low, uint32_t domain)
{
	volatile struct entry *context = context_of(vtd, requester);

	context->low = 0;
	context->high = (vtd->levels - 2) | domain << 8;
	context->low = low;
	return invalidate_contexts(vtd) && invalidate_iotlb(vtd, INVALIDATE_GLOBAL, 0, 0) && flush(vtd);
}

static bool vtd_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	struct vtd *vtd = vtd_of(unit);

	if (domain)
		return set_context(vtd, id, phys(domain->table.root) | ENTRY_PRESENT, domain->number);
	if (!unit->can.bypass)
		return error_set(&unit->error, "VT-d: the unit knows no pass-through");
	return set_context(vtd, id, CONTEXT_PASS_THROUGH | ENTRY_PRESENT, PASS_THROUGH_DOMAIN);
}

static bool vtd_detach(struct iommu_unit *unit, uint32_t id)
{
	return set_context(vtd_of(unit), id, 0, 0);
}

/*
 * Faults.
 */

/* Reasons of legacy mode (7.1.3). */
static const struct fault_reason reasons[] = {
	{0x1, "root entry not present"},
	{0x2, "context entry not present"},
	{0x3, "context entry invalid"},
	{0x4, "address above what the tables translate"},
	{0x5, "no permission to write"},
	{0x6, "no permission to read"},
	{0x7, "a table of the domain cannot be read"},
	{0x8, "the root table cannot be read"},
	{0x9, "a context table cannot be read"},
	{0xa, "reserved bits in the root entry"},
	{0xb, "reserved bits in the context entry"},
	{0xc, "reserved bits in an entry of a table of the domain"},
	{0xd, "translation request blocked by the context entry"},
};

/* A fault record (11.4.12): the address in the lower, the rest in the upper 64 bits. */
static void decode_fault(struct iommu_fault *fault, uint64_t low, uint64_t high)
{
	*fault = (struct iommu_fault){
		.id = field(high, 0, 16),
		.address = align_down(low, TABLE_PAGE),
		.rights = field(high, 62, 1) ? RIGHT_READ : RIGHT_WRITE,
		.reason = fault_words(reasons, ARRAY_SIZE(reasons), field(high, 32, 8)),
	};
}

static bool take_record(struct iommu_unit *unit, unsigned int offset, struct iommu_fault *fault)
{
	uint64_t high = unit_read64(unit, offset + 8);

	if (!field(high, 63, 1))
		return false;
	decode_fault(fault, unit_read64(unit, offset), high);
	unit_write32(unit, offset + 12, 1u << 31);
	return true;
}

/* The oldest record is where FSTS says; a full log drops what comes until the overflow is cleared. */
static bool vtd_take_fault(struct iommu_unit *unit, struct iommu_fault *fault)
{
	const struct vtd *vtd = vtd_of(unit);
	uint32_t status = unit_read32(unit, FSTS);
	unsigned int count = field(vtd->cap, 40, 8) + 1, first = field(status, 8, 8);
	bool found = false;

	for (unsigned int i = 0; i < count && !found && status & FAULT_PENDING; i++)
		found = take_record(unit, (field(vtd->cap, 24, 10) + (first + i) % count) * 16, fault);
	if (status & FAULT_OVERFLOW)
		unit_write32(unit, FSTS, FAULT_OVERFLOW);
	return found;
}

/*
 * Bringing it up.
 */

static bool command(struct vtd *vtd, uint32_t switches, uint32_t on)
{
	uint32_t status = unit_read32(&vtd->unit, GSTS) & SWITCHES;

	unit_write32(&vtd->unit, GCMD, (status & ~switches) | on);
	return unit_wait32(&vtd->unit, GSTS, switches, on);
}

static bool set_root(struct vtd *vtd)
{
	vtd->root = arena_alloc(TABLE_PAGE, TABLE_PAGE);
	unit_write64(&vtd->unit, RTADDR, phys((const void *)vtd->root));
	return command(vtd, SET_ROOT_TABLE, SET_ROOT_TABLE);
}

static bool start_queue(struct vtd *vtd)
{
	vtd->waited = arena_alloc(sizeof(*vtd->waited), sizeof(uint64_t));
	vtd->queue = arena_alloc(QUEUE_BYTES, TABLE_PAGE);
	unit_write64(&vtd->unit, IQT, 0);
	unit_write64(&vtd->unit, IQA, phys((const void *)vtd->queue));
	return command(vtd, QUEUE_ENABLE, QUEUE_ENABLE);
}

static bool bring_up(struct vtd *vtd, bool by_queue)
{
	return command(vtd, TRANSLATION_ENABLE, 0) && command(vtd, QUEUE_ENABLE, 0) && set_root(vtd) &&
	       (!by_queue || start_queue(vtd)) && invalidate_contexts(vtd) &&
	       invalidate_iotlb(vtd, INVALIDATE_GLOBAL, 0, 0) && flush(vtd) &&
	       command(vtd, TRANSLATION_ENABLE, TRANSLATION_ENABLE);
}

static bool check_capabilities(const struct vtd *vtd, bool by_queue, struct error *error)
{
	unsigned int faults = (field(vtd->cap, 24, 10) + field(vtd->cap, 40, 8) + 1) * 16;

	if (!vtd->levels)
		return error_set(error, "VT-d: CAP %#lx has no second-level tables of 3 or 4 levels",
				 vtd->cap);
	if (field(vtd->cap, 4, 1))
		return error_set(error, "VT-d: a write buffer that has to be flushed is not supported");
	if (by_queue && !field(vtd->ecap, 1, 1))
		return error_set(error, "VT-d: the unit has no queued invalidation");
	if (faults > REGISTERS_SIZE || field(vtd->ecap, 8, 10) * 16 + 16 > REGISTERS_SIZE)
		return error_set(error, "VT-d: registers lie above the first page");
	return true;
}

/* SAGAW, bits 12:8, has a bit for each number of levels from 2 on. */
static unsigned int levels_of(uint64_t cap)
{
	return field(cap, 10, 1) ? 4 : field(cap, 9, 1) ? 3 : 0;
}

static void fill_capabilities(struct vtd *vtd)
{
	vtd->unit.can = (struct iommu_capabilities){
		.page_sizes = TABLE_PAGE | field(vtd->cap, 34, 1) << 21 | field(vtd->cap, 35, 1) << 30,
		.iova_bits = min(12 + 9 * vtd->levels, field(vtd->cap, 16, 6) + 1),
		.write_only = true,
		.sync_map = field(vtd->cap, 7, 1),
		.bypass = field(vtd->ecap, 6, 1),
		.invalidates = field(vtd->cap, 39, 1) ? INVALIDATES_RANGES : INVALIDATES_DOMAINS,
	};
}

static struct iommu_unit *open_unit(struct platform *platform, const struct unit_ops *ops,
				    const struct pci_dev *dev, bool by_queue, struct error *error)
{
	struct vtd *vtd = arena_alloc(sizeof(*vtd), sizeof(uint64_t));
	uint64_t *base = &vtd->unit.base;

	vtd->unit.ops = ops;
	vtd->unit.domains = PASS_THROUGH_DOMAIN;
	if (!acpi_dmar_unit(&platform->acpi, dev, base, error))
		return NULL;
	if (!*base || !(vtd->unit.registers = io_map(*base, REGISTERS_SIZE))) {
		error_set(error, "VT-d: no DMAR lists a unit for " PCI_FORMAT,
			  PCI_ARGS(dev->segment, dev->bdf));
		return NULL;
	}
	vtd->cap = unit_read64(&vtd->unit, CAP);
	vtd->ecap = unit_read64(&vtd->unit, ECAP);
	vtd->levels = levels_of(vtd->cap);
	if (!check_capabilities(vtd, by_queue, error))
		return NULL;
	fill_capabilities(vtd);
	if (bring_up(vtd, by_queue))
		return &vtd->unit;
	*error = vtd->unit.error;
	return NULL;
}

static struct iommu_unit *open_queued(struct platform *platform, const struct pci_dev *dev,
				      uint32_t *id, struct error *error)
{
	*id = pci_requester_id(dev);
	return open_unit(platform, &unit_vtd, dev, true, error);
}

static struct iommu_unit *open_registers(struct platform *platform, const struct pci_dev *dev,
					 uint32_t *id, struct error *error)
{
	*id = pci_requester_id(dev);
	return open_unit(platform, &unit_vtd_registers, dev, false, error);
}

static bool vtd_find_id(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
			uint32_t *id)
{
	uint64_t base;

	*id = pci_requester_id(dev);
	return acpi_dmar_unit(&platform->acpi, dev, &base, &unit->error) && base == unit->base;
}

#define DEFINE_KIND(kind, kind_name, open_function)	\
	const struct unit_ops kind = {			\
		.name = kind_name,			\
		.open = open_function,			\
		.find_id = vtd_find_id,			\
		.init_domain = vtd_init_domain,		\
		.attach = vtd_attach,			\
		.detach = vtd_detach,			\
		.map = unit_map_table,			\
		.unmap = unit_unmap_table,		\
		.sync_map = vtd_sync_map,		\
		.invalidate = vtd_invalidate,		\
		.take_fault = vtd_take_fault,		\
	}

DEFINE_KIND(unit_vtd, "vtd", open_queued);
DEFINE_KIND(unit_vtd_registers, "vtd-registers", open_registers);
