// SPDX-License-Identifier: BSD-3-Clause
/*
 * Ids of domains and endpoints that differ in one bit are two, in each request that names them (virtio 1.4,
 * 5.13.6.3 to 5.13.6.7). Ids have 32 bits: a device that keeps fewer, or takes an id apart, finds one that
 * was not meant.
 */
#include "judge/bits.h"
#include "judge/product.h"
#include "judge/steps/page_fixture.h"
#include "topology/firmware.h"
#include "util.h"

enum { NAMED, ID_BIT };
enum {
	DOMAIN_ATTACH, DOMAIN_DETACH, DOMAIN_MAP, DOMAIN_UNMAP,
	ENDPOINT_ATTACH, ENDPOINT_DETACH, ENDPOINT_PROBE,
};

static const char *const named[] = {
	[DOMAIN_ATTACH] = "domain in attach", [DOMAIN_DETACH] = "domain in detach",
	[DOMAIN_MAP] = "domain in map", [DOMAIN_UNMAP] = "domain in unmap",
	[ENDPOINT_ATTACH] = "endpoint in attach", [ENDPOINT_DETACH] = "endpoint in detach",
	[ENDPOINT_PROBE] = "endpoint in probe",
};

static const struct dimension dimensions[] = {
	[NAMED] = {"named", named, ARRAY_SIZE(named), NULL},
	[ID_BIT] = {"bit", bit_names, BITS, NULL},
};

static bool is_domain(uint32_t id)
{
	return id >= iommu.config.domain_start && id <= iommu.config.domain_end;
}

/* Ids are tried up to this one from the start of the range: of all bits one has both values there. */
#define MOST_IDS 64

/* A domain such that its twin, by @bit, is in the domain range as well. No domain exists. */
static bool find_domain(uint32_t bit, uint32_t *domain)
{
	for (uint32_t i = 0; i < MOST_IDS; i++) {
		*domain = iommu.config.domain_start + i;
		if (is_domain(*domain) && is_domain(*domain ^ bit))
			return true;
	}
	return false;
}

/* An attached endpoint with one mapped page, in a domain of this id; the next page is free. */
static bool make_fixture(struct source_line at, struct page_fixture *s, struct endpoint *ep, uint32_t domain)
{
	struct reply reply;

	*s = (struct page_fixture){.ep = ep, .domain = domain, .iova = iova_window(2),
				   .target = watched_pages(2)};
	if (!attach_with_dma(at, ep, domain))
		return false;
	reply = map(domain, s->iova, s->iova + iommu.page - 1, phys(s->target), MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

/* UNMAP is for the domain that it names, whichever one the request before it was for. */
static void expect_own_unmap(struct source_line at, const struct page_fixture *s,
			     const struct page_fixture *twin)
{
	struct reply reply = map_page(s->domain, s->iova + iommu.page, s->target + iommu.page, MAP_RW);

	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	unmap_page(twin->domain, twin->iova);
	expect_write_blocked(at, twin->ep, twin->iova, 8);
	expect_writes(at, BY_LEVEL, s->ep, s->iova + iommu.page, s->target + iommu.page, 8);
}

/* Two domains: each endpoint has its own memory, at addresses where the other has none. */
static void attach_twin(struct source_line at, const struct page_fixture *s, uint32_t bit)
{
	struct page_fixture twin;

	if (!make_fixture(at, &twin, endpoint(1), s->domain ^ bit))
		return;
	expect_writes(at, BY_LEVEL, twin.ep, twin.iova, twin.target, 8);
	if (twin.iova != s->iova) {
		expect_write_blocked(at, twin.ep, s->iova, 8);
		expect_write_blocked(at, s->ep, twin.iova, 8);
	}
	expect_own_unmap(at, s, &twin);
}

/* The endpoint is not in the domain that is named; what is said to that is open (AMB-7). */
static void detach_twin(struct source_line at, const struct page_fixture *s, uint32_t bit)
{
	struct reply reply = detach(s->domain ^ bit, s->ep->id);

	if (!reply.delivered || reply.status != STATUS_INVAL)
		info(at, "DETACH from a domain that does not exist: %s", status_name(reply.status));
}

static void map_twin(struct source_line at, const struct page_fixture *s, uint32_t bit)
{
	uint64_t iova = s->iova + iommu.page;
	struct reply reply = map(s->domain ^ bit, iova, iova + iommu.page - 1, phys(s->target) + iommu.page,
				 MAP_RW);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
	expect_write_blocked(at, s->ep, iova, 8);
}

static void unmap_twin(struct source_line at, const struct page_fixture *s, uint32_t bit)
{
	struct reply reply = unmap(s->domain ^ bit, s->iova, s->iova + iommu.page - 1);

	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
}

/* The domain of the first endpoint is there; its twin is named. */
static void play_domain(struct source_line at, const cell_t cell)
{
	static void (*const name_twin[])(struct source_line, const struct page_fixture *, uint32_t) = {
		[DOMAIN_ATTACH] = attach_twin, [DOMAIN_DETACH] = detach_twin,
		[DOMAIN_MAP] = map_twin, [DOMAIN_UNMAP] = unmap_twin,
	};
	uint32_t bit = BIT(cell[ID_BIT]), domain;
	struct page_fixture s;

	if (!find_domain(bit, &domain))
		return not_applicable("the domain range has no two ids that differ in bit %#x alone", bit);
	if (!make_fixture(at, &s, endpoint(0), domain))
		return;
	name_twin[cell[NAMED]](at, &s, bit);
	expect_writes(at, cell[NAMED] == DOMAIN_DETACH ? VERDICT_WARN : BY_LEVEL, s.ep, s.iova, s.target, 8);
}

static struct reply name_endpoint(unsigned int request, uint32_t domain, uint32_t id)
{
	if (request == ENDPOINT_ATTACH)
		return attach(fresh_domain(), id, 0);
	return request == ENDPOINT_DETACH ? detach(domain, id) : probe(id);
}

/* The endpoint is attached; an id that no endpoint can have is named. */
static void play_endpoint(struct source_line at, const cell_t cell)
{
	uint32_t id = endpoint(0)->id ^ BIT(cell[ID_BIT]);
	struct page_fixture s;
	struct reply reply;

	if (!endpoint_id_is_unlisted(id) || id == topology_iommu_id(firmware.topology, firmware.iommu))
		return skip("the firmware lists endpoint id %#x, or it is the IOMMU's own", id);
	if (!map_one_page(at, &s))
		return;
	reply = name_endpoint(cell[NAMED], s.domain, id);
	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
	expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8);
}

static void play(struct source_line at, const cell_t cell)
{
	if (cell[NAMED] >= ENDPOINT_ATTACH)
		play_endpoint(at, cell);
	else
		play_domain(at, cell);
}

static const struct product id_bits = {
	.name = "bits of ids",
	DIMENSION_TABLE(dimensions),
	.play = play,
};

/* N-DOM-3 (ISOLATION): Different domains are isolated */
TEST(N_DOM_3, domains_that_differ_in_one_bit_are_two, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	PRODUCT(&id_bits, NAMED, BIT(DOMAIN_ATTACH));
}

/* DEV-DETACH-3 (MAY): Unknown domain, or endpoint not in that domain: the device can answer INVAL */
TEST(DEV_DETACH_3, domain_that_differs_in_one_bit_detaches_nobody, NEEDS_DMA)
{
	PRODUCT(&id_bits, NAMED, BIT(DOMAIN_DETACH));
}

/* DEV-MAP-4 (SHOULD): Unknown domain => expected refusal with NOENT */
TEST(DEV_MAP_4, domain_that_differs_in_one_bit_is_refused, NEEDS_DOMAIN)
{
	PRODUCT(&id_bits, NAMED, BIT(DOMAIN_MAP));
}

/* DEV-UNMAP-3 (SHOULD): Unknown domain => expected NOENT */
TEST(DEV_UNMAP_3, domain_that_differs_in_one_bit_is_refused, NEEDS_DOMAIN)
{
	PRODUCT(&id_bits, NAMED, BIT(DOMAIN_UNMAP));
}

/* DEV-ATTACH-3 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_ATTACH_3, id_that_differs_in_one_bit_does_not_exist, NEEDS_DOMAIN)
{
	PRODUCT(&id_bits, NAMED, BIT(ENDPOINT_ATTACH));
}

/* DEV-DETACH-2 (MUST): Unknown endpoint => refused with NOENT */
/* The reset is for devices that take an id for an endpoint once an ATTACH of another test has named it. */
TEST(DEV_DETACH_2, id_that_differs_in_one_bit_is_refused, NEEDS_DOMAIN)
{
	REQUIRE(iommu_restart(iommu.wanted));
	PRODUCT(&id_bits, NAMED, BIT(ENDPOINT_DETACH));
}

/* DEV-PROBE-2 (SHOULD): Unknown endpoint => expected refusal with NOENT */
TEST(DEV_PROBE_2, id_that_differs_in_one_bit_is_refused, NEEDS_DOMAIN | NEEDS_PROBE)
{
	REQUIRE(iommu_restart(iommu.wanted));
	PRODUCT(&id_bits, NAMED, BIT(ENDPOINT_PROBE));
}
