// SPDX-License-Identifier: BSD-3-Clause
/*
 * RISC-V IOMMU (version 1.0): device directory of three levels, first-stage translation, command and fault
 * queue. Without interrupts, processes and ATS.
 */
#include "iommu/unit.h"
#include "machine.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "time.h"
#include "util.h"

#define REGISTERS_SIZE 4096

/* Base system peripheral, IOMMU, programming interface 0. */
#define PCI_CLASS_IOMMU 0x080600

#define VERSION_1_0 0x10

/* Registers (chapter 6). */
enum {
	CAPABILITIES = 0x00,
	FCTL = 0x08,
	DDTP = 0x10,
	CQB = 0x18,
	CQT = 0x24,
	FQB = 0x28,
	FQH = 0x30,
	FQT = 0x34,
	CQCSR = 0x48,
	FQCSR = 0x4c,
};

enum { CAP_SV39 = 9, CAP_SV48 = 10, CAP_MSI_FLAT = 22 };
enum { FCTL_BIG_ENDIAN = 1 << 0 };
enum { DDTP_OFF = 0, DDTP_3_LEVELS = 4, DDTP_BUSY = 1 << 4, DDTP_MODE = 0xf };

/* Of both queues; writing ones to the errors clears them. */
enum { QUEUE_ENABLE = 1 << 0, QUEUE_ERRORS = 0xf << 8, QUEUE_ON = 1 << 16, QUEUE_BUSY = 1 << 17 };

#define COMMAND_BITS 8
#define FAULT_BITS 7
#define COMMAND_WORDS 2
#define FAULT_WORDS 4

/* Commands (4.1): opcode and function. */
enum {
	IOTINVAL_VMA = 1,
	IOFENCE_C = 2,
	IODIR_INVAL_DDT = 3,
};

#define WITH_ADDRESS (1ull << 10)	/* of IOTINVAL and IOFENCE */
#define FENCE_READS_AND_WRITES (3ull << 12)
#define WITH_PSCID (1ull << 32)
#define WITH_DEVICE (1ull << 33)

/* One invalidation takes no more commands than these: more pages are left to that of the domain. */
#define PAGES_MOST 64

/* The directory (3.1): 9 bits of an id for each level but the last. */
#define DIRECTORY_LEVELS 3
#define DIRECTORY_BITS 24
#define ENTRY_VALID 1ull
#define CONTEXT_WORDS_MOST 8

enum { MODE_SV39 = 8, MODE_SV48 = 9 };

struct riscv_iommu {
	struct iommu_unit unit;		/* the first member */
	uint64_t capabilities;
	uint16_t segment;		/* of one on PCI */
	unsigned int last_bits;		/* of an id at the last level of the directory */
	uint64_t *directory;
	volatile uint64_t *commands, *faults;
	uint32_t tail, head;		/* of the command queue, of the fault queue */
	volatile uint32_t *fenced;	/* where the last fence wrote its number */
	uint32_t fences;
};

static struct riscv_iommu *riscv_of(struct iommu_unit *unit)
{
	return (struct riscv_iommu *)unit;
}

static bool has(const struct riscv_iommu *r, unsigned int capability)
{
	return r->capabilities >> capability & 1;
}

/* Page numbers stand at bit 10 of registers and directory entries. */
static uint64_t page_number(const volatile void *page)
{
	return phys((const void *)page) >> 2;
}

/*
 * Commands.
 */

static void enqueue(struct riscv_iommu *r, uint64_t low, uint64_t high)
{
	r->commands[r->tail * COMMAND_WORDS] = low;
	r->commands[r->tail * COMMAND_WORDS + 1] = high;
	r->tail = (r->tail + 1) % (1 << COMMAND_BITS);
	r->unit.counters.commands++;
}

/* Wait until all that was enqueued is done. */
static bool fence(struct riscv_iommu *r)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);
	uint32_t number = ++r->fences;

	enqueue(r, IOFENCE_C | WITH_ADDRESS | FENCE_READS_AND_WRITES | (uint64_t)number << 32,
		phys((const void *)r->fenced) >> 2);
	r->unit.counters.notifications++;
	unit_write32(&r->unit, CQT, r->tail);
	while (*r->fenced != number)
		if (deadline_over(&deadline))
			return error_set(&r->unit.error, "RISC-V IOMMU: the queue stands still, cqcsr %#x",
					 unit_read32(&r->unit, CQCSR));
	return true;
}

static bool riscv_invalidate(struct iommu_domain *domain, uint64_t iova, uint64_t size)
{
	struct riscv_iommu *r = riscv_of(domain->unit);
	uint64_t command = IOTINVAL_VMA | WITH_PSCID | (uint64_t)domain->number << 12;
	bool all = !size || size / TABLE_PAGE > PAGES_MOST;

	if (all) {
		r->unit.counters.invalidations++;
		enqueue(r, command, 0);
	}
	for (uint64_t at = iova; !all && at - iova < size; at += TABLE_PAGE) {
		r->unit.counters.invalidations++;
		enqueue(r, command | WITH_ADDRESS, at >> 2);
	}
	return fence(r);
}

/*
 * Domains and requesters.
 */

static bool riscv_init_domain(struct iommu_domain *domain)
{
	struct riscv_iommu *r = riscv_of(domain->unit);

	if (domain->number >= 1 << 20)
		return error_set(&r->unit.error, "RISC-V IOMMU: there is no PSCID %u", domain->number);
	table_init(&domain->table, &table_riscv, has(r, CAP_SV48) ? 4 : 3, r->unit.can.page_sizes);
	return true;
}

/* Return the device context of an id, below 2^24, with the tables above it. */
static volatile uint64_t *context_of(struct riscv_iommu *r, uint32_t id)
{
	uint64_t *page = r->directory;

	for (unsigned int level = DIRECTORY_LEVELS - 1; level; level--) {
		unsigned int shift = r->last_bits + 9 * (level - 1);
		volatile uint64_t *entry = &page[id >> shift & 511];

		if (!*entry)
			*entry = page_number(arena_alloc(TABLE_PAGE, TABLE_PAGE)) | ENTRY_VALID;
		page = (uint64_t *)(uintptr_t)align_down(*entry << 2, TABLE_PAGE);
	}
	return page + (id & ((1 << r->last_bits) - 1)) * (TABLE_PAGE / sizeof(*page) >> r->last_bits);
}

/* Words: translation control, second stage, attributes of the translation, first stage. */
static bool set_context(struct iommu_unit *unit, uint32_t id, uint64_t control, uint64_t attributes,
			uint64_t first_stage)
{
	struct riscv_iommu *r = riscv_of(unit);
	volatile uint64_t *context;

	if (id >> DIRECTORY_BITS)
		return error_set(&unit->error, "RISC-V IOMMU: the directory has no device %#x", id);
	context = context_of(r, id);
	context[0] = 0;
	context[2] = attributes;
	context[3] = first_stage;
	context[0] = control;
	enqueue(r, IODIR_INVAL_DDT | WITH_DEVICE | (uint64_t)id << 40, 0);
	enqueue(r, IOTINVAL_VMA, 0);
	return fence(r);
}

static bool riscv_attach(struct iommu_unit *unit, uint32_t id, struct iommu_domain *domain)
{
	uint64_t mode = has(riscv_of(unit), CAP_SV48) ? MODE_SV48 : MODE_SV39;

	if (!domain)
		return set_context(unit, id, ENTRY_VALID, 0, 0);
	return set_context(unit, id, ENTRY_VALID, (uint64_t)domain->number << 12,
			   mode << 60 | phys(domain->table.root) >> 12);
}

static bool riscv_detach(struct iommu_unit *unit, uint32_t id)
{
	return set_context(unit, id, 0, 0, 0);
}

/*
 * Faults.
 */

/* Causes (4.2). */
static const struct fault_reason reasons[] = {
	{1, "fetching an instruction is not allowed there"},
	{4, "misaligned read"},
	{5, "reading is not allowed there"},
	{6, "misaligned write"},
	{7, "writing is not allowed there"},
	{12, "instruction page fault: not mapped, or no permission"},
	{13, "read page fault: not mapped, or no permission"},
	{15, "write page fault: not mapped, or no permission"},
	{20, "instruction page fault of the second stage"},
	{21, "read page fault of the second stage"},
	{23, "write page fault of the second stage"},
	{256, "all requesters are disallowed"},
	{257, "the device directory cannot be read"},
	{258, "the device context is not valid"},
	{259, "the device context is misconfigured"},
	{260, "this type of transaction is disallowed"},
	{261, "the table of messages cannot be read"},
	{262, "the entry of the table of messages is not valid"},
	{263, "the entry of the table of messages is misconfigured"},
	{264, "the file of messages cannot be accessed"},
	{265, "the process directory cannot be read"},
	{266, "the process context is not valid"},
	{267, "the process context is misconfigured"},
	{268, "the device directory is corrupted"},
	{274, "a table of the domain is corrupted"},
};

/* Of type of transaction: what writes, untranslated and translated. */
enum { UNTRANSLATED_WRITE = 3, TRANSLATED_WRITE = 7 };

static bool riscv_take_fault(struct iommu_unit *unit, struct iommu_fault *fault)
{
	struct riscv_iommu *r = riscv_of(unit);
	volatile const uint64_t *record = r->faults + r->head * FAULT_WORDS;
	unsigned int type;

	if (unit_read32(unit, FQT) == r->head)
		return false;
	type = record[0] >> 34 & 0x3f;
	*fault = (struct iommu_fault){
		.id = record[0] >> 40,
		.address = record[2],
		.rights = type == UNTRANSLATED_WRITE || type == TRANSLATED_WRITE ? RIGHT_WRITE : RIGHT_READ,
		.reason = fault_words(reasons, ARRAY_SIZE(reasons), record[0] & 0xfff),
	};
	r->head = (r->head + 1) % (1 << FAULT_BITS);
	unit_write32(unit, FQH, r->head);
	if (unit_read32(unit, FQCSR) & QUEUE_ERRORS)
		unit_write32(unit, FQCSR, QUEUE_ENABLE | QUEUE_ERRORS);
	return true;
}

/*
 * Bringing it up.
 */

static volatile uint64_t *start_queue(struct riscv_iommu *r, unsigned int base, unsigned int ours,
				      unsigned int control, unsigned int bits, unsigned int words)
{
	size_t size = max(sizeof(uint64_t) * words << bits, TABLE_PAGE);
	void *queue = arena_alloc(size, size);

	unit_write64(&r->unit, base, page_number(queue) | (bits - 1));
	unit_write32(&r->unit, ours, 0);
	unit_write32(&r->unit, control, QUEUE_ENABLE);
	return unit_wait32(&r->unit, control, QUEUE_ON | QUEUE_BUSY, QUEUE_ON) ? queue : NULL;
}

static bool set_directory(struct riscv_iommu *r, uint64_t value)
{
	unit_write64(&r->unit, DDTP, value);
	return unit_wait32(&r->unit, DDTP, DDTP_BUSY | DDTP_MODE, value & DDTP_MODE);
}

static bool stop_queues(struct riscv_iommu *r)
{
	unit_write32(&r->unit, CQCSR, 0);
	unit_write32(&r->unit, FQCSR, 0);
	return unit_wait32(&r->unit, CQCSR, QUEUE_ON | QUEUE_BUSY, 0) &&
	       unit_wait32(&r->unit, FQCSR, QUEUE_ON | QUEUE_BUSY, 0);
}

static bool bring_up(struct riscv_iommu *r)
{
	r->directory = arena_alloc(TABLE_PAGE, TABLE_PAGE);
	r->fenced = arena_alloc(sizeof(*r->fenced), sizeof(uint64_t));
	if (!set_directory(r, DDTP_OFF) || !stop_queues(r))
		return false;
	r->commands = start_queue(r, CQB, CQT, CQCSR, COMMAND_BITS, COMMAND_WORDS);
	r->faults = start_queue(r, FQB, FQH, FQCSR, FAULT_BITS, FAULT_WORDS);
	if (!r->commands || !r->faults)
		return false;
	enqueue(r, IODIR_INVAL_DDT, 0);
	enqueue(r, IOTINVAL_VMA, 0);
	return fence(r) && set_directory(r, page_number(r->directory) | DDTP_3_LEVELS);
}

static bool check_capabilities(struct riscv_iommu *r, struct error *error)
{
	if ((r->capabilities & 0xff) != VERSION_1_0)
		return error_set(error, "RISC-V IOMMU: capabilities %#lx are not of version 1.0",
				 r->capabilities);
	if (!has(r, CAP_SV39) && !has(r, CAP_SV48))
		return error_set(error, "RISC-V IOMMU: capabilities %#lx have neither Sv39 nor Sv48",
				 r->capabilities);
	return !(unit_read32(&r->unit, FCTL) & FCTL_BIG_ENDIAN) ||
	       error_set(error, "RISC-V IOMMU: it reads memory as big-endian");
}

static void read_capabilities(struct riscv_iommu *r)
{
	r->capabilities = unit_read64(&r->unit, CAPABILITIES);
	r->last_bits = has(r, CAP_MSI_FLAT) ? 6 : 7;
	r->unit.can = (struct iommu_capabilities){
		.page_sizes = 1ull << 12 | 1ull << 21 | 1ull << 30,
		/* The upper half of the addresses begins with the highest bit of a table. */
		.iova_bits = has(r, CAP_SV48) ? 47 : 38,
		.bypass = true,
		.invalidates = INVALIDATES_PAGES,
	};
}

static struct pci_dev *find_function(struct pci *pci, uint16_t segment)
{
	for (unsigned int i = 0; i < pci->device_count; i++)
		if (pci->devices[i].segment == segment && pci->devices[i].class_code == PCI_CLASS_IOMMU)
			return &pci->devices[i];
	return NULL;
}

/* On PCI a unit is found by its class, and has all functions of its segment behind it. */
static bool map_registers(struct riscv_iommu *r, struct platform *platform, const struct pci_dev *dev)
{
	struct pci_dev *function;

	if (r->unit.base) {
		r->unit.registers = io_map(r->unit.base, REGISTERS_SIZE);
		return r->unit.registers;
	}
	function = find_function(&platform->pci, dev->segment);
	if (!function)
		return false;
	pci_enable(function);
	r->segment = function->segment;
	r->unit.registers = pci_map_bar(function, 0, 0, REGISTERS_SIZE);
	return r->unit.registers;
}

static bool find(struct platform *platform, const struct pci_dev *dev, uint64_t *base, uint32_t *id,
		 struct error *error)
{
	*id = pci_requester_id(dev);
	return unit_in_tree(platform, dev, "riscv,iommu", base, id, error);
}

static bool riscv_find_id(struct iommu_unit *unit, struct platform *platform, const struct pci_dev *dev,
			  uint32_t *id)
{
	uint64_t base;

	return find(platform, dev, &base, id, &unit->error) && base == unit->base &&
	       (base || dev->segment == riscv_of(unit)->segment);
}

static struct iommu_unit *riscv_open(struct platform *platform, const struct pci_dev *dev,
				     uint32_t *id, struct error *error)
{
	struct riscv_iommu *r = arena_alloc(sizeof(*r), sizeof(uint64_t));

	r->unit.ops = &unit_riscv;
	if (!find(platform, dev, &r->unit.base, id, error))
		return NULL;
	if (!map_registers(r, platform, dev)) {
		error_set(error, "RISC-V IOMMU: neither the tree nor PCI has one for " PCI_FORMAT,
			  PCI_ARGS(dev->segment, dev->bdf));
		return NULL;
	}
	read_capabilities(r);
	if (!check_capabilities(r, error))
		return NULL;
	if (bring_up(r))
		return &r->unit;
	*error = r->unit.error;
	return NULL;
}

const struct unit_ops unit_riscv = {
	.name = "riscv",
	.open = riscv_open,
	.find_id = riscv_find_id,
	.init_domain = riscv_init_domain,
	.attach = riscv_attach,
	.detach = riscv_detach,
	.map = unit_map_table,
	.unmap = unit_unmap_table,
	.invalidate = riscv_invalidate,
	.take_fault = riscv_take_fault,
};
