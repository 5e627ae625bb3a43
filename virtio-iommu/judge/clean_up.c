// SPDX-License-Identifier: BSD-3-Clause
#include "driver/iova.h"
#include "driver/message.h"
#include "driver/placement.h"
#include "judge/clean_up.h"
#include "judge/steps/hot_plug.h"
#include "judge/steps/restart.h"
#include "judge/test.h"
#include "judge/test_frame.h"

/* Return true if the device is not as a test finds it. */
static bool is_changed(void)
{
	return placement_is_changed() || iommu.altered || events_are_manual() ||
	       iommu.dev.accepted != iommu.wanted || !iommu_is_up();
}

static bool restart(void)
{
	placement_restore();
	return iommu_restart(iommu.wanted);
}

/* A device that died makes the test fail in which it died, and does not spoil the next one. */
void clean_up(void)
{
	const struct source_line at = {"after the test", 0};
	bool died = iommu.dead || virtio_needs_reset(&iommu.dev);
	const char *breach = requests_breach();

	allow_verdicts();
	if (breach)
		judge_harm(at, "the device keeps to the buffers of its requests", "%s", breach);
	if (died)
		judge(VERDICT_FAIL, at, "the device answers after the test", "%s, device_status %s",
		      iommu.dead ? "a request did not come back" : "it asks for a reset",
		      device_status_now());
	endpoints_quiesce();
	slot_clear(at);
	messages_disable();
	if ((died || is_changed()) && !restart())
		judge(VERDICT_FAIL, at, "the device comes back after a reset", "device_status %s",
		      device_status_now());
	iommu_detach_all();
	if (iommu_offers(VIRTIO_IOMMU_F_BYPASS_CONFIG) && iommu_bypass() != iommu.initial_bypass)
		iommu_set_bypass(iommu.initial_bypass);
	event_drain();
	unwatch_all();
	iova_give_back();
}
