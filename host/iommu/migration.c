// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>
#include <string.h>

#include "host/iommu/hooks.h"
#include "host/iommu/migration.h"
#include "host/iommu/parts.h"
#include "host/machine/fatal.h"
#include "util.h"

/* One field, of a structure that is there once or in a row. */
struct saved_field {
	enum migration_piece piece;
	void *first;
	size_t size, stride;
	unsigned int count;
};

#define ONE(piece, object) {PIECE_##piece, &(object), sizeof(object), 0, 1}
#define EACH(piece, array, field)                                                                 \
	{PIECE_##piece, &(array)[0].field, sizeof((array)[0].field), sizeof((array)[0]), ARRAY_SIZE(array)}

#define VDEV ref_iommu.vdev
#define MODEL ref_iommu.model

static const struct saved_field fields[] = {
	ONE(STATUS, VDEV.status), ONE(STATUS, VDEV.isr), ONE(STATUS, VDEV.generation),
	ONE(STATUS, VDEV.msix_config), ONE(STATUS, VDEV.silent),
	ONE(SELECTORS, VDEV.device_select), ONE(SELECTORS, VDEV.driver_select),
	ONE(SELECTORS, VDEV.queue_select),
	ONE(FEATURES, VDEV.accepted), ONE(FEATURES, MODEL.accepted),
	EACH(QUEUES, VDEV.queues, size), EACH(QUEUES, VDEV.queues, enabled), EACH(QUEUES, VDEV.queues, desc),
	EACH(QUEUES, VDEV.queues, driver), EACH(QUEUES, VDEV.queues, device),
	EACH(QUEUES, VDEV.queues, vector), EACH(QUEUES, VDEV.queues, notifies_late),
	EACH(AVAILABLE, VDEV.queues, next_avail), EACH(AVAILABLE, VDEV.queues, avail_wrap),
	EACH(USED, VDEV.queues, next_used), EACH(USED, VDEV.queues, used_wrap),
	EACH(USED, VDEV.queues, batch), EACH(USED, VDEV.queues, batch_full),
	EACH(USED, VDEV.queues, held), EACH(USED, VDEV.queues, held_count),
	EACH(ATTACHMENTS, MODEL.endpoints, attached),
	EACH(DOMAINS, MODEL.endpoints, domain),
	EACH(BYPASS_DOMAINS, MODEL.endpoints, bypass),
	EACH(MAPPINGS, MODEL.mappings, domain), EACH(MAPPINGS, MODEL.mappings, start),
	EACH(MAPPINGS, MODEL.mappings, end), EACH(MAPPINGS, MODEL.mappings, phys),
	ONE(MAPPINGS, MODEL.mapping_count),
	EACH(PERMISSIONS, MODEL.mappings, flags),
	ONE(BYPASS, MODEL.config.bypass),
	ONE(EVENTS, backlog),
};

static uint8_t *copy(const struct saved_field *field, uint8_t *at, bool load)
{
	for (unsigned int i = 0; i < field->count; i++, at += field->size) {
		uint8_t *of_device = (uint8_t *)field->first + i * field->stride;

		memcpy(load ? of_device : at, load ? at : of_device, field->size);
	}
	return at;
}

static size_t size_of_all(void)
{
	size_t size = 0;

	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		size += fields[i].count * fields[i].size;
	return size;
}

static void save(uint8_t *at)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		at = copy(&fields[i], at, false);
}

/* The one that takes over has never seen what this one has. */
static void wipe(void)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++)
		for (unsigned int n = 0; n < fields[i].count; n++)
			memset((uint8_t *)fields[i].first + n * fields[i].stride, 0, fields[i].size);
	virtio_iommu_power_on();
}

static void load(uint8_t *at)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(fields); i++) {
		bool lost = iommu_hooks.piece_lost(fields[i].piece);

		at = lost ? at + fields[i].count * fields[i].size : copy(&fields[i], at, true);
	}
}

void virtio_iommu_migrate(void)
{
	uint8_t *state = malloc(size_of_all());

	if (!state)
		fatal("migration: no memory for the state");
	save(state);
	wipe();
	load(state);
	free(state);
	iommu_hooks.migrated();
	if (vdev_is_running(&ref_iommu.vdev))
		virtio_iommu_go_on();
}
