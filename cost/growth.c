// SPDX-License-Identifier: BSD-3-Clause
/*
 * Of each time the least one of some rounds counts: a busy machine only adds to it.
 *
 * A domain of a virtio-iommu exists as long as an endpoint is attached to it. So a second one stays attached
 * where the first one comes and goes.
 */
#include "console.h"
#include "growth.h"
#include "machine.h"
#include "memory.h"
#include "pci/pci.h"
#include "platform/platform.h"
#include "time.h"
#include "util.h"
#include "virtio_unit.h"

#define PAGE 4096
#define OPERATIONS 8
#define ROUNDS 9
#define ROUNDS_ALL 3
#define ACCESS_BYTES 64
#define MEMBERS_MOST 256
#define NS_PER_S 1000000000ull
#define EXTRA_PAIRS 64

/* ATTACH may take milliseconds: the short form has fewer of them, and of domains. */
#define ATTACHES 10000
#define ATTACHES_SHORT 1000

/* Mappings that are made before the unit is asked for all of them at once; ATTACH requests likewise. */
#define AT_ONCE 64
#define FLOOD_AT_ONCE 32

/* ATTACH requests between two looks at memory: a busy host may take a minute for them. */
#define FLOOD_STEP 1000

/* Long enough for somebody outside to look at the memory of the VMM. */
#define MARK_US 100000
#define LOOKS 6

/* A VMM that has much to do besides, on a busy host, is slow, which is no failure. */
#define ACCESS_US 30000000

static const unsigned int tens[] = {1, 10, 100, 1000, 10000, 100000, 1000000};

enum operation { MAP, ACCESS, UNMAP, UNMAP_ALL, ATTACH, DETACH, OPERATION_KINDS };

static const char *const names[] = {
	[MAP] = "map", [ACCESS] = "access", [UNMAP] = "unmap", [UNMAP_ALL] = "unmap_all",
	[ATTACH] = "attach", [DETACH] = "detach",
};

struct growth {
	struct master *master;		/* that comes and goes */
	struct master *holder;		/* that stays in the domain; NULL: there is none */
	struct platform *platform;
	struct iommu_domain *domain;
	uint8_t *page;			/* to which all mappings lead */
	uint64_t size;			/* of a mapping */
	unsigned int settle;		/* ms */
	unsigned int live;
	uint64_t ns[OPERATION_KINDS], count[OPERATION_KINDS];	/* the least time, of so many operations */
};

static struct iommu_unit *unit_of(const struct growth *g)
{
	return g->master->unit;
}

static void begin(struct growth *g)
{
	for (enum operation i = 0; i < OPERATION_KINDS; i++) {
		g->ns[i] = UINT64_MAX;
		g->count[i] = 0;
	}
}

static void note(struct growth *g, enum operation operation, uint64_t start, uint64_t count)
{
	uint64_t ticks = machine_ticks() - start, rate = machine_tick_rate();
	uint64_t ns = ticks / rate * NS_PER_S + ticks % rate * NS_PER_S / rate;

	g->ns[operation] = min(g->ns[operation], ns);
	g->count[operation] = count;
}

/* Times are in ns for one operation. */
static void print_point(const struct growth *g, const char *by, uint64_t number, uint64_t commands)
{
	printf("# growth by=%s number=%lu operations=%u commands=%lu table_pages=%u", by, number, OPERATIONS,
	       commands, g->domain->table.pages);
	for (enum operation i = 0; i < OPERATION_KINDS; i++)
		if (g->count[i])
			printf(" %s=%lu", names[i], max(g->ns[i] / g->count[i], 1));
	printf("\n");
}

static void pause_for(uint64_t us)
{
	for (uint64_t start = time_us(); time_us() - start < us;)
		;
}

/* What is our own is in the memory of the VMM, too. */
static void mark(const char *what, uint64_t number)
{
	printf("# memory at=%s number=%lu own=%lu\n", what, number, (uint64_t)arena_mark());
	pause_for(MARK_US);
}

/* Mappings do not touch, so that no unit can make one of two. */
static uint64_t iova_of(const struct growth *g, unsigned int index)
{
	return master_free_iova(g->master) + index * 2 * g->size;
}

/* A large mapping leads to all memory around the page. */
static uint64_t target(const struct growth *g)
{
	return align_down(phys(g->page), g->size);
}

static bool map_one(struct growth *g, unsigned int index)
{
	return unit_map(g->domain, iova_of(g, index), target(g), g->size, RIGHT_READ | RIGHT_WRITE);
}

static bool fill(struct growth *g, unsigned int number)
{
	for (unsigned int first, end; g->live < number; g->live = end) {
		first = g->live;
		for (end = first; end < number && end - first < AT_ONCE; end++)
			if (!map_one(g, end))
				return false;
		if (!unit_sync_map(g->domain, iova_of(g, first), iova_of(g, end) - iova_of(g, first)))
			return false;
	}
	return true;
}

static bool do_map(struct growth *g, unsigned int index)
{
	return map_one(g, index) && unit_sync_map(g->domain, iova_of(g, index), g->size);
}

static bool do_access(struct growth *g, unsigned int index)
{
	uint64_t iova = iova_of(g, index) + (phys(g->page) - target(g));

	return dma_write(&g->master->dma, iova, ACCESS_BYTES) == DMA_DONE ||
	       error_set(&unit_of(g)->error, "DMA to %#lx is not done", iova);
}

static bool do_unmap(struct growth *g, unsigned int index)
{
	return unit_unmap(g->domain, iova_of(g, index), g->size) &&
	       unit_invalidate(g->domain, iova_of(g, index), g->size);
}

static bool (*const operations[])(struct growth *g, unsigned int index) = {do_map, do_access, do_unmap};

static bool do_rounds(struct growth *g, uint64_t *commands)
{
	for (unsigned int round = 0; round < ROUNDS; round++) {
		uint64_t before = unit_of(g)->counters.commands;

		for (enum operation operation = MAP; operation <= UNMAP; operation++) {
			uint64_t start = machine_ticks();

			for (unsigned int i = 0; i < OPERATIONS; i++)
				if (!operations[operation](g, g->live + i))
					return false;
			note(g, operation, start, OPERATIONS);
		}
		*commands = unit_of(g)->counters.commands - before;
	}
	return true;
}

static bool do_attach(struct growth *g, struct iommu_domain *domain, bool counts)
{
	uint64_t start = machine_ticks();

	if (!unit_attach(unit_of(g), g->master->id, domain))
		return false;
	if (counts)
		note(g, ATTACH, start, 1);
	return true;
}

static bool do_detach(struct growth *g, bool counts)
{
	uint64_t start = machine_ticks();

	if (!unit_detach(unit_of(g), g->master->id))
		return false;
	if (counts)
		note(g, DETACH, start, 1);
	return true;
}

/* Leave the domain, which others keep, and come back. */
static bool come_and_go(struct growth *g)
{
	for (unsigned int round = 0; round < ROUNDS; round++)
		if (!do_detach(g, true) || !do_attach(g, g->domain, true))
			return false;
	return true;
}

static bool unmap_all(struct growth *g)
{
	uint64_t size = iova_of(g, g->live) - iova_of(g, 0), start = machine_ticks();

	if (!unit_unmap(g->domain, iova_of(g, 0), size) || !unit_invalidate_all(g->domain))
		return false;
	note(g, UNMAP_ALL, start, 1);
	g->live = 0;
	return true;
}

static bool unmap_all_rounds(struct growth *g, unsigned int number)
{
	for (unsigned int round = 0; round < ROUNDS_ALL; round++)
		if (!fill(g, number) || !unmap_all(g))
			return false;
	return true;
}

/* A unit may have room for fewer mappings: the curve ends there. */
static bool by_mappings(struct growth *g, unsigned int most)
{
	uint64_t commands = 0;

	mark("mappings", 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(tens) && tens[i] <= most; i++) {
		begin(g);
		if (!fill(g, tens[i])) {
			printf("# growth: no room for %u mappings: %s\n", tens[i], unit_of(g)->error.text);
			return unmap_all(g);
		}
		if (!do_rounds(g, &commands) || (g->holder && !come_and_go(g)))
			return false;
		mark("mappings", tens[i]);
		if (!unmap_all_rounds(g, tens[i]))
			return false;
		print_point(g, "mappings", tens[i], commands);
	}
	return true;
}

static bool by_size(struct growth *g)
{
	uint64_t commands = 0;

	for (g->size = PAGE; g->size <= 1ull << 30; g->size <<= 3) {
		begin(g);
		if (!do_rounds(g, &commands))
			return false;
		print_point(g, "bytes", g->size, commands);
	}
	g->size = PAGE;
	return true;
}

/* Attach further functions to the domain, until it has so many members. Return how many it has. */
static unsigned int join(struct growth *g, uint32_t *members, unsigned int count, unsigned int wanted,
			 unsigned int *next)
{
	const struct pci *pci = &g->platform->pci;

	for (; *next < pci->device_count && count < wanted; (*next)++) {
		const struct pci_dev *dev = &pci->devices[*next];

		if (dev != g->master->dev && unit_find_id(unit_of(g), g->platform, dev, &members[count]) &&
		    unit_attach(unit_of(g), members[count], g->domain))
			count++;
	}
	return count;
}

static bool by_endpoints(struct growth *g)
{
	static uint32_t members[MEMBERS_MOST];
	unsigned int count = 1, next = 0, wanted = 1;
	uint64_t commands = 0;
	bool ok = true;

	mark("endpoints", 0);
	members[0] = g->master->id;
	for (unsigned int before = 0; ok && wanted <= MEMBERS_MOST; wanted *= 2) {
		count = join(g, members, count, wanted, &next);
		if (count == before)
			break;
		before = count;
		begin(g);
		ok = do_rounds(g, &commands) && (count == 1 || come_and_go(g));
		if (ok)
			print_point(g, "endpoints", count, commands);
		mark("endpoints", count);
	}
	for (unsigned int i = 1; i < count; i++)
		ok &= unit_detach(unit_of(g), members[i]);
	return ok;
}

/* Of domains that were made one after the other, and left again. */
static bool by_domains(struct growth *g, unsigned int most)
{
	unsigned int made = 0;

	mark("domains", 0);
	for (unsigned int i = 0; i < ARRAY_SIZE(tens) && tens[i] <= most; i++) {
		begin(g);
		for (; made < tens[i] + ROUNDS; made++) {
			struct iommu_domain *domain = unit_new_domain(unit_of(g));

			if (!domain) {
				printf("# growth: no domain number %u: %s\n", made, unit_of(g)->error.text);
				return true;
			}
			if (!do_attach(g, domain, made >= tens[i]) || !do_detach(g, made >= tens[i]))
				return false;
		}
		print_point(g, "domains", tens[i], 0);
		mark("domains", tens[i]);
	}
	return true;
}

/* To a domain and to one that bypasses, many behind one notification. */
static bool attach_many(struct growth *g, unsigned int attaches)
{
	for (unsigned int i = 0; i < attaches; i++) {
		if (!virtio_unit_post_attach(unit_of(g), g->master->id, i % 2 ? g->domain : NULL))
			return false;
		if ((i + 1) % FLOOD_AT_ONCE == 0 && !unit_sync_map(g->domain, 0, 0))
			return false;
	}
	return unit_sync_map(g->domain, 0, 0);
}

static bool flood(struct growth *g, unsigned int *done, unsigned int number)
{
	for (unsigned int step; *done < number; *done += step) {
		step = min(number - *done, FLOOD_STEP);
		if (!attach_many(g, step))
			return false;
		mark("attaches", *done + step);
	}
	return true;
}

static bool by_attaches(struct growth *g, unsigned int most)
{
	unsigned int done = 0;
	uint64_t start;

	mark("attaches", 0);
	for (unsigned int i = 2; i < ARRAY_SIZE(tens) && tens[i] <= most; i++) {
		begin(g);
		if (!flood(g, &done, tens[i]))
			return false;
		for (unsigned int round = 0; round < ROUNDS; round++) {
			start = machine_ticks();
			if (!attach_many(g, FLOOD_AT_ONCE))
				return false;
			note(g, ATTACH, start, FLOOD_AT_ONCE);
		}
		print_point(g, "attaches", done, 0);
	}
	return true;
}

/* What nobody asked for: interrupts, which are suppressed, and reports, though there is no fault. */
static bool count_extra(struct growth *g)
{
	unsigned int interrupts = 0, reports = 0, requests = 0;
	struct iommu_fault fault;

	if (unit_of(g)->ops != &unit_virtio)
		return true;
	virtio_unit_interrupted();
	while (unit_take_fault(unit_of(g), &fault))
		;
	for (; requests < 2 * EXTRA_PAIRS; requests += 2) {
		if (!do_map(g, 0))
			return false;
		interrupts += virtio_unit_interrupted();
		if (!do_unmap(g, 0))
			return false;
		interrupts += virtio_unit_interrupted();
		reports += unit_take_fault(unit_of(g), &fault);
	}
	printf("# extra requests=%u interrupts=%u reports=%u\n", requests, interrupts, reports);
	return true;
}

/* Each in a new domain, in which nothing is left of what was before. */
static bool enter(struct growth *g)
{
	g->live = 0;
	g->domain = master_new_domain(g->master);
	return g->domain && (!g->holder || unit_attach(unit_of(g), g->holder->id, g->domain));
}

static bool leave(struct growth *g)
{
	return unit_detach(unit_of(g), g->master->id) &&
	       (!g->holder || unit_detach(unit_of(g), g->holder->id));
}

/*
 * A VMM may give back only later what nobody uses any more, and when there is something to do. Look at its
 * memory each time, if there is something to be seen.
 */
static bool settle(struct growth *g, const char *what)
{
	uint64_t commands;
	bool ok = enter(g);

	for (unsigned int look = 0; look < LOOKS && ok; look++) {
		pause_for(g->settle * 1000ull);
		ok = do_rounds(g, &commands);
		if (what)
			mark(what, 0);
	}
	return ok && leave(g);
}

static bool with_holder(struct growth *g, unsigned int most)
{
	return enter(g) && by_mappings(g, most) && leave(g) && settle(g, "mappings") &&
	       enter(g) && by_size(g) && count_extra(g) && leave(g);
}

static bool without_holder(struct growth *g, unsigned int attaches)
{
	bool floods = unit_of(g)->ops == &unit_virtio && unit_of(g)->can.bypass;

	if (floods && (!enter(g) || !by_attaches(g, attaches) || !leave(g) || !settle(g, "attaches")))
		return false;
	return by_domains(g, attaches) && settle(g, "domains");
}

/*
 * What the flood leaves in the VMM would hide what mappings take. Domains, each with an ATTACH, come behind
 * it, so that it begins with few.
 */
static bool run_all(struct growth *g, unsigned int most)
{
	if (!settle(g, NULL) || !with_holder(g, most))
		return false;
	g->holder = NULL;
	return without_holder(g, most > GROWTH_MOST ? ATTACHES : ATTACHES_SHORT);
}

/* It joins the domain as one of many. */
static bool run_endpoints(struct growth *g, unsigned int most)
{
	(void)most;
	g->holder = NULL;
	return settle(g, NULL) && enter(g) && by_endpoints(g) && leave(g) && settle(g, "endpoints");
}

static bool run(bool (*curves)(struct growth *g, unsigned int most), const struct growth_options *options,
		struct platform *platform, struct master *masters, unsigned int count)
{
	struct growth g = {
		.master = masters, .holder = count > 1 ? &masters[1] : NULL, .platform = platform,
		.page = arena_alloc(PAGE, PAGE), .size = PAGE, .settle = options->settle,
	};
	bool ok;

	if (masters->unit->can.identity)
		return true;
	masters->dma.timeout_us = ACCESS_US;
	ok = curves(&g, options->most);
	if (!ok)
		printf("# growth: it fails with %u mappings: %s\n", g.live, masters->unit->error.text);
	return ok;
}

bool growth_run(const struct growth_options *options, struct platform *platform, struct master *masters,
		unsigned int count)
{
	return run(options->endpoints ? run_endpoints : run_all, options, platform, masters, count);
}
