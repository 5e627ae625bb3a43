// SPDX-License-Identifier: BSD-3-Clause
/*
 * Endpoints that are no disks. An rng writes random bytes, a console or a network device writes what comes
 * from outside the guest, and what they read goes there: only what can be seen is judged.
 */
#include "driver/reserved.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/steps/mapping.h"
#include "judge/steps/page_fixture.h"
#include "judge/test.h"

/* Long enough for what comes from outside; nothing may. */
#define INPUT_US 300000

/* A page for the endpoint, and one after it that is not mapped. */
static bool map_page_for(struct source_line at, struct page_fixture *s, struct endpoint *ep)
{
	struct reply reply;

	s->ep = ep;
	s->domain = fresh_domain();
	s->iova = iova_window(2);
	s->target = watched_pages(2);
	if (!attach_with_dma(at, ep, s->domain))
		return false;
	reply = map_page(s->domain, s->iova, s->target, MAP_RW);
	return expect_status(at, SET_UP, &reply, STATUS_OK);
}

static void expect_writes_translated(struct source_line at, struct endpoint *ep)
{
	struct page_fixture s;

	if (!map_page_for(at, &s, ep))
		return;
	expect_writes(at, BY_LEVEL, ep, s.iova, s.target, 8);
	expect_write_blocked(at, ep, s.iova + iommu.page, 8);
	expect_writes(at, BY_LEVEL, ep, s.iova + 8, s.target + 8, 8);
}

/* Return true if input arrives for it to write: asked where no mapping stands in its way. */
static bool writes_in_bypass(struct endpoint *ep)
{
	uint8_t *page = watched_pages(1);
	struct effect effect = {0};

	if (!set_unattached_bypass(true))
		return false;
	dma_set_page_iova(&ep->dma, phys(ep->dma.page));
	ep->dma.timeout_us = INPUT_US;
	effect = write_effect(ep, phys(page), 8, page, 8);
	ep->dma.timeout_us = REPLY_TIMEOUT_US;
	set_unattached_bypass(false);
	return effect.exact;
}

static void expect_input_translated(struct source_line at, struct endpoint *ep)
{
	if (writes_in_bypass(ep))
		expect_writes_translated(at, ep);
	else
		skip("%s has nothing to write, not even in bypass", ep->dma.ops->name);
}

/* We see only that the read completes, not its data. A device that completes every read passes. */
static void expect_reads_allowed(struct source_line at, struct endpoint *ep)
{
	struct page_fixture s;
	uint8_t nothing[8];
	enum dma_result result;

	if (!map_page_for(at, &s, ep))
		return;
	result = dma_read(&ep->dma, s.iova, nothing, sizeof(nothing));
	if (result != DMA_UNVERIFIED)
		judge(BY_LEVEL, at, "an endpoint reads what is mapped for it",
		      result == DMA_SILENT ? "the read never ends" : "the read was refused");
}

/* DEV-ATTACH-12 (MUST): An ATTACH that is not refused really attaches */
TEST(DEV_ATTACH_12, rng_is_translated, NEEDS_MAP_UNMAP | NEEDS_RNG)
{
	expect_writes_translated(AT, endpoint_named("virtio-rng"));
}

TEST(DEV_ATTACH_12, console_input_is_translated, NEEDS_MAP_UNMAP | NEEDS_CONSOLE)
{
	expect_input_translated(AT, endpoint_named("virtio-console"));
}

TEST(DEV_ATTACH_12, console_output_is_translated, NEEDS_MAP_UNMAP | NEEDS_CONSOLE)
{
	expect_reads_allowed(AT, endpoint_named("virtio-console"));
}

TEST(DEV_ATTACH_12, received_frames_are_translated, NEEDS_MAP_UNMAP | NEEDS_NET)
{
	expect_input_translated(AT, endpoint_named("virtio-net"));
}

TEST(DEV_ATTACH_12, transmitted_frames_are_translated, NEEDS_MAP_UNMAP | NEEDS_NET)
{
	expect_reads_allowed(AT, endpoint_named("virtio-net"));
}
