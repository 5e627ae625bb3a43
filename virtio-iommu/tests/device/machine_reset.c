// SPDX-License-Identifier: BSD-3-Clause
/*
 * A reset of the machine (virtio 1.4, 5.13.4). The test starts, resets the machine, and is started
 * again by the next boot, which goes the same way up to here. That it is the second time is written
 * on a disk, which alone remembers.
 */
#include <string.h>

#include "boot.h"
#include "judge/steps/attach.h"
#include "judge/steps/bypass.h"
#include "judge/test.h"

struct marker {
	char text[23];
	uint8_t bypass;		/* before it was written */
};

static const char text[23] = "reset by DEV-CFG-5 ...";

/* In the private page, after what the master uses. */
#define MARKER_OFFSET (2 * DMA_PAGE_BYTES)

_Static_assert(MARKER_OFFSET + sizeof(struct marker) <= PRIVATE_PAGE, "fits the private page");

static bool keep(struct endpoint *ep, const struct marker *marker)
{
	struct marker seen;

	memcpy(ep->dma.page + MARKER_OFFSET, marker, sizeof(*marker));
	return dma_read(&ep->dma, ep->page_iova + MARKER_OFFSET, &seen, sizeof(seen)) == DMA_DONE &&
	       !memcmp(&seen, marker, sizeof(seen));
}

static bool is_second_boot(struct endpoint *ep, struct marker *seen)
{
	return dma_recall(&ep->dma, 0, seen, sizeof(*seen)) == DMA_DONE &&
	       !memcmp(seen->text, text, sizeof(text));
}

static void judge_second_boot(struct source_line at, const struct marker *seen)
{
	if (iommu.initial_bypass != seen->bypass)
		judge(BY_LEVEL, at, "bypass as it was before the first write", "%u, was %u",
		      iommu.initial_bypass, seen->bypass);
	expect_unattached(at, endpoint(0));
}

/* A machine that is about to be reset runs on for a moment. */
static void reset_machine(void)
{
	struct deadline deadline = deadline_in(REPLY_TIMEOUT_US);

	boot_reset();
	while (!deadline_over(&deadline))
		;
}

/* DEV-CFG-5 (SHOULD): A system reset is expected to bring `bypass` back to its initial value */
TEST(DEV_CFG_5, machine_reset_restores_bypass, NEEDS_DMA | NEEDS_BYPASS_CONFIG | NEEDS_MACHINE_RESET)
{
	struct endpoint *ep = endpoint_named("virtio-blk");
	struct marker marker = {.bypass = iommu.initial_bypass}, seen;
	uint32_t domain = fresh_domain();
	bool second;

	if (!ep)
		SKIP("needs a disk behind the IOMMU, which remembers over the reset");
	if (private_page_size() <= MARKER_OFFSET)
		NOT_APPLICABLE("the input range has no room for what the disk is to remember");
	REQUIRE(attach_with_dma(AT, ep, domain));
	second = is_second_boot(ep, &seen);
	if (!second)
		memcpy(marker.text, text, sizeof(text));
	REQUIRE(keep(ep, &marker));
	REQUIRE(detach_endpoint(AT, ep, domain));
	if (second)
		return judge_second_boot(AT, &seen);
	REQUIRE(write_bypass(AT, !iommu.initial_bypass));
	reset_machine();
	judge(VERDICT_ERROR, AT, "the machine is reset", "the test runs on after the reset");
}
