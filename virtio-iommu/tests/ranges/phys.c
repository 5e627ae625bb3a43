// SPDX-License-Identifier: BSD-3-Clause
/*
 * What phys_start leads to: registers, memory of the wrong kind, the ends of memory (virtio 1.4,
 * 5.13.6.5.1). Any status will do. What is reached is what the formula gives, or nothing.
 */
#include "driver/iova.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"
#include "pci/pci.h"

/* DRV-MAP-4 (SHOULD): Set the MMIO flag when the physical range is device registers */
TEST(DRV_MAP_4, memory_with_the_mmio_flag, NEEDS_DMA | NEEDS_MMIO_FLAG)
{
	struct page_fixture s;
	struct reply reply;
	uint64_t iova;

	REQUIRE(map_one_page(AT, &s));
	iova = s.iova + iommu.page;
	reply = map_page(s.domain, iova, s.target + iommu.page, MAP_RW | MAP_MMIO);
	INFO("MAP of memory with MMIO: %s", status_name(reply.status));
	if (is_ok(&reply))
		EXPECT_WRITE_STAYS_IN(s.ep, iova, 8, s.target + iommu.page, 8);
	else
		EXPECT_WRITE_BLOCKED(s.ep, iova, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}

/* Of the endpoint that comes last, which need not be the one that reads. */
static uint64_t registers(void)
{
	const struct device_location *place = &endpoint(endpoint_count() - 1)->place;
	const struct pci_dev *pci = place->pci;

	if (!pci)
		return place->registers;
	for (unsigned int i = 0; i < PCI_BARS; i++)
		if (!pci->bars[i].io && pci->bars[i].address)
			return pci->bars[i].address;
	return 0;
}

/* They are only read. What comes of that is the platform's business; the IOMMU lives on. */
static struct reply read_registers(const struct page_fixture *s, uint64_t address, uint32_t flags)
{
	uint64_t page = iommu.page, iova = s->iova + page;
	struct reply reply = map(s->domain, iova, iova + page - 1, align_down(address, page), flags);

	if (is_ok(&reply)) {
		can_read(s->ep, iova + (address & (page - 1)), s->target, 4);
		unmap_page(s->domain, iova);
	}
	return reply;
}

TEST(DRV_MAP_4, registers_with_and_without_the_mmio_flag, NEEDS_DMA)
{
	uint64_t address = registers();
	struct page_fixture s;
	struct reply reply;

	if (!address)
		SKIP("no endpoint has a memory BAR");
	REQUIRE(map_one_page(AT, &s));
	reply = read_registers(&s, address, MAP_READ);
	INFO("MAP of registers without MMIO: %s", status_name(reply.status));
	if (iommu_offers(VIRTIO_IOMMU_F_MMIO))
		read_registers(&s, address, MAP_READ | MAP_MMIO);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/* DRV-MAP-5 (SHOULD): One memory type per physical range */
/* The last page of our memory, and one more: other memory or none. Only read. */
TEST(DRV_MAP_5, range_past_the_end_of_memory, NEEDS_DMA)
{
	uint64_t page = iommu.page, memory = align_down(memory_end(), page) - page, iova = iova_window(2);
	struct page_fixture s;
	struct reply reply;

	REQUIRE(map_one_page(AT, &s));
	reply = map(s.domain, iova, iova + 2 * page - 1, memory, MAP_READ);
	INFO("MAP past the end of memory: %s", status_name(reply.status));
	can_read(s.ep, iova + page - 8, s.target, 16);
	can_read(s.ep, iova + page, s.target, 8);
	EXPECT_WRITES(s.ep, s.iova, s.target, 8);
}

/*
 * A mapping so large that its physical end, past 2^64, comes round to memory of ours. What the formula
 * gives there modulo 2^64 may be reached, and nothing else.
 */
TEST(DRV_MAP_5, range_past_the_last_address, NEEDS_DMA)
{
	uint64_t page = iommu.page, iova, distance, low = 1ull << 32;
	struct page_fixture s;
	struct reply reply;
	uint8_t *target;

	REQUIRE(map_one_page(AT, &s));
	target = watched_pages(3) + page;
	distance = page + phys(target);
	if (!iova_find(low, distance + page, &iova))
		NOT_APPLICABLE("the input range has no room for %#lx bytes", distance + page);
	reply = map(s.domain, iova, iova + distance + page - 1, 0 - page, MAP_RW);
	INFO("MAP past the last physical address: %s", status_name(reply.status));
	if (is_ok(&reply))
		EXPECT_WRITE_STAYS_IN(s.ep, iova + distance, 8, target, 8);
	else
		EXPECT_WRITE_BLOCKED(s.ep, iova + distance, 8);
	REQUIRE_WRITES(s.ep, s.iova, s.target, 8);
}
