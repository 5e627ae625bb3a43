// SPDX-License-Identifier: BSD-3-Clause
#include <string.h>

#include "driver/iommu.h"
#include "judge/accesses.h"
#include "judge/steps/attach.h"
#include "judge/steps/hostile.h"
#include "judge/steps/mapping.h"
#include "judge/steps/notification.h"
#include "memory.h"
#include "time.h"
#include "virtio/pci_layout.h"

enum {
	AREA = 4096,
	AT_AVAIL = 1024,	/* behind descriptors: 8, then traps */
	AT_USED = 1152,
	AT_READABLE = 1536,
	AT_WRITABLE = 1664,
	AT_TABLE = 2048,
	AT_FORBIDDEN = 3072,
	TRAPS = 1024 / sizeof(struct ring_desc),
	FILL = 0xc3,
};

struct hostile hostile;

/* Two areas by turns: behind a reset the old one must stay as it is. */
static uint8_t *areas[2], *shadows[2];
static unsigned int turn;

uint64_t hostile_address(enum hostile_target place)
{
	switch (place) {
	case TARGET_READABLE:
		return phys(hostile.readable);
	case TARGET_WRITABLE:
		return phys(hostile.writable);
	case TARGET_TABLE:
		return phys(hostile.area + AT_TABLE);
	case TARGET_FORBIDDEN:
		return phys(hostile.forbidden);
	case TARGET_DESC:
		return phys(hostile.area);
	case TARGET_AVAIL:
		return phys(hostile.area + AT_AVAIL);
	case TARGET_USED:
		return phys(hostile.area + AT_USED);
	case TARGET_ZERO:
		return 0;
	case TARGET_OUTSIDE:
		return 0x6000000000ull;
	case TARGET_HIGH:
		return 0x7ffffffffffff000ull;
	case TARGET_WRAP:
		return -16ull;
	case TARGET_END:
		return memory_end() - 8;
	case TARGET_FEATURE_SELECT:
		return phys((void *)(iommu.dev.common + COMMON_DEVICE_FEATURE_SELECT));
	case TARGET_STATUS:
		return phys((void *)(iommu.dev.common + COMMON_DEVICE_STATUS));
	case TARGET_DOORBELL:
		return phys((void *)iommu.dev.notify);
	}
	return 0;
}

void fail_case(struct source_line at, const char *name, const char *expected, const char *actual)
{
	judge(VERDICT_FAIL, at, expected, "%s: %s", name, actual);
}

/* Even ones read the request and go on, odd ones lead where nothing may be written. */
static void set_traps(volatile struct ring_desc *table, unsigned int from)
{
	for (unsigned int i = from; i < TRAPS; i++)
		table[i] = i % 2 ? (struct ring_desc){phys(hostile.forbidden), 4, DESC_WRITE, 0} :
				   (struct ring_desc){phys(hostile.readable),
						      sizeof(struct attach_request), DESC_NEXT,
						      i + 1};
}

/* ATTACH of an endpoint that does not exist. */
static void fill_area(void)
{
	struct attach_request request = {
		{.type = REQUEST_ATTACH}, iommu.config.domain_start, UINT32_MAX, 0, {0}};

	hostile.area = areas[turn];
	memset(hostile.area, FILL, AREA);
	hostile.desc = (void *)hostile.area;
	hostile.avail = (void *)(hostile.area + AT_AVAIL);
	hostile.used = (void *)(hostile.area + AT_USED);
	hostile.table = (void *)(hostile.area + AT_TABLE);
	hostile.readable = hostile.area + AT_READABLE;
	hostile.writable = hostile.area + AT_WRITABLE;
	hostile.forbidden = hostile.area + AT_FORBIDDEN;
	memcpy(hostile.readable, &request, sizeof(request));
	memset(hostile.area, 0, HOSTILE_SIZE * sizeof(struct ring_desc));
	memset(hostile.area + AT_AVAIL, 0, AT_READABLE - AT_AVAIL);
	set_traps(hostile.desc, HOSTILE_SIZE);
	set_traps(hostile.table, 0);
}

static void *event_memory;

void hostile_setup(struct victim *victim)
{
	uint64_t window = iova_window(3);

	event_memory = arena_alloc(ring_bytes(HOSTILE_SIZE, 0), 16);
	for (unsigned int i = 0; i < 2; i++) {
		areas[i] = arena_alloc(AREA, AREA);
		shadows[i] = arena_alloc(AREA, 8);
		memcpy(shadows[i], areas[i], AREA);
	}
	*victim = (struct victim){.ep = endpoint(0), .iova = window + iommu.page,
				  .target = watched_pages(3) + iommu.page};
}

bool hostile_negotiate(uint64_t features)
{
	return virtio_reset(&iommu.dev) && virtio_negotiate(&iommu.dev, features);
}

/* The suite's own requests go over the watched ring, too. */
static bool enable(void)
{
	struct ring *ring = &iommu.requests;
	uint16_t most = iommu.dev.transport->queue_max(&iommu.dev, REQUEST_QUEUE);

	if (most < HOSTILE_SIZE)
		return false;
	ring_init(ring, HOSTILE_SIZE, arena_alloc(ring_bytes(HOSTILE_SIZE, 0), 16), 0, 0);
	ring->desc = hostile.desc;
	ring->avail = hostile.avail;
	ring->used = hostile.used;
	ring->avail->flags = AVAIL_NO_INTERRUPT;
	return virtio_enable_queue(&iommu.dev, REQUEST_QUEUE, ring);
}

/* Without any buffers. Some devices come up with both queues only. */
static bool enable_events(void)
{
	ring_init(&iommu.events, HOSTILE_SIZE, event_memory, 0, 0);
	return virtio_enable_queue(&iommu.dev, EVENT_QUEUE, &iommu.events);
}

static bool serves(void)
{
	struct reply reply = attach(iommu.config.domain_start, UINT32_MAX, 0);

	return reply.used && !reply.breach;
}

bool victim_attach(struct source_line at, struct victim *victim)
{
	struct reply reply;

	victim->domain = fresh_domain();
	if (!attach_with_dma(at, victim->ep, victim->domain))
		return false;
	reply = map_page(victim->domain, victim->iova, victim->target, MAP_RW);
	return is_ok(&reply);
}

static void keep_old_area(struct source_line at, const char *name)
{
	if (memcmp(areas[!turn], shadows[!turn], AREA))
		fail_case(at, name, "memory of a ring is left alone behind a reset", "it has changed");
}

bool hostile_restart(struct source_line at, const char *name, uint64_t features, struct victim *victim)
{
	bool silent = virtio_reset(&iommu.dev);	/* up to here a device may be at work */

	memcpy(shadows[turn], areas[turn], AREA);
	turn = !turn;
	fill_area();
	iommu.dead = false;
	if (!silent || !hostile_negotiate(features) || !enable() || !enable_events()) {
		fail_case(at, name, "the device comes back from a reset", "it does not");
		return false;
	}
	virtio_driver_ok(&iommu.dev);
	if (!serves() || !victim_attach(at, victim)) {
		fail_case(at, name, "the device serves requests behind a reset", "it does not");
		return false;
	}
	keep_old_area(at, name);
	hostile.index = hostile.avail->index;
	hostile.used_index = hostile.used->index;
	memcpy(shadows[turn], hostile.area, AREA);
	return true;
}

void hostile_send(uint16_t count)
{
	memcpy(shadows[turn], hostile.area, AREA);
	hostile.avail->index = hostile.index + count;
	memcpy(shadows[turn] + AT_AVAIL, hostile.area + AT_AVAIL, 4);
	virtio_notify(&iommu.dev, REQUEST_QUEUE);
}

static uint16_t used_count(void)
{
	return hostile.used->index - hostile.used_index;
}

/* Reading the status waits for a device that is at work. */
static void drain_endpoints(void)
{
	struct deadline deadline = deadline_in(QUIET_US);

	while (!used_count() && !virtio_needs_reset(&iommu.dev) && !deadline_over(&deadline))
		;
	virtio_needs_reset(&iommu.dev);
}

static bool unchanged(unsigned int from, unsigned int to)
{
	return !memcmp(hostile.area + from, shadows[turn] + from, to - from);
}

static void judge_memory(struct source_line at, const char *name)
{
	if (!unchanged(0, AT_USED) || !unchanged(AT_USED + 128, AT_WRITABLE) ||
	    !unchanged(AT_WRITABLE + HOSTILE_ROOM, AREA))
		fail_case(at, name, "nothing but buffers and used ring is written", "other memory changed");
}

static void judge_used(struct source_line at, const char *name, uint16_t limit)
{
	uint16_t count = used_count(), slot;

	if (count > limit)
		judge(VERDICT_FAIL, at, "a buffer is used once", "%s: %u were made available, %u used",
		      name, limit, count);
	for (uint16_t i = 0; i < count && i < limit; i++) {
		slot = (uint16_t)(hostile.used_index + i) % HOSTILE_SIZE;
		if (hostile.used->elements[slot].id >= HOSTILE_SIZE)
			fail_case(at, name, "used elements name buffers of the ring", "another id");
	}
}

void victim_judge(struct source_line at, struct victim *victim)
{
	bool whole = !virtio_needs_reset(&iommu.dev) && iommu_is_up();

	iommu.dead = true;	/* no request of ours goes over this ring any more */
	if (whole)
		expect_writes(at, VERDICT_FAIL, victim->ep, victim->iova, victim->target, 8);
	else
		expect_write_stays_in(at, victim->ep, victim->iova, 8, victim->target, 8);
	iommu.dead = false;
}

void hostile_judge(struct source_line at, const char *name, uint16_t limit, struct victim *victim)
{
	drain_endpoints();
	judge_used(at, name, limit);
	judge_memory(at, name);
	victim_judge(at, victim);
}

void hostile_rings_open(void)
{
	memset(hostile.area + AT_AVAIL, 0, AT_READABLE - AT_AVAIL);
	hostile.index = hostile.used_index = 0;
	hostile.desc[0] = (struct ring_desc){phys(hostile.readable), sizeof(struct attach_request),
					     DESC_NEXT, 1};
	hostile.desc[1] = (struct ring_desc){phys(hostile.writable), 4, DESC_WRITE, 0};
}

void hostile_judge_rings(struct source_line at, const char *name)
{
	drain_endpoints();
	if (!unchanged(AT_TABLE, AREA))
		fail_case(at, name, "nothing but rings and buffers is written", "other memory changed");
}

void hostile_check_recovery(struct source_line at, struct victim *victim)
{
	iommu.dead = false;
	memcpy(shadows[turn], areas[turn], AREA);
	if (!iommu_restart(iommu.wanted) || !serves() || !victim_attach(at, victim)) {
		fail_case(at, "in the end", "the device serves requests behind a reset", "it does not");
		return;
	}
	expect_writes(at, VERDICT_FAIL, victim->ep, victim->iova, victim->target, 8);
	expect_write_blocked(at, victim->ep, victim->iova + iommu.page, 8);
	turn = !turn;
	keep_old_area(at, "in the end");
}
