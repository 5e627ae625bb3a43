// SPDX-License-Identifier: BSD-3-Clause
/*
 * A migration: the driver is not told of it, so that all that it has made of the device holds afterwards.
 * Each state is established in several ways, and told apart from what a device would have that has lost it.
 */
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/machine_event.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"

enum { STATE, WAY };

enum { OWN_DOMAIN, SHARED_DOMAIN, BYPASS_DOMAIN, DETACHED, MOVED, ENDED_DOMAIN, RESET_AWAY,
       READ_WRITE, READ_ONLY, WRITE_ONLY, UNMAPPED, MAPPED_ANEW, ADJACENT,
       BYPASS_OFF, BYPASS_ON };

static const char *const states[] = {
	[OWN_DOMAIN] = "domain of its own", [SHARED_DOMAIN] = "shared domain",
	[BYPASS_DOMAIN] = "bypass domain", [DETACHED] = "detached", [MOVED] = "moved",
	[ENDED_DOMAIN] = "domain that ended", [RESET_AWAY] = "lost by a device reset",
	[READ_WRITE] = "mapped", [READ_ONLY] = "mapped for reads", [WRITE_ONLY] = "mapped for writes",
	[UNMAPPED] = "unmapped", [MAPPED_ANEW] = "mapped anew", [ADJACENT] = "mapped beside another",
	[BYPASS_OFF] = "bypass 0", [BYPASS_ON] = "bypass 1",
};

/* How the state came about, and how often the machine is migrated. */
enum { AT_ONCE, WARMED, AFTER_RESET, TWICE, AMONG_1000, AMONG_100000 };

static const char *const ways[] = {
	[AT_ONCE] = "not used yet", [WARMED] = "used before", [AFTER_RESET] = "after a device reset",
	[TWICE] = "migrated twice", [AMONG_1000] = "among 1000 mappings",
	[AMONG_100000] = "among 100000 mappings",
};

/* Pages of I/O virtual addresses and of memory: the one that is looked at, one behind it, a free one. */
#define SCENE_PAGES 3

struct scene {
	struct endpoint *ep, *other;
	uint32_t domain, second;
	uint64_t iova;
	uint8_t *target, *spare;
	unsigned int many_count;	/* more mappings, to @spare */
	uint64_t many;			/* where they are */
	bool write_only_is_read;	/* before the migration */
};

static bool ok(struct source_line at, struct reply reply)
{
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool enter(struct source_line at, struct scene *s, uint32_t flags)
{
	return attach_with_page(at, &(struct page_fixture){s->ep, s->domain, s->iova, s->target}, flags);
}

/* The page is there, both ways, and the free page behind it is not. */
static void look_at_page(struct source_line at, struct scene *s)
{
	expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
	expect_reads(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
	expect_write_blocked(at, s->ep, s->iova + (SCENE_PAGES - 1) * iommu.page, 8);
}

static bool enter_own(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_RW) && attach_with_dma(at, s->other, s->second) &&
	       ok(at, map_page(s->second, s->iova, s->spare, MAP_RW));
}

static void look_at_own(struct source_line at, struct scene *s)
{
	look_at_page(at, s);
	expect_writes(at, BY_LEVEL, s->other, s->iova, s->spare, 8);
}

/* Requests find the endpoint in its domain: it leaves that and no other. */
static void leave_own(struct source_line at, struct scene *s)
{
	struct reply reply = detach(s->domain, s->ep->id);

	dma_stop(&s->ep->dma);
	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return;
	expect_no_domain(at, s->domain);
	expect_writes(at, BY_LEVEL, s->other, s->iova, s->spare, 8);
}

/* A device may refuse a second member (DEV-ATTACH-4), and a move (DEV-ATTACH-9). */
static bool enter_shared(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_RW) &&
	       attach_or_skip(at, s->other, s->domain, "the device does not let endpoints share a domain") &&
	       enable_dma(at, s->other, s->domain);
}

static void look_at_shared(struct source_line at, struct scene *s)
{
	look_at_page(at, s);
	expect_writes(at, BY_LEVEL, s->other, s->iova, s->target, 8);
}

/* The domain lives on with the member that stays. */
static void leave_shared(struct source_line at, struct scene *s)
{
	struct reply reply = detach(s->domain, s->ep->id);

	dma_stop(&s->ep->dma);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	expect_writes(at, BY_LEVEL, s->other, s->iova, s->target, 8);
}

/* With bypass 0, so that an endpoint without a domain is another thing. */
static bool enter_bypass(struct source_line at, struct scene *s)
{
	return write_bypass(at, 0) && attach_bypass(at, s->ep, s->domain);
}

static void look_at_bypass(struct source_line at, struct scene *s)
{
	expect_identity(at, s->ep);
}

static void leave_bypass(struct source_line at, struct scene *s)
{
	struct reply reply = detach(s->domain, s->ep->id);

	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	expect_unattached(at, s->ep);
}

static bool enter_and_leave(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_RW) && detach_endpoint(at, s->ep, s->domain);
}

static void look_at_detached(struct source_line at, struct scene *s)
{
	expect_no_domain(at, s->domain);
	expect_unattached(at, s->ep);
}

/* What the domain of that name had mapped does not come back with it. */
static void return_to_ended(struct source_line at, struct scene *s)
{
	if (!attach_with_dma(at, s->ep, s->domain))
		return;
	expect_write_blocked(at, s->ep, s->iova, 8);
	expect_read_blocked(at, s->ep, s->iova, s->target, 8);
	if (ok(at, map_page(s->domain, s->iova + iommu.page, s->spare, MAP_RW)))
		expect_writes(at, BY_LEVEL, s->ep, s->iova + iommu.page, s->spare, 8);
}

/* What a device keeps over a reset is nothing that a migration brings back (N-RST-1). */
static bool enter_and_reset(struct source_line at, struct scene *s)
{
	struct reply reply;

	if (!enter(at, s, MAP_RW) || !restart_device(at, iommu.wanted))
		return false;
	reply = unmap_page(s->domain, s->iova);
	if (is_ok(&reply))
		silent("the device keeps domains over a device reset");
	return !is_ok(&reply);
}

static bool enter_and_move(struct source_line at, struct scene *s)
{
	return attach_with_dma(at, s->ep, s->second) &&
	       ok(at, map_page(s->second, s->iova, s->spare, MAP_RW)) &&
	       attach_or_skip(at, s->ep, s->domain, "the device does not move endpoints") &&
	       enable_dma(at, s->ep, s->domain) &&
	       ok(at, map_page(s->domain, s->iova, s->target, MAP_RW));
}

static void forget_first(struct source_line at, struct scene *s)
{
	expect_no_domain(at, s->second);
}

static bool enter_mapped(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_RW);
}

static void unmap_it(struct source_line at, struct scene *s)
{
	struct reply reply = unmap_page(s->domain, s->iova);

	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	expect_write_blocked(at, s->ep, s->iova, 8);
}

static bool enter_read_only(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_READ);
}

static void look_at_read_only(struct source_line at, struct scene *s)
{
	expect_reads(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
	expect_write_blocked(at, s->ep, s->iova, 8);
}

/* Reads may be allowed by it, too (DEV-MAP-7). */
static bool enter_write_only(struct source_line at, struct scene *s)
{
	if (!enter(at, s, MAP_WRITE))
		return false;
	s->write_only_is_read = can_read(s->ep, s->iova, s->target, 8);
	return true;
}

static void look_at_write_only(struct source_line at, struct scene *s)
{
	expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
	if (!s->write_only_is_read)
		expect_read_blocked(at, s->ep, s->iova, s->target, 8);
}

static bool enter_unmapped(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_RW) && ok(at, unmap_page(s->domain, s->iova));
}

static void look_at_unmapped(struct source_line at, struct scene *s)
{
	expect_write_blocked(at, s->ep, s->iova, 8);
	expect_read_blocked(at, s->ep, s->iova, s->target, 8);
}

static void map_it(struct source_line at, struct scene *s)
{
	struct reply reply = map_page(s->domain, s->iova, s->spare, MAP_RW);

	if (expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		expect_writes(at, BY_LEVEL, s->ep, s->iova, s->spare, 8);
}

static bool enter_mapped_anew(struct source_line at, struct scene *s)
{
	return attach_with_dma(at, s->ep, s->domain) &&
	       ok(at, map_page(s->domain, s->iova, s->spare, MAP_RW)) &&
	       ok(at, unmap_page(s->domain, s->iova)) &&
	       ok(at, map_page(s->domain, s->iova, s->target, MAP_RW));
}

/* Two mappings whose memory does not go on from one to the other. */
static bool enter_adjacent(struct source_line at, struct scene *s)
{
	return enter(at, s, MAP_RW) && ok(at, map_page(s->domain, s->iova + iommu.page, s->spare, MAP_RW));
}

static void look_at_adjacent(struct source_line at, struct scene *s)
{
	look_at_page(at, s);
	expect_writes(at, BY_LEVEL, s->ep, s->iova + iommu.page, s->spare, 8);
}

/* They are two as before: one of them ends alone. */
static void unmap_first(struct source_line at, struct scene *s)
{
	unmap_it(at, s);
	expect_writes(at, BY_LEVEL, s->ep, s->iova + iommu.page, s->spare, 8);
}

static bool write_bypass_0(struct source_line at, struct scene *s)
{
	(void)s;
	return write_bypass(at, 0);
}

static bool write_bypass_1(struct source_line at, struct scene *s)
{
	(void)s;
	return write_bypass(at, 1);
}

/* expect_unattached() goes by what is read. */
static void look_at_bypass_0(struct source_line at, struct scene *s)
{
	expect_eq(at, iommu_bypass(), 0, "bypass");
	expect_blocked(at, s->ep);
}

static void look_at_bypass_1(struct source_line at, struct scene *s)
{
	expect_eq(at, iommu_bypass(), 1, "bypass");
	expect_identity(at, s->ep);
}

static void nothing_more(struct source_line at, struct scene *s)
{
	(void)at, (void)s;
}

/* How a state is made, what shows it and leaves it as it is, and what shows it by ending it. */
static const struct {
	bool (*make)(struct source_line at, struct scene *s);
	void (*look)(struct source_line at, struct scene *s);
	void (*end)(struct source_line at, struct scene *s);
} acts[] = {
	[OWN_DOMAIN] = {enter_own, look_at_own, leave_own},
	[SHARED_DOMAIN] = {enter_shared, look_at_shared, leave_shared},
	[BYPASS_DOMAIN] = {enter_bypass, look_at_bypass, leave_bypass},
	[DETACHED] = {enter_and_leave, look_at_detached, nothing_more},
	[MOVED] = {enter_and_move, look_at_page, forget_first},
	[ENDED_DOMAIN] = {enter_and_leave, nothing_more, return_to_ended},
	[RESET_AWAY] = {enter_and_reset, look_at_detached, return_to_ended},
	[READ_WRITE] = {enter_mapped, look_at_page, unmap_it},
	[READ_ONLY] = {enter_read_only, look_at_read_only, unmap_it},
	[WRITE_ONLY] = {enter_write_only, look_at_write_only, unmap_it},
	[UNMAPPED] = {enter_unmapped, look_at_unmapped, map_it},
	[MAPPED_ANEW] = {enter_mapped_anew, look_at_page, unmap_it},
	[ADJACENT] = {enter_adjacent, look_at_adjacent, unmap_first},
	[BYPASS_OFF] = {write_bypass_0, look_at_bypass_0, nothing_more},
	[BYPASS_ON] = {write_bypass_1, look_at_bypass_1, nothing_more},
};

#define BYPASS_STATES (BIT(BYPASS_OFF) | BIT(BYPASS_ON))
#define WITHOUT_MAPPINGS                                                                          \
	(BIT(BYPASS_DOMAIN) | BIT(DETACHED) | BIT(ENDED_DOMAIN) | BIT(RESET_AWAY) | BYPASS_STATES)
#define ATTACHMENT_STATES                                                                         \
	(BIT(OWN_DOMAIN) | BIT(SHARED_DOMAIN) | BIT(BYPASS_DOMAIN) | BIT(DETACHED) | BIT(MOVED) |    \
	 BIT(ENDED_DOMAIN) | BIT(RESET_AWAY))
#define MAPPING_STATES                                                                            \
	(BIT(READ_WRITE) | BIT(READ_ONLY) | BIT(WRITE_ONLY) | BIT(UNMAPPED) | BIT(MAPPED_ANEW) |    \
	 BIT(ADJACENT))

static const char *state_unmet(unsigned int state)
{
	bool needs_bypass = BIT(state) & (BYPASS_STATES | BIT(BYPASS_DOMAIN));

	if (needs_bypass && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	return NULL;
}

static const struct dimension dimensions[] = {
	[STATE] = {"state", states, ARRAY_SIZE(states), state_unmet},
	[WAY] = {"way", ways, ARRAY_SIZE(ways), NULL},
};

static const struct product_rule rules[] = {
	{{{STATE, WITHOUT_MAPPINGS}, {WAY, BIT(AMONG_1000)}}, "there is no domain with mappings"},
	{{{STATE, ~BIT(READ_WRITE)}, {WAY, BIT(AMONG_100000)}}, "one state will do: it takes long"},
};

#define BATCH 1000

/* Every other page of a window, so that no two of them could be taken for one. */
static uint64_t place_of(const struct scene *s, unsigned int i)
{
	return s->many + 2 * i * iommu.page;
}

/* The next ones, as many as make a batch. */
static uint8_t map_some(const struct scene *s, struct map_request *requests, unsigned int from)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		uint64_t at = place_of(s, from + i);

		requests[i] = (struct map_request){{.type = REQUEST_MAP}, s->domain, at, at + iommu.page - 1,
						   phys(s->spare), MAP_RW};
	}
	return map_batch(requests, BATCH);
}

static bool map_many(struct source_line at, struct scene *s, unsigned int count)
{
	struct map_request *requests = arena_alloc(BATCH * sizeof(*requests), 8);
	uint8_t status = STATUS_OK;

	s->many_count = count;
	s->many = large_iova_window(2 * count);
	for (unsigned int i = 0; i < count && status == STATUS_OK; i += BATCH)
		status = map_some(s, requests, i);
	if (status == STATUS_NOMEM)
		not_applicable("the device has no room for %u mappings", count);
	else if (status != STATUS_OK)
		judge(VERDICT_ERROR, at, "MAP is OK", "of %u one has status %s", count, status_name(status));
	return status == STATUS_OK;
}

static const unsigned int many_counts[ARRAY_SIZE(ways)] = {[AMONG_1000] = 1000, [AMONG_100000] = 100000};

static void look_at_many(struct source_line at, const struct scene *s)
{
	for (unsigned int i = 0; i < s->many_count; i += s->many_count / 9)
		expect_writes(at, BY_LEVEL, s->ep, place_of(s, i), s->spare, 8);
}

static struct scene make_scene(void)
{
	struct scene s = {.ep = endpoint(0), .other = endpoint(1), .domain = fresh_domain()};

	s.second = fresh_domain();
	s.iova = iova_window(SCENE_PAGES);
	s.target = watched_pages(SCENE_PAGES);
	s.spare = s.target + 2 * iommu.page;
	return s;
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = make_scene();

	if (cell[WAY] == AFTER_RESET && !restart_device(at, iommu.wanted))
		return;
	if (!acts[cell[STATE]].make(at, &s) ||
	    (many_counts[cell[WAY]] && !map_many(at, &s, many_counts[cell[WAY]])))
		return;
	if (cell[WAY] == WARMED)
		acts[cell[STATE]].look(at, &s);
	if (!migrate_machine(at) || (cell[WAY] == TWICE && !migrate_machine(at)))
		return;
	acts[cell[STATE]].look(at, &s);
	look_at_many(at, &s);
	acts[cell[STATE]].end(at, &s);
}

static const struct product kept = {
	.name = "kept by a migration",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

#define NEEDS_MIGRATION (NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_EXACT | NEEDS_OPERATOR)

/* PLAT-MIG-1 (PLATFORM): An endpoint is attached after a migration as it was before: to its domain, ... */
TEST(PLAT_MIG_1, endpoints_stay_attached_as_they_were, NEEDS_MIGRATION)
{
	PRODUCT(&kept, STATE, ATTACHMENT_STATES);
}

/* PLAT-MIG-2 (PLATFORM): Mappings are after a migration what they were: addresses, permissions, and ... */
TEST(PLAT_MIG_2, mappings_stay_as_they_were, NEEDS_MIGRATION)
{
	PRODUCT(&kept, STATE, MAPPING_STATES);
}

/* PLAT-MIG-3 (PLATFORM): config.bypass, and what it means for endpoints without a domain, are after a ... */
TEST(PLAT_MIG_3, bypass_stays_as_it_was, NEEDS_MIGRATION | NEEDS_BYPASS_CONFIG)
{
	PRODUCT(&kept, STATE, BYPASS_STATES);
}
