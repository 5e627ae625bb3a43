// SPDX-License-Identifier: BSD-3-Clause
/*
 * Who has which endpoint id: what the firmware says, and what the device does (virtio 1.4, 5.13).
 */
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "memory.h"
#include "pci/pci.h"
#include "topology/firmware.h"

static uint32_t id_count(const struct endpoint_range *r)
{
	return r->mmio ? 1 : ((uint32_t)(r->segment_last - r->segment_first) << 16) + r->bdf_last -
				     r->bdf_first + 1;
}

static bool ids_meet(const struct endpoint_range *a, const struct endpoint_range *b)
{
	return a->endpoint_first < (uint64_t)b->endpoint_first + id_count(b) &&
	       b->endpoint_first < (uint64_t)a->endpoint_first + id_count(a);
}

static bool functions_meet(const struct endpoint_range *a, const struct endpoint_range *b)
{
	if (a->mmio || b->mmio)
		return a->mmio && b->mmio && a->base == b->base;
	return a->segment_first <= b->segment_last && b->segment_first <= a->segment_last &&
	       a->bdf_first <= b->bdf_last && b->bdf_first <= a->bdf_last;
}

/* Ranges in which some function has the same id by both are the same thing said twice. */
static bool ids_agree(const struct endpoint_range *a, const struct endpoint_range *b)
{
	return functions_meet(a, b) &&
	       a->endpoint_first - a->bdf_first == b->endpoint_first - b->bdf_first;
}

/* N-EP-1 (no keyword): Endpoint IDs are unique per IOMMU */
TEST(N_EP_1, table_gives_each_function_one_id, NEEDS_NOTHING)
{
	const struct topology *t = firmware.topology;

	for (unsigned int i = 0; i < t->range_count; i++)
		for (unsigned int j = 0; j < i; j++) {
			const struct endpoint_range *a = &t->ranges[i], *b = &t->ranges[j];

			EXPECT(!functions_meet(a, b) || ids_agree(a, b), "a function has one id",
			       "%#x is in a range with ids from %#x and in one from %#x",
			       a->bdf_first, a->endpoint_first, b->endpoint_first);
			EXPECT(a->iommu != b->iommu || ids_agree(a, b) || !ids_meet(a, b),
			       "two functions do not share an id",
			       "ranges with %#x ids from %#x and %#x from %#x", id_count(a),
			       a->endpoint_first, id_count(b), b->endpoint_first);
		}
}

/* Two exact endpoints with one id. */
static bool find_sharers(struct endpoint **a, struct endpoint **b)
{
	for (unsigned int i = 0; (*a = endpoint(i)); i++)
		for (unsigned int j = i + 1; (*b = endpoint(j)); j++)
			if ((*a)->id == (*b)->id && (*a)->dma.ops->exact && (*b)->dma.ops->exact)
				return true;
	return false;
}

/* Map the page of endpoint number @index, at the same address for all. */
static bool map_page_of(struct source_line at, unsigned int index, uint64_t iova, const uint8_t *pages)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!attach_with_dma(at, endpoint(index), domain))
		return false;
	reply = map_page(domain, iova, pages + index * iommu.page, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

TEST(N_EP_1, each_endpoint_comes_under_its_id, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint8_t *pages = watched_pages(endpoint_count());
	uint64_t iova = iova_window(1);
	struct endpoint *a, *b;

	if (find_sharers(&a, &b))
		SKIP("needs endpoints with an id each");
	for (unsigned int i = 0; i < endpoint_count(); i++)
		REQUIRE(map_page_of(AT, i, iova, pages));
	for (unsigned int i = 0; i < endpoint_count(); i++)
		if (writes_on_demand(endpoint(i)))
			EXPECT_WRITES(endpoint(i), iova, pages + i * iommu.page, 8);
}

/* What the id of a function would be if no bridge stood in front of it. */
static uint32_t bypassed_id(const struct endpoint *ep)
{
	return ep->id + ep->place.pci->bdf - pci_requester_id(ep->place.pci);
}

/* Accesses from behind a PCIe-to-PCI bridge arrive under the bridge's id; their own ids are unused. */
TEST(N_EP_1, functions_behind_a_pci_bridge_share_an_id, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	uint64_t iova = iova_window(1);
	uint8_t *page = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct endpoint *a, *b;

	if (!find_sharers(&a, &b))
		SKIP("needs two exact endpoints behind a PCIe-to-PCI bridge");
	REQUIRE(attach_with_dma(AT, a, domain) && enable_dma(AT, b, domain));
	REQUIRE_OK(map_page(domain, iova, page, MAP_RW));
	EXPECT_WRITES(a, iova, page, 8);
	EXPECT_WRITES(b, iova, page, 8);
	attach(fresh_domain(), bypassed_id(b), 0);
	EXPECT_WRITES(b, iova, page, 8);
	EXPECT_WRITES(a, iova, page, 8);
}

/* Return the first exact endpoint behind a bridge, NULL if there is none. */
static struct endpoint *endpoint_behind_bridge(void)
{
	struct endpoint *ep;

	for (unsigned int i = 0; (ep = endpoint(i)); i++)
		if (ep->dma.ops->exact && !is_slow(ep) && ep->place.pci && ep->place.pci->bridge)
			return ep;
	return NULL;
}

/* By its new id, and by no other one: what the old one is attached to has no part in it. */
static void expect_reached_by_id(struct source_line at, struct endpoint *ep, uint32_t old, const char *when)
{
	uint32_t domain = fresh_domain(), other = fresh_domain();
	uint64_t iova = iova_window(2);
	uint8_t *page = watched_pages(1);
	struct reply reply = attach(domain, ep->id, 0);

	if (!is_ok(&reply))
		return judge(BY_LEVEL, at, "the function is attached by the id of its new bus number",
			     "status %s %s", status_name(reply.status), when);
	if (!enable_dma(at, ep, domain))
		return;
	reply = map_page(domain, iova, page, MAP_RW);
	if (!expect_status(at, SET_UP, &reply, STATUS_OK))
		return;
	expect_writes(at, BY_LEVEL, ep, iova, page, 8);
	reply = attach(other, old, 0);
	expect_writes(at, BY_LEVEL, ep, iova, page, 8);
	expect_write_blocked(at, ep, iova + iommu.page, 8);
	if (is_ok(&reply))
		detach(other, old);
	detach_endpoint(at, ep, domain);
}

/* At once if the device knows the new id by then, and after a device reset. */
static void expect_new_id(struct source_line at, struct endpoint *ep, uint32_t old)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, ep->id, 0);

	if (is_ok(&reply)) {
		detach(domain, ep->id);
		expect_reached_by_id(at, ep, old, "at once");
	} else {
		info(at, "the new id is not known before a device reset: %s", status_name(reply.status));
	}
	if (restart_device(at, iommu.wanted))
		expect_reached_by_id(at, ep, old, "after a device reset");
}

/* Firmware numbers the buses, and the system may do it again: the id follows from the number (5.13.6.3). */
TEST(N_EP_1, endpoint_has_the_id_of_its_new_bus_number, NEEDS_DMA | NEEDS_BRIDGED_ENDPOINT)
{
	struct endpoint *ep = endpoint_behind_bridge();
	struct pci_dev *bridge;
	uint8_t number;
	uint32_t old;

	if (!ep)
		SKIP("needs an endpoint behind a bridge");
	bridge = ep->place.pci->bridge;
	number = bridge->secondary;
	old = ep->id;
	expect_reached_by_id(AT, ep, nobodys_id(), "before it has another one");
	dma_stop(&ep->dma);
	if (!pci_move_bus(firmware.pci, bridge))
		SKIP("no bus number is free for the bridge");
	if (endpoints_find_ids())
		expect_new_id(AT, ep, old);
	else
		skip("the tables have no id for the new bus number");
	dma_stop(&ep->dma);
	pci_set_bus(firmware.pci, bridge, number);
	endpoints_find_ids();
	REQUIRE(restart_device(AT, iommu.wanted));
}

/* Each id that follows from the table exists, and is that of the function. */
static void expect_ids(struct source_line at)
{
	uint8_t *page = watched_pages(1);
	uint64_t iova = iova_window(1);

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		uint32_t domain = fresh_domain();
		struct reply reply = attach(domain, endpoint(i)->id, 0);

		if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK) ||
		    !enable_dma(at, endpoint(i), domain))
			return;
		reply = map_page(domain, iova, page, MAP_RW);
		if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK) ||
		    !expect_writes(at, BY_LEVEL, endpoint(i), iova, page, 8) ||
		    !detach_endpoint(at, endpoint(i), domain))
			return;
	}
}

/* VIOT-2 (table rule): endpoint ID = ((segment - segment start) << 16) + BDF - BDF start + endpoint start */
TEST(VIOT_2, ids_follow_from_the_ranges, NEEDS_DMA | NEEDS_VIOT)
{
	expect_ids(AT);
}

/* FDT-6 (table rule): RID r in [rid-base, rid-base + length) has endpoint ID r - rid-base + ... */
TEST(FDT_6, ids_follow_from_the_map, NEEDS_DMA | NEEDS_FDT)
{
	expect_ids(AT);
}

static bool any_on_mmio(void)
{
	for (unsigned int i = 0; i < endpoint_count(); i++)
		if (!endpoint(i)->place.pci)
			return true;
	return false;
}

/* VIOT-4 (table rule): MMIO endpoint is matched by the base address of the device's first memory resource */
TEST(VIOT_4, endpoints_on_mmio_are_found_by_address, NEEDS_DMA | NEEDS_VIOT)
{
	if (!any_on_mmio())
		SKIP("needs an endpoint on virtio-mmio");
	expect_ids(AT);
}

/* FDT-10 (table rule): an endpoint that is no PCI function, or names its ID itself, has `iommus = ... */
TEST(FDT_10, ids_follow_from_iommus, NEEDS_DMA | NEEDS_FDT)
{
	if (!any_on_mmio())
		SKIP("needs an endpoint on virtio-mmio");
	expect_ids(AT);
}

/* What the IOMMU's own id is, or would be if the ranges below and above it were one. */
static uint32_t own_id(void)
{
	return topology_iommu_id(firmware.topology, firmware.iommu);
}

/* Its rings are memory's whatever domain its id is in. */
static void expect_rings_untouched(struct source_line at)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, own_id(), 0);
	struct page_fixture s;

	if (!reply.used || !map_one_page(at, &s))
		return judge(BY_LEVEL, at, "requests come back, whatever the IOMMU's own id is in",
			     "status of ATTACH: %s, then silence", status_name(reply.status));
	expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8);
	if (is_ok(&reply)) {
		reply = detach(domain, own_id());
		expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	}
}

/* VIOT-8 (table rule): the IOMMU's own BDF may lie inside a range; it does not translate itself */
TEST(VIOT_8, iommu_does_not_translate_itself, NEEDS_DMA | NEEDS_VIOT | NEEDS_PCI)
{
	expect_rings_untouched(AT);
}

/* FDT-7 (table rule): the IOMMU's own RID is left out of the map; it does not translate itself */
TEST(FDT_7, iommu_does_not_translate_itself, NEEDS_DMA | NEEDS_FDT | NEEDS_PCI)
{
	expect_rings_untouched(AT);
}

/* An endpoint that no range has is not the IOMMU's, neither its accesses nor its id. */
static void expect_outside(struct source_line at)
{
	struct endpoint *ep = endpoint_outside();
	uint8_t *page = watched_pages(1);
	struct page_fixture s;
	struct reply reply;

	set_unattached_bypass(false);
	if (!map_one_page(at, &s))
		return;
	reply = map_page(s.domain, phys(page), s.target, MAP_RW);
	if (is_ok(&reply))	/* it may be outside of the input range */
		expect_writes(at, SET_UP, s.ep, phys(page), s.target, 8);
	expect_writes(at, BY_LEVEL, ep, phys(page), page, 8);
	expect_reads(at, BY_LEVEL, ep, phys(page), page, 8);
	if (!endpoint_id_is_unlisted(ep->id))
		return;
	reply = attach(fresh_domain(), ep->id, 0);
	expect_status(at, BY_LEVEL, &reply, STATUS_NOENT);
	expect_writes(at, BY_LEVEL, ep, phys(page), page, 8);
	expect_writes(at, BY_LEVEL, s.ep, s.iova, s.target, 8);
}

/* VIOT-12 (table rule): an absent range for a function means no IOMMU in front of it (bypass by topology) */
TEST(VIOT_12, endpoint_outside_is_not_translated, NEEDS_DMA | NEEDS_VIOT | NEEDS_OUTSIDE)
{
	expect_outside(AT);
}

/* FDT-8 (table rule): a RID outside of all entries has no IOMMU */
TEST(FDT_8, endpoint_outside_is_not_translated, NEEDS_DMA | NEEDS_FDT | NEEDS_OUTSIDE)
{
	expect_outside(AT);
}

/* Return true for an id of a range that belongs to no function. */
static bool is_hole(uint32_t id)
{
	const struct pci *pci = firmware.pci;
	unsigned int iommu_index;
	uint32_t taken;

	for (unsigned int i = 0; i < pci->device_count; i++)
		if (topology_pci_endpoint(firmware.topology, pci->devices[i].segment,
					  pci->devices[i].bdf, &iommu_index, &taken) && taken == id)
			return false;
	return !endpoint_id_is_unlisted(id) && id != own_id();
}

/* If it exists, it may belong to the others (5.13.6.3), and there may be no room for its domain. */
static bool may_exist(const struct reply *reply)
{
	return reply->no_room || (reply->delivered && !reply->breach && reply->status == STATUS_UNSUPP);
}

/* Existing or not, it is no other endpoint: neither its neighbour's id nor a domain that stays. */
static void expect_hole(struct source_line at, const struct page_fixture *s, uint32_t id)
{
	uint32_t domain = fresh_domain();
	struct reply reply = attach(domain, id, 0);

	if (is_ok(&reply)) {
		reply = detach(domain, id);
		expect_status(at, BY_LEVEL, &reply, STATUS_OK);
		info(at, "id %#x can be attached", id);
	} else if (may_exist(&reply) || expect_status(at, BY_LEVEL, &reply, STATUS_NOENT)) {
		info(at, "ATTACH of id %#x: %s", id, status_name(reply.status));
	}
	expect_no_domain(at, domain);
	expect_writes(at, BY_LEVEL, s->ep, s->iova, s->target, 8);
}

/* AMB-17 (open point): Is an endpoint ID inside a VIOT/DT range without a function behind it 'existing'? */
TEST(AMB_17, id_of_a_range_without_a_function, NEEDS_DOMAIN)
{
	const struct topology *t = firmware.topology;
	const struct endpoint_range *last = &t->ranges[t->range_count - 1];
	uint32_t ids[4];
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	ids[0] = s.ep->id ^ 1;
	ids[1] = s.ep->id ^ 7;
	ids[2] = s.ep->id ^ 0x80;
	ids[3] = last->endpoint_first + id_count(last) - 1;
	for (unsigned int i = 0; i < 4; i++)
		if (is_hole(ids[i]))
			expect_hole(AT, &s, ids[i]);
}

/* DEV-ATTACH-3 (MUST): Unknown endpoint => refused with NOENT */
TEST(DEV_ATTACH_3, ids_beside_the_ranges_do_not_exist, NEEDS_NOTHING)
{
	const struct topology *t = firmware.topology;

	for (unsigned int i = 0; i < 2 * t->range_count; i++) {
		const struct endpoint_range *r = &t->ranges[i / 2];
		uint32_t id = i & 1 ? r->endpoint_first - 1 : r->endpoint_first + id_count(r);
		struct reply reply;

		if (!endpoint_id_is_unlisted(id) || id == own_id())
			continue;
		reply = attach(fresh_domain(), id, 0);
		EXPECT_STATUS(reply, STATUS_NOENT);
	}
}
