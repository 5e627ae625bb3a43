// SPDX-License-Identifier: BSD-3-Clause
/*
 * Domains and their members (virtio 1.4, 5.13.6.3 and 5.13.6.4).
 */
#include "steps.h"
#include "test.h"

TEST(N_DOM_1, first_attach_creates_the_domain, NEEDS_DMA)
{
	struct endpoint *ep = endpoint(0);
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	reply = map(domain, iova, iova + iommu.page - 1, phys(target), MAP_RW);
	EXPECT_STATUS(reply, STATUS_NOENT);
	REQUIRE(join(ep, domain));
	reply = map(domain, iova, iova + iommu.page - 1, phys(target), MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(ep, iova, target, 8);
}

TEST(N_DOM_1, domain_ids_use_all_32_bits, NEEDS_DMA)
{
	static const uint32_t ids[] = {0, 1, 0xffff, 0x10000, 0x7fffffff, 0x80000000, UINT32_MAX};
	struct reply reply;

	for (unsigned int i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
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

TEST(N_DOM_2, last_detach_ends_the_domain, NEEDS_DMA)
{
	struct setting s;
	struct reply reply;

	REQUIRE(map_one_page(&s));
	REQUIRE(leave(s.ep, s.domain));
	reply = map(s.domain, s.iova, s.iova + iommu.page - 1, phys(s.target), MAP_RW);
	EXPECT_STATUS(reply, STATUS_NOENT);
	reply = unmap(s.domain, s.iova, s.iova + iommu.page - 1);
	EXPECT_STATUS(reply, STATUS_NOENT);
}

/* The id can be used again; the new domain has none of the old one's mappings. */
TEST(N_DOM_2, reused_id_starts_empty, NEEDS_DMA)
{
	struct setting s;
	struct reply reply;
	uint8_t *other = watched_pages(1);

	REQUIRE(map_one_page(&s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	REQUIRE(leave(s.ep, s.domain));
	REQUIRE(join(s.ep, s.domain));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	reply = map(s.domain, s.iova, s.iova + iommu.page - 1, phys(other), MAP_RW);
	EXPECT_OK(reply);
	EXPECT_WRITES(s.ep, s.iova, other, 8);
}

/* The same address in two domains: each endpoint reaches its own memory, and no other. */
TEST(N_DOM_3, same_address_in_two_domains, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *first = endpoint(0), *second = endpoint(1);
	uint64_t iova = iova_window(1), end = iova + iommu.page - 1;
	uint8_t *one = watched_pages(1), *two = watched_pages(1);
	uint32_t domain = fresh_domain(), other = fresh_domain();

	REQUIRE(join(first, domain));
	REQUIRE(join(second, other));
	REQUIRE_OK(map(domain, iova, end, phys(one), MAP_RW));
	REQUIRE_OK(map(other, iova, end, phys(two), MAP_RW));
	EXPECT_WRITES(first, iova, one, 8);
	EXPECT_WRITES(second, iova, two, 8);
	EXPECT_WRITES(first, iova + iommu.page - 1, one + iommu.page - 1, 1);
	EXPECT_READS(first, iova, one, 8);
	if (second->dma.ops->exact)
		EXPECT_READS(second, iova, two, 8);
}

TEST(N_DOM_3, mapping_of_another_domain_is_out_of_reach, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *first = endpoint(0), *second = endpoint(1);
	uint64_t iova = iova_window(2);
	uint8_t *one = watched_pages(1), *two = watched_pages(1);
	uint32_t domain = fresh_domain(), other = fresh_domain();

	REQUIRE(join(first, domain));
	REQUIRE(join(second, other));
	REQUIRE_OK(map(domain, iova, iova + iommu.page - 1, phys(one), MAP_RW));
	REQUIRE_OK(map(other, iova + iommu.page, iova + 2 * iommu.page - 1, phys(two), MAP_RW));
	EXPECT_WRITE_BLOCKED(second, iova, 8);
	EXPECT_WRITE_BLOCKED(first, iova + iommu.page, 8);
	EXPECT_READ_BLOCKED(first, iova + iommu.page, two, 8);
	REQUIRE_WRITES(first, iova, one, 8);
	REQUIRE_WRITES(second, iova + iommu.page, two, 8);
}

/* Domain ids have 32 bits: two that share the low half are not one. */
TEST(N_DOM_3, domains_with_equal_low_bits_are_two, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *first = endpoint(0), *second = endpoint(1);
	uint64_t iova = iova_window(1), end = iova + iommu.page - 1;
	uint8_t *one = watched_pages(1), *two = watched_pages(1);
	uint32_t domain = fresh_domain(), other = domain + 0x10000;

	if (other < domain || other > iommu.config.domain_end)
		SKIP("the domain range has less than 2^16 ids");
	REQUIRE(join(first, domain));
	REQUIRE(join(second, other));
	REQUIRE_OK(map(domain, iova, end, phys(one), MAP_RW));
	EXPECT_WRITE_BLOCKED(second, iova, 8);
	REQUIRE_OK(map(other, iova, end, phys(two), MAP_RW));
	EXPECT_WRITES(first, iova, one, 8);
	EXPECT_WRITES(second, iova, two, 8);
}

TEST(N_DOM_3, unmap_counts_for_one_domain, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *first = endpoint(0), *second = endpoint(1);
	uint64_t iova = iova_window(1), end = iova + iommu.page - 1;
	uint8_t *one = watched_pages(1), *two = watched_pages(1);
	uint32_t domain = fresh_domain(), other = fresh_domain();

	REQUIRE(join(first, domain));
	REQUIRE(join(second, other));
	REQUIRE_OK(map(domain, iova, end, phys(one), MAP_RW));
	REQUIRE_OK(map(other, iova, end, phys(two), MAP_RW));
	REQUIRE_WRITES(second, iova, two, 8);
	REQUIRE_OK(unmap(domain, iova, end));
	EXPECT_WRITE_BLOCKED(first, iova, 8);
	EXPECT_WRITES(second, iova, two, 8);
}

TEST(N_DOM_3, bridged_endpoint_is_isolated, NEEDS_DMA | NEEDS_TWO_ENDPOINTS | NEEDS_BRIDGED_ENDPOINT)
{
	struct endpoint *bridged = endpoint_bridged();
	struct endpoint *other = endpoint(bridged == endpoint(0));
	uint64_t iova = iova_window(1), end = iova + iommu.page - 1;
	uint8_t *one = watched_pages(1), *two = watched_pages(1);
	uint32_t domain = fresh_domain(), second = fresh_domain();

	REQUIRE(join(bridged, domain));
	REQUIRE(join(other, second));
	REQUIRE_OK(map(domain, iova, end, phys(one), MAP_RW));
	EXPECT_WRITE_BLOCKED(other, iova, 8);
	REQUIRE_OK(map(second, iova, end, phys(two), MAP_RW));
	EXPECT_WRITES(bridged, iova, one, 8);
	EXPECT_WRITES(other, iova, two, 8);
}

/* Attach a second endpoint, or skip: sharing is optional (DEV-ATTACH-4). */
#define SHARE(ep, domain)                                                                         \
	do {                                                                                      \
		struct reply reply_ = attach(domain, (ep)->id, 0);                                \
                                                                                                  \
		if (reply_.delivered && reply_.status == STATUS_UNSUPP)                           \
			SKIP("the device does not let endpoints share a domain");                 \
		EXPECT_OK(reply_);                                                                \
		REQUIRE(enable_dma(ep, domain));                                                  \
	} while (0)

TEST(N_DOM_4, both_members_reach_the_mapping, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct setting s;

	REQUIRE(map_one_page(&s));
	SHARE(second, s.domain);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
	EXPECT_WRITE_BLOCKED(second, s.iova + iommu.page, 8);
}

TEST(N_DOM_4, one_leaves_and_the_other_stays, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct setting s;

	REQUIRE(map_one_page(&s));
	SHARE(second, s.domain);
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_WRITES(second, s.iova, s.target, 8);
	REQUIRE_OK(detach(s.domain, second->id));
	EXPECT_WRITE_BLOCKED(second, s.iova, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

TEST(N_DOM_4, first_member_leaves_and_the_later_one_stays, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	struct setting s;

	REQUIRE(map_one_page(&s));
	SHARE(second, s.domain);
	if (!set_unattached_bypass(false))
		SKIP("unattached endpoints always bypass");
	REQUIRE_OK(detach(s.domain, s.ep->id));
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
}

/* Move endpoint(0) to a fresh domain, or skip: moving is optional (DEV-ATTACH-9). */
#define MOVE(ep, domain)                                                                          \
	do {                                                                                      \
		struct reply reply_ = attach(domain, (ep)->id, 0);                                \
                                                                                                  \
		if (reply_.delivered && reply_.status == STATUS_UNSUPP)                           \
			SKIP("the device does not move endpoints");                               \
		EXPECT_OK(reply_);                                                                \
		REQUIRE(enable_dma(ep, domain));                                                  \
	} while (0)

TEST(N_DOM_5, old_mapping_is_out_of_reach_after_a_move, NEEDS_DMA)
{
	uint8_t *other = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct setting s;

	REQUIRE(map_one_page(&s));
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
	MOVE(s.ep, domain);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_READ_BLOCKED(s.ep, s.iova, s.target, 8);
	REQUIRE_OK(map(domain, s.iova, s.iova + iommu.page - 1, phys(other), MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, other, 8);
	EXPECT_READS(s.ep, s.iova, other, 8);
}

/* With a second member the old domain lives on, without the one that left. */
TEST(N_DOM_5, old_domain_lives_on_without_the_one_that_moved, NEEDS_DMA | NEEDS_TWO_ENDPOINTS)
{
	struct endpoint *second = endpoint(1);
	uint8_t *other = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct setting s;

	REQUIRE(map_one_page(&s));
	SHARE(second, s.domain);
	MOVE(s.ep, domain);
	EXPECT_WRITE_BLOCKED(s.ep, s.iova, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
	REQUIRE_OK(map(domain, s.iova, s.iova + iommu.page - 1, phys(other), MAP_RW));
	EXPECT_WRITES(s.ep, s.iova, other, 8);
	EXPECT_WRITES(second, s.iova, s.target, 8);
}
