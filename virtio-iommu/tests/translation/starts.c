// SPDX-License-Identifier: BSD-3-Clause
/*
 * An endpoint is translated by the domain that it is in, wherever it was when its driver set it up, and
 * however its buffers are described: from its first access after ATTACH on.
 */
#include "driver/iova.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "memory.h"
#include "util.h"

enum { STARTED, BUFFERS, FIRST };
enum { AFTER_ATTACH, IN_OTHER_DOMAIN, IN_BYPASS_MODE, IN_BYPASS_DOMAIN };
enum { DIRECT, TABLES };
enum { WRITE_FIRST, READ_FIRST };

static const char *const starts[] = {"started after attach", "started in another domain",
				     "started in bypass mode", "started in a bypass domain"};
static const char *const buffers[] = {"direct descriptors", "indirect tables"};
static const char *const accesses[] = {"write first", "read first"};

static const char *start_unmet(unsigned int start)
{
	if (start == IN_BYPASS_DOMAIN && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	return NULL;
}

static const char *buffers_unmet(unsigned int kind)
{
	return kind == TABLES && !dma_virtio_has_tables(&endpoint(0)->dma) ?
		       "needs an endpoint with feature INDIRECT_DESC" : NULL;
}

static const struct dimension dimensions[] = {
	[STARTED] = {"started", starts, ARRAY_SIZE(starts), start_unmet},
	[BUFFERS] = {"buffers", buffers, ARRAY_SIZE(buffers), buffers_unmet},
	[FIRST] = {"first", accesses, ARRAY_SIZE(accesses), NULL},
};

/* The endpoint runs, with its rings at their guest-physical addresses, and bypasses. */
static bool start_in_bypass(struct source_line at, struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);

	return expect_writes(at, SET_UP, ep, phys(page), page, 8);
}

/* ATTACH of an endpoint that goes on: its rings are mapped where they are. */
static bool attach_running(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	uint64_t size = private_page_size(), place = ep->dma.page_iova;
	struct reply reply = attach(domain, ep->id, 0);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return false;
	reply = map_range(domain, place, size, ep->dma.page, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static bool leave(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	struct reply reply = detach(domain, ep->id);

	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/* Take the addresses of the rings, so that the test maps nothing else there. */
static bool take_identity(const struct endpoint *ep)
{
	uint64_t place = phys(ep->dma.page);

	if (!ep->has_page_iova || !iova_is_free(place, private_page_size())) {
		skip("the rings of the endpoint cannot be mapped at their guest-physical address");
		return false;
	}
	iova_take(place, private_page_size());
	return true;
}

/* Into @domain, by way of what the cell says. Return false, with the reason, if that cannot be had. */
static bool enter(struct source_line at, struct endpoint *ep, unsigned int start, uint32_t domain)
{
	uint32_t before = fresh_domain();
	struct page_fixture s;

	switch (start) {
	case AFTER_ATTACH:
		return attach_with_dma(at, ep, domain);
	case IN_OTHER_DOMAIN:
		return map_one_page(at, &s) && expect_writes(at, SET_UP, ep, s.iova, s.target, 8) &&
		       leave(at, ep, s.domain) && attach_running(at, ep, domain);
	case IN_BYPASS_MODE:
		if (!set_unattached_bypass(true)) {
			not_applicable("unattached endpoints never bypass");
			return false;
		}
		return take_identity(ep) && start_in_bypass(at, ep) && attach_running(at, ep, domain);
	default:
		return take_identity(ep) && attach_bypass(at, ep, before) && start_in_bypass(at, ep) &&
		       leave(at, ep, before) && attach_running(at, ep, domain);
	}
}

static void play(struct source_line at, const cell_t cell)
{
	struct endpoint *ep = endpoint(0);
	uint32_t domain = fresh_domain();
	uint8_t *target = watched_pages(1);
	struct reply reply;
	uint64_t iova;

	dma_stop(&ep->dma);
	ep->dma.tables = cell[BUFFERS] == TABLES;
	if (!enter(at, ep, cell[STARTED], domain))
		return;
	if (virtio_needs_reset(&ep->dma.virtio)) {
		info(at, "the endpoint has given up while its rings were out of reach");
		dma_stop(&ep->dma);
	}
	iova = iova_window(2);
	reply = map_page(domain, iova, target, MAP_RW);
	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	if (cell[FIRST] == READ_FIRST)
		expect_reads(at, BY_LEVEL, ep, iova, target, 8);
	expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	expect_reads(at, BY_LEVEL, ep, iova, target, 8);
	expect_write_blocked(at, ep, iova + iommu.page, 8);
	expect_write_blocked(at, ep, phys(target), 8);
	expect_writes(at, BY_LEVEL, ep, iova, target, 8);
	leave(at, ep, domain);
}

static const struct product product = {
	.name = "starts",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

/* N-MAP-1 (ISOLATION): PA = VA - virt_start + phys_start over the inclusive range */
TEST(N_MAP_1, endpoint_is_translated_wherever_it_was_started, NEEDS_DMA | NEEDS_EXACT | NEEDS_RINGS)
{
	PRODUCT(&product, STARTED, BIT(AFTER_ATTACH) | BIT(IN_OTHER_DOMAIN));
}

/* N-BYP-3 (ISOLATION): Attached to a normal domain beats config.bypass=1 */
TEST(N_BYP_3, endpoint_that_started_in_bypass_is_translated, NEEDS_DMA | NEEDS_EXACT | NEEDS_RINGS)
{
	PRODUCT(&product, STARTED, BIT(IN_BYPASS_MODE) | BIT(IN_BYPASS_DOMAIN));
}
