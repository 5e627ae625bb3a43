// SPDX-License-Identifier: BSD-3-Clause
/*
 * Messages of endpoints (5.13.6.5, flag MMIO; 5.13.6.8.2, MSI regions): a doorbell is memory to the
 * IOMMU. Each message follows an access of the endpoint that works, so that it is known to be sent.
 */
#include "driver/message.h"
#include "driver/reserved.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "pci/pci.h"

/* With READ, for a device may refuse WRITE alone. */
#define DOORBELL_FLAGS (MAP_RW | MAP_MMIO)

/* An endpoint that sends vector 0 for each access, and an address for its doorbell. */
struct sender {
	struct page_fixture s;
	const struct msix *msix;
	struct msi_message message;	/* as the controller wants it */
	uint64_t door;			/* I/O virtual, one page */
};

static uint64_t page_of(uint64_t address)
{
	return align_down(address, iommu.page);
}

/* The doorbell as the endpoint sees it. */
static uint64_t door_address(const struct sender *m)
{
	return m->door + (m->message.address - page_of(m->message.address));
}

/* The first access is without messages, for it may take a device several ones. */
static bool ask_for_messages(struct source_line at, struct sender *m)
{
	if (!expect_writes(at, SET_UP, m->s.ep, m->s.iova, m->s.target, 8))
		return false;
	m->msix = messages_on(m->s.ep->place.pci);
	if (!m->msix || !message_set(m->msix, 0, &m->message))
		return false;
	dma_stop(&m->s.ep->dma);
	m->s.ep->dma.messages = true;
	return true;
}

static bool sender_open(struct source_line at, struct sender *m)
{
	if (!map_one_page(at, &m->s))
		return false;
	m->door = iova_window(1);
	return ask_for_messages(at, m);
}

/* An access, and after it a new message to @address. */
static bool send(struct source_line at, struct sender *m, uint64_t address)
{
	struct msi_message sent;

	if (!msi_alloc(&m->message, pci_requester_id(m->s.ep->place.pci)))
		return false;
	sent = m->message;
	sent.address = address;
	msix_set(m->msix, 0, &sent);
	return expect_writes(at, SET_UP, m->s.ep, m->s.iova, m->s.target, 8);
}

static bool expect_message(struct source_line at, struct sender *m, uint64_t address)
{
	if (!send(at, m, address))
		return false;
	if (message_comes(&m->message))
		return true;
	judge(BY_LEVEL, at, "the message arrives", "nothing at %#lx after a message to %#lx",
	      m->message.address, address);
	return false;
}

static void expect_no_message(struct source_line at, struct sender *m, uint64_t address)
{
	uint16_t events = event_count();

	if (send(at, m, address) && !message_stays_away(&m->message, events))
		judge(VERDICT_FAIL, at, "the message is blocked", "a message to %#lx arrived", address);
}

static struct reply map_door(const struct sender *m, uint32_t flags)
{
	return map(m->s.domain, m->door, m->door + iommu.page - 1, page_of(m->message.address), flags);
}

static struct reply unmap_door(const struct sender *m)
{
	return unmap_page(m->s.domain, m->door);
}

#define NEEDS_DOORBELL (NEEDS_DMA | NEEDS_MESSAGES | NEEDS_MMIO_FLAG)

/* N-MAP-6 (no keyword): MMIO mapping makes an MSI doorbell usable */
TEST(N_MAP_6, mmio_mapping_lets_messages_through, NEEDS_DOORBELL)
{
	struct sender m;

	REQUIRE(sender_open(AT, &m));
	REQUIRE_OK(map_door(&m, DOORBELL_FLAGS));
	for (unsigned int i = 0; i < 3; i++)
		expect_message(AT, &m, door_address(&m));
}

TEST(N_MAP_6, message_without_a_mapping_is_blocked, NEEDS_DOORBELL)
{
	struct sender m;

	REQUIRE(sender_open(AT, &m));
	expect_no_message(AT, &m, door_address(&m));
	REQUIRE_OK(map_door(&m, DOORBELL_FLAGS));
	expect_message(AT, &m, door_address(&m));
}

TEST(N_MAP_6, unmap_closes_the_doorbell, NEEDS_DOORBELL)
{
	struct sender m;

	REQUIRE(sender_open(AT, &m));
	REQUIRE_OK(map_door(&m, DOORBELL_FLAGS));
	if (!expect_message(AT, &m, door_address(&m)))
		return;
	REQUIRE_OK(unmap_door(&m));
	expect_no_message(AT, &m, door_address(&m));
}

TEST(N_MAP_6, read_only_mapping_lets_no_message_through, NEEDS_DOORBELL)
{
	struct sender m;

	REQUIRE(sender_open(AT, &m));
	MAP_OR_SKIP(map_door(&m, MAP_READ | MAP_MMIO));
	expect_no_message(AT, &m, door_address(&m));
	REQUIRE_OK(unmap_door(&m));
	REQUIRE_OK(map_door(&m, DOORBELL_FLAGS));
	expect_message(AT, &m, door_address(&m));
}

/* The doorbell of a mapping is open to the members of its domain. */
TEST(N_MAP_6, other_domain_keeps_its_doorbell_shut, NEEDS_DOORBELL | NEEDS_TWO_ENDPOINTS)
{
	struct sender m;
	struct endpoint *other = endpoint(1);
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, other, domain));
	REQUIRE(sender_open(AT, &m));
	REQUIRE_OK(map_door(&m, DOORBELL_FLAGS));
	if (!expect_message(AT, &m, door_address(&m)))
		return;
	REQUIRE_OK(unmap_door(&m));
	REQUIRE_OK(map(domain, m.door, m.door + iommu.page - 1, page_of(m.message.address),
		       DOORBELL_FLAGS));
	expect_no_message(AT, &m, door_address(&m));
}

/* Where both endpoints have a mapping at one address, each message goes its own way. */
TEST(N_MAP_6, message_goes_by_the_mappings_of_its_domain, NEEDS_DOORBELL | NEEDS_TWO_ENDPOINTS)
{
	struct sender m;
	uint32_t domain = fresh_domain();

	REQUIRE(attach_with_dma(AT, endpoint(1), domain));
	REQUIRE(sender_open(AT, &m));
	REQUIRE_OK(map_page(domain, m.door, watched_pages(1), MAP_RW));
	expect_no_message(AT, &m, door_address(&m));
	REQUIRE_OK(map_door(&m, DOORBELL_FLAGS));
	expect_message(AT, &m, door_address(&m));
}

/* Messages of an endpoint may go to @address by themselves. */
static bool in_msi_region(const struct endpoint *ep, uint64_t address)
{
	const struct reserved_region *r;

	for (unsigned int i = 0; (r = reserved_region(i)); i++)
		if (r->endpoint == ep->id && r->subtype == RESV_MSI && address >= r->start &&
		    address <= r->end)
			return true;
	return false;
}

TEST(N_MAP_6, doorbell_outside_of_regions_needs_a_mapping, NEEDS_DMA | NEEDS_MESSAGES | NEEDS_PROBE)
{
	struct sender m;

	REQUIRE(sender_open(AT, &m));
	if (in_msi_region(m.s.ep, m.message.address))
		NOT_APPLICABLE("the doorbell lies in an MSI region");
	expect_no_message(AT, &m, m.message.address);
	REQUIRE_OK(map_door(&m, iommu_offers(VIRTIO_IOMMU_F_MMIO) ? DOORBELL_FLAGS : MAP_RW));
	expect_message(AT, &m, door_address(&m));
}

TEST(N_MAP_6, msi_region_needs_no_mapping, NEEDS_DMA | NEEDS_MESSAGES)
{
	struct sender m;

	REQUIRE(sender_open(AT, &m));
	if (!in_msi_region(m.s.ep, m.message.address))
		NOT_APPLICABLE("needs an MSI region over the doorbell");
	for (unsigned int i = 0; i < 2; i++)
		expect_message(AT, &m, m.message.address);
}

/* N-BYP-4 (no keyword): Bypass domain beats config.bypass=0 */
/* A bypass domain translates nothing. */
TEST(N_BYP_4, message_passes_in_a_bypass_domain, NEEDS_ENDPOINT | NEEDS_MESSAGES | NEEDS_BYPASS_CONFIG)
{
	struct sender m = {.s = {.ep = endpoint(0), .target = watched_pages(1)}};

	m.s.iova = phys(m.s.target);
	REQUIRE(attach_bypass(AT, m.s.ep, fresh_domain()));
	REQUIRE(ask_for_messages(AT, &m));
	expect_message(AT, &m, m.message.address);
}

/* DRV-MAP-4 (SHOULD): Set the MMIO flag when the physical range is device registers */
/* The driver breaks a SHOULD: a device may care for the flag, or not. */
TEST(DRV_MAP_4, doorbell_mapped_without_mmio, NEEDS_DOORBELL)
{
	struct sender m;
	struct reply reply;
	bool passed;

	REQUIRE(sender_open(AT, &m));
	reply = map_door(&m, MAP_RW);
	if (!is_ok(&reply)) {
		INFO("MAP of a doorbell without MMIO: %s", status_name(reply.status));
		expect_no_message(AT, &m, door_address(&m));
		return;
	}
	passed = send(AT, &m, door_address(&m)) && message_comes(&m.message);
	INFO("MAP of a doorbell without MMIO is OK, a message %s", passed ? "arrives" : "does not arrive");
	REQUIRE_OK(unmap_door(&m));
	expect_no_message(AT, &m, door_address(&m));
}
