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

/* All requests have the domain at one place, and MAP and UNMAP the range (5.13.6). */
static uint32_t domain_of(const struct model_request *r)
{
	return r->unmap.domain;
}

/*
 * What is done for a request before it is carried out. Each returns how long that takes: ns.
 */

static uint64_t sleep_once(const struct model_request *r)
{
	(void)r;
	return SLEEP;
}

static uint64_t sleep_for_members(const struct model_request *r)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < model()->endpoint_count; i++)
		count += model()->endpoints[i].attached && model()->endpoints[i].domain == domain_of(r);
	return count * SLEEP;
}

static uint64_t search_mappings(const struct model_request *r)
{
	(void)r;
	return (uint64_t)model()->mapping_count * LOOK;
}

static uint64_t sort_mappings(const struct model_request *r)
{
	(void)r;
	return (uint64_t)model()->mapping_count * model()->mapping_count * LOOK_AT_PAIR;
}

static uint64_t go_through_pages(const struct model_request *r)
{
	return ((r->unmap.virt_end - r->unmap.virt_start) / model_granule(model()) + 1) * LOOK;
}

/* Of what is left, after each that it finds. */
static uint64_t start_over(const struct model_request *r)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < model()->mapping_count; i++)
		count += model()->mappings[i].domain == domain_of(r) &&
			 model()->mappings[i].start >= r->unmap.virt_start &&
			 model()->mappings[i].end <= r->unmap.virt_end;
	return count * count * LOOK_AT_PAIR;
}

/* As if each id up to this one had a place in a list. */
static uint64_t search_domains(const struct model_request *r)
{
	return (domain_of(r) - model()->config.domain_start) * (uint64_t)LOOK;
}

static uint64_t search_history(const struct model_request *r)
{
	static uint64_t requests;

	(void)r;
	return requests++ * LOOK;
}

/* A list of what is never looked at again. */
static uint64_t keep_memory(const struct model_request *r)
{
	static struct kept {
		struct kept *next;
		uint8_t bytes[KEPT_BYTES];
	} *kept;
	struct kept *more = malloc(sizeof(*more));

	(void)r;
	if (!more)
		return 0;
	memset(more->bytes, 0xa5, sizeof(more->bytes));
	more->next = kept;
	kept = more;
	return 0;
}

static uint64_t interrupt(const struct model_request *r)
{
	struct vdev *dev = &ref_iommu.vdev;

	(void)r;
	vdev_interrupt(dev, ISR_QUEUE, dev->queues[REQUEST_QUEUE].vector);
	return 0;
}

static uint64_t report(const struct model_request *r)
{
	static unsigned int requests;

	(void)r;
	/* Not while the program of cost looks at faults. */
	if (++requests > 100)
		events_deliver(&(struct fault_record){.reason = FAULT_UNKNOWN});
	return 0;
}

/* What is slow, beside the types of requests. */
enum { ANY_REQUEST = 0, TRANSLATION = UINT8_MAX + 1 };

/* How it has to be found: @by and @operation as those of "# growth", or "extra" or "memory"; its power. */
static const struct slow {
	const char *name;
	unsigned int what;
	uint64_t (*work)(const struct model_request *r);	/* @r is NULL for a translation */
	const char *by, *operation;
	unsigned int power;
	const char *text;
} ways[] = {
	{"MAP_SEARCHES", REQUEST_MAP, search_mappings, "mappings", "map", 1, "MAP looks at all mappings"},
	{"MAP_SORTS", REQUEST_MAP, sort_mappings, "mappings", "map", 2,
	 "MAP compares all mappings with each other"},
	{"MAP_FILLS_PAGES", REQUEST_MAP, go_through_pages, "bytes", "map", 1,
	 "MAP fills a table, page by page"},
	{"MAP_TELLS_MEMBERS", REQUEST_MAP, sleep_for_members, "endpoints", "map", 1,
	 "MAP waits for each endpoint of the domain"},
	{"LOOKUP_SEARCHES", TRANSLATION, search_mappings, "mappings", "access", 1,
	 "a translation looks at all mappings"},
	{"UNMAP_SEARCHES", REQUEST_UNMAP, search_mappings, "mappings", "unmap", 1,
	 "UNMAP looks at all mappings"},
	{"UNMAP_SLEEPS", REQUEST_UNMAP, sleep_once, "mappings", "unmap", 0, "UNMAP sleeps"},
	{"UNMAP_CLEARS_PAGES", REQUEST_UNMAP, go_through_pages, "bytes", "unmap", 1,
	 "UNMAP clears a table, page by page"},
	{"UNMAP_STARTS_OVER", REQUEST_UNMAP, start_over, "mappings", "unmap_all", 2,
	 "UNMAP of many starts over after each"},
	{"UNMAP_TELLS_MEMBERS", REQUEST_UNMAP, sleep_for_members, "endpoints", "unmap", 1,
	 "UNMAP waits for each endpoint of the domain"},
	{"ATTACH_REPLAYS", REQUEST_ATTACH, search_mappings, "mappings", "attach", 1,
	 "ATTACH looks at all mappings"},
	{"DETACH_REPLAYS", REQUEST_DETACH, search_mappings, "mappings", "detach", 1,
	 "DETACH looks at all mappings"},
	{"ATTACH_SEARCHES_DOMAINS", REQUEST_ATTACH, search_domains, "domains", "attach", 1,
	 "ATTACH looks at all domains there were"},
	{"DETACH_SEARCHES_DOMAINS", REQUEST_DETACH, search_domains, "domains", "detach", 1,
	 "DETACH looks at all domains there were"},
	{"ATTACH_SEARCHES_HISTORY", REQUEST_ATTACH, search_history, "attaches", "attach", 1,
	 "ATTACH looks at each ATTACH before"},
	{"ATTACH_KEEPS_MEMORY", REQUEST_ATTACH, keep_memory, "memory", "attaches", 0,
	 "ATTACH takes memory that is never given back"},
	{"REQUEST_INTERRUPTS", ANY_REQUEST, interrupt, "extra", "interrupts", 0,
	 "a request brings a suppressed interrupt"},
	{"REQUEST_IS_REPORTED", ANY_REQUEST, report, "extra", "reports", 0,
	 "a request brings a report, though nothing is wrong"},
};

/* The one in use. */
static const struct slow *slow;

static bool work_for_request(const struct model_request *r)
{
	if (slow->what == ANY_REQUEST || slow->what == r->head.type)
		clock_pass(slow->work(r));
	return false;
}

static bool work_for_translation(const struct access *a, bool found, struct model_extent *extent,
				 uint8_t *reason)
{
	(void)a, (void)extent, (void)reason;
	clock_pass(slow->work(NULL));
	return found;
}

static void use(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++) {
		if (strcmp(ways[i].name, name))
			continue;
		slow = &ways[i];
		if (slow->what == TRANSLATION)
			iommu_hooks.lookup = work_for_translation;
		else
			iommu_hooks.request_execute = work_for_request;
		return;
	}
	options_die("--slow: unknown '%s'", name);
}

static void list(const char *ignored)
{
	(void)ignored;
	for (unsigned int i = 0; i < ARRAY_SIZE(ways); i++)
		fprintf(stdout, "%s\t%s\t%s\t%u\t%s\n", ways[i].name, ways[i].by, ways[i].operation,
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
