// SPDX-License-Identifier: BSD-3-Clause
/*
 * What an endpoint gets hangs on its id, not on the place that it is plugged into. Beside it another one,
 * at each place, is in a domain of its own with the same address, and sees nothing of it.
 */
#include "driver/message.h"
#include "judge/product.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/fault.h"
#include "judge/steps/mapping.h"
#include "judge/steps/restart.h"
#include "memory.h"
#include "pci/pci.h"
#include "util.h"

enum { PLACE, OTHER, WHAT };
enum { ROOT, ROOT_PORT, PCI_BRIDGE, SECOND_ROOT, SEGMENT, REGISTERS };
enum { MAPPING, DETACHED, PROBED, MESSAGE, REPORT, BYPASS_DOMAIN, CONFIG_BYPASS, RESET, OWN_PAGE };

static const char *const places[] = {"on a root bus", "behind a root port", "behind a pci bridge",
				     "on a second root", "on a second segment", "on virtio-mmio"};
static const char *const others[] = {"beside a root bus", "beside a root port", "beside a pci bridge",
				     "beside a second root", "beside a second segment", "beside virtio-mmio"};
static const char *const whats[] = {"mapping", "detach", "probe", "message", "fault report", "bypass domain",
				    "config bypass", "device reset", "own page"};

static uint16_t first_segment(void)
{
	return iommu.dev.pci ? iommu.dev.pci->segment : 0;
}

/* Return the place of the function, by the bridges above it. */
static unsigned int place_of(const struct endpoint *ep)
{
	const struct pci_dev *pci = ep->place.pci, *top = pci;

	if (!pci)
		return REGISTERS;
	if (pci->segment != first_segment())
		return SEGMENT;
	if (pci_requester_id(pci) != pci->bdf)
		return PCI_BRIDGE;
	while (top->bridge)
		top = top->bridge;
	if (PCI_BUS(top->bdf))
		return SECOND_ROOT;
	return pci->bridge ? ROOT_PORT : ROOT;
}

/* Return the first exact endpoint at @place that does not have the id of @but, which may be NULL. */
static struct endpoint *endpoint_at(unsigned int place, const struct endpoint *but)
{
	struct endpoint *ep;

	for (unsigned int i = 0; (ep = endpoint(i)); i++)
		if (ep->dma.ops->exact && !is_slow(ep) && place_of(ep) == place &&
		    (!but || ep->id != but->id))
			return ep;
	return NULL;
}

static const char *place_unmet(unsigned int place)
{
	return endpoint_at(place, NULL) ? NULL : "needs an exact endpoint at that place";
}

static const char *what_unmet(unsigned int what)
{
	if (what == PROBED && !iommu_offers(VIRTIO_IOMMU_F_PROBE))
		return "needs feature PROBE";
	if (what == BYPASS_DOMAIN && !iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG))
		return "needs feature BYPASS_CONFIG";
	if (what == MESSAGE && !(iommu_offers(VIRTIO_IOMMU_F_MMIO) && messages_can_be_seen()))
		return "needs feature MMIO and a doorbell for messages";
	return NULL;
}

static const struct dimension dimensions[] = {
	[PLACE] = {"place", places, ARRAY_SIZE(places), place_unmet},
	[OTHER] = {"other", others, ARRAY_SIZE(others), place_unmet},
	[WHAT] = {"what", whats, ARRAY_SIZE(whats), what_unmet},
};

/* An endpoint, and a page for it at the address at which the other one has its own. */
struct scene {
	struct endpoint *ep;
	uint32_t domain;
	uint64_t iova;
	uint8_t *target;
};

static bool expect_ok(struct source_line at, struct reply reply)
{
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}

static bool enter(struct source_line at, const struct scene *s)
{
	return attach_with_dma(at, s->ep, s->domain) &&
	       expect_ok(at, map_page(s->domain, s->iova, s->target, MAP_RW)) &&
	       expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
}

static void try_mapping(struct source_line at, const struct scene *s)
{
	if (!enter(at, s))
		return;
	expect_reads(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
	expect_write_blocked(at, s->ep, s->iova + iommu.page, 8);
	if (!expect_ok(at, unmap_page(s->domain, s->iova)))
		return;
	expect_write_blocked(at, s->ep, s->iova, 8);
	expect_read_blocked(at, s->ep, s->iova, s->target, 8);
}

static void try_detach(struct source_line at, const struct scene *s)
{
	if (!enter(at, s) || !expect_ok(at, detach(s->domain, s->ep->id)))
		return;
	expect_no_domain(at, s->domain);
	expect_unattached(at, s->ep);
}

/* Before and after it is attached. */
static void try_probe(struct source_line at, const struct scene *s)
{
	if (expect_ok(at, probe(s->ep->id)) && attach_endpoint(at, s->ep, s->domain))
		expect_ok(at, probe(s->ep->id));
}

/* A message of the endpoint, sent behind an access, by a page that is mapped to the doorbell, or no more. */
static bool send_message(struct source_line at, const struct scene *s, const struct msix *msix, uint64_t door,
			 struct msi_message *message)
{
	struct msi_message sent;

	if (!msi_alloc(message, pci_requester_id(s->ep->place.pci))) {
		skip("the interrupt controller has no message left");
		return false;
	}
	sent = *message;
	sent.address = door + (message->address & (iommu.page - 1));
	msix_set(msix, 0, &sent);
	return expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
}

static void ring_doorbell(struct source_line at, const struct scene *s, const struct msix *msix,
			  uint64_t doorbell)
{
	uint64_t door = iova_window(1);
	struct msi_message message;
	uint16_t events;

	if (!expect_ok(at, map(s->domain, door, door + iommu.page - 1, align_down(doorbell, iommu.page),
			       MAP_RW | MAP_MMIO)) || !send_message(at, s, msix, door, &message))
		return;
	if (!message_comes(&message))
		judge(BY_LEVEL, at, "the message arrives", "message %#x to %#lx did not come",
		      message.data, door);
	if (!expect_ok(at, unmap_page(s->domain, door)))
		return;
	events = event_count();
	if (send_message(at, s, msix, door, &message) && !message_stays_away(&message, events))
		judge(VERDICT_FAIL, at, "the message is blocked", "message %#x to %#lx came",
		      message.data, door);
}

static void try_message(struct source_line at, const struct scene *s)
{
	const struct msix *msix = has_msix(s->ep->place.pci) ? messages_on(s->ep->place.pci) : NULL;
	struct msi_message first;

	if (!msix)
		return skip("the endpoint sends no messages");
	if (!enter(at, s))
		return;
	if (!message_set(msix, 0, &first))
		return skip("the interrupt controller has no message left");
	dma_stop(&s->ep->dma);
	s->ep->dma.messages = true;
	ring_doorbell(at, s, msix, first.address);
}

static void try_report(struct source_line at, const struct scene *s)
{
	struct fault fault = {.ep = s->ep, .access = MAP_WRITE, .iova = s->iova + iommu.page, .size = 8,
			      .secret = s->target + iommu.page, .reason = FAULT_MAPPING};
	struct event event;

	if (!enter(at, s))
		return;
	if (!find_any_report(at, &fault, &event))
		return silent("the device does not report this fault");
	expect_eq(at, event.record.endpoint, s->ep->id, "endpoint of the report");
	expect_address(at, &event, fault.iova, fault.iova + fault.size - 1);
}

static void try_bypass_domain(struct source_line at, const struct scene *s)
{
	iommu_set_bypass(0);
	if (attach_bypass(at, s->ep, s->domain))
		expect_identity(at, s->ep);
}

static void try_config_bypass(struct source_line at, const struct scene *s)
{
	for (unsigned int on = 0; on < 2; on++)
		if (set_unattached_bypass(on))
			expect_unattached(at, s->ep);
}

static void try_reset(struct source_line at, const struct scene *s)
{
	if (!enter(at, s) || !restart_device(at, iommu.wanted))
		return;
	if (!set_unattached_bypass(false))
		return skip("unattached endpoints always bypass");
	expect_write_blocked(at, s->ep, s->iova, 8);
	require_alive(at, s->ep, NULL);
}

/* The other one has a page at the same address. */
static void try_own_page(struct source_line at, const struct scene *s)
{
	if (enter(at, s))
		expect_reads(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
}

static void (*const tries[])(struct source_line at, const struct scene *s) = {
	[MAPPING] = try_mapping,
	[DETACHED] = try_detach,
	[PROBED] = try_probe,
	[MESSAGE] = try_message,
	[REPORT] = try_report,
	[BYPASS_DOMAIN] = try_bypass_domain,
	[CONFIG_BYPASS] = try_config_bypass,
	[RESET] = try_reset,
	[OWN_PAGE] = try_own_page,
};

static void play(struct source_line at, const cell_t cell)
{
	uint64_t iova = iova_window(2);
	uint8_t *targets = watched_pages(4);
	struct scene s = {endpoint_at(cell[PLACE], NULL), fresh_domain(), iova, targets};
	struct scene other = {endpoint_at(cell[OTHER], s.ep), fresh_domain(), iova, targets + 2 * iommu.page};

	if (!other.ep)
		return skip("needs a second endpoint, with an id of its own");
	if (!enter(at, &other))
		return;
	tries[cell[WHAT]](at, &s);
	if (cell[WHAT] != RESET)
		expect_writes(at, BY_LEVEL, other.ep, iova, other.target, 8);
}

static const struct product product = {
	.name = "places",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

#define NEEDS_PLACES (NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_EXACT)

/* DEV-ATTACH-12 (MUST): An ATTACH that is not refused really attaches */
TEST(DEV_ATTACH_12, endpoint_at_each_place_is_translated, NEEDS_PLACES)
{
	PRODUCT(&product, WHAT, BIT(MAPPING));
}

/* DEV-DETACH-4 (MUST): After detach the endpoint cannot use any mapping of that domain */
TEST(DEV_DETACH_4, endpoint_at_each_place_is_detached, NEEDS_PLACES)
{
	PRODUCT(&product, WHAT, BIT(DETACHED));
}

/* DEV-OPS-1 (SHOULD): Successful requests complete with status 0 (OK) */
TEST(DEV_OPS_1, endpoint_at_each_place_is_probed, NEEDS_PLACES | NEEDS_PROBE)
{
	PRODUCT(&product, WHAT, BIT(PROBED));
}

/* N-MAP-6 (no keyword): MMIO mapping makes an MSI doorbell usable */
TEST(N_MAP_6, endpoint_at_each_place_rings_the_doorbell, NEEDS_PLACES | NEEDS_MESSAGES | NEEDS_MMIO_FLAG)
{
	PRODUCT(&product, WHAT, BIT(MESSAGE));
}

/* DEV-FAULT-3 (SHOULD): `endpoint` holds a valid endpoint ID */
TEST(DEV_FAULT_3, endpoint_at_each_place_is_named, NEEDS_PLACES)
{
	PRODUCT(&product, WHAT, BIT(REPORT));
}

/* N-BYP-4 (no keyword): Bypass domain beats config.bypass=0 */
TEST(N_BYP_4, endpoint_at_each_place_is_in_bypass, NEEDS_PLACES | NEEDS_BYPASS_CONFIG)
{
	PRODUCT(&product, WHAT, BIT(BYPASS_DOMAIN));
}

/* N-BYP-5 (ISOLATION): Writing `bypass` takes effect for unattached endpoints */
TEST(N_BYP_5, endpoint_at_each_place_follows_config_bypass, NEEDS_PLACES)
{
	PRODUCT(&product, WHAT, BIT(CONFIG_BYPASS));
}

/* N-RST-1 (ISOLATION): After device reset no endpoint is attached */
TEST(N_RST_1, endpoint_at_each_place_is_out_after_a_reset, NEEDS_PLACES)
{
	PRODUCT(&product, WHAT, BIT(RESET));
}

/* N-DOM-3 (ISOLATION): Different domains are isolated */
TEST(N_DOM_3, endpoint_at_each_place_reaches_its_own_page, NEEDS_PLACES)
{
	PRODUCT(&product, WHAT, BIT(OWN_PAGE));
}

/* The first endpoint whose function can be reset by itself, or NULL. */
static struct endpoint *resettable_endpoint(void)
{
	struct endpoint *ep;

	for (unsigned int i = 0; (ep = endpoint(i)); i++)
		if (ep->dma.ops->exact && !is_slow(ep) && pci_can_reset(ep->place.pci))
			return ep;
	return NULL;
}

/* What is reset is the endpoint: the IOMMU does not forget where that is attached. */
TEST(DEV_OPS_1, endpoint_stays_attached_over_its_function_level_reset, NEEDS_DMA | NEEDS_EXACT)
{
	struct scene s = {resettable_endpoint(), fresh_domain(), iova_window(2), watched_pages(2)};
	struct reply reply;

	if (!s.ep)
		SKIP("no endpoint has a function level reset");
	if (!enter(AT, &s))
		return;
	dma_stop(&s.ep->dma);
	if (!pci_reset(s.ep->place.pci))
		SKIP("the endpoint does not come back from its reset");
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_READS(s.ep, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova + iommu.page, 8);
	reply = detach(s.domain, s.ep->id);
	EXPECT_OK(reply);
	EXPECT_NO_DOMAIN(s.domain);
}
