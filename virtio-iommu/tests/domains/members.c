// SPDX-License-Identifier: BSD-3-Clause
/*
 * Domains of either kind with one to three members, who join and leave in any order and way (virtio 1.4,
 * 5.13.6.3, 5.13.6.4): after each step, each endpoint reaches what its domain has, or what config.bypass
 * says, and no more.
 */
#include "driver/iova.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "util.h"

enum { KIND, MEMBERS, MAPPED, ORDER, LEAVE, OUTSIDE };
enum { NORMAL, BYPASS };
enum { MAPPED_BEFORE, MAPPED_AFTER };
enum { FIRST_FIRST, LAST_FIRST, MIDDLE_FIRST };
enum { LEAVE_DETACH, LEAVE_TO_NORMAL, LEAVE_TO_BYPASS, LEAVE_RESET };
enum { OUTSIDE_BLOCKED, OUTSIDE_BYPASS };

#define MOST_MEMBERS 3

static const char *const kinds[] = {"normal domain", "bypass domain"};
static const char *const counts[] = {"1 member", "2 members", "3 members"};
static const char *const mapped[] = {"mapped before others join", "mapped after all have joined"};
static const char *const orders[] = {"first one leaves first", "last one leaves first",
				     "middle one leaves first"};
static const char *const leaves[] = {"by detach", "to a normal domain", "to a bypass domain",
				     "by device reset"};
static const char *const outsides[] = {"bypass off", "bypass on"};

static const char *kind_unmet(unsigned int kind)
{
	if (kind == BYPASS && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	return NULL;
}

static const char *count_unmet(unsigned int count)
{
	struct endpoint *last = endpoint(count);

	return last && writes_on_demand(last) ? NULL : "needs as many endpoints that do DMA behind the IOMMU";
}

static const char *leave_unmet(unsigned int leave)
{
	return leave == LEAVE_TO_BYPASS ? kind_unmet(BYPASS) : NULL;
}

static const struct dimension dimensions[] = {
	[KIND] = {"kind", kinds, ARRAY_SIZE(kinds), kind_unmet},
	[MEMBERS] = {"members", counts, ARRAY_SIZE(counts), count_unmet},
	[MAPPED] = {"mapped", mapped, ARRAY_SIZE(mapped), NULL},
	[ORDER] = {"order", orders, ARRAY_SIZE(orders), NULL},
	[LEAVE] = {"leave", leaves, ARRAY_SIZE(leaves), leave_unmet},
	[OUTSIDE] = {"outside", outsides, ARRAY_SIZE(outsides), NULL},
};

static const struct product_rule rules[] = {
	{{{KIND, BIT(BYPASS)}, {MAPPED, BIT(MAPPED_AFTER)}}, "nothing is mapped in a bypass domain"},
	{{{MEMBERS, BIT(0)}, {MAPPED, BIT(MAPPED_AFTER)}}, "nobody else joins"},
	{{{MEMBERS, BIT(0)}, {ORDER, ~BIT(FIRST_FIRST)}}, "there is one order of one"},
	{{{MEMBERS, BIT(1)}, {ORDER, BIT(MIDDLE_FIRST)}}, "two have no middle one"},
	{{{LEAVE, BIT(LEAVE_RESET)}, {ORDER, ~BIT(FIRST_FIRST)}}, "all leave at once"},
};

/* Endpoint number i is in domains[place[i]], if any. */
enum place { NOWHERE, AT_HOME, AWAY, PLACES };

struct scene {
	struct domain {
		uint32_t id;
		bool bypass;
		uint8_t *target;	/* what @iova leads to in a normal domain, once @mapped */
		bool mapped;
	} domains[PLACES];
	unsigned int members;
	enum place place[MOST_MEMBERS];
	bool bypass;		/* what endpoints nowhere do */
	uint64_t iova;
	uint8_t *same;		/* the page that identity leads to; at @iova where that can be mapped */
};

static bool is_identity(const struct scene *s, enum place place)
{
	return place == NOWHERE ? s->bypass : s->domains[place].bypass;
}

/*
 * An endpoint nowhere is looked at with its rings where the domain that it was in had them, and where that
 * let it reach something: what is left of the domain would be of use to it.
 */
static void look_at(struct source_line at, const struct scene *s, unsigned int index)
{
	struct endpoint *ep = endpoint(index);
	enum place place = s->place[index];
	bool identity = is_identity(s, place);
	bool was_identity = place == NOWHERE && s->domains[AT_HOME].bypass;

	dma_set_page_iova(&ep->dma, identity || was_identity ? phys(ep->dma.page) : ep->page_iova);
	if (identity)
		expect_writes(at, BY_LEVEL, ep, phys(s->same), s->same, 8);
	else if (was_identity)
		expect_write_blocked(at, ep, phys(s->same), 8);
	else if (place != NOWHERE && s->domains[place].mapped)
		expect_writes(at, BY_LEVEL, ep, s->iova, s->domains[place].target, 8);
	else
		expect_write_blocked(at, ep, s->iova, 8);
}

static bool map_in(struct source_line at, const struct scene *s, struct domain *d)
{
	struct reply reply = map_page(d->id, s->iova, d->target, MAP_RW);

	d->mapped = true;
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/* Return false if the device does not share domains, or does not move endpoints: it may refuse both. */
static bool enter(struct source_line at, struct scene *s, unsigned int index, enum place place)
{
	struct endpoint *ep = endpoint(index);
	struct domain *d = &s->domains[place];
	struct reply reply = attach(d->id, ep->id, d->bypass ? ATTACH_BYPASS : 0);

	if (reply.delivered && !reply.breach && reply.status == STATUS_UNSUPP) {
		silent("the device does not let endpoints share a domain, or move");
		return false;
	}
	s->place[index] = place;
	return expect_status(at, SET_UP, &reply, STATUS_OK) &&
	       (d->bypass || enable_dma(at, ep, d->id));
}

static bool join(struct source_line at, struct scene *s, const cell_t cell)
{
	struct domain *home = &s->domains[AT_HOME];

	for (unsigned int i = 0; i < s->members; i++) {
		bool maps = !home->bypass && i == (cell[MAPPED] == MAPPED_BEFORE ? 0 : s->members - 1);

		if (!enter(at, s, i, AT_HOME) || (maps && !map_in(at, s, home)))
			return false;
		for (unsigned int j = 0; j <= i; j++)
			look_at(at, s, j);
	}
	return true;
}

static bool go_away(struct source_line at, struct scene *s, unsigned int index)
{
	struct domain *away = &s->domains[AWAY];

	return enter(at, s, index, AWAY) && (away->bypass || away->mapped || map_in(at, s, away));
}

static bool detach_from_home(struct source_line at, struct scene *s, unsigned int index)
{
	s->place[index] = NOWHERE;
	return detach_endpoint(at, endpoint(index), s->domains[AT_HOME].id);
}

/* Number @turn of those who leave. */
static unsigned int leaver(const struct scene *s, unsigned int order, unsigned int turn)
{
	switch (order) {
	case LAST_FIRST:
		return s->members - 1 - turn;
	case MIDDLE_FIRST:
		return (turn + 1) % s->members;
	default:
		return turn;
	}
}

/* Each one leaves. Whoever has left before is looked at again, but not while blocked: that takes long. */
static bool leave(struct source_line at, struct scene *s, const cell_t cell)
{
	for (unsigned int turn = 0; turn < s->members; turn++) {
		unsigned int index = leaver(s, cell[ORDER], turn);

		if (!(cell[LEAVE] == LEAVE_DETACH ? detach_from_home(at, s, index) : go_away(at, s, index)))
			return false;
		for (unsigned int i = 0; i < s->members; i++)
			if (i == index || s->place[i] != NOWHERE || s->bypass)
				look_at(at, s, i);
	}
	expect_no_domain(at, s->domains[AT_HOME].id);
	return true;
}

static bool reset(struct source_line at, struct scene *s)
{
	if (!restart_device(at, iommu.wanted) || !set_unattached_bypass(s->bypass))
		return false;
	for (unsigned int i = 0; i < s->members; i++) {
		s->place[i] = NOWHERE;
		look_at(at, s, i);
	}
	expect_no_domain(at, s->domains[AT_HOME].id);
	return true;
}

/* A move back may be refused, with UNSUPP (DEV-ATTACH-9). */
static void expect_alive(struct source_line at, const struct scene *s)
{
	if (s->place[0] == NOWHERE || detach_endpoint(at, endpoint(0), s->domains[s->place[0]].id))
		require_alive(at, endpoint(0), NULL);
}

static struct scene make_scene(const cell_t cell)
{
	struct scene s = {.members = cell[MEMBERS] + 1, .bypass = cell[OUTSIDE] == OUTSIDE_BYPASS,
			  .same = watched_pages(1)};

	s.iova = iova_is_free(phys(s.same), iommu.page) ? phys(s.same) : iova_window(1);
	s.domains[AT_HOME] = (struct domain){.id = fresh_domain(), .bypass = cell[KIND] == BYPASS,
					     .target = watched_pages(1)};
	if (cell[LEAVE] == LEAVE_TO_NORMAL || cell[LEAVE] == LEAVE_TO_BYPASS)
		s.domains[AWAY] = (struct domain){.id = fresh_domain(), .target = watched_pages(1),
						  .bypass = cell[LEAVE] == LEAVE_TO_BYPASS};
	return s;
}

static void play(struct source_line at, const cell_t cell)
{
	struct scene s = make_scene(cell);

	if (!set_unattached_bypass(s.bypass))
		return skip("unattached endpoints %s bypass", s.bypass ? "never" : "always");
	if (join(at, &s, cell) && (cell[LEAVE] == LEAVE_RESET ? reset(at, &s) : leave(at, &s, cell)))
		expect_alive(at, &s);
}

static const struct product members = {
	.name = "members",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-BYP-6 (ISOLATION): After DETACH the endpoint follows config.bypass */
TEST(N_BYP_6, members_that_detach_follow_config_bypass, NEEDS_DMA)
{
	PRODUCT(&members, LEAVE, BIT(LEAVE_DETACH));
}

/* N-DOM-4 (no keyword): Several endpoints can share a domain */
TEST(N_DOM_4, members_stay_when_others_leave_in_any_order, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	PRODUCT(&members, ORDER, BIT(LAST_FIRST) | BIT(MIDDLE_FIRST));
}

/* N-DOM-5 (ISOLATION): One domain per endpoint at a time */
TEST(N_DOM_5, members_that_move_reach_what_their_new_domain_has, NEEDS_DMA)
{
	PRODUCT(&members, LEAVE, BIT(LEAVE_TO_NORMAL) | BIT(LEAVE_TO_BYPASS));
}

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, no_member_is_left_after_a_reset, NEEDS_DMA)
{
	PRODUCT(&members, LEAVE, BIT(LEAVE_RESET));
}
