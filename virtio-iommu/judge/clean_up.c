// SPDX-License-Identifier: BSD-3-Clause
#include "driver/message.h"
#include "driver/placement.h"
#include "judge/clean_up.h"
#include "judge/test.h"
#include "judge/verdict.h"

/* The device is not as a test finds it: restart it. */
static bool is_changed(void)
{
	return placement_is_changed() || events_are_manual() || iommu.dev.accepted != iommu.wanted ||
	       !iommu_is_up();
}

static bool restart(void)
{
	placement_restore();
	return iommu_restart(iommu.wanted);
}

/* A dead device is found where it died, and does not spoil the next test. */
void clean_up(void)
{
	bool died = iommu.dead || virtio_needs_reset(&iommu.dev);
	const char *breach = requests_breach();

	allow_verdicts();
	if (breach)
		judge(VERDICT_FAIL, "after the test", "the device keeps to the buffers of its requests", "%s",
		      breach);
	if (died)
		judge(VERDICT_FAIL, "after the test", "the device goes on working",
		      iommu.dead ? "a request did not come back" : "it asks for a reset");
	endpoints_quiesce();
	messages_disable();
	if ((died || is_changed()) && !restart())
		judge(VERDICT_FAIL, "after the test", "the device comes back after a reset",
		      "it does not");
	iommu_detach_all();
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) && iommu_bypass() != iommu.initial_bypass)
		iommu_set_bypass(iommu.initial_bypass);
	event_drain();
	unwatch_all();
}
