// SPDX-License-Identifier: BSD-3-Clause
/*
 * From the hooks of the reference device to its bugs.
 */
#include "host/bugs/bugs.h"
#include "host/bugs/iommu/parts.h"
#include "host/bugs/lookup/lookup.h"
#include "host/bugs/queues/queues.h"
#include "host/bugs/takeover/takeover.h"
#include "host/bugs/upkeep/upkeep.h"

static struct model *model(void)
{
	return &ref_iommu.model;
}

static bool request_read(const struct chain *chain, struct model_request *r)
{
	if (bug_loses(chain, r) || bug_is_stuck())
		return true;
	bug_catch_up();
	if (bug_hostile_request(chain, r))
		return true;
	bug_misread(r);
	bug_reads_writable(chain, r);
	bug_misread_ranges(model(), r);
	return false;
}

static void request_decided(const struct model_request *r, struct decision *d)
{
	bug_decide(model(), r, d);
	bug_decide_probe(model(), r, d);
	bug_decide_open(model(), r, d);
	if (d->answer == STATUS_OK || d->answer == ANSWER_UNWRITTEN)
		return;
	bug_refused(model(), r, d);
	bug_refused_open(model(), r);
}

static bool execute(struct model *m, const struct model_request *r)
{
	switch (r->head.type) {
	case REQUEST_ATTACH:
		bug_rings_forget(MUTANT_MOVE_KEEPS_RINGS);
		return bug_attach(m, r);
	case REQUEST_DETACH:
		bug_rings_forget(MUTANT_DETACH_KEEPS_RINGS);
		return bug_detach(m, r);
	case REQUEST_MAP:
		return bug_map(m, r);
	case REQUEST_UNMAP:
		bug_rings_forget(MUTANT_UNMAP_KEEPS_RINGS);
		return bug_unmap(m, r);
	}
	return false;
}

static bool request_execute_wrongly(const struct model_request *r)
{
	return bug_postpone(r) || execute(model(), r) || bug_keeps_cached(model(), r);
}

static bool access(struct access *a, struct model_extent *extent)
{
	bug_access(a);
	*extent = (struct model_extent){0, UINT64_MAX, 0, MAP_RW};
	return bug_passes(model(), a) || bug_open_when_broken() || bug_region_passes(model(), a) ||
	       bug_finds_cached(a, extent);
}

static bool lookup(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	if (bug_blocks(model(), a)) {
		*reason = FAULT_UNKNOWN;
		return false;
	}
	return (found || bug_finds(model(), a, extent)) && bug_extent(a, extent);
}

static void translated(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	bug_translated(model(), a, extent, phys, length);
	bug_allowed(model(), a);
}

static enum access_fate message(struct access *a, uint64_t *phys)
{
	return bug_message(model(), a, phys);
}

static bool take_over(void)
{
	return stale_install() || permission_install() || width_install() || domain_id_install() ||
	       storage_install() || order_install() || batch_install() || framing_install() ||
	       answers_install() || member_install() || region_install() || place_install() ||
	       session_install() || report_install() || upkeep_install() || lookup_install() ||
	       prefetch_install() || migration_install() || machine_reset_install() ||
	       in_flight_install() || hot_plug_install() || other_cpu_install();
}

void bugs_install_iommu(void)
{
	if (take_over())
		return;
	iommu_hooks = (struct iommu_hooks){
		.power_on = bug_device,
		.request_read = request_read,
		.request_decided = request_decided,
		.request_execute = request_execute_wrongly,
		.reply_ready = bug_reply,
		.fault = bug_fault,
		.event_lost = bug_event_lost,
		.event_ready = bug_event_ready,
		.access = access,
		.lookup = lookup,
		.translated = translated,
		.message = message,
		.piece_lost = iommu_hooks.piece_lost,
		.migrated = iommu_hooks.migrated,
		.endpoint_came = iommu_hooks.endpoint_came,
		.endpoint_goes = iommu_hooks.endpoint_goes,
		.endpoint_gone = iommu_hooks.endpoint_gone,
	};
}
