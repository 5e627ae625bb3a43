// SPDX-License-Identifier: BSD-3-Clause
#include "driver/endpoint.h"
#include "driver/iommu.h"
#include "driver/iova.h"
#include "driver/reserved.h"
#include "util.h"

struct range {
	uint64_t start, end;	/* inclusive */
};

/* What the test took. More than that is not kept. */
#define MAX_TAKEN 64

static struct range taken[MAX_TAKEN];
static unsigned int taken_count;

static bool overlap(const struct range *a, const struct range *b)
{
	return a->start <= b->end && b->start <= a->end;
}

static bool find_region(const struct range *range, struct range *obstacle)
{
	const struct reserved_region *region;

	for (unsigned int i = 0; (region = reserved_region(i)); i++) {
		*obstacle = (struct range){region->start, region->end};
		if (overlap(range, obstacle))
			return true;
	}
	return false;
}

static bool find_private_page(const struct range *range, struct range *obstacle)
{
	const struct endpoint *ep;

	for (unsigned int i = 0; (ep = endpoint(i)); i++) {
		*obstacle = (struct range){ep->page_iova, ep->page_iova + private_page_size() - 1};
		if (ep->has_page_iova && overlap(range, obstacle))
			return true;
	}
	return false;
}

static bool find_taken(const struct range *range, struct range *obstacle)
{
	for (unsigned int i = 0; i < taken_count; i++) {
		*obstacle = taken[i];
		if (overlap(range, obstacle))
			return true;
	}
	return false;
}

static bool find_obstacle(const struct range *range, struct range *obstacle)
{
	return find_region(range, obstacle) || find_private_page(range, obstacle) ||
	       find_taken(range, obstacle);
}

static bool is_in_input_range(const struct range *range)
{
	return range->start <= range->end && range->start >= iommu.config.input_start &&
	       range->end <= iommu.config.input_end;
}

bool iova_is_free(uint64_t start, uint64_t size)
{
	struct range range = {start, start + size - 1}, obstacle;

	return is_in_input_range(&range) && !find_obstacle(&range, &obstacle);
}

/* What is rounded up past the last address comes round to 0, and is not above what it was. */
bool iova_find(uint64_t from, uint64_t size, uint64_t *start)
{
	uint64_t low = max(from, iommu.config.input_start);
	struct range range, obstacle;

	for (;; low = obstacle.end + 1) {
		range.start = align_up(low, iommu.page);
		range.end = range.start + size - 1;
		if (range.start < low || !is_in_input_range(&range))
			return false;
		*start = range.start;
		if (!find_obstacle(&range, &obstacle))
			return true;
		if (obstacle.end == UINT64_MAX)
			return false;
	}
}

bool iova_find_below(uint64_t limit, uint64_t size, uint64_t *start)
{
	uint64_t last = min(limit - 1, iommu.config.input_end);
	struct range range, obstacle;

	for (;; last = obstacle.start - 1) {
		if (last < size - 1)
			return false;
		range.start = align_down(last - (size - 1), iommu.page);
		range.end = range.start + size - 1;
		if (!is_in_input_range(&range))
			return false;
		*start = range.start;
		if (!find_obstacle(&range, &obstacle))
			return true;
		if (!obstacle.start)
			return false;
	}
}

void iova_take(uint64_t start, uint64_t size)
{
	if (taken_count < MAX_TAKEN)
		taken[taken_count++] = (struct range){start, start + size - 1};
}

void iova_give_back(void)
{
	taken_count = 0;
}

uint64_t iova_page(void)
{
	uint64_t start;

	return iova_find(0, iommu.page, &start) ? start : align_up(iommu.config.input_start, iommu.page);
}
