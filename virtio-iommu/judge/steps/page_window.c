// SPDX-License-Identifier: BSD-3-Clause
#include "judge/accesses.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_window.h"
#include "memory.h"

bool make_page_window(struct source_line at, struct page_window *s, unsigned int pages)
{
	s->ep = endpoint(0);
	s->domain = fresh_domain();
	s->iova = iova_window(pages);
	s->target = watched_pages(pages);
	return attach_with_dma(at, s->ep, s->domain);
}

uint64_t page_start(const struct page_window *s, unsigned int page)
{
	return s->iova + page * iommu.page;
}

uint64_t page_end(const struct page_window *s, unsigned int page)
{
	return page_start(s, page + 1) - 1;
}

struct reply map_pages(const struct page_window *s, unsigned int first, unsigned int last)
{
	return map_range(s->domain, page_start(s, first), (last + 1 - first) * iommu.page,
			 s->target + first * iommu.page, MAP_RW);
}

struct reply unmap_pages(const struct page_window *s, unsigned int first, unsigned int last)
{
	return unmap(s->domain, page_start(s, first), page_end(s, last));
}

void expect_mapped(struct source_line at, const struct page_window *s, unsigned int first, unsigned int last)
{
	uint64_t from = first * iommu.page, to = (last + 1) * iommu.page - 1;

	expect_writes(at, BY_LEVEL, s->ep, s->iova + from, s->target + from, 1);
	expect_writes(at, BY_LEVEL, s->ep, s->iova + to, s->target + to, 1);
}

void expect_unmapped(struct source_line at, const struct page_window *s,
		     unsigned int first, unsigned int last)
{
	uint64_t from = first * iommu.page, to = last * iommu.page;

	expect_write_blocked(at, s->ep, s->iova + from, 1);
	expect_write_blocked(at, s->ep, s->iova + to, 1);
	if (!can_map(s->domain, s->iova + from, to - from + iommu.page, s->target + from))
		judge(BY_LEVEL, at, "what was unmapped can be mapped again", "MAP or UNMAP is refused");
}
