// SPDX-License-Identifier: BSD-3-Clause
/*
 * Domains and their members (virtio 1.4, 5.13.6.3 and 5.13.6.4).
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/out_of_reach.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "time.h"

/* N-DOM-1 (no keyword): First ATTACH creates the domain */
TEST(N_DOM_1, first_attach_creates_the_domain, NEEDS_DOMAIN)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	reply = map_page(domain, iova, target, MAP_RW);
	EXPECT(!is_ok(&reply), "no domain before the first ATTACH: MAP in it is refused", "status OK");
	REQUIRE(attach_with_dma(AT, ep, domain));
	reply = map_page(domain, iova, target, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(ep, iova, target, 8);
}

TEST(N_DOM_1, domain_ids_use_all_32_bits, NEEDS_DOMAIN)
{
	static const uint32_t ids[] = {0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, UINT32_MAX};
	struct reply reply;

	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		if (ids[i] < iommu.config.domain_start || ids[i] > iommu.config.domain_end)
			continue;
		reply = attach(ids[i], endpoint(0)->id, 0);
		EXPECT_OK(reply);
		EXPECT_NO_DOMAIN(ids[i] ^ 0x100);
		reply = detach(ids[i], endpoint(0)->id);
		EXPECT_OK(reply);
		EXPECT_NO_DOMAIN(ids[i]);
	}
}

/* N-DOM-2 (ISOLATION): Last DETACH ends the domain; id reusable and empty */
TEST(N_DOM_2, last_detach_ends_the_domain, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	reply = map_page(s.domain, s.iova, s.target, MAP_RW);
	EXPECT(!is_ok(&reply), "no domain after the last DETACH: MAP in it is refused", "status OK");
	EXPECT_NO_DOMAIN(s.domain);
}

/* The id can be used again; the new domain has none of the old one's mappings. */
TEST(N_DOM_2, reused_id_starts_empty, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct reply reply;
	uint8_t *other = watched_pages(1);

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(detach_endpoint(AT, s.ep, s.domain));
	if (!expect_reattach_empty(AT, &s))
		return;
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	reply = map_page(s.domain, s.iova, other, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, s.iova, other, 8);
}

/*
 * Whatever domains of one id are told apart by: if by a count of N bits, what was reached in the first one
 * may come back in the 2^Nth after it. Most of them end without an access, so that it is still cached. The
 * address leads to another page than in any that it could be taken for.
 */
#define REUSES 4096
#define ALL_LOOKED_AT 8

/* As long as it may take: where so many are used within QUICK_US, all of REUSES. */
#define QUICK_US 2000
#define REUSES_US 200000
#define REUSES_SLOW_US 10000

static bool is_looked_at(uint32_t i)
{
	return i < ALL_LOOKED_AT || !(i & (i - 1));
}

static void use_and_leave(struct source_line at, uint32_t domain, uint64_t iova, uint8_t *target)
{
	struct endpoint *ep = endpoint(0);
	struct reply reply;

	if (!attach_with_dma(at, ep, domain))
		return;
	reply = map_page(domain, iova, target, MAP_RW);
	if (expect_status(at, SET_UP, &reply, STATUS_OK))
		expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	detach_endpoint(at, ep, domain);
}

TEST(N_DOM_2, id_starts_empty_whenever_it_is_used_again, NEEDS_DMA)
{
	uint8_t *const targets[] = {watched_pages(1), watched_pages(1), watched_pages(1)};
	uint64_t iova = iova_window(1), start = time_us();
	struct deadline deadline = deadline_in(REUSES_US);
	uint32_t domain = fresh_domain();

	for (uint32_t i = 0; i <= REUSES && no_defect_so_far(); i++) {
		if (i == ALL_LOOKED_AT && time_us() - start > QUICK_US)
			deadline = deadline_in(REUSES_SLOW_US);
		if (is_looked_at(i)) {
			use_and_leave(AT, domain, iova, targets[i % ARRAY_SIZE(targets)]);
			continue;
		}
		REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
		REQUIRE_OK(detach(domain, endpoint(0)->id));
		if (deadline_passed(&deadline)) {
			INFO("the id was used %u times, not %u" FOR_LACK_OF_TIME, i, REUSES);
			return;
		}
	}
}

/* Two endpoints in a domain each; one address, and memory for each of them. Nothing is mapped. */
struct pair {
	struct endpoint *first, *second;
	uint32_t domain, other;
	uint64_t iova;		/* of one page; a window of two */
	uint8_t *one, *two;
};

static bool make_pair(struct source_line at, struct pair *p, struct endpoint *first,
		      struct endpoint *second, uint32_t domain, uint32_t other)
{
	*p = (struct pair){.first = first, .second = second, .domain = domain, .other = other};
	p->iova = iova_window(2);
	p->one = watched_pages(1);
	p->two = watched_pages(1);
	return attach_with_dma(at, first, domain) && attach_with_dma(at, second, other);
}

/* N-DOM-3 (ISOLATION): Different domains are isolated */
/* The same address in both domains: each endpoint reaches its own memory, and no other. */
TEST(N_DOM_3, same_address_in_two_domains, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct pair p;

	REQUIRE(make_pair(AT, &p, endpoint(0), endpoint(1), fresh_domain(), fresh_domain()));
	REQUIRE_OK(map_page(p.domain, p.iova, p.one, MAP_RW));
	REQUIRE_OK(map_page(p.other, p.iova, p.two, MAP_RW));
	EXPECT_WRITES(p.first, p.iova, p.one, 8);
	EXPECT_WRITES(p.second, p.iova, p.two, 8);
	EXPECT_WRITES(p.first, p.iova + iommu.page - 1, p.one + iommu.page - 1, 1);
	EXPECT_READS(p.first, p.iova, p.one, 8);
	if (p.second->dma.ops->exact)
		EXPECT_READS(p.second, p.iova, p.two, 8);
}

TEST(N_DOM_3, mapping_of_another_domain_is_out_of_reach, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct pair p;
	uint64_t next;

	REQUIRE(make_pair(AT, &p, endpoint(0), endpoint(1), fresh_domain(), fresh_domain()));
	next = p.iova + iommu.page;
	REQUIRE_OK(map_page(p.domain, p.iova, p.one, MAP_RW));
	REQUIRE_OK(map_page(p.other, next, p.two, MAP_RW));
	EXPECT_WRITE_BLOCKED(p.second, p.iova, 8);
	EXPECT_WRITE_BLOCKED(p.first, next, 8);
	EXPECT_READ_BLOCKED(p.first, next, p.two, 8);
	REQUIRE_WRITES(p.first, p.iova, p.one, 8);
	REQUIRE_WRITES(p.second, next, p.two, 8);
}

/* What is mapped for one is blocked for the other, until that has a mapping of its own. */
static void expect_isolated(struct source_line at, const struct pair *p)
{
	struct reply reply = map_page(p->domain, p->iova, p->one, MAP_RW);

	expect_status(at, SET_UP, &reply, STATUS_OK);
	expect_write_blocked(at, p->second, p->iova, 8);
	reply = map_page(p->other, p->iova, p->two, MAP_RW);
	expect_status(at, SET_UP, &reply, STATUS_OK);
	expect_writes(at, BY_LEVEL, p->first, p->iova, p->one, 8);
	expect_writes(at, BY_LEVEL, p->second, p->iova, p->two, 8);
}

/* Domain ids have 32 bits: two that share the low half are not one. */
TEST(N_DOM_3, domains_with_equal_low_bits_are_two, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint32_t domain = fresh_domain(), other = domain + 0x10000;
	struct pair p;

	if (other < domain || other > iommu.config.domain_end)
		NOT_APPLICABLE("the domain range has less than 2^16 ids");
	REQUIRE(make_pair(AT, &p, endpoint(0), endpoint(1), domain, other));
	expect_isolated(AT, &p);
}

/* Domains that the second endpoint goes through, one by one, while the first one stays where it is. */
struct succession {
	struct page_fixture s;	/* of the first endpoint */
	uint8_t *target;	/* of the second one, wherever it is */
	uint32_t first, count;	/* ids that there are */
};

static bool make_succession(struct source_line at, struct succession *n)
{
	n->target = watched_pages(1);
	n->first = iommu.config.domain_start;
	n->count = min(iommu.config.domain_end - n->first, UINT32_MAX - 1) + 1;
	return map_one_page(at, &n->s) && expect_writes(at, SET_UP, n->s.ep, n->s.iova, n->s.target, 8);
}

/*
 * Enter the domain number @i after the first endpoint's, which ends the one before. Return false if the
 * device does not go along.
 */
static bool enter(const struct succession *n, uint32_t i, uint32_t *domain)
{
	uint32_t id = n->first + (n->s.domain - n->first + (uint64_t)i) % n->count;
	struct reply reply;

	if (i > 1 && id == *domain)	/* there are two ids */
		detach(id, endpoint(1)->id);
	*domain = id;
	reply = attach(id, endpoint(1)->id, 0);
	if (!is_ok(&reply) && !skip_if_no_room(&reply))
		silent("the device does not move endpoints so");
	return is_ok(&reply);
}

/* The same address leads either endpoint to its own memory. */
static void expect_own_page(struct source_line at, const struct succession *n, uint32_t domain)
{
	struct reply reply = map_page(domain, n->s.iova, n->target, MAP_RW);

	if (skip_if_no_room(&reply) || !expect_status(at, BY_LEVEL, &reply, STATUS_OK) ||
	    !enable_dma(at, endpoint(1), domain))
		return;
	expect_writes(at, BY_LEVEL, endpoint(1), n->s.iova, n->target, 8);
}

/*
 * Whatever ids are hashed by: the second endpoint maps what the first one has mapped in its own domain. Where
 * that is refused, as an overlap, the two are one.
 */
TEST(N_DOM_3, ids_of_domains_do_not_collide_up_to_65535, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct succession n;
	uint32_t domain = 0;

	REQUIRE(make_succession(AT, &n));
	for (uint32_t i = 1; i < min(n.count, 65536u) && no_defect_so_far(); i++) {
		struct reply reply;

		if (!enter(&n, i, &domain))
			return;
		reply = map_page(domain, n.s.iova, n.s.target, MAP_RW);
		if (!skip_if_no_room(&reply))
			expect_status(AT, BY_LEVEL, &reply, STATUS_OK);
	}
}

/*
 * Whatever domains are told apart by: if by numbers that are given out when they are made, one may come round
 * to that of a domain that lives. Each number up to SUCCESSION is met in the second half, itself or a
 * multiple of it. Between the halves the first endpoint uses its page: a device may keep something of that.
 */
#define SUCCESSION 320
#define SUCCESSION_US 2000000

TEST(N_DOM_3, domain_stays_apart_from_each_that_is_made_after_it,
     NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_PRODUCTS)
{
	struct succession n;
	uint32_t domain = 0;
	struct deadline deadline = deadline_in(SUCCESSION_US);

	REQUIRE(make_succession(AT, &n));
	for (uint32_t i = 1; i <= SUCCESSION && no_defect_so_far(); i++) {
		if (i > 4 && deadline_passed(&deadline)) {
			INFO("there were %u domains, not %u" FOR_LACK_OF_TIME, i, SUCCESSION);
			return;
		}
		if (i % n.count == 0)
			continue;
		if (!enter(&n, i, &domain))
			return;
		if (i == SUCCESSION / 2 + 1)
			EXPECT_WRITES(n.s.ep, n.s.iova, n.s.target, 8);
		if (i < 4 || i > SUCCESSION / 2)
			expect_own_page(AT, &n, domain);
	}
	EXPECT_WRITES(n.s.ep, n.s.iova, n.s.target, 8);
}

static bool is_done(struct source_line at, struct reply reply)
{
	return !skip_if_no_room(&reply) && expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

/* The first endpoint's domain is made, then the second one's, then the first one ends. */
static bool outlive(struct source_line at, const struct succession *n, uint32_t i, uint32_t *domain)
{
	return is_done(at, attach(n->s.domain, n->s.ep->id, 0)) && enter(n, i, domain) &&
	       is_done(at, detach(n->s.domain, n->s.ep->id)) &&
	       is_done(at, map_page(*domain, n->s.iova, n->target, MAP_RW)) &&
	       is_done(at, unmap_page(*domain, n->s.iova));
}

/* Whatever domains are found by: one that lies behind another is found when that is gone. */
#define OUTLIVED 600

TEST(N_DOM_3, domain_stays_when_one_that_was_made_before_it_ends,
     NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_PRODUCTS)
{
	struct succession n;
	uint32_t domain = 0;
	struct deadline deadline = deadline_in(SUCCESSION_US);

	REQUIRE(make_succession(AT, &n));
	if (n.count < 2)
		NOT_APPLICABLE("the domain range has one id");
	REQUIRE_OK(detach(n.s.domain, n.s.ep->id));
	for (uint32_t i = 1; i <= OUTLIVED && no_defect_so_far(); i++) {
		if (i > 4 && deadline_passed(&deadline)) {
			INFO("%u domains were outlived, not %u" FOR_LACK_OF_TIME, i, OUTLIVED);
			return;
		}
		if (i % n.count == 0)
			continue;
		if (!outlive(AT, &n, i, &domain))
			return;
	}
	expect_own_page(AT, &n, domain);
}

TEST(N_DOM_3, bridged_endpoint_is_isolated, NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_BRIDGED_ENDPOINT)
{
	struct endpoint *bridged = endpoint_bridged();
	struct pair p;

	REQUIRE(make_pair(AT, &p, bridged, endpoint(bridged == endpoint(0)), fresh_domain(),
			  fresh_domain()));
	expect_isolated(AT, &p);
}

TEST(N_DOM_3, unmap_counts_for_one_domain, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct pair p;

	REQUIRE(make_pair(AT, &p, endpoint(0), endpoint(1), fresh_domain(), fresh_domain()));
	REQUIRE_OK(map_page(p.domain, p.iova, p.one, MAP_RW));
	REQUIRE_OK(map_page(p.other, p.iova, p.two, MAP_RW));
	REQUIRE_WRITES(p.second, p.iova, p.two, 8);
	REQUIRE_OK(unmap_page(p.domain, p.iova));
	EXPECT_WRITE_BLOCKED(p.first, p.iova, 8);
	EXPECT_WRITES(p.second, p.iova, p.two, 8);
}

/* N-DOM-4 (no keyword): Several endpoints can share a domain */
TEST(N_DOM_4, both_members_reach_the_mapping, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	SHARE(second, s.domain);
	REQUIRE(enable_dma(AT, second, s.domain));
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(second, s.iova + iommu.page, 8);
}

TEST(N_DOM_4, one_leaves_and_the_other_stays, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	SHARE(second, s.domain);
	REQUIRE(enable_dma(AT, second, s.domain));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_WRITES(second, s.iova, s.target, 8);
	REQUIRE_OK(detach(s.domain, second->id));
	EXPECT_WRITE_BLOCKED(second, s.iova, 8);
	EXPECT_OUT_OF_REACH(second, s.iova, s.target);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_DOM_4, first_member_leaves_and_the_later_one_stays, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	SHARE(second, s.domain);
	REQUIRE(enable_dma(AT, second, s.domain));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_OK(detach(s.domain, s.ep->id));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
	EXPECT_WRITES(second, s.iova, s.target, 8);
}

/* N-DOM-5 (ISOLATION): One domain per endpoint at a time */
TEST(N_DOM_5, old_mapping_is_out_of_reach_after_a_move, NEEDS_DMA)
{
	uint8_t *other = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	MOVE(s.ep, domain);
	REQUIRE(enable_dma(AT, s.ep, domain));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_READ_BLOCKED(s.ep, s.iova, s.target, 8);
	REQUIRE_OK(map_page(domain, s.iova, other, MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, other, 8);
	EXPECT_READS(s.ep, s.iova, other, 8);
}

/* With a second member the old domain lives on, without the one that left. */
TEST(N_DOM_5, old_domain_lives_on_without_the_one_that_moved, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	uint8_t *other = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	SHARE(second, s.domain);
	REQUIRE(enable_dma(AT, second, s.domain));
	MOVE(s.ep, domain);
	REQUIRE(enable_dma(AT, s.ep, domain));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
	REQUIRE_OK(map_page(domain, s.iova, other, MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, other, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
}
