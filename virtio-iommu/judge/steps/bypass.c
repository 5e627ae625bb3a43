// SPDX-License-Identifier: BSD-3-Clause
#include "judge/accesses.h"
#include "judge/replies.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "memory.h"

static bool accepted(unsigned int bit)
{
	return iommu.dev.accepted & VIRTIO_FEATURE(bit);
}

bool set_unattached_bypass(bool on)
{
	if (accepted(VIRTIO_IOMMU_F_BYPASS_CONFIG)) {
		iommu_set_bypass(on);
		if ((iommu_bypass() & 1) == on)
			return true;
		silent("bypass does not take %u", on);	/* DRV-CFG-1 and N-BYP-5 judge that */
		return false;
	}
	return accepted(VIRTIO_IOMMU_F_BYPASS) == on;
}

bool write_bypass(struct source_line at, uint8_t value)
{
	uint8_t seen;

	iommu_set_bypass(value);
	seen = iommu_bypass();
	if (seen != value)
		judge(SET_UP, at, "bypass can be written (DRV-CFG-1)", "%#x after writing %#x", seen, value);
	return seen == value;
}

void expect_identity(struct source_line at, struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	expect_writes(at, BY_LEVEL, ep, phys(page), page, 8);
	expect_writes(at, BY_LEVEL, ep, phys(page) + iommu.page - 1, page + iommu.page - 1, 1);
	if (ep->dma.ops->exact)
		expect_reads(at, BY_LEVEL, ep, phys(page), page, 8);
}

void require_alive(struct source_line at, struct endpoint *ep, const void *secret)
{
	uint64_t iova = iova_window(1);
	uint8_t *target = watched_pages(1);
	uint32_t domain = fresh_domain();
	struct reply reply;

	if (!iommu_is_up() || !accepted(VIRTIO_IOMMU_F_MAP_UNMAP) || !attach_with_dma(at, ep, domain))
		return;
	if (secret && has_read(ep, secret, 8))
		judge(VERDICT_FAIL, at, "an endpoint that is not in bypass reads no memory",
		      "it has read the bytes at %#lx", phys(secret));
	reply = map_page(domain, iova, target, MAP_RW);
	if (expect_status(at, SET_UP, &reply, STATUS_OK))
		expect_writes(at, SET_UP, ep, iova, target, 8);
	detach_endpoint(at, ep, domain);
}

void expect_blocked(struct source_line at, struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	expect_write_blocked(at, ep, phys(page), 8);
	if (ep->dma.ops->exact && iommu_is_up())
		expect_read_blocked(at, ep, phys(page), page, 8);
	/* Not earlier: an ATTACH wipes out what a device may have forgotten. */
	require_alive(at, ep, page);
}

void expect_unattached(struct source_line at, struct endpoint *ep)
{
	bool config = iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG);

	if (config ? iommu_bypass() & 1 : accepted(VIRTIO_IOMMU_F_BYPASS))
		expect_identity(at, ep);
	else
		expect_blocked(at, ep);
}
