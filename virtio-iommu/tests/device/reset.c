// SPDX-License-Identifier: BSD-3-Clause
/*
 * Device reset (virtio 1.4, 5.13.5): no endpoint is attached afterwards, whatever the device was like.
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/out_of_reach.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/product.h"
#include "judge/steps/noop_request.h"
#include "judge/steps/notification.h"
#include "memory.h"
#include "pci/pci.h"
#include "util.h"

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, domains_are_gone, NEEDS_DOMAIN)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE(restart_device(AT, iommu.wanted));
	EXPECT_NO_DOMAIN(s.domain);
}

TEST(N_RST_1, mapping_is_out_of_reach, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_READ_BLOCKED(s.ep, s.iova, s.target, 8);
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

/* The same before any driver has come back. */
TEST(N_RST_1, mapping_is_out_of_reach_without_a_driver, NEEDS_DMA)
{
	struct page_fixture s;

	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(reset_device(AT));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	EXPECT_OUT_OF_REACH(s.ep, s.iova, s.target);
}

/* With bypass on, the endpoint is in bypass after the reset, not in its old domain. */
TEST(N_RST_1, endpoint_bypasses_after_reset, NEEDS_DMA)
{
	uint8_t *same = watched_pages(1), *target = watched_pages(1);
	struct endpoint *ep = endpoint(0);
	uint32_t domain = fresh_domain();

	if (!iova_is_free(phys(same), iommu.page))
		SKIP("memory cannot be mapped at its own address");
	REQUIRE(attach_with_dma(AT, ep, domain));
	REQUIRE_OK(map_page(domain, phys(same), target, MAP_RW));
	REQUIRE_WRITES(ep, phys(same), target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!set_unattached_bypass(true))
		SKIP("unattached endpoints never bypass");
	EXPECT_NO_DOMAIN(domain);
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	EXPECT_WRITES(ep, phys(same), same, 8);
}

TEST(N_RST_1, old_domain_id_starts_empty, NEEDS_DOMAIN)
{
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(restart_device(AT, iommu.wanted));
	if (!expect_reattach_empty(AT, &s))
		return;
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	reply = map_page(s.domain, s.iova, s.target, MAP_RW);
	EXPECT_OK(reply);
	if (is_ok(&reply))
		REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* A device may keep a number of the session with what it remembers, and the number may come again. */
#define SESSIONS 32

/* The domain is made again after 1, 2, 4 and more resets, up to SESSIONS: it has nothing of the first one. */
TEST(N_RST_1, old_domain_id_starts_empty_many_sessions_later, NEEDS_DMA)
{
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	for (unsigned int session = 1; session <= SESSIONS && no_defect_so_far(); session++) {
		REQUIRE(restart_device(AT, iommu.wanted));
		if (session & (session - 1))
			continue;
		if (!expect_reattach_empty(AT, &s))
			return;
		EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	}
}

/*
 * A reset of each kind, of a device in each state, with an endpoint in a domain of each kind.
 */

enum { DOMAIN, FROM, LOOK };
enum { NORMAL, BYPASS };
enum { RUNNING, FAILED, BROKEN, UNSERVED, BY_FUNCTION };
enum { NO_DRIVER, DRIVER_BACK };

static const char *const domains[] = {"normal domain", "bypass domain"};
static const char *const froms[] = {"running", "after the driver has failed", "after an error",
				    "with requests in flight", "by a function level reset"};
static const char *const looks[] = {"without a driver", "with the driver back"};

static const char *domain_unmet(unsigned int domain)
{
	if (domain == BYPASS && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	return NULL;
}

static const char *from_unmet(unsigned int from)
{
	return from == BY_FUNCTION && !pci_can_reset(iommu.dev.pci) ? "needs a function level reset" : NULL;
}

static const struct dimension dimensions[] = {
	[DOMAIN] = {"domain", domains, ARRAY_SIZE(domains), domain_unmet},
	[FROM] = {"from", froms, ARRAY_SIZE(froms), from_unmet},
	[LOOK] = {"look", looks, ARRAY_SIZE(looks), NULL},
};

/* The page is at the address that it is reached by in the domain, with the rings of the endpoint. */
static bool enter(struct source_line at, unsigned int domain, struct page_fixture *s)
{
	if (domain == NORMAL)
		return map_one_page(at, s);
	*s = (struct page_fixture){.ep = endpoint(0), .domain = fresh_domain(), .target = watched_pages(1)};
	s->iova = phys(s->target);
	return attach_bypass(at, s->ep, s->domain);
}

static void publish_attach(const struct page_fixture *s)
{
	struct attach_request request = {{.type = REQUEST_ATTACH}, s->domain, s->ep->id, 0, {0}};

	queue_raw(&request, sizeof(request), arena_alloc(sizeof(struct request_tail), 8));
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
}

static bool reset_from(struct source_line at, unsigned int from, const struct page_fixture *s)
{
	switch (from) {
	case FAILED:
		iommu.dev.transport->set_status(&iommu.dev,
						iommu.dev.transport->status(&iommu.dev) | VIRTIO_FAILED);
		break;
	case BROKEN:
		if (!break_request_queue()) {
			silent("the device does not ask for a reset when a driver breaks the ring");
			return false;
		}
		break;
	case UNSERVED:
		publish_attach(s);
		break;
	case BY_FUNCTION:
		if (!pci_reset(iommu.dev.pci))
			judge(VERDICT_FAIL, at, "the function is there after its reset",
			      "vendor and device id %#x", pci_read32(iommu.dev.pci, PCI_VENDOR_ID));
		return true;
	}
	return reset_device(at);
}

static void play(struct source_line at, const cell_t cell)
{
	struct page_fixture s;
	if (!set_unattached_bypass(false))
		return skip("unattached endpoints always bypass");
	if (!enter(at, cell[DOMAIN], &s) || !expect_writes(at, VERDICT_ERROR, s.ep, s.iova, s.target, 8))
		return;
	if (!reset_from(at, cell[FROM], &s))
		return (void)restart_device(at, iommu.wanted);
	if (cell[LOOK] == DRIVER_BACK && restart_device(at, iommu.wanted))
		expect_no_domain(at, s.domain);
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) && (iommu_bypass() & 1))
		skip("unattached endpoints bypass after the reset");
	else
		expect_write_blocked(at, s.ep, s.iova, 8);
	if (restart_device(at, iommu.wanted))
		require_alive(at, s.ep, NULL);
}

static const struct product resets = {
	.name = "resets",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

TEST(N_RST_1, no_endpoint_is_attached_after_any_reset, NEEDS_DMA)
{
	PRODUCT(&resets, EVERY_CELL);
}
