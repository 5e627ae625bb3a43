// SPDX-License-Identifier: BSD-3-Clause
#include "host/iommu/hooks.h"

static void power_on(void)
{
}

static bool request_read(const struct chain *chain, struct model_request *r)
{
	(void)chain, (void)r;
	return false;
}

static void request_decided(const struct model_request *r, struct decision *d)
{
	(void)r, (void)d;
}

static bool request_execute_hook(const struct model_request *r)
{
	(void)r;
	return false;
}

static void reply_ready(const struct chain *chain, const struct model_request *r,
			const struct decision *d, struct iommu_reply *reply)
{
	(void)chain, (void)r, (void)d, (void)reply;
}

static bool fault(struct fault_record *record)
{
	(void)record;
	return false;
}

static void event_lost(const struct fault_record *record)
{
	(void)record;
}

static bool event_ready(struct chain *chain, const struct fault_record *record, uint32_t *used)
{
	(void)chain, (void)record, (void)used;
	return false;
}

static bool access(struct access *a, struct model_extent *extent)
{
	(void)a, (void)extent;
	return false;
}

static bool lookup(const struct access *a, bool found, struct model_extent *extent, uint8_t *reason)
{
	(void)a, (void)extent, (void)reason;
	return found;
}

static void translated(const struct access *a, const struct model_extent *extent, uint64_t *phys,
		       uint64_t *length)
{
	(void)a, (void)extent, (void)phys, (void)length;
}

static enum access_fate message(struct access *a, uint64_t *phys)
{
	(void)a, (void)phys;
	return ACCESS_GOES_ON;
}

static bool piece_lost(enum migration_piece piece)
{
	(void)piece;
	return false;
}

static void migrated(void)
{
}

static void endpoint_changed(uint32_t endpoint)
{
	(void)endpoint;
}

static bool endpoint_goes(uint32_t endpoint)
{
	(void)endpoint;
	return false;
}

struct iommu_hooks iommu_hooks = {
	.power_on = power_on,
	.request_read = request_read,
	.request_decided = request_decided,
	.request_execute = request_execute_hook,
	.reply_ready = reply_ready,
	.fault = fault,
	.event_lost = event_lost,
	.event_ready = event_ready,
	.access = access,
	.lookup = lookup,
	.translated = translated,
	.message = message,
	.piece_lost = piece_lost,
	.migrated = migrated,
	.endpoint_came = endpoint_changed,
	.endpoint_goes = endpoint_goes,
	.endpoint_gone = endpoint_changed,
};
