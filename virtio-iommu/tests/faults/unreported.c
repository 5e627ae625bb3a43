// SPDX-License-Identifier: BSD-3-Clause
/*
 * Faults that no report is written of: without an event buffer a device drops the report or waits with it
 * (virtio 1.4, 5.13.6.9), and what mappings permit is the same as ever. Once there was never a buffer, and
 * once the only one may have been used.
 */
#include "driver/iova.h"
#include "judge/steps/attach.h"
#include "judge/steps/mapping.h"
#include "judge/test.h"

/* Page number i has flags i, as far as the device takes them; the last page is not mapped. */
#define PAGES 5
#define WRITABLE (PAGES - 2)

struct pages {
	struct endpoint *ep;
	uint32_t domain, flags[PAGES];
	uint64_t iova;
	uint8_t *memory;
};

static bool map_pages(struct source_line at, struct pages *p)
{
	for (uint32_t i = 0; i < PAGES - 1; i++) {
		uint64_t offset = i * iommu.page;
		struct reply reply = map_page(p->domain, p->iova + offset, p->memory + offset, i);

		p->flags[i] = is_ok(&reply) ? i : 0;
		if (i == MAP_RW && !expect_status(at, SET_UP, &reply, STATUS_OK))
			return false;
	}
	return true;
}

static bool start_without_buffers(struct source_line at, struct pages *p)
{
	*p = (struct pages){.ep = endpoint(0), .domain = fresh_domain(), .iova = iova_window(PAGES),
			    .memory = watched_pages(PAGES)};
	if (!iommu_restart_without_events()) {
		judge(SET_UP, at, "the device comes up", "it does not");
		return false;
	}
	return attach_with_dma(at, p->ep, p->domain) && map_pages(at, p);
}

static void expect_flags_kept(struct source_line at, const struct pages *p, uint32_t access)
{
	for (unsigned int i = 0; i < PAGES && no_defect_so_far(); i++) {
		uint64_t iova = p->iova + i * iommu.page;
		uint8_t *memory = p->memory + i * iommu.page;

		if (access == MAP_WRITE && !(p->flags[i] & MAP_WRITE))
			expect_write_blocked(at, p->ep, iova, 8);
		if (access == MAP_READ && !p->flags[i])		/* WRITE may imply READ (DEV-MAP-7) */
			expect_read_blocked(at, p->ep, iova, memory, 8);
		expect_writes(at, SET_UP, p->ep, p->iova + WRITABLE * iommu.page,
			      p->memory + WRITABLE * iommu.page, 8);
	}
}

static void expect_flags_kept_unreported(struct source_line at, uint32_t access)
{
	struct pages p;

	if (!start_without_buffers(at, &p))
		return;
	expect_flags_kept(at, &p, access);
	event_add_buffers((struct event_buffer){0}, 1);
	expect_flags_kept(at, &p, access);
}

/* DEV-MAP-6 (MUST NOT): A range mapped without the WRITE flag cannot be written by endpoints */
TEST(DEV_MAP_6, unreported_writes_are_blocked_as_well, NEEDS_DMA)
{
	expect_flags_kept_unreported(AT, MAP_WRITE);
}

/* N-MAP-4 (ISOLATION): Access allowed iff flags allow it; READ may be implied by WRITE; some ... */
TEST(N_MAP_4, unreported_reads_are_blocked_as_well, NEEDS_DMA | NEEDS_EXACT)
{
	expect_flags_kept_unreported(AT, MAP_READ);
}
