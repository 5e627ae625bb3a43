// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "console.h"
#include "memory.h"
#include "proof.h"
#include "time.h"

#define PAGE 4096
#define BYTES 64
#define FAULT_WAIT_US 200000
#define MANY_PAGES 513		/* more than a table of the last level has */

struct proof {
	struct master *master;
	struct iommu_domain *domain;
	uint8_t *first, *second;	/* pages, each between two others */
	uint64_t iova;
	unsigned int failed;
};

/* Say what any IOMMU does. @id: of a requirement, with ": ". */
static void say(struct proof *p, const char *id, bool ok, const char *what)
{
	printf("# proof: %s%s: %s\n", id, what, ok ? "yes" : "NO");
	p->failed += !ok;
}

/* Say what may be otherwise where an IOMMU is no virtio-iommu. */
static void tell(const char *id, bool ok, const char *what)
{
	printf("# proof: %s%s: %s\n", id, what, ok ? "yes" : "no");
}

/* The unit's own calls: what they say themselves is not the proof, but tells why it fails. */
static void require(struct proof *p, bool ok, const char *what)
{
	if (ok)
		return;
	say(p, "", false, what);
	printf("# proof: %s\n", p->master->unit->error.text);
}

static bool is_untouched(const uint8_t *bytes)
{
	for (unsigned int i = 0; i < BYTES; i++)
		if (bytes[i])
			return false;
	return true;
}

static bool writes(struct proof *p, uint64_t iova, uint8_t *bytes)
{
	memset(bytes, 0, BYTES);
	return dma_write(&p->master->dma, iova, BYTES) == DMA_DONE &&
	       dma_is_pattern(&p->master->dma, bytes, 0, BYTES);
}

/* By its effect: a device that reports an error may have written. */
static bool is_kept_from(struct proof *p, uint64_t iova, uint8_t *bytes)
{
	memset(bytes, 0, BYTES);
	(void)dma_write(&p->master->dma, iova, BYTES);
	return is_untouched(bytes);
}

/* The same of one that may be silent, which has to give up sooner. */
static bool is_kept_from_detached(struct proof *p, uint64_t iova, uint8_t *bytes)
{
	bool kept;

	p->master->dma.timeout_us = FAULT_WAIT_US;
	kept = is_kept_from(p, iova, bytes);
	p->master->dma.timeout_us = REPLY_TIMEOUT_US;
	return kept;
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
		if (fault.id != p->master->id || fault.address / PAGE != p->iova / PAGE)
			continue;
		say(p, "", true, what);
		if (fault.rights)
			tell("N-EVT-4: ", fault.rights == rights, "the report names the kind of access");
		return;
	} while (!deadline_over(&deadline));
	say(p, "", false, what);
}

static void map(struct proof *p, uint64_t iova, const uint8_t *page, uint64_t size, unsigned int rights)
{
	require(p, unit_map(p->domain, iova, phys(page), size, rights), "map");
	require(p, unit_sync_map(p->domain, iova, size), "sync_map");
}

static void map_page(struct proof *p, uint64_t iova, const uint8_t *page)
{
	map(p, iova, page, PAGE, RIGHT_READ | RIGHT_WRITE);
}

static void unmap(struct proof *p, uint64_t iova, uint64_t size)
{
	require(p, unit_unmap(p->domain, iova, size), "unmap");
	require(p, unit_invalidate(p->domain, iova, size), "invalidate");
}

static void remap(struct proof *p, const uint8_t *page, unsigned int rights)
{
	unmap(p, p->iova, PAGE);
	map(p, p->iova, page, PAGE, rights);
}

static void prove_untranslated(struct proof *p)
{
	if (!p->master->unit->can.bypass)
		return;
	require(p, unit_attach(p->master->unit, p->master->id, NULL), "attach to no domain");
	say(p, p->master->unit->can.identity ? "" : "N-BYP-4: ", writes(p, phys(p->first), p->first),
	    "attached to no domain it writes untranslated");
}

static void prove_mapping(struct proof *p)
{
	say(p, "N-BYP-3: ", is_kept_from(p, phys(p->first), p->first),
	    "in a domain, memory is not written that is not mapped");
	map_page(p, p->iova, p->first);
	say(p, "N-MAP-1: ", writes(p, p->iova, p->first), "a mapped page is written");
	say(p, "N-MAP-1: ", reads(p, p->iova, p->first), "a mapped page is read");
	remap(p, p->second, RIGHT_READ | RIGHT_WRITE);
	say(p, "N-MAP-1: ", writes(p, p->iova, p->second), "mapped to another page that one is written");
	say(p, "N-MAP-1: ", writes(p, p->iova + PAGE - BYTES, p->second + PAGE - BYTES),
	    "so are the last bytes of a mapping");
	say(p, "N-MAP-1: ", is_kept_from(p, p->iova + PAGE, p->second + PAGE), "those behind it are not");
	say(p, "N-MAP-1: ", is_kept_from(p, p->iova - BYTES, p->second - BYTES), "those before it are not");
}

/* It begins in the middle of what a table of the last level covers, so that no larger leaf is alike. */
static void prove_sizes(struct proof *p)
{
	uint64_t iova = p->iova + 256 * PAGE, size = MANY_PAGES * PAGE;
	uint8_t *memory = arena_alloc(size + PAGE, PAGE);

	map(p, iova, memory, size, RIGHT_READ | RIGHT_WRITE);
	say(p, "N-MAP-3: ", writes(p, iova, memory) && writes(p, iova + size / 2, memory + size / 2) &&
			    writes(p, iova + size - BYTES, memory + size - BYTES),
	    "first, middle and last bytes of 513 pages are written");
	say(p, "N-MAP-3: ", is_kept_from(p, iova + size, memory + size), "those behind 513 pages are not");
	unmap(p, iova, size);
	say(p, "N-UNMAP-1: ", is_kept_from(p, iova, memory) &&
			      is_kept_from(p, iova + size - BYTES, memory + size - BYTES),
	    "unmapped by one call none of 513 pages is written");
}

/*
 * The blocked access comes first: of one that finds the right translation cached, some units report
 * nothing.
 */
static void prove_rights(struct proof *p)
{
	remap(p, p->first, RIGHT_READ);
	forget_faults(p);
	say(p, "N-MAP-4: ", is_kept_from(p, p->iova, p->first), "a page mapped for reading is not written");
	show_fault(p, RIGHT_WRITE, "the write is reported");
	say(p, "N-MAP-4: ", reads(p, p->iova, p->first), "a page mapped for reading is read");
	if (!p->master->unit->can.write_only)
		return;
	remap(p, p->first, RIGHT_WRITE);
	forget_faults(p);
	say(p, "N-MAP-4: ", !reads(p, p->iova, p->first), "a page mapped for writing is not read");
	show_fault(p, RIGHT_READ, "the read is reported");
	say(p, "N-MAP-4: ", writes(p, p->iova, p->first), "a page mapped for writing is written");
}

static void prove_unmapping(struct proof *p)
{
	remap(p, p->first, RIGHT_READ | RIGHT_WRITE);
	map_page(p, p->iova + PAGE, p->second);
	map_page(p, p->iova + 3 * PAGE, p->first);
	say(p, "N-UNMAP-1: ", writes(p, p->iova, p->first), "mapped again it is written");
	unmap(p, p->iova, PAGE);
	forget_faults(p);
	say(p, "N-UNMAP-1: ", is_kept_from(p, p->iova, p->first),
	    "unmapped and invalidated it is not written");
	show_fault(p, RIGHT_WRITE, "the write after that is reported");
	say(p, "N-UNMAP-1: ", writes(p, p->iova + PAGE, p->second) && writes(p, p->iova + 3 * PAGE, p->first),
	    "its neighbours are written");
	unmap(p, p->iova + PAGE, 3 * PAGE);
	say(p, "N-UNMAP-1: ", is_kept_from(p, p->iova + PAGE, p->second) &&
			      is_kept_from(p, p->iova + 3 * PAGE, p->first),
	    "unmapped by one call, with what lies between, they are not");
}

/* Where mappings are entries of a table, each page can go alone. */
static void prove_splitting(struct proof *p)
{
	uint64_t iova = p->iova + 8 * PAGE;
	bool refused;

	map(p, iova, p->first, 2 * PAGE, RIGHT_READ | RIGHT_WRITE);
	say(p, "N-UNMAP-1: ", writes(p, iova + PAGE, p->first + PAGE), "the second of two pages is written");
	refused = !(unit_unmap(p->domain, iova, PAGE) && unit_invalidate(p->domain, iova, PAGE));
	tell("N-UNMAP-1: ", refused && writes(p, iova, p->first), "half of a mapping is not unmapped");
	if (refused)
		unmap(p, iova, 2 * PAGE);
	else
		unmap(p, iova + PAGE, PAGE);
}

/* A domain of a virtio-iommu ends with its last endpoint; elsewhere it is a table in memory. */
static void prove_end_of_domain(struct proof *p)
{
	struct iommu_unit *unit = p->master->unit;
	bool empty;

	require(p, unit_attach(unit, p->master->id, p->domain), "attach again");
	empty = master_map_page(p->master, p->domain) && is_kept_from(p, p->iova, p->first);
	tell("N-DOM-2: ", empty, "a domain that was left by all is empty");
	if (empty)
		map_page(p, p->iova, p->first);
	say(p, "N-DOM-2: ", writes(p, p->iova, p->first), "attached to it again, what it maps is written");
}

static void prove_detaching(struct proof *p)
{
	map_page(p, p->iova, p->first);
	say(p, "N-BYP-6: ", writes(p, p->iova, p->first), "mapped once more it is written");
	require(p, unit_detach(p->master->unit, p->master->id), "detach");
	say(p, "N-BYP-6: ", is_kept_from_detached(p, p->iova, p->first), "detached it writes nothing");
}

/* Without a detachment in between. */
static void prove_moving(struct proof *p)
{
	uint64_t only = p->iova + 64 * PAGE;

	p->domain = master_new_domain(p->master);
	require(p, p->domain, "a second domain");
	if (!p->domain)
		return;
	map_page(p, only, p->second);
	say(p, "N-DOM-5: ", writes(p, only, p->second),
	    "attached to another domain, what that maps is written");
	say(p, "N-DOM-5: ", is_kept_from(p, p->iova, p->first), "what the former one maps is not");
	require(p, unit_detach(p->master->unit, p->master->id), "detach");
}

/* Map a page, each domain its own at the same address, and one at an address that only this domain maps. */
static void map_own(struct proof *p, uint8_t *page, uint64_t only)
{
	map_page(p, p->iova, page);
	map_page(p, only, page);
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

static void prove_sharing(struct proof *a, struct proof *b, uint64_t only_a, uint64_t only_b)
{
	uint64_t later = only_b + 16 * PAGE;

	require(a, unit_attach(b->master->unit, b->master->id, a->domain), "attach to the other's domain");
	require(a, master_map_page(b->master, a->domain), "map the other's private page");
	say(a, "N-MAP-2: ", writes(b, only_a, a->first), "who attaches later has what was mapped before");
	say(a, "N-DOM-5: ", is_kept_from(b, only_b, a->second), "and no longer what its former domain maps");
	map_page(a, later, a->second);
	say(a, "N-MAP-2: ", writes(a, later, a->second) && writes(b, later, a->second),
	    "what is mapped then both have");
	require(a, unit_detach(a->master->unit, a->master->id), "detach");
	say(a, "N-DOM-4: ", is_kept_from_detached(a, later, a->second), "one leaves, and writes nothing");
	say(a, "N-DOM-4: ", writes(b, later, a->second), "the other one has its mappings");
	require(a, unit_detach(b->master->unit, b->master->id), "detach");
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
	say(a, "N-DOM-3: ", keep_apart(a, b),
	    "two masters write at one address, each to the page of its domain");
	say(a, "N-DOM-3: ", writes(a, only_a, a->first) && is_kept_from(b, only_a, a->first),
	    "what one domain maps the master of the other does not write");
	prove_sharing(a, b, only_a, only_b);
}

void proof_run_at_power_on(struct master *master)
{
	struct proof p = {.master = master, .first = arena_alloc(PAGE, PAGE)};

	master->dma.timeout_us = FAULT_WAIT_US;
	tell("N-BYP-2: ", writes(&p, phys(p.first), p.first), "before anybody sets it up DMA passes");
	master->dma.timeout_us = REPLY_TIMEOUT_US;
}

static uint8_t *page_between_others(void)
{
	return (uint8_t *)arena_alloc(3 * PAGE, PAGE) + PAGE;
}

/* All of one master. */
static void prove_alone(struct proof *p)
{
	prove_mapping(p);
	prove_sizes(p);
	prove_rights(p);
	prove_unmapping(p);
	prove_splitting(p);
	prove_detaching(p);
	prove_end_of_domain(p);
	prove_moving(p);
}

bool proof_run(struct master *masters, unsigned int count)
{
	struct proof p = {
		.master = masters, .first = page_between_others(), .second = page_between_others(),
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
	prove_alone(&p);
	other.master = &masters[1];
	if (count > 1 && other.master->dma.ops->exact)
		prove_domains(&p, &other);
	return !p.failed && !other.failed;
}
