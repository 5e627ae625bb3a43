// SPDX-License-Identifier: BSD-3-Clause
#include <stdio.h>

#include "driver/iova.h"
#include "judge/replies.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "memory.h"
#include "util.h"

uint32_t fresh_domain(void)
{
	uint32_t domain;

	if (!take_domain(&domain))
		not_applicable_rest("the domain range has too few ids");
	return domain;
}

/*
 * Behind a device, or on a bus, endpoints may be inseparable (5.13.6.3). Where the next one is refused a
 * domain of its own for that, nothing can be said of two domains.
 */
static bool attach_or_report(struct source_line at, const struct endpoint *ep, uint32_t domain,
			     uint32_t flags)
{
	struct reply reply = attach(domain, ep->id, flags);

	if (reply.delivered && !reply.breach && reply.status == STATUS_UNSUPP &&
	    others_are_elsewhere(ep->id, domain))
		silent_rest("the device does not let these endpoints be in different domains");
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

bool enable_dma(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	struct reply reply;

	if (!ep->has_page_iova)
		not_applicable_rest(iommu.granule > MAX_GRANULE ? "needs a granule of at most 64 KiB" :
			  "the input range has no room for the rings of the endpoint");
	reply = map_private_page(domain, ep);
	dma_set_page_iova(&ep->dma, ep->page_iova);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

bool attach_endpoint(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	return attach_or_report(at, ep, domain, 0);
}

bool attach_with_dma(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	return attach_or_report(at, ep, domain, 0) && enable_dma(at, ep, domain);
}

bool attach_bypass(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	return attach_or_report(at, ep, domain, ATTACH_BYPASS);
}

bool detach_endpoint(struct source_line at, struct endpoint *ep, uint32_t domain)
{
	struct reply reply = detach(domain, ep->id);

	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

bool attach_or_skip(struct source_line at, const struct endpoint *ep, uint32_t domain, const char *reason)
{
	struct reply reply = attach(domain, ep->id, 0);

	if (reply.delivered && reply.status == STATUS_UNSUPP) {
		silent("%s", reason);
		return false;
	}
	expect_status(at, BY_LEVEL, &reply, STATUS_OK);
	return true;
}

bool alias_id(uint32_t id, unsigned int index, uint32_t *alias)
{
	static const uint32_t bits[] = {1u << 16, 1u << 17, 1u << 24, 1u << 31, 0xffff0000};

	if (index >= ARRAY_SIZE(bits))
		return false;
	*alias = id | bits[index];
	return true;
}

static struct reply unmap_first_page(uint32_t domain)
{
	return unmap_page(domain, iova_page());
}

/* UNMAP of nothing is OK in a domain that exists: there MAP is OK, too. */
static bool map_is_refused(uint32_t domain)
{
	uint64_t iova = iova_page();
	struct reply reply = map_page(domain, iova, arena_alloc_uninit(iommu.page, iommu.page), MAP_RW);

	if (is_ok(&reply))
		unmap_page(domain, iova);
	return reply.used && !reply.breach && !is_ok(&reply);
}

/* What else a device says of any domain that does not exist is a matter of DEV-UNMAP-3. */
static bool is_usual_for_none(const struct reply *reply, uint32_t named)
{
	struct reply usual;
	uint32_t domain;

	if (!reply->used || reply->breach || !peek_fresh_domain(&domain))
		return false;
	if (is_ok(reply))
		return map_is_refused(named);
	usual = unmap_first_page(domain);
	return usual.used && usual.status == reply->status && usual.length == reply->length;
}

bool expect_no_domain(struct source_line at, uint32_t domain)
{
	struct reply reply;
	char expected[80];

	if (!iommu_offers(VIRTIO_IOMMU_F_MAP_UNMAP))
		return true;	/* nothing shows whether a domain exists */
	reply = unmap_first_page(domain);
	if ((reply.delivered && reply.status == STATUS_NOENT && !reply.breach) ||
	    is_usual_for_none(&reply, domain))
		return true;
	snprintf(expected, sizeof(expected), "domain %#x does not exist: UNMAP in it gives NOENT (6)",
		 domain);
	if (reply.used && !reply.breach)
		judge(BY_LEVEL, at, expected, "status %s, used.len %u", status_name(reply.status),
		      reply.length);
	else
		judge(VERDICT_FAIL, at, expected, "%s", reply.used ? reply.breach :
		      "the request did not come back");
	return false;
}
