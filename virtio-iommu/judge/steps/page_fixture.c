// SPDX-License-Identifier: BSD-3-Clause
#include "judge/accesses.h"
#include "judge/replies.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"

bool attach_with_page(struct source_line at, const struct page_fixture *s, uint32_t flags)
{
	struct reply reply;

	if (!attach_with_dma(at, s->ep, s->domain))
		return false;
	reply = map_page(s->domain, s->iova, s->target, flags);
	if (flags != MAP_RW && is_refusal(&reply))
		silent_rest("the device has no mappings with these permissions");
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

bool map_one_page_as(struct source_line at, struct page_fixture *s, uint32_t flags)
{
	s->ep = endpoint(0);
	s->domain = fresh_domain();
	s->iova = iova_window(3) + iommu.page;
	s->target = watched_pages(3) + iommu.page;
	return attach_with_page(at, s, flags);
}

bool map_one_page(struct source_line at, struct page_fixture *s)
{
	return map_one_page_as(at, s, MAP_RW);
}

bool expect_reattach_empty(struct source_line at, const struct page_fixture *s)
{
	struct reply reply = attach(s->domain, s->ep->id, 0);

	if (!expect_status(at, BY_LEVEL, &reply, STATUS_OK))
		return false;
	reply = map_private_page(s->domain, s->ep);
	dma_set_page_iova(&s->ep->dma, s->ep->page_iova);
	return expect_status(at, BY_LEVEL, &reply, STATUS_OK);
}
