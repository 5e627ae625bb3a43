// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reserved regions: the property RESV_MEM (virtio 1.4, 5.13.6.8.1) and what it means.
 */
#include "driver/iova.h"
#include "driver/reserved.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "standard/property.h"

#define NEEDS_REGIONS (NEEDS_ENDPOINT_ID | NEEDS_PROBE | NEEDS_RESERVED_REGION)

/* DEV-RESV-1 (SHOULD): `reserved[3]` of RESV_MEM is zero */
TEST(DEV_RESV_1, reserved_bytes_are_zero, NEEDS_REGIONS)
{
	struct reply reply = probe(reserved_region(0)->endpoint);
	struct property_resv_mem property;
	uint32_t offset = 0;

	REQUIRE_OK(reply);
	while (next_resv_mem(reply.bytes, iommu.config.probe_size, &offset, &property))
		EXPECT(!property.reserved[0] && !property.reserved[1] && !property.reserved[2],
		       "reserved is 0", "%02x %02x %02x", property.reserved[0], property.reserved[1],
		       property.reserved[2]);
}

/* DEV-RESV-2 (SHOULD NOT): No more than one MSI region per endpoint */
TEST(DEV_RESV_2, at_most_one_msi_region, NEEDS_REGIONS)
{
	const struct reserved_region *region;
	unsigned int count;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		count = 0;
		for (unsigned int k = 0; (region = reserved_region(k)); k++)
			count += region->endpoint == endpoint(i)->id && region->subtype == RESV_MSI;
		EXPECT_LE(count, 1, "MSI regions of endpoint %#x", endpoint(i)->id);
	}
}

static bool overlap(const struct reserved_region *a, const struct reserved_region *b)
{
	return a->endpoint == b->endpoint && a->start <= b->end && b->start <= a->end;
}

/* DEV-RESV-3 (SHOULD NOT): Regions of one endpoint do not overlap each other */
TEST(DEV_RESV_3, regions_do_not_overlap, NEEDS_REGIONS)
{
	const struct reserved_region *a, *b;

	for (unsigned int i = 0; (a = reserved_region(i)); i++) {
		EXPECT(a->start <= a->end, "start is not above end", "%#lx-%#lx", a->start, a->end);
		for (unsigned int k = 0; k < i && (b = reserved_region(k)); k++)
			EXPECT(!overlap(a, b), "regions that do not overlap",
			       "%#lx-%#lx and %#lx-%#lx of endpoint %#x", b->start, b->end, a->start,
			       a->end, a->endpoint);
	}
}

/* The regions of one answer to PROBE: none overlaps another one. */
static void expect_list_without_overlap(struct source_line at, uint32_t endpoint, unsigned int turn)
{
	struct property_resv_mem a, b;
	struct reply reply = probe(endpoint);
	uint32_t offset = 0, size = iommu.config.probe_size;

	if (!expect_status(at, VERDICT_ERROR, &reply, STATUS_OK))
		return;
	while (next_resv_mem(reply.bytes, size, &offset, &a))
		for (uint32_t rest = offset; next_resv_mem(reply.bytes, size, &rest, &b);)
			if (a.start <= b.end && b.start <= a.end)
				judge(BY_LEVEL, at, "regions that do not overlap",
				      "%#lx-%#lx and %#lx-%#lx of endpoint %#x, PROBE %u", a.start, a.end,
				      b.start, b.end, endpoint, turn);
}

/* Asked more than once, and at any time. */
TEST(DEV_RESV_3, regions_of_each_probe_do_not_overlap, NEEDS_REGIONS)
{
	uint32_t domain = fresh_domain();

	for (unsigned int turn = 0; turn < 4 && no_defect_so_far(); turn++) {
		if (turn == 2)
			REQUIRE(attach_endpoint(AT, endpoint(0), domain));
		for (unsigned int i = 0; i < endpoint_count(); i++)
			expect_list_without_overlap(AT, endpoint(i)->id, turn);
	}
}

/* The pages of a region. False if one of them is outside of the input range. */
static bool region_pages(const struct reserved_region *region, uint64_t *start, uint64_t *end)
{
	*start = align_down(region->start, iommu.page);
	*end = region->end | (iommu.page - 1);
	return *start >= iommu.config.input_start && *end <= iommu.config.input_end;
}

/* All regions of endpoint(0). */
static const struct reserved_region *next_region(unsigned int *index)
{
	const struct reserved_region *region;

	while ((region = reserved_region((*index)++)))
		if (region->endpoint == endpoint(0)->id)
			break;
	return region;
}

static bool is_refused(const struct reply *reply)
{
	return reply->used && reply->delivered && reply->status != STATUS_OK;
}

/* Unless the pages beside the region are outside of the input range: then that may be the reason. */
static void map_region(struct source_line at, uint32_t domain, uint64_t start, uint64_t end, uint8_t *target)
{
	struct reply reply;

	if (start < iommu.config.input_start || end > iommu.config.input_end || end < start)
		return;
	reply = map(domain, start, end, phys(target), MAP_RW);
	if (!is_refused(&reply))
		judge(BY_LEVEL, at, "a status other than OK", "MAP of %#lx-%#lx: status %s", start, end,
		      status_name(reply.status));
}

/* Return false if the region is not in the input range. */
static bool map_over(struct source_line at, uint32_t domain, const struct reserved_region *region)
{
	uint64_t start, end, page = iommu.page;
	uint8_t *target = watched_pages(1);

	if (!region_pages(region, &start, &end))
		return false;
	map_region(at, domain, start, start + page - 1, target);
	map_region(at, domain, end + 1 - page, end, target);
	map_region(at, domain, start - page, start + page - 1, target);
	map_region(at, domain, end + 1 - page, end + page, target);
	map_region(at, domain, start - page, end + page, target);
	return true;
}

#define NO_REGION "the endpoint has no region in the input range"

/* DEV-RESV-4 (SHOULD): A MAP touching a reserved region is expected to be refused */
TEST(DEV_RESV_4, map_over_a_region_is_refused, NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	const struct reserved_region *region;
	uint32_t domain = fresh_domain();
	unsigned int count = 0;

	REQUIRE(attach_with_dma(AT, endpoint(0), domain));
	for (unsigned int i = 0; (region = next_region(&i));)
		count += map_over(AT, domain, region);
	if (!count)
		NOT_APPLICABLE(NO_REGION);
}

/* Of a MAP that is refused not even the pages beside the region are there. */
TEST(DEV_RESV_4, refused_map_maps_nothing, NEEDS_ENDPOINT | NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	const struct reserved_region *region;
	uint64_t start, end, page = iommu.page;
	unsigned int count = 0;
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; (region = next_region(&i));) {
		if (!region_pages(region, &start, &end) || start < page || !iova_is_free(start - page, page))
			continue;
		count++;
		reply = map_range(s.domain, start - page, 2 * page, s.target + page, MAP_RW);
		if (is_ok(&reply))
			SILENT("the device maps reserved regions");
		EXPECT_WRITE_BLOCKED(s.ep, start - page, 8);
		EXPECT(can_map(s.domain, start - page, page, s.target), "the page in front is still free",
		       "a MAP of it does not succeed");
	}
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	if (!count)
		NOT_APPLICABLE("the endpoint has no region with a free page in front");
}

/*
 * The page that begins at @iova; @edge is its byte at the region. Return false if it is out of the input
 * range, or another region is there.
 */
static bool map_beside(struct source_line at, struct endpoint *ep, uint32_t domain, uint64_t iova,
		       uint64_t edge)
{
	uint8_t *target = watched_pages(1);
	struct reply reply;

	if (!iova_is_free(iova, iommu.page))
		return false;
	reply = map_page(domain, iova, target, MAP_RW);
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	expect_writes(at, BY_LEVEL, ep, edge, target + (edge - iova), 1);
	unmap_page(domain, iova);
	return true;
}

TEST(DEV_RESV_4, pages_beside_a_region_can_be_mapped, NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	const struct reserved_region *region;
	uint64_t start, end, page = iommu.page;
	uint32_t domain = fresh_domain();
	unsigned int count = 0;

	REQUIRE(attach_with_dma(AT, endpoint(0), domain));
	for (unsigned int i = 0; (region = next_region(&i));) {
		if (!region_pages(region, &start, &end))
			continue;
		if (start >= page)
			count += map_beside(AT, endpoint(0), domain, start - page, start - 1);
		if (end != UINT64_MAX)
			count += map_beside(AT, endpoint(0), domain, end + 1, end + 1);
	}
	if (!count)
		NOT_APPLICABLE("the endpoint has no region with a free page beside");
}

/* DRV-RESV-3 (SHOULD): Unknown subtype: treat as RESERVED */
/* What a driver does not know is as good as RESERVED (5.13.6.8.1). */
TEST(DRV_RESV_3, region_of_unknown_subtype_is_reserved, NEEDS_ENDPOINT | NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	const struct reserved_region *region;
	unsigned int count = 0;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; (region = next_region(&i));) {
		if (region->subtype <= RESV_MSI)
			continue;
		count++;
		map_over(AT, s.domain, region);
		EXPECT_WRITE_BLOCKED(s.ep, region->start, 8);
	}
	if (!count)
		NOT_APPLICABLE("no region has a subtype that is unknown");
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* DEV-RESV-5 (SHOULD NOT): Endpoint accesses to reserved regions are not expected to affect anything ... */
/* Seen from here: a region shows no memory, neither that at its address nor any that is mapped. */
TEST(DEV_RESV_5, write_into_a_region_reaches_no_memory, NEEDS_ENDPOINT | NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	const struct reserved_region *region;
	unsigned int i = 0;
	struct page_fixture s;

	while ((region = next_region(&i)) && region->subtype == RESV_MSI)
		;
	if (!region)
		NOT_APPLICABLE("all regions are for MSI: a write there may be an interrupt");
	REQUIRE(map_one_page(AT, &s));
	EXPECT_WRITE_BLOCKED(s.ep, region->start, 8);
	EXPECT_WRITE_BLOCKED(s.ep, region->end - 7, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(DEV_RESV_5, region_over_memory_keeps_it_untouched, NEEDS_ENDPOINT | NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	const struct reserved_region *region;
	unsigned int count = 0;
	struct page_fixture s;

	REQUIRE(map_one_page(AT, &s));
	for (unsigned int i = 0; (region = next_region(&i));) {
		if (region->subtype == RESV_MSI || !watched_page_at(region->start) ||
		    !watched_page_at(region->end + 1 - iommu.page))
			continue;
		count++;
		EXPECT_WRITE_BLOCKED(s.ep, region->start, 8);
		EXPECT_WRITE_BLOCKED(s.ep, region->end - 7, 8);
	}
	if (!count)
		NOT_APPLICABLE("no region lies over memory that is free");
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* A page of a region that the second endpoint has and the first has not. */
static bool foreign_region(uint64_t *start)
{
	const struct reserved_region *region, *own;
	uint64_t end;

	for (unsigned int i = 0; (region = reserved_region(i)); i++) {
		if (region->endpoint != endpoint(1)->id || region->subtype == RESV_MSI ||
		    !region_pages(region, start, &end))
			continue;
		for (unsigned int k = 0; (own = next_region(&k));)
			if (own->start <= end && own->end >= *start)
				break;
		if (!own)
			return true;
	}
	return false;
}

/* AMB-18 (open point): Attaching an endpoint whose reserved regions overlap mappings already in the domain */
/*
 * An endpoint that has a region where the domain has a mapping already. Attached or not: the mapping
 * is for the member that was there, and the region shows no memory.
 */
TEST(AMB_18, endpoint_joins_with_a_region_over_a_mapping,
     NEEDS_ENDPOINT | NEEDS_REGIONS | NEEDS_MAP_UNMAP | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct page_fixture s;
	struct reply reply;
	uint8_t *target = watched_pages(1);
	uint64_t iova;

	if (!foreign_region(&iova))
		NOT_APPLICABLE("no region is that of the second endpoint alone");
	REQUIRE(map_one_page(AT, &s));
	reply = map_page(s.domain, iova, target, MAP_RW);
	if (is_refusal(&reply))
		SILENT("the device maps no region, whoever has it");
	REQUIRE(is_ok(&reply));
	reply = attach(s.domain, second->id, 0);
	INFO("ATTACH of an endpoint with a region over a mapping: %s", status_name(reply.status));
	if (is_ok(&reply)) {
		REQUIRE(enable_dma(AT, second, s.domain));
		EXPECT_WRITE_BLOCKED(second, iova, 8);
		EXPECT_WRITES(second, s.iova, s.target, 8);
	} else {
		EXPECT(reply.delivered && (reply.status == STATUS_UNSUPP || reply.status == STATUS_INVAL),
		       "OK, UNSUPP or INVAL", "status %s", status_name(reply.status));
	}
	EXPECT_WRITES(s.ep, iova, target, 8);
}

static bool has_region(uint32_t id, const struct reserved_region *region)
{
	const struct reserved_region *other;

	for (unsigned int i = 0; (other = reserved_region(i)); i++)
		if (other->endpoint == id && other->start == region->start && other->end == region->end &&
		    other->subtype == region->subtype)
			return true;
	return false;
}

static bool same_regions(uint32_t one, uint32_t other)
{
	const struct reserved_region *region;

	for (unsigned int i = 0; (region = reserved_region(i)); i++)
		if ((region->endpoint == one && !has_region(other, region)) ||
		    (region->endpoint == other && !has_region(one, region)))
			return false;
	return true;
}

/* DEV-ATTACH-11 (SHOULD): Otherwise the attach is expected to be refused with UNSUPP */
/* Which properties go together is the device's business; that it says UNSUPP where not is not. */
TEST(DEV_ATTACH_11, refused_for_its_properties_is_unsupp, NEEDS_REGIONS | NEEDS_TWO_ENDPOINTS)
{
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (same_regions(endpoint(0)->id, endpoint(1)->id))
		NOT_APPLICABLE("the endpoints have the same reserved regions");
	REQUIRE_OK(attach(domain, endpoint(0)->id, 0));
	reply = attach(domain, endpoint(1)->id, 0);
	if (!is_ok(&reply))
		EXPECT_STATUS(reply, STATUS_UNSUPP);
	INFO("an endpoint with other regions joins the domain: %s", status_name(reply.status));
}
