// SPDX-License-Identifier: BSD-3-Clause
/*
 * Endpoints that come and go while the device runs. 5.13 does not speak of that: an endpoint exists or it
 * does not, and one that exists is attached by ATTACH alone. So one that comes is attached to nothing,
 * whatever had its place before, and one that has gone is unknown. A device that keeps what it knew of a
 * place tells by what the next one there reaches, and by what it answers for nobody.
 */
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/hot_plug.h"
#include "judge/steps/machine_event.h"
#include "judge/steps/mapping.h"
#include "judge/steps/noop_request.h"
#include "judge/test.h"

enum { BEFORE, BYPASS, FIRST };

/* What was in the place before, when it was pulled. */
enum { NOTHING, UNATTACHED, ATTACHED, USED, SHARED, BYPASS_DOMAIN, DETACHED, STATES };

static const char *const states[STATES] = {
	[NOTHING] = "nothing", [UNATTACHED] = "not attached", [ATTACHED] = "attached",
	[USED] = "attached and used", [SHARED] = "one of two members", [BYPASS_DOMAIN] = "in a bypass domain",
	[DETACHED] = "detached",
};

struct scene {
	struct endpoint *ep, *other;	/* @other: was there from the start */
	uint32_t domain;
	uint64_t iova;
	uint8_t *target, *spare;
};

static bool ok(struct source_line at, struct reply reply)
{
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool do_nothing(struct source_line at, struct scene *s)
{
	(void)at, (void)s;
	return true;
}

static bool enter(struct source_line at, struct scene *s)
{
	return attach_with_dma(at, s->ep, s->domain) &&
	       ok(at, map_page(s->domain, s->iova, s->target, MAP_RW));
}

/* What is cached of a translation is there by then. */
static bool enter_and_use(struct source_line at, struct scene *s)
{
	return enter(at, s) && expect_writes(at, SET_UP, s->ep, s->iova, s->target, 8) &&
	       expect_reads(at, SET_UP, s->ep, s->iova, s->target, 8);
}

static bool enter_shared(struct source_line at, struct scene *s)
{
	return enter_and_use(at, s) &&
	       attach_or_skip(at, s->other, s->domain, "the device does not let endpoints share a domain") &&
	       enable_dma(at, s->other, s->domain) &&
	       expect_writes(at, SET_UP, s->other, s->iova, s->target, 8);
}

static bool enter_bypass(struct source_line at, struct scene *s)
{
	if (!attach_bypass(at, s->ep, s->domain))
		return false;
	expect_identity(at, s->ep);
	return true;
}

static bool enter_and_leave(struct source_line at, struct scene *s)
{
	return enter_and_use(at, s) && detach_endpoint(at, s->ep, s->domain);
}

static bool (*const makes[STATES])(struct source_line at, struct scene *s) = {
	[UNATTACHED] = do_nothing, [ATTACHED] = enter, [USED] = enter_and_use, [SHARED] = enter_shared,
	[BYPASS_DOMAIN] = enter_bypass, [DETACHED] = enter_and_leave,
};

static const char *state_unmet(unsigned int state)
{
	if (state == BYPASS_DOMAIN && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	return NULL;
}

#define PAGES 3

static struct scene make_scene(void)
{
	struct scene s = {.other = endpoint(0), .domain = fresh_domain(), .iova = iova_window(PAGES)};

	s.target = watched_pages(PAGES);
	s.spare = s.target + 2 * iommu.page;
	return s;
}

static bool plug(struct source_line at, struct scene *s)
{
	s->ep = plug_endpoint(at);
	return s->ep;
}

/* A device that is let go is stopped first. */
static bool pull(struct source_line at, struct scene *s)
{
	dma_stop(&s->ep->dma);
	return pull_endpoint(at);
}

/* One comes, is brought into this state, and goes. */
static bool let_go_in(struct source_line at, struct scene *s, unsigned int state)
{
	return plug(at, s) && makes[state](at, s) && pull(at, s);
}

/*
 * What comes.
 */

enum { OFF, ON };
enum { LOOKED_AT, NOT_LOOKED_AT };

static const char *const bypass_values[] = {[OFF] = "0", [ON] = "1"};
static const char *const firsts[] = {[LOOKED_AT] = "looked at", [NOT_LOOKED_AT] = "attached"};

static const struct dimension comes_dimensions[] = {
	[BEFORE] = {"before", states, STATES, state_unmet},
	[BYPASS] = {"bypass", bypass_values, ARRAY_SIZE(bypass_values), NULL},
	[FIRST] = {"first", firsts, ARRAY_SIZE(firsts), NULL},
};

static void expect_page(struct source_line at, struct endpoint *ep, uint64_t iova, uint8_t *target)
{
	expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	expect_reads(at, BY_LEVEL, ep, iova, target, 8);
}

static void expect_no_page(struct source_line at, struct endpoint *ep, uint64_t iova, const uint8_t *secret)
{
	expect_write_blocked(at, ep, iova, 8);
	expect_read_blocked(at, ep, iova, secret, 8);
}

/* A second page comes and goes in the domain, for the endpoint. */
static void map_and_unmap(struct source_line at, const struct scene *s, struct endpoint *ep)
{
	uint64_t iova = s->iova + iommu.page;

	if (!ok(at, map_page(s->domain, iova, s->spare, MAP_RW)))
		return;
	expect_page(at, ep, iova, s->spare);
	if (ok(at, unmap_page(s->domain, iova)))
		expect_no_page(at, ep, iova, s->spare);
}

static void look_at_unattached(struct source_line at, struct scene *s, bool bypass)
{
	if (bypass)
		return expect_identity(at, s->ep);
	/* Its rings are where the domain of the one before had them, so that it could work there. */
	if (s->ep->has_page_iova) {
		dma_set_page_iova(&s->ep->dma, s->ep->page_iova);
		expect_no_page(at, s->ep, s->iova, s->target);
	}
	expect_blocked(at, s->ep);
}

/* In a domain of its own it reaches what is mapped there, and nothing else. */
static void look_at_attached(struct source_line at, struct scene *s)
{
	uint32_t domain = fresh_domain();

	if (!attach_with_dma(at, s->ep, domain) ||
	    !ok(at, map_page(domain, s->iova + iommu.page, s->spare, MAP_RW)))
		return;
	expect_page(at, s->ep, s->iova + iommu.page, s->spare);
	expect_no_page(at, s->ep, s->iova, s->target);
}

static void play_coming(struct source_line at, const cell_t cell)
{
	struct scene s = make_scene();

	if (!set_unattached_bypass(cell[BYPASS] == ON))
		return skip("unattached endpoints %s bypass", cell[BYPASS] == ON ? "never" : "always");
	if (cell[BEFORE] != NOTHING && !let_go_in(at, &s, cell[BEFORE]))
		return;
	if (!plug(at, &s))
		return;
	if (cell[FIRST] == LOOKED_AT)
		look_at_unattached(at, &s, cell[BYPASS] == ON);
	look_at_attached(at, &s);
}

static const struct product coming = {
	.name = "endpoints that come",
	DIMENSION_TABLE(comes_dimensions),
	.play = play_coming,
};

#define NEEDS_PLUG (NEEDS_DMA | NEEDS_EXACT | NEEDS_OPERATOR | NEEDS_SLOT)

/* N-PLUG-1 (ISOLATION): An endpoint that comes while the device runs is attached to no domain: it ... */
TEST(N_PLUG_1, endpoint_that_comes_is_unattached, NEEDS_PLUG)
{
	PRODUCT(&coming, BEFORE, BIT(NOTHING));
}

/* N-PLUG-2 (ISOLATION): An endpoint that comes in the place of another one inherits neither its domain ... */
TEST(N_PLUG_2, endpoint_in_the_place_of_another_inherits_nothing, NEEDS_PLUG)
{
	PRODUCT(&coming, BEFORE, ~BIT(NOTHING));
}

/* N-PLUG-3 (no keyword): An endpoint that has come is probed, attached and detached as one that was ... */
TEST(N_PLUG_3, endpoint_that_came_is_as_any_other, NEEDS_PLUG)
{
	struct scene s = make_scene();
	struct reply reply;

	if (!plug(AT, &s))
		return;
	if (iommu_offers(VIRTIO_IOMMU_F_PROBE)) {
		reply = probe(s.ep->id);
		EXPECT_OK(reply);
	}
	reply = attach(s.domain, s.ep->id, 0);
	if (!EXPECT_OK(reply) || !enable_dma(AT, s.ep, s.domain))
		return;
	map_and_unmap(AT, &s, s.ep);
	reply = detach(s.domain, s.ep->id);
	if (EXPECT_OK(reply))
		expect_unattached(AT, s.ep);
}

/*
 * What has gone.
 */

enum { REQUEST = BYPASS };
enum { ASK_ATTACH, ASK_PROBE, ASK_DETACH, ASKS };

static const char *const asks[ASKS] = {"attach", "probe", "detach"};

static const struct dimension gone_dimensions[] = {
	[BEFORE] = {"before", states, STATES, state_unmet},
	[REQUEST] = {"request", asks, ASKS, NULL},
};

static const struct product_rule gone_rules[] = {
	{{{BEFORE, BIT(NOTHING)}}, "nothing has gone then"},
};

static struct reply ask(const struct scene *s, unsigned int what)
{
	switch (what) {
	case ASK_ATTACH:
		return attach(fresh_domain(), slot_id(), 0);
	case ASK_PROBE:
		return probe(slot_id());
	default:
		return detach(s->domain, slot_id());
	}
}

/* An id behind which there never was a device may be one that exists (AMB-17). */
static void play_gone(struct source_line at, const cell_t cell)
{
	struct scene s = make_scene();
	struct reply reply;

	if (!let_go_in(at, &s, cell[BEFORE]))
		return;
	reply = ask(&s, cell[REQUEST]);
	if (slot_id_was_taken() && is_ok(&reply))
		return info(at, "an id exists whether there is a device or not");
	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
}

static const struct product gone = {
	.name = "endpoints that have gone",
	DIMENSION_TABLE(gone_dimensions),
	RULE_TABLE(gone_rules),
	.play = play_gone,
};

/* DEV-ATTACH-3 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_ATTACH_3, endpoint_that_has_gone_is_unknown, NEEDS_PLUG)
{
	PRODUCT(&gone, REQUEST, BIT(ASK_ATTACH));
}

/* DEV-PROBE-2 (SHOULD): Unknown endpoint => expected refusal with NOENT */
TEST(DEV_PROBE_2, endpoint_that_has_gone_is_unknown, NEEDS_PLUG | NEEDS_PROBE)
{
	PRODUCT(&gone, REQUEST, BIT(ASK_PROBE));
}

/* DEV-DETACH-2 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_DETACH_2, endpoint_that_has_gone_is_unknown, NEEDS_PLUG)
{
	PRODUCT(&gone, REQUEST, BIT(ASK_DETACH));
}

/* N-PLUG-4 (no keyword): A domain lives on, with its mappings, while another endpoint is attached to ... */
TEST(N_PLUG_4, others_keep_the_domain_of_one_that_has_gone, NEEDS_PLUG)
{
	struct scene s = make_scene();

	if (!let_go_in(AT, &s, SHARED))
		return;
	expect_page(AT, s.other, s.iova, s.target);
	map_and_unmap(AT, &s, s.other);
}

/* AMB-21 (open point): What becomes of the attachment of an endpoint that has gone: 5.13 does not say ... */
TEST(AMB_21, attachment_of_an_endpoint_that_has_gone, NEEDS_PLUG)
{
	struct scene s = make_scene();
	struct reply in_domain;

	if (!let_go_in(AT, &s, USED))
		return;
	in_domain = unmap_page(s.domain, s.iova);
	/* There is its domain, or there is not. */
	if (is_ok(&in_domain) || expect_no_domain(AT, s.domain))
		INFO("UNMAP in its domain, of which it was the only endpoint, has status %s",
		     status_name(in_domain.status));
}

/*
 * What happens to the machine besides.
 */

enum { MIGRATED = BYPASS };
enum { GONE, THERE_AND_GONE };

static const char *const migrations[] = {[GONE] = "without it", [THERE_AND_GONE] = "with it and without it"};

static const struct dimension migrated_dimensions[] = {
	[BEFORE] = {"before", states, STATES, state_unmet},
	[MIGRATED] = {"migrated", migrations, ARRAY_SIZE(migrations), NULL},
};

static void play_migrated(struct source_line at, const cell_t cell)
{
	struct scene s = make_scene();

	if (plug(at, &s) && makes[cell[BEFORE]](at, &s) &&
	    (cell[MIGRATED] == GONE || migrate_machine(at)) && pull(at, &s) && migrate_machine(at))
		expect_queue_works(at, "after a migration without the endpoint that has gone");
}

static const struct product migrated = {
	.name = "migrated without one that has gone",
	DIMENSION_TABLE(migrated_dimensions),
	RULE_TABLE(gone_rules),
	.play = play_migrated,
};

/* PLAT-PLUG-1 (PLATFORM): A machine can be migrated from which an endpoint has gone, attached or not */
TEST(PLAT_PLUG_1, machine_without_an_endpoint_that_has_gone_goes_on, NEEDS_PLUG)
{
	PRODUCT(&migrated, EVERY_CELL);
}

/* PLAT-PLUG-2 (PLATFORM): An endpoint that has come is attached after a migration as it was before */
TEST(PLAT_PLUG_2, endpoint_that_came_stays_attached, NEEDS_PLUG)
{
	struct scene s = make_scene();

	if (!plug(AT, &s) || !enter_and_use(AT, &s) || !migrate_machine(AT))
		return;
	expect_page(AT, s.ep, s.iova, s.target);
	expect_no_page(AT, s.ep, s.iova + iommu.page, s.target);
}
