// SPDX-License-Identifier: BSD-3-Clause
/*
 * Bugs of a migration: a piece of the state that is left out, and what comes back in place of it.
 */
#include <stdlib.h>

#include "host/bugs/takeover/takeover.h"
#include "host/iommu/iotlb.h"
#include "host/pci/bus.h"
#include "util.h"

static const struct {
	enum mutant_id mutant;
	enum migration_piece piece;
} left_out[] = {
	{MUTANT_MIGRATION_LOSES_ATTACHMENTS, PIECE_ATTACHMENTS},
	{MUTANT_MIGRATION_LOSES_DOMAINS, PIECE_DOMAINS},
	{MUTANT_MIGRATION_LOSES_BYPASS_DOMAINS, PIECE_BYPASS_DOMAINS},
	{MUTANT_MIGRATION_LOSES_MAPPINGS, PIECE_MAPPINGS},
	{MUTANT_MIGRATION_LOSES_PERMISSIONS, PIECE_PERMISSIONS},
	{MUTANT_MIGRATION_LOSES_BYPASS, PIECE_BYPASS},
	{MUTANT_MIGRATION_LOSES_STATUS, PIECE_STATUS},
	{MUTANT_MIGRATION_LOSES_FEATURES, PIECE_FEATURES},
	{MUTANT_MIGRATION_LOSES_QUEUES, PIECE_QUEUES},
	{MUTANT_MIGRATION_LOSES_AVAIL_INDEX, PIECE_AVAILABLE},
	{MUTANT_MIGRATION_LOSES_USED_INDEX, PIECE_USED},
	{MUTANT_MIGRATION_LOSES_EVENTS, PIECE_EVENTS},
};

static bool leave_out(enum migration_piece piece)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(left_out); i++)
		if (mutant(left_out[i].mutant))
			return left_out[i].piece == piece;
	return false;
}

#define FOR_EACH_MAPPING(mapping)                                                                 \
	for (struct model_mapping *mapping = ref_iommu.model.mappings;                            \
	     mapping < ref_iommu.model.mappings + ref_iommu.model.mapping_count; mapping++)

static void allow_all(void)
{
	FOR_EACH_MAPPING(mapping)
		mapping->flags |= MAP_RW;
}

static void accept_all(void)
{
	ref_iommu.vdev.accepted = ref_iommu.model.accepted = ref_iommu.vdev.offered;
}

/* All but the first N. */
static void keep_few(void)
{
	ref_iommu.model.mapping_count = min(ref_iommu.model.mapping_count, (unsigned int)mutant_number());
}

static void keep_one_member(void)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		for (unsigned int j = 0; j < i; j++)
			if (m->endpoints[j].attached && m->endpoints[j].domain == m->endpoints[i].domain)
				m->endpoints[i].attached = false;
}

/* The second migration saves what the first one has loaded without looking. */
static void forget_next_time(void)
{
	static unsigned int times;

	if (++times % 2 == 0)
		ref_iommu.model.mapping_count = 0;
}

static void join_adjacent(void)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->mapping_count; i++)
		for (unsigned int j = 0; j < m->mapping_count; j++)
			if (m->mappings[i].domain == m->mappings[j].domain &&
			    m->mappings[i].end + 1 == m->mappings[j].start) {
				m->mappings[i].end = m->mappings[j].end;
				bug_drop_mapping(j);
				return;
			}
}

/* What was available and not notified is taken for done. */
static void skip_available(void)
{
	struct vqueue *queue = &ref_iommu.vdev.queues[REQUEST_QUEUE];
	struct chain chain;

	while (vdev_is_running(&ref_iommu.vdev) && vring_pop(&ref_iommu.vdev, queue, &chain))
		;
}

/* The last report is written over by the next one. */
static void step_back(void)
{
	ref_iommu.vdev.queues[EVENT_QUEUE].next_used--;
}

/* What was mapped, and attached, last: a table that is kept beside the state and is not cleaned. */
static struct model_mapping last_mapping;
static struct model_endpoint last_attached;

static bool remember(const struct model_request *r)
{
	if (r->head.type == REQUEST_MAP)
		last_mapping = (struct model_mapping){r->map.domain, r->map.virt_start, r->map.virt_end,
						      r->map.phys_start, r->map.flags};
	if (r->head.type == REQUEST_ATTACH)
		last_attached = (struct model_endpoint){r->attach.endpoint, true, r->attach.domain,
							r->attach.flags & ATTACH_BYPASS};
	return false;
}

static void map_again(void)
{
	struct model *m = &ref_iommu.model;

	if (!bug_find_mapping(last_mapping.domain, last_mapping.start) && last_mapping.end)
		m->mappings[m->mapping_count++] = last_mapping;
}

static void attach_again(void)
{
	struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].id == last_attached.id && !m->endpoints[i].attached)
			m->endpoints[i] = last_attached;
}

/* Endpoints are looked for by the number that their bus had. */
static void look_for_endpoints(void)
{
	const struct model *m = &ref_iommu.model;

	for (unsigned int i = 0; i < m->endpoint_count; i++)
		if (m->endpoints[i].attached && !bus_find(m->endpoints[i].id))
			abort();
}

bool migration_install(void)
{
	static const struct takeover rows[] = {
		{MUTANT_MIGRATION_ALLOWS_ALL, {.migrated = allow_all}, {0}},
		{MUTANT_MIGRATION_ACCEPTS_ALL, {.migrated = accept_all}, {0}},
		{MUTANT_MIGRATION_KEEPS_FEW, {.migrated = keep_few}, {0}},
		{MUTANT_MIGRATION_KEEPS_ONE_MEMBER, {.migrated = keep_one_member}, {0}},
		{MUTANT_MIGRATION_FORGETS_NEXT_TIME, {.migrated = forget_next_time}, {0}},
		{MUTANT_MIGRATION_JOINS_ADJACENT, {.migrated = join_adjacent}, {0}},
		{MUTANT_MIGRATION_SKIPS_REQUESTS, {.migrated = skip_available}, {0}},
		{MUTANT_MIGRATION_STEPS_BACK, {.migrated = step_back}, {0}},
		{MUTANT_MIGRATION_MAPS_AGAIN, {.request_execute = remember, .migrated = map_again}, {0}},
		{MUTANT_MIGRATION_ATTACHES_AGAIN, {.request_execute = remember, .migrated = attach_again},
		 {0}},
		{MUTANT_MIGRATION_LOOKS_BY_BUS, {.migrated = look_for_endpoints}, {0}},
	};

	for (unsigned int i = 0; i < ARRAY_SIZE(left_out); i++)
		if (mutant(left_out[i].mutant))
			return iommu_hooks.piece_lost = leave_out, true;
	return takeover_use(rows, ARRAY_SIZE(rows));
}
