// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ways in which the reference device can be slow, or ask for more than it needs. It stays right: tests do not
 * see them, and the program of cost has to (check/cost/slow).
 *
 * Work that is planted passes on the machine's clock, so that no busy host hides it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/bugs/bugs.h"
#include "host/iommu/hooks.h"
#include "host/iommu/iotlb.h"
#include "host/iommu/virtio_iommu.h"
#include "host/machine/clock.h"
#include "host/machine/options.h"
#include "util.h"

/* ns: to look at one thing that is stored, or at each of two; and a sleep. */
#define LOOK 2000
#define LOOK_AT_PAIR 100
#define SLEEP 2000000

#define KEPT_BYTES 16384

static const struct model *model(void)
{
	return &ref_iommu.model;
}

static bool is(const struct model_request *r, uint8_t type)
{
	return r->head.type == type;
}

static uint64_t mappings_in(const struct unmap_request *r)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < model()->mapping_count; i++)
		count += model()->mappings[i].domain == r->domain &&
			 model()->mappings[i].start >= r->virt_start &&
			 model()->mappings[i].end <= r->virt_end;
	return count;
}

static uint64_t members_of(uint32_t domain)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < model()->endpoint_count; i++)
		count += model()->endpoints[i].attached && model()->endpoints[i].domain == domain;
	return count;
}

static uint64_t pages(const struct map_request *r)
{
	return (r->virt_end - r->virt_start) / model_granule(model()) + 1;
}

static bool map_searches(const struct model_request *r)
{
	if (is(r, REQUEST_MAP))
		clock_pass(model()->mapping_count * LOOK);
	return false;
}

static bool map_sorts(const struct model_request *r)
{
	if (is(r, REQUEST_MAP))
		clock_pass((uint64_t)model()->mapping_count * model()->mapping_count * LOOK_AT_PAIR);
	return false;
}

static bool map_fills_pages(const struct model_request *r)
{
	if (is(r, REQUEST_MAP))
		clock_pass(pages(&r->map) * LOOK);
	return false;
}

static bool map_tells_members(const struct model_request *r)
{
	if (is(r, REQUEST_MAP))
		clock_pass(members_of(r->map.domain) * SLEEP);
	return false;
}

static bool unmap_searches(const struct model_request *r)
{
	if (is(r, REQUEST_UNMAP))
		clock_pass(model()->mapping_count * LOOK);
	return false;
}

static bool unmap_sleeps(const struct model_request *r)
{
	if (is(r, REQUEST_UNMAP))
		clock_pass(SLEEP);
	return false;
}

static bool unmap_clears_pages(const struct model_request *r)
{
	if (is(r, REQUEST_UNMAP))
		clock_pass(pages(&r->map) * LOOK);
	return false;
}

/* Of what is left, after each that it finds. */
static bool unmap_starts_over(const struct model_request *r)
{
	uint64_t count = is(r, REQUEST_UNMAP) ? mappings_in(&r->unmap) : 0;

	clock_pass(count * count * LOOK_AT_PAIR);
	return false;
}

static bool unmap_tells_members(const struct model_request *r)
{
	if (is(r, REQUEST_UNMAP))
		clock_pass(members_of(r->unmap.domain) * SLEEP);
	return false;
}

static bool attach_replays(const struct model_request *r)
{
	if (is(r, REQUEST_ATTACH))
		clock_pass(model()->mapping_count * LOOK);
	return false;
}

static bool detach_replays(const struct model_request *r)
{
	if (is(r, REQUEST_DETACH))
		clock_pass(model()->mapping_count * LOOK);
	return false;
}

/* As if each id up to this one had a place in a list. */
static bool attach_searches_domains(const struct model_request *r)
{
	if (is(r, REQUEST_ATTACH))
		clock_pass((r->attach.domain - model()->config.domain_start) * (uint64_t)LOOK);
	return false;
}

static bool detach_searches_domains(const struct model_request *r)
{
	if (is(r, REQUEST_DETACH))
		clock_pass((r->detach.domain - model()->config.domain_start) * (uint64_t)LOOK);
	return false;
}

static bool attach_searches_history(const struct model_request *r)
{
	static uint64_t attaches;

	if (is(r, REQUEST_ATTACH))
		clock_pass(attaches++ * LOOK);
	return false;
}

/* A list of what is never looked at again. */
static bool attach_keeps_memory(const struct model_request *r)
{
	static struct kept {
		struct kept *next;
		uint8_t bytes[KEPT_BYTES];
	} *kept;
	struct kept *more = is(r, REQUEST_ATTACH) ? malloc(sizeof(*more)) : NULL;

	if (!more)
		return false;
	memset(more->bytes, 0xa5, sizeof(more->bytes));
	more->next = kept;
	kept = more;
	return false;
}

static bool request_interrupts(const struct model_request *r)
{
	struct vdev *dev = &ref_iommu.vdev;

	(void)r;
	vdev_interrupt(dev, ISR_QUEUE, dev->queues[REQUEST_QUEUE].vector);
	return false;
}

static bool request_is_reported(const struct model_request *r)
{
	static unsigned int requests;

	(void)r;
	/* Not while the program of cost looks at faults. */
	if (++requests > 100)
		events_deliver(&(struct fault_record){.reason = FAULT_UNKNOWN});
	return false;
}

static bool lookup_searches(const struct access *a, bool found, struct model_extent *extent,
			    uint8_t *reason)
{
	(void)a, (void)extent, (void)reason;
	clock_pass(model()->mapping_count * LOOK);
	return found;
}

/* How it has to be found: @by and @operation as those of "# growth", or "extra" or "memory"; its power. */
static const struct slow {
	const char *name, *by, *operation, *power, *text;
	bool (*execute)(const struct model_request *r);
	bool (*lookup)(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason);
} ways[] = {
	{"MAP_SEARCHES", "mappings", "map", "1", "MAP looks at all mappings", map_searches, NULL},
	{"MAP_SORTS", "mappings", "map", "2", "MAP compares all mappings with each other", map_sorts, NULL},
	{"MAP_FILLS_PAGES", "bytes", "map", "1", "MAP fills a table, page by page", map_fills_pages, NULL},
	{"MAP_TELLS_MEMBERS", "endpoints", "map", "1", "MAP waits for each endpoint of the domain",
	 map_tells_members, NULL},
	{"LOOKUP_SEARCHES", "mappings", "access", "1", "a translation looks at all mappings",
	 NULL, lookup_searches},
	{"UNMAP_SEARCHES", "mappings", "unmap", "1", "UNMAP looks at all mappings", unmap_searches, NULL},
	{"UNMAP_SLEEPS", "mappings", "unmap", "0", "UNMAP sleeps", unmap_sleeps, NULL},
	{"UNMAP_CLEARS_PAGES", "bytes", "unmap", "1", "UNMAP clears a table, page by page",
	 unmap_clears_pages, NULL},
	{"UNMAP_STARTS_OVER", "mappings", "unmap_all", "2", "UNMAP of many starts over after each",
	 unmap_starts_over, NULL},
	{"UNMAP_TELLS_MEMBERS", "endpoints", "unmap", "1", "UNMAP waits for each endpoint of the domain",
	 unmap_tells_members, NULL},
	{"ATTACH_REPLAYS", "mappings", "attach", "1", "ATTACH looks at all mappings", attach_replays, NULL},
	{"DETACH_REPLAYS", "mappings", "detach", "1", "DETACH looks at all mappings", detach_replays, NULL},
	{"ATTACH_SEARCHES_DOMAINS", "domains", "attach", "1", "ATTACH looks at all domains there were",
	 attach_searches_domains, NULL},
	{"DETACH_SEARCHES_DOMAINS", "domains", "detach", "1", "DETACH looks at all domains there were",
	 detach_searches_domains, NULL},
	{"ATTACH_SEARCHES_HISTORY", "attaches", "attach", "1", "ATTACH looks at each ATTACH before",
	 attach_searches_history, NULL},
	{"ATTACH_KEEPS_MEMORY", "memory", "attaches", "0", "ATTACH takes memory that is never given back",
	 attach_keeps_memory, NULL},
	{"REQUEST_INTERRUPTS", "extra", "interrupts", "0", "a request brings a suppressed interrupt",
	 request_interrupts, NULL},
	{"REQUEST_IS_REPORTED", "extra", "reports", "0", "a request brings a report, though nothing is wrong",
	 request_is_reported, NULL},
};

static void use(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i].name, name))
			continue;
		if (ways[i].execute)
			iommu_hooks.request_execute = ways[i].execute;
		if (ways[i].lookup)
			iommu_hooks.lookup = ways[i].lookup;
		return;
	}
	options_die("--slow: unknown '%s'", name);
}

static void list(const char *ignored)
{
	(void)ignored;
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++)
		fprintf(stdout, "%s\t%s\t%s\t%s\t%s\n", ways[i].name, ways[i].by, ways[i].operation,
			ways[i].power, ways[i].text);
	exit(0);
}

/* As in bugs.c: nothing below names this. */
static void __attribute__((constructor)) add_options(void)
{
	static const struct added_option options[] = {
		{.name = "slow", .value = "NAME", .help = "be slow in this one way", .apply = use},
		{.name = "list-slow", .help = "print these, and what shows them", .apply = list},
	};

	options_add(&options[0]);
	options_add(&options[1]);
}
