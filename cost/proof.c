// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "memory.h"
#include "proof.h"
#include "time.h"

#define PAGE 4096
#define BYTES 64
#define FAULT_WAIT_US 200000

struct proof {
	struct master *master;
	struct iommu_domain *domain;
	uint8_t *first, *second;	/* pages */
	uint64_t iova;
	unsigned int failed;
};

static void say(struct proof *p, bool ok, const char *what)
{
	printf("# proof: %s: %s\n", what, ok ? "yes" : "NO");
	p->failed += !ok;
}

/* The unit's own calls: what they say themselves is not the proof, but tells why it fails. */
static void require(struct proof *p, bool ok, const char *what)
{
	if (ok)
		return;
	say(p, false, what);
	printf("# proof: %s\n", p->master->unit->error.text);
}

static bool writes(struct proof *p, uint64_t iova, const uint8_t *page)
{
	memset((void *)page, 0, BYTES);
	return dma_write(&p->master->dma, iova, BYTES) == DMA_DONE &&
	       dma_is_pattern(&p->master->dma, page, 0, BYTES);
}

static bool reads(struct proof *p, uint64_t iova, uint8_t *page)
{
	uint8_t bytes[BYTES] = {0};

	memset(page, 0x5e, BYTES);
	return dma_read(&p->master->dma, iova, bytes, BYTES) == DMA_DONE && !memcmp(bytes, page, BYTES);
}

static void forget_faults(struct proof *p)
{
	struct iommu_fault fault;

	while (unit_take_fault(p->master->unit, &fault))
		;
}

static bool is_expected(const struct proof *p, const struct iommu_fault *fault, unsigned int rights)
{
	return fault->id == p->master->id && fault->address / PAGE == p->iova / PAGE &&
	       (!fault->rights || fault->rights == rights);
}

/* The fault may come a moment after the access. */
static void show_fault(struct proof *p, unsigned int rights, const char *what)
{
	static const char *const kinds[] = {"access to", "read of", "write to", "read and write of"};
	struct deadline deadline = deadline_in(FAULT_WAIT_US);
	struct iommu_fault fault;

	do {
		if (!unit_take_fault(p->master->unit, &fault))
			continue;
		printf("# fault: id %#x, %s %#lx: %s\n", fault.id, kinds[fault.rights], fault.address,
		       fault.reason);
		if (is_expected(p, &fault, rights)) {
			say(p, true, what);
			return;
		}
	} while (!deadline_over(&deadline));
	say(p, false, what);
}

static void remap(struct proof *p, uint8_t *page, unsigned int rights)
{
	require(p, unit_unmap(p->domain, p->iova, PAGE), "unmap");
	require(p, unit_invalidate(p->domain, p->iova, PAGE), "invalidate");
	require(p, unit_map(p->domain, p->iova, phys(page), PAGE, rights), "map");
	require(p, unit_sync_map(p->domain, p->iova, PAGE), "sync_map");
}

static void prove_untranslated(struct proof *p)
{
	if (!p->master->unit->can.bypass)
		return;
	require(p, unit_attach(p->master->unit, p->master->id, NULL), "attach to no domain");
	say(p, writes(p, phys(p->first), p->first), "attached to no domain it writes untranslated");
}

static void prove_mapping(struct proof *p)
{
	require(p, unit_map(p->domain, p->iova, phys(p->first), PAGE, RIGHT_READ | RIGHT_WRITE), "map");
	require(p, unit_sync_map(p->domain, p->iova, PAGE), "sync_map");
	say(p, writes(p, p->iova, p->first), "a mapped page is written");
	say(p, reads(p, p->iova, p->first), "a mapped page is read");
	remap(p, p->second, RIGHT_READ | RIGHT_WRITE);
	say(p, writes(p, p->iova, p->second), "mapped to another page that one is written");
}

/*
 * The blocked access comes first: of one that finds the right translation cached, some units report
 * nothing.
 */
static void prove_rights(struct proof *p)
{
	remap(p, p->first, RIGHT_READ);
	forget_faults(p);
	say(p, !writes(p, p->iova, p->first), "a page mapped for reading is not written");
	show_fault(p, RIGHT_WRITE, "the write is reported");
	say(p, reads(p, p->iova, p->first), "a page mapped for reading is read");
	if (!p->master->unit->can.write_only)
		return;
	remap(p, p->first, RIGHT_WRITE);
	forget_faults(p);
	say(p, !reads(p, p->iova, p->first), "a page mapped for writing is not read");
	show_fault(p, RIGHT_READ, "the read is reported");
	say(p, writes(p, p->iova, p->first), "a page mapped for writing is written");
}

static void prove_unmapping(struct proof *p)
{
	remap(p, p->first, RIGHT_READ | RIGHT_WRITE);
	say(p, writes(p, p->iova, p->first), "mapped again it is written");
	require(p, unit_unmap(p->domain, p->iova, PAGE), "unmap");
	require(p, unit_invalidate(p->domain, p->iova, PAGE), "invalidate");
	forget_faults(p);
	say(p, !writes(p, p->iova, p->first), "unmapped and invalidated it is not written");
	show_fault(p, RIGHT_WRITE, "the write after that is reported");
}

static void prove_detaching(struct proof *p)
{
	require(p, unit_map(p->domain, p->iova, phys(p->first), PAGE, RIGHT_READ | RIGHT_WRITE), "map");
	require(p, unit_sync_map(p->domain, p->iova, PAGE), "sync_map");
	say(p, writes(p, p->iova, p->first), "mapped once more it is written");
	require(p, unit_detach(p->master->unit, p->master->id), "detach");
	p->master->dma.timeout_us = FAULT_WAIT_US;
	say(p, !writes(p, p->iova, p->first), "detached it writes nothing");
	p->master->dma.timeout_us = REPLY_TIMEOUT_US;
}

/* Map a page, each domain its own at the same address, and one at an address that only this domain maps. */
static void map_own(struct proof *p, uint8_t *page, uint64_t only)
{
	require(p, unit_map(p->domain, p->iova, phys(page), PAGE, RIGHT_READ | RIGHT_WRITE), "map");
	require(p, unit_map(p->domain, only, phys(page), PAGE, RIGHT_READ | RIGHT_WRITE), "map");
	require(p, unit_sync_map(p->domain, p->iova, PAGE), "sync_map");
	require(p, unit_sync_map(p->domain, only, PAGE), "sync_map");
}

static bool is_untouched(const uint8_t *page)
{
	for (unsigned int i = 0; i < BYTES; i++)
		if (page[i])
			return false;
	return true;
}

/* Each writes, and the other one's page does not change. */
static bool keep_apart(struct proof *a, struct proof *b)
{
	memset(a->first, 0, BYTES);
	memset(a->second, 0, BYTES);
	if (!writes(a, a->iova, a->first) || !is_untouched(a->second))
		return false;
	memset(a->first, 0, BYTES);
	return writes(b, b->iova, b->second) && is_untouched(a->first);
}

/* The translation of one domain is cached when the master of the other one asks for the same address. */
static void prove_domains(struct proof *a, struct proof *b)
{
	uint64_t only_a = a->iova + 16 * PAGE, only_b = a->iova + 32 * PAGE;

	a->domain = master_new_domain(a->master);
	b->domain = master_new_domain(b->master);
	require(a, a->domain && b->domain, "two domains");
	if (!a->domain || !b->domain)
		return;
	map_own(a, a->first, only_a);
	map_own(b, b->second, only_b);
	say(a, keep_apart(a, b), "two masters write at one address, each to the page of its domain");
	say(a, writes(a, only_a, a->first) && !writes(b, only_a, a->first),
	    "what one domain maps the master of the other does not write");
	require(a, unit_attach(b->master->unit, b->master->id, a->domain), "attach to the other's domain");
	require(a, master_map_page(b->master, a->domain), "map the other's private page");
	say(a, writes(b, only_a, a->first) && !writes(b, only_b, a->second),
	    "attached to the other's domain it has the mappings of that");
	require(a, unit_detach(a->master->unit, a->master->id), "detach");
	require(a, unit_detach(b->master->unit, b->master->id), "detach");
}

bool proof_run(struct master *masters, unsigned int count)
{
	struct proof p = {
		.master = masters, .first = arena_alloc(PAGE, PAGE), .second = arena_alloc(PAGE, PAGE),
		.iova = master_free_iova(masters),
	};
	struct proof other = p;

	prove_untranslated(&p);
	if (masters->unit->can.identity)
		return !p.failed;
	p.domain = master_new_domain(masters);
	require(&p, p.domain, "a domain of its own");
	if (!p.domain)
		return false;
	prove_mapping(&p);
	prove_rights(&p);
	prove_unmapping(&p);
	prove_detaching(&p);
	other.master = &masters[1];
	if (count > 1)
		prove_domains(&p, &other);
	return !p.failed && !other.failed;
}
