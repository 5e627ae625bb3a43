// SPDX-License-Identifier: BSD-3-Clause
/*
 * Reserved regions: the property RESV_MEM (virtio 1.4, 5.13.6.8.1) and what it means.
 */
#include "reserved.h"
#include "steps.h"
#include "test.h"

#define NEEDS_REGIONS (NEEDS_ENDPOINT | NEEDS_PROBE | NEEDS_RESERVED_REGION)

TEST(DEV_RESV_1, reserved_bytes_are_zero, NEEDS_REGIONS)
{
	struct reply reply = probe(reserved_region(0)->endpoint);
	struct property_resv_mem property;
	uint32_t offset = 0;

	REQUIRE(is_ok(&reply));
	while (next_resv_mem(reply.bytes, iommu.config.probe_size, &offset, &property))
		EXPECT(!property.reserved[0] && !property.reserved[1] && !property.reserved[2],
		       "reserved is 0", "%02x %02x %02x", property.reserved[0], property.reserved[1],
		       property.reserved[2]);
}

TEST(DEV_RESV_2, at_most_one_msi_region, NEEDS_REGIONS)
{
	const struct reserved_region *region;
	unsigned int count;

	for (unsigned int i = 0; i < endpoint_count(); i++) {
		count = 0;
		for (unsigned int k = 0; (region = reserved_region(k)); k++)
			count += region->endpoint == endpoint(i)->id && region->subtype == RESV_MSI;
		EXPECT(count <= 1, "at most one MSI region", "endpoint %#x has %u", endpoint(i)->id,
		       count);
	}
}

static bool overlap(const struct reserved_region *a, const struct reserved_region *b)
{
	return a->endpoint == b->endpoint && a->start <= b->end && b->start <= a->end;
}

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

/* The first region of endpoint(0), in whole pages around it, with a free page on either side. */
static bool region_pages(uint64_t *start, uint64_t *end)
{
	const struct reserved_region *region;

	for (unsigned int i = 0; (region = reserved_region(i)); i++) {
		if (region->endpoint != endpoint(0)->id)
			continue;
		*start = region->start & -iommu.page;
		*end = region->end | (iommu.page - 1);
		return *start - iommu.config.input_start >= iommu.page &&
		       iommu.config.input_end - *end >= iommu.page;
	}
	return false;
}

static void map_region(const char *at, uint32_t domain, uint64_t start, uint64_t end)
{
	struct reply reply = map(domain, start, end, phys(watched_pages(1)), MAP_RW);

	if (!reply.used || !reply.delivered || reply.status == STATUS_OK)
		judge(broken(), at, "a status other than OK", "MAP of %#lx-%#lx: status %s", start, end,
		      status_name(reply.status));
}

TEST(DEV_RESV_4, map_over_a_region_is_refused, NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	uint64_t start, end, page = iommu.page;
	uint32_t domain = fresh_domain();

	if (!region_pages(&start, &end))
		SKIP("endpoint(0) has no region with room around it");
	REQUIRE(join(endpoint(0), domain));
	map_region(AT, domain, start, start + page - 1);
	map_region(AT, domain, end + 1 - page, end);
	map_region(AT, domain, start - page, start + page - 1);
	map_region(AT, domain, end + 1 - page, end + page);
	map_region(AT, domain, start - page, end + page);
}

TEST(DEV_RESV_4, pages_beside_a_region_can_be_mapped, NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	uint64_t start, end, page = iommu.page;
	uint8_t *target = watched_pages(2);
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!region_pages(&start, &end) || reserved_overlaps(start - page, start - 1) ||
	    reserved_overlaps(end + 1, end + page))
		SKIP("endpoint(0) has no region with room around it");
	REQUIRE(join(endpoint(0), domain));
	reply = map(domain, start - page, start - 1, phys(target), MAP_RW);
	EXPECT_OK(reply);
	reply = map(domain, end + 1, end + page, phys(target) + page, MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(endpoint(0), start - page, target, 8);
	EXPECT_WRITES(endpoint(0), end + 1, target + page, 8);
}

/* Seen from here: a region shows no memory, neither that at its address nor any that is mapped. */
TEST(DEV_RESV_5, write_into_a_region_reaches_no_memory, NEEDS_REGIONS | NEEDS_MAP_UNMAP)
{
	uint64_t start, end;
	struct setting s;

	if (!region_pages(&start, &end))
		SKIP("endpoint(0) has no region with room around it");
	if (reserved_region(0)->subtype != RESV_RESERVED)
		SKIP("the region is for MSI: a write there may be an interrupt");
	REQUIRE(map_one_page(&s));
	EXPECT_WRITE_BLOCKED(s.ep, start, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}
