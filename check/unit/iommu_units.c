// SPDX-License-Identifier: BSD-3-Clause
/*
 * Drivers of IOMMUs against registers that are played here: what entries say of a requester, what an
 * invalidation covers, how faults are read, and which units are refused.
 */
#include <stdlib.h>
#include <string.h>

#include <asm/io.h>

#include "acpi/iommu.h"
#include "iommu/iommu.h"
#include "machine.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "unit.h"
#include "util.h"

#define BASE 0x50000000ull
#define PAGE 4096ull
#define REQUESTER 0x1234

enum { REGISTERS = 0x20000, MOST_ALLOCATED = 256, MOST_SEEN = 512 };

static _Alignas(8) uint8_t registers[REGISTERS];
static void *allocated[MOST_ALLOCATED];
static unsigned int allocated_count;
static uint64_t ticks;
static struct platform platform;
static struct pci_dev dev = {.bdf = REQUESTER};

/* What the unit was told to forget: pages of a domain, all of it, or everything. */
static struct seen {
	bool everything, domain_only;
	uint32_t domain;
	uint64_t first, pages;
} seen[MOST_SEEN];

static unsigned int seen_count;

uint64_t machine_ticks(void)
{
	return ticks;
}

uint64_t machine_tick_rate(void)
{
	return 1000;
}

void machine_relax(uint64_t until)
{
	ticks = until;
}

void *arena_alloc(size_t size, size_t align)
{
	void *memory = aligned_alloc(align, align_up(size, align));

	CHECK(allocated_count < MOST_ALLOCATED);
	memset(memory, 0, size);
	allocated[allocated_count++] = memory;
	return memory;
}

uint16_t pci_requester_id(const struct pci_dev *function)
{
	return function->bdf;
}

void pci_enable(const struct pci_dev *function)
{
	(void)function;
}

void *pci_map_bar(struct pci_dev *function, unsigned int bar, uint64_t offset, uint64_t length)
{
	CHECK(function == &platform.pci.devices[0] && !bar && !offset && length <= REGISTERS);
	return registers;
}

static bool find_base(uint16_t segment, uint16_t requester, uint64_t *base)
{
	*base = segment ? 0 : BASE;
	return requester == REQUESTER;
}

bool acpi_dmar_unit(const struct acpi *acpi, const struct pci_dev *dev, uint64_t *base, struct error *error)
{
	(void)acpi, (void)error;
	return find_base(dev->segment, pci_requester_id(dev), base);
}

bool acpi_iort_smmu(const struct acpi *acpi, uint16_t segment, uint16_t requester, uint64_t *base,
		    uint32_t *stream, struct error *error)
{
	(void)acpi, (void)error;
	*stream = requester;
	return find_base(segment, requester, base);
}

static uint64_t get(unsigned int offset, unsigned int width)
{
	uint64_t value = 0;

	memcpy(&value, registers + offset, width);
	return value;
}

static void put(unsigned int offset, unsigned int width, uint64_t value)
{
	memcpy(registers + offset, &value, width);
}

static void see(struct seen what)
{
	CHECK(seen_count < MOST_SEEN);
	seen[seen_count++ % MOST_SEEN] = what;
}

static uint64_t *memory_at(uint64_t address)
{
	return (uint64_t *)(uintptr_t)address;
}

/*
 * VT-d.
 */

enum { VTD_FAULTS = 0x220, VTD_IOTLB = 0xf0 };

/* Of both ways: granularity 1 is all, 2 a domain, 3 naturally aligned pages. */
static void vtd_see(unsigned int granularity, uint32_t domain, uint64_t address)
{
	uint64_t pages = 1ull << (address & 0x3f);

	CHECK(granularity >= 1 && granularity <= 3);
	if (granularity == 3)
		CHECK_EQ(address / PAGE % pages, 0);
	see((struct seen){granularity == 1, granularity == 2, domain, address / PAGE, pages});
}

static void vtd_queue(uint64_t tail)
{
	const uint64_t *queue = memory_at(get(0x90, 8) & ~0xfffull);
	unsigned int head = get(0x80, 8) / 16;

	for (; head != tail / 16; head = (head + 1) % 256) {
		uint64_t low = queue[head * 2], high = queue[head * 2 + 1];

		if ((low & 0xf) == 2)
			vtd_see(low >> 4 & 3, low >> 16 & 0xffff, high);
		if ((low & 0xf) == 5)
			*(uint32_t *)memory_at(high) = low >> 32;
	}
	put(0x80, 8, tail);
}

static void vtd_write(unsigned int offset, uint64_t value)
{
	if (offset == 0x18)
		put(0x1c, 4, value);		/* the status is what was commanded */
	if (offset == 0x88 && get(0x1c, 4) & 1 << 26)
		vtd_queue(value);
	if (offset == 0x28)
		put(0x28, 8, value & ~(1ull << 63));
	if (offset == VTD_IOTLB + 8) {
		vtd_see(value >> 60 & 3, value >> 32 & 0xffff, get(VTD_IOTLB, 8));
		put(offset, 8, value & ~(1ull << 63));
	}
	if (offset == VTD_FAULTS + 12)
		put(offset, 4, 0);
}

/* Pages up to 2^18, large leaves, faults at 0x220, 48 bits, 4 levels, 16 bits of a domain's number. */
#define VTD_CAP (18ull << 48 | 1ull << 39 | 3ull << 34 | 0x22ull << 24 | 47ull << 16 | 4 << 8 | 6)
#define VTD_ECAP (0xfull << 8 | 1 << 6 | 1 << 1)

static void vtd_registers(void)
{
	put(0x08, 8, VTD_CAP);
	put(0x10, 8, VTD_ECAP);
}

static void vtd_entries(const struct iommu_domain *domain)
{
	const uint64_t *root = memory_at(get(0x20, 8)), *context;

	CHECK_EQ(root[0x12 * 2] & 0xfff, 1);
	context = memory_at(root[0x12 * 2] & ~0xfffull) + 0x34 * 2;
	if (!domain) {
		CHECK_EQ(context[0] & 1, 0);
		return;
	}
	CHECK_EQ(context[0], phys(domain->table.root) | 1);
	CHECK_EQ(context[1], domain->number << 8 | 2);
}

static void vtd_fault(void)
{
	put(0x34, 4, 1 << 1);
	put(VTD_FAULTS, 8, 0x123456789000);
	put(VTD_FAULTS + 8, 8, 1ull << 63 | 0x5ull << 32 | REQUESTER);
}

/*
 * SMMUv3.
 */

/* Of a command with a range: (NUM + 1) * 2^SCALE pages; of one without TG: one page. */
static void smmu_see_pages(uint64_t low, uint64_t high)
{
	uint64_t pages = high & 3 << 10 ? ((low >> 12 & 31) + 1) << (low >> 20 & 31) : 1;

	CHECK(high & 3 << 10 || !(low & (31ull << 12 | 31ull << 20)));
	CHECK(!(high & 3 << 10) || pages > 1);		/* one page as a range is reserved */
	see((struct seen){false, false, low >> 48, high / PAGE, pages});
}

static void smmu_queue(uint32_t producer)
{
	const uint64_t *queue = memory_at(get(0x90, 8) & ((1ull << 52) - 32));
	unsigned int size = 1u << (get(0x90, 8) & 31);

	for (uint32_t at = get(0x9c, 4); at != producer; at = (at + 1) % (2 * size)) {
		uint64_t low = queue[at % size * 2], high = queue[at % size * 2 + 1];

		if ((low & 0xff) == 0x12)
			smmu_see_pages(low, high);
		if ((low & 0xff) == 0x11)
			see((struct seen){false, true, low >> 48, 0, 0});
		if ((low & 0xff) == 0x30)
			see((struct seen){.everything = true});
	}
	put(0x9c, 4, producer);
}

static void smmu_write(unsigned int offset, uint64_t value)
{
	if (offset == 0x20)
		put(0x24, 4, value);
	if (offset == 0x98 && get(0x20, 4) & 8)
		smmu_queue(value);
}

#define SMMU_IDR0 (1u << 27 | 1u << 12 | 2 << 2 | 1 << 1)
#define SMMU_IDR1 (10 << 21 | 10 << 16 | 16)

static void smmu_registers(void)
{
	put(0x00, 4, SMMU_IDR0);
	put(0x04, 4, SMMU_IDR1);
	put(0x0c, 4, 1 << 10);
	put(0x14, 4, 1 << 4 | 5);
}

static void smmu_single_registers(void)
{
	smmu_registers();
	put(0x0c, 4, 0);
}

static void smmu_entries(const struct iommu_domain *domain)
{
	const uint64_t *streams = memory_at(get(0x80, 8) & ((1ull << 52) - 64)), *entry, *context;

	CHECK_EQ(get(0x88, 4), 1 << 16 | 8 << 6 | 16);
	CHECK_EQ(streams[0x12] & 63, 9);
	entry = memory_at(streams[0x12] & ~63ull) + 0x34 * 8;
	if (!domain) {
		CHECK_EQ(entry[0] & 1, 0);
		return;
	}
	CHECK_EQ(entry[0] & 63, 5 << 1 | 1);
	context = memory_at(entry[0] & ~63ull);
	CHECK_EQ(context[0] >> 48, domain->number);
	CHECK_EQ(context[0] & 63, 64 - 48);
	CHECK_EQ(context[0] >> 31 & 1, 1);
	CHECK_EQ(context[1], phys(domain->table.root));
}

static void smmu_fault(void)
{
	uint64_t *event = memory_at(get(0xa0, 8) & ((1ull << 52) - 32));

	event[0] = (uint64_t)REQUESTER << 32 | 0x10;
	event[1] = ~(1ull << 35);	/* a write */
	event[2] = 0x123456789000;
	put(0x100a8, 4, 1);
}

/*
 * RISC-V.
 */

static void riscv_queue(uint32_t tail)
{
	const uint64_t *queue = memory_at((get(0x18, 8) & ~0x3ffull) << 2);
	unsigned int size = 2u << (get(0x18, 8) & 31), head = get(0x20, 4);

	for (; head != tail; head = (head + 1) % size) {
		uint64_t low = queue[head * 2], high = queue[head * 2 + 1];

		if ((low & 0x3ff) == 1)
			see((struct seen){!(low >> 32 & 1), !(low >> 10 & 1), low >> 12 & 0xfffff,
					  (high << 2) / PAGE, 1});
		if ((low & 0x3ff) == 2)
			*(uint32_t *)memory_at(high << 2) = low >> 32;
	}
	put(0x20, 4, tail);
}

static void riscv_write(unsigned int offset, uint64_t value)
{
	if (offset == 0x48 || offset == 0x4c)
		put(offset, 4, value & 1 ? 1 << 16 | 1 : 0);
	if (offset == 0x24 && get(0x48, 4) & 1)
		riscv_queue(value);
}

#define RISCV_CAPABILITIES (1ull << 10 | 1ull << 9 | 0x10)

static void riscv_registers(void)
{
	put(0x00, 8, RISCV_CAPABILITIES);
}

static void riscv_extended_registers(void)
{
	put(0x00, 8, RISCV_CAPABILITIES | 1ull << 22);
}

/* The last level has 7 bits of an id and contexts of 32 bytes, or 6 bits and 64 bytes. */
static void riscv_entries(const struct iommu_domain *domain)
{
	unsigned int bits = get(0, 8) >> 22 & 1 ? 6 : 7;
	const uint64_t *page = memory_at((get(0x10, 8) & ~0x3ffull) << 2);

	CHECK_EQ(get(0x10, 8) & 0xf, 4);
	CHECK_EQ(page[REQUESTER >> bits >> 9] & 0x3ff, 1);
	page = memory_at((page[REQUESTER >> bits >> 9] & ~0x3ffull) << 2);
	CHECK_EQ(page[REQUESTER >> bits & 511] & 0x3ff, 1);
	page = memory_at((page[REQUESTER >> bits & 511] & ~0x3ffull) << 2);
	page += (REQUESTER & ((1 << bits) - 1)) * (bits == 6 ? 8 : 4);
	CHECK_EQ(page[0], !!domain);
	if (!domain)
		return;
	CHECK_EQ(page[1], 0);
	CHECK_EQ(page[2], (uint64_t)domain->number << 12);
	CHECK_EQ(page[3], 9ull << 60 | phys(domain->table.root) / PAGE);
}

static void riscv_fault(void)
{
	uint64_t *record = memory_at((get(0x28, 8) & ~0x3ffull) << 2);

	record[0] = (uint64_t)REQUESTER << 40 | 3ull << 34 | 15;
	record[2] = 0x123456789000;
	put(0x34, 4, 1);
}

/*
 * All of them.
 */

static const struct play {
	const struct unit_ops *ops;
	void (*registers)(void);
	void (*write)(unsigned int offset, uint64_t value);
	void (*entries)(const struct iommu_domain *domain);
	void (*fault)(void);
	bool exact;		/* an invalidation of a few pages covers no other page */
	const char *reason;	/* of the fault */
} plays[] = {
	{&unit_vtd, vtd_registers, vtd_write, vtd_entries, vtd_fault, false, "no permission to write"},
	{&unit_vtd_registers, vtd_registers, vtd_write, vtd_entries, vtd_fault, false,
	 "no permission to write"},
	{&unit_smmuv3, smmu_registers, smmu_write, smmu_entries, smmu_fault, true,
	 "the address is not mapped"},
	{&unit_smmuv3, smmu_single_registers, smmu_write, smmu_entries, smmu_fault, true,
	 "the address is not mapped"},
	{&unit_riscv, riscv_registers, riscv_write, riscv_entries, riscv_fault, true,
	 "write page fault: not mapped, or no permission"},
	{&unit_riscv, riscv_extended_registers, riscv_write, riscv_entries, riscv_fault, true,
	 "write page fault: not mapped, or no permission"},
};

static const struct play *playing;

uint64_t fake_read(const volatile void *address, unsigned int width)
{
	return get((const volatile uint8_t *)address - registers, width);
}

void fake_write(volatile void *address, unsigned int width, uint64_t value)
{
	unsigned int offset = (volatile uint8_t *)address - registers;

	CHECK(offset + width <= REGISTERS);
	put(offset, width, value);
	playing->write(offset, value);
}

static void reset(const struct play *play)
{
	playing = play;
	memset(registers, 0, sizeof(registers));
	machine_clear();
	machine_put(BASE, registers, sizeof(registers));
	while (allocated_count)
		free(allocated[--allocated_count]);
	seen_count = 0;
	platform.pci.device_count = 1;
	platform.pci.devices[0] = (struct pci_dev){.class_code = 0x080600};
	play->registers();
}

static struct iommu_unit *open_unit(struct error *error)
{
	uint32_t id;
	struct iommu_unit *unit = playing->ops->open(&platform, &dev, &id, error);

	if (unit)
		CHECK_EQ(id, REQUESTER);
	return unit;
}

static bool covers(const struct seen *s, uint32_t domain, uint64_t page)
{
	return s->everything || (s->domain == domain && (s->domain_only || page - s->first < s->pages));
}

static bool page_is_seen(uint32_t domain, uint64_t page)
{
	for (unsigned int i = 0; i < seen_count; i++)
		if (covers(&seen[i], domain, page))
			return true;
	return false;
}

/* Every page of the range, and none next to it where that can be. */
static void check_invalidation(struct iommu_domain *domain, uint64_t first, uint64_t pages)
{
	seen_count = 0;
	CHECK(unit_invalidate(domain, first * PAGE, pages * PAGE));
	for (uint64_t page = first; page < first + pages; page++)
		if (!page_is_seen(domain->number, page))
			CHECK_EQ(page, 0);
	CHECK(!page_is_seen(domain->number + 1, first));
	if (!playing->exact || pages > 64)
		return;
	CHECK(!page_is_seen(domain->number, first - 1));
	CHECK(!page_is_seen(domain->number, first + pages));
}

/* Of functions that are behind the unit, and one that is not. */
static void check_ids(struct iommu_unit *unit)
{
	uint32_t id = 0;

	CHECK(unit_find_id(unit, &platform, &dev, &id));
	CHECK_EQ(id, REQUESTER);
	dev.segment = 1;
	CHECK(!unit_find_id(unit, &platform, &dev, &id));
	dev.segment = 0;
}

static void test_unit(void)
{
	struct error error = {""};
	struct iommu_unit *unit = open_unit(&error);
	struct iommu_domain *domain;
	struct iommu_fault fault;

	if (!CHECK_OK(unit, error))
		return;
	CHECK(page_is_seen(77, 77));			/* nothing of before is left */
	check_ids(unit);
	domain = unit_new_domain(unit);
	CHECK(unit_attach(unit, REQUESTER, domain));
	playing->entries(domain);
	for (uint64_t pages = 1; pages < 300; pages += pages < 70 ? 1 : 13)
		for (uint64_t first = 1000; first < 1040; first += 7)
			check_invalidation(domain, first, pages);
	seen_count = 0;
	CHECK(unit_invalidate_all(domain));
	CHECK(page_is_seen(domain->number, 0) && page_is_seen(domain->number, 1ull << 30));
	CHECK(!page_is_seen(domain->number + 1, 0));
	CHECK(!unit_take_fault(unit, &fault));
	playing->fault();
	CHECK(unit_take_fault(unit, &fault));
	CHECK_EQ(fault.id, REQUESTER);
	CHECK_EQ(fault.address, 0x123456789000);
	CHECK_EQ(fault.rights, RIGHT_WRITE);
	CHECK(!strcmp(fault.reason, playing->reason));
	CHECK(!unit_take_fault(unit, &fault));
	CHECK(unit_detach(unit, REQUESTER));
	playing->entries(NULL);
}

/* A unit that does not answer is told, not waited for. */
static void ignore(unsigned int offset, uint64_t value)
{
	(void)offset;
	(void)value;
}

static void test_silence(const struct play *play)
{
	struct error error = {""};
	struct play silent = *play;
	struct iommu_domain *domain;
	struct iommu_unit *unit;

	reset(&silent);
	unit = open_unit(&error);
	domain = unit ? unit_new_domain(unit) : NULL;
	if (!CHECK(domain))
		return;
	silent.write = ignore;
	CHECK(!unit_invalidate_all(domain));
	CHECK(unit->error.text[0]);
	reset(&silent);
	CHECK(!open_unit(&error));
	CHECK(error.text[0]);
}

/* What a unit cannot do that a driver needs. */
static const struct refusal {
	unsigned int play, offset, width;
	uint64_t value;
	const char *message;
} refusals[] = {
	{0, 0x08, 8, VTD_CAP & ~(31ull << 8), "no second-level tables of 3 or 4 levels"},
	{0, 0x08, 8, VTD_CAP | 1 << 4, "write buffer"},
	{0, 0x10, 8, VTD_ECAP & ~2ull, "no queued invalidation"},
	{0, 0x10, 8, VTD_ECAP | 0x3ffull << 8, "registers lie above the first page"},
	{0, 0x08, 8, VTD_CAP | 0x3ffull << 24, "registers lie above the first page"},
	{2, 0x00, 4, SMMU_IDR0 & ~2u, "no stage 1"},
	{2, 0x00, 4, SMMU_IDR0 & ~8u, "no stage 1"},
	{2, 0x14, 4, 5, "no stage 1"},
	{2, 0x00, 4, SMMU_IDR0 & ~(1u << 27), "no stream table of two levels"},
	{2, 0x04, 4, SMMU_IDR1 & ~31u, "no stream table of two levels"},
	{2, 0x00, 4, SMMU_IDR0 | 2u << 24, "faults can only stall"},
	{2, 0x04, 4, 7 << 21 | 10 << 16 | 16, "the command queue is too small"},
	{2, 0x04, 4, SMMU_IDR1 | 1u << 30, "queues or tables are preset"},
	{4, 0x00, 8, RISCV_CAPABILITIES | 1, "are not of version 1.0"},
	{4, 0x00, 8, 0x10, "neither Sv39 nor Sv48"},
	{4, 0x08, 4, 1, "big-endian"},
};

static void test_refusal(const struct refusal *refusal)
{
	struct error error = {""};

	reset(&plays[refusal->play]);
	put(refusal->offset, refusal->width, refusal->value);
	CHECK_ERROR(open_unit(&error), error, refusal->message, refusal->message);
}

static void test_absence(const struct play *play)
{
	struct error error = {""};

	reset(play);
	platform.pci.device_count = 0;
	dev.segment = 1;
	CHECK(!open_unit(&error));
	CHECK(strstr(error.text, "0001:12:06.4"));
	dev.segment = 0;
}

int main(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(plays); i++) {
		reset(&plays[i]);
		test_unit();
		test_silence(&plays[i]);
		test_absence(&plays[i]);
	}
	for (unsigned int i = 0; i < ARRAY_SIZE(refusals); i++)
		test_refusal(&refusals[i]);
	reset(&plays[0]);
	return unit_end("iommu_units");
}
