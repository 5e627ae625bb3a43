// SPDX-License-Identifier: BSD-3-Clause
/*
 * A driver that comes after another one, with more, fewer or other features (virtio 1.4, 3.1, 5.13.5): it
 * has what it asks for, as if it were the first, and nothing of what the other one had.
 */
#include <string.h>

#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/fault.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "util.h"

enum { FIRST, LEFT, SECOND, LOOK };
enum { LEFT_NOTHING, LEFT_MAPPING, LEFT_BYPASS_DOMAIN, LEFT_REPORTS, LEFT_REQUEST };
enum { OLD_REACH, SERVICE, NOTIFICATION, DECLINED };

/* Sets of features. The first ones have all that the device type has. */
enum {
	USUAL, WITH_EVENT_IDX, WITH_INDIRECT, OTHER_FORMAT, ALL_OF_QUEUES,
	LEAST, NO_MAP_UNMAP, NO_PROBE, NO_BYPASS_CONFIG, NO_INPUT_RANGE, NO_DOMAIN_RANGE, NO_MMIO,
	SESSIONS
};

#define FULL_SESSIONS (ALL_OF_QUEUES + 1)

static const char *const firsts[] = {
	"first as usual", "first with event idx", "first with indirect tables", "first in the other format",
	"first with all of queues",
};
static const char *const lefts[] = {"left nothing", "left a mapping", "left a bypass domain", "left reports",
				    "left a request"};
static const char *const seconds[] = {
	"then as usual", "then with event idx", "then with indirect tables", "then in the other format",
	"then with all of queues", "then the least", "then without map unmap", "then without probe",
	"then without bypass config", "then without input range", "then without domain range",
	"then without mmio",
};
static const char *const looks[] = {"old reach", "service", "notification", "declined"};

/* What each set adds, toggles or leaves out. 0: nothing, or all that can be declined. */
static const struct {
	uint64_t with, toggled, without;
} sets[SESSIONS] = {
	[WITH_EVENT_IDX] = {.with = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX)},
	[WITH_INDIRECT] = {.with = VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC)},
	[OTHER_FORMAT] = {.toggled = VIRTIO_FEATURE(VIRTIO_F_RING_PACKED)},
	[ALL_OF_QUEUES] = {.with = VIRTIO_FEATURE(VIRTIO_F_EVENT_IDX) |
				   VIRTIO_FEATURE(VIRTIO_F_INDIRECT_DESC)},
	[NO_MAP_UNMAP] = {.without = VIRTIO_FEATURE(VIRTIO_IOMMU_F_MAP_UNMAP)},
	[NO_PROBE] = {.without = VIRTIO_FEATURE(VIRTIO_IOMMU_F_PROBE)},
	[NO_BYPASS_CONFIG] = {.without = VIRTIO_FEATURE(VIRTIO_IOMMU_F_BYPASS_CONFIG)},
	[NO_INPUT_RANGE] = {.without = VIRTIO_FEATURE(VIRTIO_IOMMU_F_INPUT_RANGE)},
	[NO_DOMAIN_RANGE] = {.without = VIRTIO_FEATURE(VIRTIO_IOMMU_F_DOMAIN_RANGE)},
	[NO_MMIO] = {.without = VIRTIO_FEATURE(VIRTIO_IOMMU_F_MMIO)},
};

static uint64_t features_of(unsigned int session)
{
	if (session == LEAST)
		return LEAST_FEATURES;
	return ((iommu.wanted | sets[session].with) ^ sets[session].toggled) & ~sets[session].without;
}

static const char *session_unmet(unsigned int session)
{
	bool offered = !(features_of(session) & ~iommu.offered);
	bool there = (iommu.wanted & sets[session].without) == sets[session].without;

	return offered && there ? NULL : "needs a feature that the device does not offer";
}

static const char *left_unmet(unsigned int left)
{
	if (left == LEFT_BYPASS_DOMAIN && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	return NULL;
}

static const struct dimension dimensions[] = {
	[FIRST] = {"first", firsts, FULL_SESSIONS, session_unmet},
	[LEFT] = {"left", lefts, ARRAY_SIZE(lefts), left_unmet},
	[SECOND] = {"second", seconds, SESSIONS, session_unmet},
	[LOOK] = {"look", looks, ARRAY_SIZE(looks), NULL},
};

#define NO_MAPPINGS (BIT(LEAST) | BIT(NO_MAP_UNMAP))

static const struct product_rule rules[] = {
	{{{LOOK, BIT(DECLINED)}, {SECOND, ~NO_MAPPINGS}}, "MAP and UNMAP are accepted"},
	{{{LOOK, BIT(OLD_REACH)}, {LEFT, BIT(LEFT_NOTHING) | BIT(LEFT_REQUEST)}}, "nothing was reached"},
};

static bool accepted(unsigned int bit)
{
	return iommu.dev.accepted & VIRTIO_FEATURE(bit);
}

/* What the first driver leaves: an endpoint in a domain, with a page, or more. */
static bool leave_something(struct source_line at, unsigned int left, struct page_fixture *s)
{
	struct fault fault;

	switch (left) {
	case LEFT_BYPASS_DOMAIN:
		s->ep = endpoint(0);
		s->target = watched_pages(1);
		s->iova = phys(s->target);
		s->domain = fresh_domain();
		return attach_bypass(at, s->ep, s->domain) &&
		       expect_writes(at, SET_UP, s->ep, s->iova, s->target, 8);
	case LEFT_REQUEST:
		ring_publish(&iommu.requests, queue_noop());
		return true;
	case LEFT_NOTHING:
		return true;
	}
	if (!map_one_page(at, s) || !expect_writes(at, SET_UP, s->ep, s->iova, s->target, 8))
		return false;
	fault = fault_above(s);
	for (unsigned int i = 0; i < 3 && left == LEFT_REPORTS; i++)
		provoke(at, &fault);
	return true;
}

/* With config.bypass off, which outlives the reset, as far as the device follows DEV-CFG-4. */
static void look_at_old_reach(struct source_line at, const struct page_fixture *s)
{
	if (accepted(VIRTIO_IOMMU_F_MAP_UNMAP))
		expect_no_domain(at, s->domain);
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) ? iommu_bypass() : accepted(VIRTIO_IOMMU_F_BYPASS))
		return skip("unattached endpoints bypass");
	expect_write_blocked(at, s->ep, s->iova, 8);
	if (s->ep->dma.ops->exact)
		expect_read_blocked(at, s->ep, s->iova, s->target, 8);
	require_alive(at, s->ep, NULL);
}

static void expect_config(struct source_line at)
{
	struct iommu_config config;

	iommu_read_config(&config);
	config.bypass = iommu.config.bypass;	/* the driver's to write */
	expect_bytes(at, &config, &iommu.config, sizeof(config), "the configuration");
}

/* That a request is done where nothing is against it is a SHOULD (DEV-OPS-1). */
static bool expect_ok(struct source_line at, struct reply reply)
{
	return expect_status(at, VERDICT_WARN, &reply, STATUS_OK);
}

/* A domain with a mapping, or where there are none, one that nothing gets out of. */
static void expect_domain(struct source_line at)
{
	struct page_fixture s = {.ep = endpoint(0), .iova = iova_window(1), .target = watched_pages(1),
				 .domain = fresh_domain()};

	if (!expect_ok(at, attach(s.domain, s.ep->id, 0)))
		return;
	if (!accepted(VIRTIO_IOMMU_F_MAP_UNMAP)) {
		expect_write_blocked(at, s.ep, s.iova, 8);
	} else if (enable_dma(at, s.ep, s.domain) &&
		   expect_ok(at, map_page(s.domain, s.iova, s.target, MAP_RW))) {
		expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8);
		expect_ok(at, unmap_page(s.domain, s.iova));
		expect_write_blocked(at, s.ep, s.iova, 8);
	}
	expect_ok(at, detach(s.domain, s.ep->id));
	dma_set_page_iova(&s.ep->dma, phys(s.ep->dma.page));
}

static void expect_bypass_domain(struct source_line at)
{
	if (attach_bypass(at, endpoint(0), fresh_domain()))
		expect_identity(at, endpoint(0));
}

/* As a driver does, it resets the endpoint: one whose rings were out of reach meanwhile may have given up. */
static void look_at_service(struct source_line at, const struct page_fixture *s)
{
	(void)s;
	dma_stop(&endpoint(0)->dma);
	expect_config(at);
	expect_domain(at);
	if (accepted(VIRTIO_IOMMU_F_PROBE))
		expect_ok(at, probe(endpoint(0)->id));
	if (accepted(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		expect_bypass_domain(at);
}

/* By the rules of this session: an index that does not count lies far away. */
static void look_at_notification(struct source_line at, const struct page_fixture *s)
{
	struct ring *ring = &iommu.requests;

	(void)s;
	if (accepted(VIRTIO_F_EVENT_IDX)) {
		want_interrupt_at(ring, 0, ring->tables ? 1 : 2);
	} else {
		if (!accepted(VIRTIO_F_RING_PACKED))
			ring->avail->heads[ring->size] = ring->last_used + 1000;
		ring_want_interrupt(ring, true);
	}
	take_interrupts();
	expect_queue_works(at, "of the second driver");
	expect_eq(at, wait_interrupt(true) & VIRTIO_USED_BUFFER, VIRTIO_USED_BUFFER,
		  "notification of a used buffer");
	ring_want_interrupt(ring, false);
}

/* That the first driver had MAP does not give it to the second. */
static void look_at_declined(struct source_line at, const struct page_fixture *s)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	(void)s;
	if (!attach_endpoint(at, endpoint(0), domain))
		return;
	reply = map_page(domain, iova_window(1), watched_pages(1), MAP_RW);
	if (!reply.used || is_ok(&reply))
		judge(BY_LEVEL, at, "any answer but OK", "%s", status_name(reply.status));
	restart_if_needs_reset(at, iommu.wanted);
}

static void (*const look[])(struct source_line at, const struct page_fixture *s) = {
	[OLD_REACH] = look_at_old_reach,
	[SERVICE] = look_at_service,
	[NOTIFICATION] = look_at_notification,
	[DECLINED] = look_at_declined,
};

static void play(struct source_line at, const cell_t cell)
{
	struct page_fixture s;

	if (!restart_device(at, features_of(cell[FIRST])))
		return;
	set_unattached_bypass(false);
	if (!leave_something(at, cell[LEFT], &s))
		return;
	if (expect_restart(at, features_of(cell[SECOND]), "in the second session"))
		look[cell[LOOK]](at, &s);
}

static const struct product sessions = {
	.name = "sessions",
	DIMENSION_TABLE(dimensions),
	RULE_TABLE(rules),
	.play = play,
};

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, nothing_of_a_session_is_left_in_the_next, NEEDS_DMA)
{
	PRODUCT(&sessions, LOOK, BIT(OLD_REACH));
}

/* DEV-ATTACH-12 (MUST): An ATTACH that is not refused really attaches */
TEST(DEV_ATTACH_12, endpoint_is_translated_whatever_driver_came_before, NEEDS_DMA)
{
	PRODUCT(&sessions, LOOK, BIT(SERVICE));
}

/* GEN-NU-3 (MUST): No EVENT_IDX, avail.flags=0: notification sent */
TEST(GEN_NU_3, notifications_are_those_of_the_session, NEEDS_DMA)
{
	PRODUCT(&sessions, LOOK, BIT(NOTIFICATION));
}

/* N-MAP-7 (no keyword): MAP/UNMAP exist only with bit 2 negotiated */
TEST(N_MAP_7, map_of_the_session_before_is_not_available, NEEDS_DMA)
{
	PRODUCT(&sessions, LOOK, BIT(DECLINED));
}

/*
 * Many domains, a few at a time: in the end there is room for as many as in the beginning, whether it was
 * DETACH or a device reset that ended those before.
 */

enum { LEAVING, ENDED };
enum { ENDED_BY_DETACH, ENDED_BY_RESET };

#define DOMAINS 400	/* in a cell */

static const char *const leavings[] = {"normal domains", "bypass domains"};
static const char *const ended[] = {"ended by detach", "ended by device reset"};

static const char *leaving_unmet(unsigned int leaving)
{
	return leaving && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) ? "needs feature BYPASS_CONFIG" : NULL;
}

static const struct dimension leaving_dimensions[] = {
	[LEAVING] = {"kind", leavings, ARRAY_SIZE(leavings), leaving_unmet},
	[ENDED] = {"end", ended, ARRAY_SIZE(ended), NULL},
};

/* Attach each endpoint to a domain of its own. Return how many are. */
static unsigned int attach_each(uint32_t flags)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		uint32_t domain;
		struct reply reply;

		if (!take_domain(&domain))
			break;
		reply = attach(domain, endpoint(i)->id, flags);
		count += is_ok(&reply);
	}
	return count;
}

static void play_leaving(struct source_line at, const cell_t cell)
{
	uint32_t flags = cell[LEAVING] ? ATTACH_BYPASS : 0;
	unsigned int first = attach_each(flags), all = first;

	while (all < DOMAINS && first && no_defect_so_far()) {
		if (cell[ENDED] == ENDED_BY_DETACH)
			iommu_detach_all();
		else if (!restart_device(at, iommu.wanted))
			return;
		expect_eq(at, attach_each(flags), first, "endpoints attached, after %u domains", all);
		all += first;
	}
}

static const struct product leaving = {
	.name = "many domains",
	DIMENSION_TABLE(leaving_dimensions),
	.play = play_leaving,
};

/* DEV-OPS-1 (SHOULD): Successful requests complete with status 0 (OK) */
TEST(DEV_OPS_1, domains_that_have_ended_do_not_add_up, NEEDS_ENDPOINT)
{
	PRODUCT(&leaving, EVERY_CELL);
}
